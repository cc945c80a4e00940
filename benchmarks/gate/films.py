"""Chest films, real and drawn, with their lungs; and what is made of them: crops, turns, negatives, collages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from looks import annotated, framed, shaded, toned, turned, warped, worn
from PIL import Image
from scipy import ndimage

from deepcovid.datasets.phantom import FINDINGS, render_phantom, sample_acquisition, source_named

BASE = 208  # px; the longer side of a film in memory
SOURCES = ("nih-chestxray14", "kermany-paediatric")
WHOLE, TIGHT = 0.95, 0.75  # share of the lungs on view: a film from the one on, too tight below the other


@dataclass(frozen=True, eq=False)
class Film:
    """A frontal chest film, right way up, with its lungs (both uint8, of one size) and whose it is."""

    image: Image.Image
    lungs: Image.Image
    patient: str


def load_rows(folder: Path) -> pd.DataFrame:
    """The rows of the table that may train what is shipped: NIH and Kermany."""
    frame = pd.read_csv(folder / "table.csv")
    return frame[frame["source"].isin(SOURCES)].reset_index(drop=True)


def load_real(folder: Path, frame: pd.DataFrame, masks: np.ndarray) -> list[Film]:
    """The films of `frame` with lung masks (N, h, w) found by a segmenter that learnt from phantoms."""
    films = []
    for name, patient, mask in zip(frame["image"], frame["patient"], masks, strict=True):
        image = Image.open(folder / name).convert("L")
        image.thumbnail((BASE, BASE), Image.Resampling.BILINEAR)
        lungs = Image.fromarray(mask.astype(np.uint8) * 255).resize(image.size, Image.Resampling.NEAREST)
        films.append(Film(image, lungs, str(patient)))
    return films


def draw_phantom(seed: int) -> Film:
    """A phantom of any age, finding, hospital and shape of film; a fifth are children."""
    rng = np.random.default_rng([seed, 31])
    age = float(rng.uniform(16, 90) if rng.random() < 0.8 else rng.uniform(0, 16))
    high = int(200 * np.exp(rng.normal(0, 0.12)))
    made = render_phantom(
        seed=seed, size=(high, 200), finding=str(rng.choice(sorted(FINDINGS))), severity=float(rng.random()),
        sex=str(rng.choice(["F", "M"])), age=age,
        acquisition=sample_acquisition(
            rng, view="AP" if rng.random() < 0.5 else "PA", source=source_named(f"hospital-{rng.integers(60)}")
        ),
    )  # fmt: skip
    return Film(
        Image.fromarray((made.film * 255).astype(np.uint8)),
        Image.fromarray(made.lung_mask.astype(np.uint8) * 255),
        f"phantom-{seed}",
    )


def _seen(lungs: np.ndarray, box: tuple[int, int, int, int]) -> float:
    left, top, right, bottom = box
    return float(lungs[top:bottom, left:right].sum() / max(lungs.sum(), 1))


def _cut(film: Film, sides: np.ndarray) -> tuple[int, int, int, int]:
    w, h = film.image.size
    left, right, top, bottom = sides
    return int(left * w), int(top * h), int((1 - right) * w), int((1 - bottom) * h)


def frontal(film: Film, rng: np.random.Generator, *, tilt: float | None = None, plain: bool = False) -> Image.Image:
    """The film as another hospital, paper or screen might show it: tilted by up to 15°, cut a little, framed, toned.

    Args:
        film: whose.
        rng: draws everything.
        tilt: degrees; None draws them.
        plain: without letters and arrows, as a part of something else.
    """
    image, lungs = film.image, film.lungs
    if rng.random() < 0.15:
        image = clouded(film, rng)
    if rng.random() < 0.5:
        image, lungs = (i.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for i in (image, lungs))
    if tilt is None:
        tilt = float(rng.uniform(-15, 15) if rng.random() < 0.2 else rng.normal(0, 3))
    degrees = tilt
    image = turned(image, degrees, rng)
    lungs = lungs.rotate(degrees, Image.Resampling.NEAREST)
    mask = np.asarray(lungs)
    if rng.random() < 0.75:
        most = rng.uniform(0, 0.3)
        for _ in range(4):
            sides = rng.uniform(0, most, 4) * (rng.random(4) < 0.8)
            box = _cut(film, sides)
            if _seen(mask, box) >= WHOLE:
                image = image.crop(box)
                break
            most *= 0.6
    return _dressed(image, rng, plain=plain)


def clouded(film: Film, rng: np.random.Generator) -> Image.Image:
    """The film with its lungs veiled: patches, one side, or both, up to almost white."""
    grey, inside = (
        np.asarray(film.image, np.float32),
        ndimage.gaussian_filter(np.asarray(film.lungs, np.float32) / 255, 4),
    )
    cloud = ndimage.gaussian_filter(rng.standard_normal(grey.shape), rng.uniform(6, 30))
    veil = np.clip(cloud / cloud.std() + rng.uniform(-0.5, 1.5), 0, 1) * rng.uniform(0.3, 0.95) * inside
    if rng.random() < 0.3:
        half = np.arange(grey.shape[1]) < grey.shape[1] / 2
        veil = veil * (half if rng.random() < 0.5 else ~half)
    white = float(np.percentile(grey, rng.uniform(75, 97)))
    return Image.fromarray((grey + (np.maximum(white, grey) - grey) * veil).clip(0, 255).astype(np.uint8))


def _dressed(image: Image.Image, rng: np.random.Generator, *, plain: bool) -> Image.Image:
    if rng.random() < 0.15:
        image = warped(image, rng, amount=0.015)
    image = toned(image, rng)
    if rng.random() < 0.1:
        image = shaded(image, rng)
    if not plain and rng.random() < 0.35:
        image = annotated(image, rng)
    if rng.random() < 0.25:
        image = framed(image, rng, most=0.04 if plain else 0.12)
    return worn(image, rng)


def cropped(film: Film, rng: np.random.Generator) -> Image.Image:
    """A piece that shows less than three quarters of the lungs, but some of them."""
    image, lungs = film.image, film.lungs
    if rng.random() < 0.5:
        image, lungs = (i.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for i in (image, lungs))
    mask, (w, h) = np.asarray(lungs), image.size
    for _ in range(40):
        kind = rng.random()
        if kind < 0.35:  # from the middle
            s = np.full(2, rng.uniform(0.3, 0.8)) if rng.random() < 0.6 else rng.uniform(0.3, 0.85, 2)
            at = 0.5 + rng.normal(0, 0.04, 2) - s / 2
        elif kind < 0.50:  # one side
            s = np.array([rng.uniform(0.3, 0.6), rng.uniform(0.5, 1.0)])
            at = np.array([rng.choice([0.0, 1 - s[0]]), rng.uniform(0, 1 - s[1])])
        elif kind < 0.8:  # top or bottom
            s = np.array([rng.uniform(0.7, 1.0) if rng.random() < 0.4 else 1.0, rng.uniform(0.3, 0.65)])
            at = np.array([rng.uniform(0, 1 - s[0]), rng.choice([0.0, 1 - s[1]], p=[0.4, 0.6])])
        else:
            s = rng.uniform(0.3, 0.8, 2)
            at = rng.uniform(0, 1, 2) * (1 - s)
        at = np.clip(at, 0, 1 - s)
        box = (int(at[0] * w), int(at[1] * h), int((at[0] + s[0]) * w), int((at[1] + s[1]) * h))
        if 0.12 < _seen(mask, box) < TIGHT:
            break
    image = turned(image, float(rng.normal(0, 2)), rng).crop(box)
    return _dressed(image, rng, plain=rng.random() < 0.5)


def inverted(film: Film, rng: np.random.Generator) -> Image.Image:
    """A negative: bone dark, air bright; the frame may be black, white or part of the negative."""
    image = Image.eval(frontal(film, rng, plain=True), lambda v: 255 - v)
    if rng.random() < 0.3:
        image = annotated(image, rng)
    return framed(image, rng) if rng.random() < 0.2 else image


def upside_down(film: Film, rng: np.random.Generator) -> Image.Image:
    """Turned by half, or mirrored top to bottom."""
    image = frontal(film, rng, plain=rng.random() < 0.5).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else image


def sideways(film: Film, rng: np.random.Generator) -> Image.Image:
    """Turned by a quarter, either way."""
    turn = Image.Transpose.ROTATE_90 if rng.random() < 0.5 else Image.Transpose.ROTATE_270
    return frontal(film, rng, plain=rng.random() < 0.5).transpose(turn)


def collage(parts: list[Image.Image], rng: np.random.Generator) -> Image.Image:
    """Two to six pictures side by side, one above the other, in rows, or one inset into another; gaps or none."""
    side = 160
    n, gap = len(parts), int(rng.choice([0, 0, 2, 4, 8, 14]))
    if n == 2 and rng.random() < 0.08:
        image, small = parts[0].resize((300, 300)), parts[1].resize((int(rng.uniform(100, 150)),) * 2)
        image.paste(small, (int(rng.choice([0, 300 - small.width])), int(rng.choice([0, 300 - small.height]))))
        return image
    columns = {2: int(rng.choice([1, 2, 2])), 3: int(rng.choice([1, 3])), 4: int(rng.choice([2, 2, 2, 4])), 6: 3}[n]
    rows = -(-n // columns)
    w, h = side, int(side * np.exp(rng.normal(0, 0.15)))
    sheet = Image.new("L", (columns * (w + gap) - gap, rows * (h + gap) - gap), int(rng.choice([0, 0, 255, 255, 128])))
    for k, part in enumerate(parts):
        sheet.paste(
            part.resize((w, h), Image.Resampling.BILINEAR), ((k % columns) * (w + gap), (k // columns) * (h + gap))
        )
    if rng.random() < 0.2:
        sheet = annotated(sheet, rng)
    return framed(sheet, rng, most=0.08) if rng.random() < 0.15 else sheet
