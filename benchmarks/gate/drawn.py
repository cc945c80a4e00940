"""Drawn X-ray pictures that are no frontal chest: lateral chests, CT slices, hands, knees, skulls, pelves, abdomens."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

SIDE = 224


def _grid() -> tuple[np.ndarray, np.ndarray]:
    """x and y in [−1, 1], float32 (SIDE, SIDE)."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) * np.float32(2 / SIDE) - 1
    return x, y


def _cloud(rng: np.random.Generator, scale: float) -> np.ndarray:
    cloud = ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE)).astype(np.float32), scale)
    return cloud / cloud.std()


def _ellipse(
    x: np.ndarray, y: np.ndarray, at: tuple[float, float], axes: tuple[float, float], tilt: float = 0
) -> np.ndarray:
    """Path length through an ellipsoid: 1 in its middle, 0 outside."""
    c, s = np.cos(tilt), np.sin(tilt)
    u = (c * (x - at[0]) + s * (y - at[1])) / axes[0]
    v = (-s * (x - at[0]) + c * (y - at[1])) / axes[1]
    return np.sqrt(np.clip(1 - u * u - v * v, 0, 1))


def _rod(x: np.ndarray, y: np.ndarray, a: tuple[float, float], b: tuple[float, float], r: float) -> np.ndarray:
    """Path length through a rod with round ends between two points, 1 in its axis."""
    ax, ay = x - a[0], y - a[1]
    bx, by = b[0] - a[0], b[1] - a[1]
    t = np.clip((ax * bx + ay * by) / (bx * bx + by * by + 1e-6), 0, 1)
    d = ((ax - t * bx) ** 2 + (ay - t * by) ** 2) / (r * r)
    return np.sqrt(np.clip(1 - d, 0, 1))


def _bone(x: np.ndarray, y: np.ndarray, a: tuple[float, float], b: tuple[float, float], r: float) -> np.ndarray:
    """A long bone: a dense wall around marrow, thicker at both ends."""
    wall = _rod(x, y, a, b, r) - 0.7 * 0.72 * _rod(x, y, a, b, 0.72 * r)
    return wall + 0.5 * (_ellipse(x, y, a, (1.5 * r, 1.5 * r)) + _ellipse(x, y, b, (1.5 * r, 1.5 * r)))


def _shown(mass: np.ndarray, rng: np.random.Generator, *, black: float = 0.02) -> Image.Image:
    """An exposure: window, grain, unsharpness; no more than air where there is nothing."""
    mass = mass * (1 + 0.04 * _cloud(rng, 2.0)) + rng.uniform(0, 0.25) * np.abs(_cloud(rng, 25)) * (mass > 0.03)
    high = np.percentile(mass, rng.uniform(95, 99.8))
    x = np.clip(mass / max(float(high), 1e-3), 0, 1) ** rng.uniform(0.5, 1.3)
    x = ndimage.gaussian_filter(x + rng.normal(0, 0.015, x.shape), rng.uniform(0.4, 1.2)) + black
    return Image.fromarray((np.clip(x, 0, 1) * 255).astype(np.uint8))


