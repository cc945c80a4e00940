"""Real chest CT of free licences: slices as journals print them, and lateral films projected through the volumes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scans import read_scan
from scipy import ndimage

VOXEL = 1.75  # mm, all three sides


FLAT = 25  # of 255: the spread of greys below which a slice shows nothing
SOFT = slice(7, 10)  # the windows of WINDOWS for soft tissue


def load_volume(path: Path) -> np.ndarray:
    """Hounsfield units, float32 (z from head to feet, y from front to back, x), cubic voxels of 1.75 mm."""
    values, sides = read_scan(path)
    volume = np.clip(values, -1000, 2000).astype(np.float32)
    return ndimage.zoom(volume, [side / VOXEL for side in sides], order=1)


WINDOWS = (
    (-600, 1500), (-600, 1500), (-500, 1200), (-500, 1400), (-700, 1000), (-550, 1600), (-400, 1800), (40, 400), (40, 350),
    (60, 500), (-100, 1000), (300, 1500),
)  # fmt: skip


def real_slice(volume: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """A slice that shows something: as good as never one grey."""
    for _ in range(6):
        image = _slice(volume, rng)
        if np.asarray(image.resize((48, 48))).std() > FLAT:
            break
    return image


def _slice(volume: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """One axial, coronal or sagittal slice in a usual window, often cut to the body or to one lung."""
    kind = rng.random()
    depth, rows, columns = volume.shape
    if kind < 0.72:
        plane = volume[int(rng.uniform(0.08, 0.95) * depth)]
    elif kind < 0.92:
        plane = volume[:, int(rng.uniform(0.3, 0.72) * rows)]
    else:
        plane = volume[:, :, int(rng.uniform(0.25, 0.75) * columns)]
    plane = np.asarray(plane) + 0
    if rng.random() < 0.5:
        plane = _consolidated(plane, rng)
    image = Image.fromarray(windowed(plane, rng))
    if rng.random() < 0.15:
        image = _round(image, rng)
    elif rng.random() < 0.75:
        image = image.crop(_body(plane, rng))
    choice = rng.random()
    if choice < 0.15 and kind < 0.92:
        image = _one_lung(image, rng)
    elif choice < 0.38:
        w, h = image.size
        s = rng.uniform(0.45, 0.9, 2)
        x, y = rng.uniform(0, 1 - s[0]) * w, rng.uniform(0, 1 - s[1]) * h
        image = image.crop((int(x), int(y), int(x + s[0] * w), int(y + s[1] * h)))
    return image


def _round(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The round field of view of the scanner: nothing but black, grey or white outside."""
    w, h = image.size
    r, x, y = float(rng.uniform(0.42, 0.56)) * w, w / 2 + rng.normal(0, 0.03) * w, h / 2 + rng.normal(0, 0.03) * h
    seen = Image.new("L", image.size, 0)
    ImageDraw.Draw(seen).ellipse([x - r, y - r, x + r, y + r], fill=255)
    out = Image.new("L", image.size, int(rng.choice([0, 0, 0, 128, 255])))
    out.paste(image, mask=seen)
    return out


def _one_lung(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """About one half of the body, cut closer or less close."""
    w, h = image.size
    left = 0.0 if rng.random() < 0.5 else 0.45
    sides = np.clip(np.array([left, 0, left + 0.55, 1]) + rng.uniform(-0.08, 0.08, 4), 0, 1) * np.array([w, h, w, h])
    return image.crop(tuple(int(v) for v in sides))


def windowed(plane: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8 of a plane in Hounsfield units by one of the usual windows, shifted a little."""
    lung = float(((plane < -500) & (plane > -960)).mean())
    windows = WINDOWS if lung > 0.04 else WINDOWS[SOFT]
    centre, width = windows[int(rng.integers(len(windows)))]
    centre, width = centre + rng.normal(0, 60), width * float(np.exp(rng.normal(0, 0.2)))
    return (np.clip((plane - centre) / width + 0.5, 0, 1) * 255).astype(np.uint8)


def _consolidated(plane: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Clouds of ground glass in what is lung."""
    cloud = ndimage.gaussian_filter(rng.standard_normal(plane.shape), rng.uniform(1.5, 12))
    cloud = np.clip(cloud / cloud.std() - rng.uniform(0, 1), 0, 1)
    lung = (plane < -500) & (plane > -950)
    return np.where(lung, plane + cloud * rng.uniform(150, 900), plane)


def _body(plane: np.ndarray, rng: np.random.Generator) -> tuple[int, int, int, int]:
    inside = ndimage.binary_opening(plane > -300, iterations=2)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if rows.size < 20 or columns.size < 20:
        return (0, 0, plane.shape[1], plane.shape[0])
    m = rng.integers(-8, 12, 4)
    return (
        max(columns[0] - m[0], 0), max(rows[0] - m[1], 0),
        min(columns[-1] + m[2], plane.shape[1]), min(rows[-1] + m[3], plane.shape[0]),
    )  # fmt: skip


class Projector:
    """Attenuation summed through the volume at angles about the long axis: 90° is a lateral film."""

    def __init__(self, volume: np.ndarray) -> None:
        self.volume = volume
        self._kept: dict[tuple[int, float], tuple[np.ndarray, np.ndarray]] = {}

    def sums(self, angle: int) -> tuple[np.ndarray, np.ndarray]:
        """Soft and bony attenuation, float32 (z, x) each, in voxels of water."""
        if (angle, 0.0) not in self._kept:
            small = self.volume
            turned = ndimage.rotate(small, angle - 90, axes=(1, 2), reshape=False, order=1, cval=-1000)
            table = turned > -850  # the table and clothes are thin; keep the largest body only
            soft = np.where(table, np.clip(1 + turned / 1000, 0, 1.1), 0.0)
            bone = np.clip((turned - 150) / 1000, 0, 2)
            self._kept[angle, 0.0] = (soft.sum(axis=2).astype(np.float32), bone.sum(axis=2).astype(np.float32))
        return self._kept[angle, 0.0]


def lateral_film(projector: Projector, rng: np.random.Generator) -> Image.Image:
    """A lateral chest film as digital systems show it, from the left or the right, a little turned."""
    soft, bone = projector.sums(90 + int(rng.integers(-3, 4)) * 5)
    mu = float(rng.uniform(0.008, 0.02))
    total = mu * soft + mu * float(rng.uniform(0.8, 3)) * bone
    if rng.random() < 0.5:  # disease in the lung, or a larger heart: clouds of water
        cloud = ndimage.gaussian_filter(rng.standard_normal(total.shape), rng.uniform(8, 25))
        total = total + (soft > 15) * np.clip(cloud / cloud.std() - 0.3, 0, 2) * rng.uniform(0.02, 0.35)
    total = total - float(rng.uniform(0, 0.7)) * ndimage.gaussian_filter(total, rng.uniform(8, 30))
    inside = total[soft > 12]
    low, high = np.percentile(inside, [rng.uniform(0, 8), rng.uniform(85, 99)])
    grey = np.clip((total - low) / (high - low), 0, 1) * 0.95
    grey = grey * (soft > 3) if rng.random() < 0.7 else grey
    image = Image.fromarray((grey * 255).astype(np.uint8))
    h, w = grey.shape
    # the trunk lies in the middle of the volume's width; cut to it as a collimator does
    left, right = rng.uniform(0.08, 0.25) * w, w * (1 - rng.uniform(0.05, 0.25))
    top, bottom = rng.uniform(0, 0.1) * h, h * (1 - rng.uniform(0, 0.32))
    image = image.crop((int(left), int(top), int(right), int(bottom)))
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else image