def lateral(rng: np.random.Generator) -> Image.Image:
    """A chest from the side: one outline, spine behind, heart before it on the diaphragm, clear space behind the breast-bone."""
    x, y = _grid()
    depth, lean, base = rng.uniform(0.55, 0.9), rng.normal(0, 0.08), rng.uniform(0.25, 0.7)
    x = x - lean * y - rng.normal(0, 0.06)
    chest = depth * (0.62 + 0.38 * np.clip((y + 1.1) / 1.3, 0, 1) ** 0.7)  # narrower at the shoulders
    body = np.clip(1.25 - np.abs(x / chest) ** 3, 0, 1) ** 0.6
    inner = 0.86 * chest
    lung = np.clip(1 - np.abs(x / inner) ** 3, 0, 1) ** 0.6 * np.clip((y + rng.uniform(0.75, 0.95)) * 5, 0, 1)
    front, slope = rng.uniform(0.0, 0.3), rng.uniform(0.1, 0.6)
    domes = [base + slope * x + 0.55 * (x - front) ** 2 + gap for gap in (0, rng.uniform(0.03, 0.15))]
    lung = lung * (0.5 * sum(np.clip((d - y) * 14, 0, 1) for d in domes))
    heart = _ellipse(x, y, (-0.32 * depth, base - 0.24), (rng.uniform(0.28, 0.42), rng.uniform(0.26, 0.4)), 0.6)
    arch = _rod(x, y, (-0.05, -0.45), (0.45 * depth, base), rng.uniform(0.07, 0.13))
    mass = 1.7 * body - rng.uniform(0.95, 1.35) * lung * (1 - 0.75 * heart) + 0.18 * arch + 0.35 * heart * (lung > 0)
    mass = mass + rng.uniform(0.1, 0.4) * _spine_beside(x, y, at=0.78 * depth, rng=rng)
    mass = mass + rng.uniform(0.2, 0.5) * _rod(x, y, (-0.62 * depth, -0.75), (-0.95 * depth, 0.35), 0.05)
    for k in range(9):  # ribs fall forwards
        top = -0.8 + 0.17 * k
        fall = rng.uniform(0.2, 0.4)
        mass = mass + 0.16 * _rod(x, y, (0.8 * depth, top), (-0.85 * depth, top + fall), 0.035)
    if rng.random() < 0.7:  # arms and shoulders
        mass = mass + rng.uniform(0.3, 1.0) * _rod(
            x, y, (rng.normal(0, 0.2), -0.95), (rng.normal(-0.3, 0.5), -1.3), 0.3
        )
    return _shown(np.clip(mass, 0, None), rng)


def _spine_beside(x: np.ndarray, y: np.ndarray, *, at: float, rng: np.random.Generator) -> np.ndarray:
    bend = at - rng.uniform(0.0, 0.25) * y * y
    column = np.clip(1 - ((x - bend) / 0.13) ** 2, 0, 1) ** 0.5
    return column * (0.75 + 0.25 * np.sign(np.sin(y * rng.uniform(20, 26))))


def slice_of_chest(rng: np.random.Generator) -> Image.Image:
    """An axial CT slice: body, two lungs, heart, spine, ribs cut across, table."""
    x, y = _grid()
    flat, size = rng.uniform(0.6, 0.8), rng.uniform(0.75, 0.98)
    hu = np.full(x.shape, -1000, np.float32)
    body = ((np.abs(x) / size) ** 2.4 + (np.abs(y) / (size * flat)) ** 2.4) < 1
    muscle = ((np.abs(x) / (0.92 * size)) ** 2.4 + (np.abs(y) / (0.9 * size * flat)) ** 2.4) < 1
    hu[body], hu[muscle] = -90, 50
    reach = rng.uniform(0.5, 0.95)
    for side in (-1, 1):
        lung = _ellipse(x, y, (side * 0.43 * size, 0.02), (0.36 * size, 0.62 * size * flat * reach), side * 0.12) > 0
        hu[lung] = -840 + 30 * _cloud(rng, 3)[lung]
        if rng.random() < 0.6:
            patch = np.clip(_cloud(rng, rng.uniform(4, 14)) - 0.5, 0, 1)
            hu[lung] += patch[lung] * rng.uniform(200, 800)
        for _ in range(25):
            a = (side * rng.uniform(0.12, 0.7) * size, rng.uniform(-0.4, 0.4) * size)
            dot = (
                _ellipse(x, y, a, (rng.uniform(0.008, 0.03), rng.uniform(0.008, 0.05)), rng.uniform(0, 3)) > 0
            ) & lung
            hu[dot] = 0
    heart = _ellipse(x, y, (rng.uniform(0, 0.15), -0.12), (rng.uniform(0.15, 0.4), rng.uniform(0.15, 0.35)), 0.5) > 0
    hu[heart & body] = rng.uniform(30, 200)
    hu[_ellipse(x, y, (0.0, 0.52 * size * flat), (0.11, 0.1)) > 0] = rng.uniform(200, 500)
    hu[_ellipse(x, y, (0.08, 0.36 * size * flat), (0.07, 0.07)) > 0] = 60
    for k in range(14):
        angle = rng.uniform(0, 0.2) + k * 0.45
        at = (0.82 * size * np.cos(angle), 0.82 * size * flat * np.sin(angle))
        hu[_ellipse(x, y, at, (0.08, 0.025), angle + 1.57) > 0] = rng.uniform(250, 700)
    if rng.random() < 0.6:
        hu[np.abs(y - size * flat - 0.08 + 0.15 * x * x) < 0.012] = -200
    centre, width = [(-600, 1500), (40, 400), (-500, 1200)][int(rng.integers(3))]
    grey = np.clip((hu + rng.normal(0, 20, hu.shape) - centre) / width + 0.5, 0, 1)
    return Image.fromarray((ndimage.gaussian_filter(grey, 0.7) * 255).astype(np.uint8))


def _hand(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    mass = np.zeros_like(x)
    for finger in range(5):
        angle = (finger - 2) * rng.uniform(0.14, 0.28) + (0.5 if finger == 4 else 0)
        at, length = np.array([(finger - 2) * 0.12, 0.45]), rng.uniform(0.3, 0.42) * (0.7 if finger == 4 else 1)
        for bone in range(4):
            to = at + length * np.array([np.sin(angle), -np.cos(angle)])
            r = 0.055 - 0.008 * bone
            mass += 0.55 * _rod(x, y, tuple(at), tuple(to), 2.1 * r) + 0.8 * _bone(
                x, y, tuple(at), tuple(to - 0.03), 0.8 * r
            )
            at, length = to, length * 0.68
    return mass + 0.8 * _rod(x, y, (0, 0.4), (0, 1.1), 0.3) + 0.8 * _bone(x, y, (-0.1, 0.65), (-0.12, 1.3), 0.09)


def _knee(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    bend, r = rng.uniform(-0.7, 0.7), rng.uniform(0.13, 0.24)
    joint = (rng.normal(0, 0.1), rng.normal(0, 0.15))
    top = (joint[0] + rng.normal(0, 0.15), -1.4)
    low = (joint[0] + 1.2 * np.sin(bend), joint[1] + 1.4 * np.cos(bend))
    flesh = 1.2 * np.maximum(_rod(x, y, joint, top, 2.3 * r), _rod(x, y, joint, low, 2.1 * r))
    up, down = (joint[0], joint[1] - 0.14), (joint[0], joint[1] + 0.12)
    return (
        flesh
        + 0.9 * _bone(x, y, up, top, r)
        + 0.9 * _bone(x, y, down, low, 0.9 * r)
        + 0.3 * _ellipse(x, y, joint, (r, r))
    )


def _skull(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    w, h, beside = rng.uniform(0.5, 0.75), rng.uniform(0.6, 0.8), rng.random() < 0.5
    w = w * (1.25 if beside else 1)
    mass = _ellipse(x, y, (0, -0.15), (w, h)) + 1.2 * (
        _ellipse(x, y, (0, -0.15), (w, h)) - 0.94 * _ellipse(x, y, (0, -0.15), (0.94 * w, 0.94 * h))
    )
    for side in (-1, 1):
        mass -= 0.5 * _ellipse(x, y, (side * 0.22 + 0.2 * beside, 0.0), (0.14, 0.11))
        mass += 0.3 * _rod(x, y, (side * 0.3, 0.3), (0.05 * side + 0.3 * beside, 0.7), 0.08)
    mass += 0.5 * _rod(x, y, (-0.2 * beside, 0.35), (-0.2 * beside, 1.2), 0.22) + 0.5 * _ellipse(
        x, y, (0, 0.4), (0.35, 0.35)
    )
    teeth = (np.abs(y - 0.48) < 0.09) & (np.abs(x - 0.25 * beside) < 0.22)
    return mass + 0.35 * teeth * (np.sin(x * 60) > -0.4)


def _pelvis(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    wide = rng.uniform(0.8, 1.1)
    mass = 1.5 * np.clip(1.2 - (np.abs(x) / wide) ** 4, 0, 1) ** 0.5
    mass = mass + 0.5 * _spine(x, y, rng) * (y < 0.1)
    for side in (-1, 1):
        wing = _ellipse(x, y, (side * 0.47, -0.2), (0.33, 0.42), -0.5 * side)
        mass += 0.5 * (wing > 0) * (0.6 + 0.4 * (1 - wing)) + 0.55 * _ellipse(x, y, (side * 0.52, 0.35), (0.17, 0.17))
        mass += 0.6 * _bone(x, y, (side * 0.66, 0.42), (side * 0.66, 1.3), 0.1)
        ring = _ellipse(x, y, (side * 0.2, 0.6), (0.2, 0.16))
        mass += 0.5 * ((ring > 0) & (ring < 0.75))
    gas = np.clip(_cloud(rng, 7) - 1.0, 0, 1.2) * (y < 0.2)
    return np.clip(mass - 0.5 * gas, 0, None)


def _spine(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    bend = rng.normal(0, 0.05) * y
    column = np.clip(1 - ((x - bend) / rng.uniform(0.12, 0.17)) ** 4, 0, 1)
    return column * (0.75 + 0.25 * np.sign(np.sin(y * rng.uniform(12, 18)) + 0.6))


def _abdomen(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    mass = 1.5 * np.clip(1.15 - (np.abs(x) / rng.uniform(0.8, 1.1)) ** 4, 0, 1) ** 0.5 + 0.55 * _spine(x, y, rng)
    for side in (-1, 1):
        for k in range(int(rng.integers(1, 4))):
            top = -1.0 + 0.2 * k
            mass += 0.15 * _rod(x, y, (side * 0.15, top), (side * 0.85, top + 0.35), 0.035)
        wing = _ellipse(x, y, (side * 0.55, 1.0), (0.35, 0.4), -0.5 * side)
        mass += 0.35 * (wing > 0)
    for _ in range(int(rng.integers(3, 14))):
        at = (rng.uniform(-0.7, 0.7), rng.uniform(-0.8, 0.8))
        mass -= rng.uniform(0.2, 0.6) * _ellipse(
            x, y, at, (rng.uniform(0.05, 0.25), rng.uniform(0.04, 0.12)), rng.uniform(0, 3)
        )
    return np.clip(mass, 0, None)


def _limb(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    a, b = (rng.normal(0, 0.2), -1.3), (rng.normal(0, 0.2), 1.3)
    r = rng.uniform(0.07, 0.16)
    mass = 0.9 * _rod(x, y, a, b, rng.uniform(2.5, 4) * r) + 0.9 * _bone(x, y, a, b, r)
    if rng.random() < 0.5:
        shift = 2.4 * r
        mass += 0.8 * _bone(x, y, (a[0] + shift, a[1]), (b[0] + shift, b[1]), 0.7 * r)
    return mass


def _foot(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    mass = 0.9 * _rod(x, y, (-0.5, 0.4), (0.7, 0.55), 0.3) + 0.9 * _rod(x, y, (-0.4, 0.3), (-0.45, -1.3), 0.3)
    mass += 0.9 * _bone(x, y, (-0.4, 0.05), (-0.45, -1.3), 0.15) + 0.8 * _ellipse(x, y, (-0.5, 0.4), (0.28, 0.2))
    for k in range(4):
        mass += 0.4 * _bone(x, y, (-0.1 + 0.02 * k, 0.3 + 0.05 * k), (0.6, 0.52 + 0.04 * k), 0.05)
    return mass


PARTS = (_hand, _knee, _skull, _pelvis, _abdomen, _abdomen, _limb, _foot)


def body_part(rng: np.random.Generator) -> Image.Image:
    """An X-ray of something else than a chest, at any turn for limbs."""
    x, y = _grid()
    part = PARTS[int(rng.integers(len(PARTS)))]
    image = _shown(part(x * rng.uniform(0.8, 1.2), y * rng.uniform(0.8, 1.2), rng), rng, black=rng.uniform(0, 0.1))
    if part in (_hand, _knee, _limb, _foot):
        image = image.rotate(float(rng.uniform(-60, 60)), Image.Resampling.BILINEAR)
    return image


def soft(image: Image.Image, radius: float) -> Image.Image:
    """The picture blurred by `radius` pixels."""
    return image.filter(ImageFilter.GaussianBlur(radius))


def outlines(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The same picture with the lines of a collimator."""
    image = image.copy()
    draw = ImageDraw.Draw(image)
    m = float(rng.uniform(0.02, 0.15)) * min(image.size)
    draw.rectangle([m, m, image.width - m, image.height - m], outline=int(rng.integers(0, 60)), width=2)
    return image
