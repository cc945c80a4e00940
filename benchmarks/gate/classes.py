"""One example of any of the gate's classes, drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import drawn
import numpy as np
from films import Film, collage, cropped, frontal, inverted, sideways, upside_down
from looks import annotated, framed, lettered, shaded, toned, turned, warped, worn
from pages import page
from pictures import drawn_picture, laid, letter, piece, tiny
from PIL import Image, ImageFilter
from volume import Projector, lateral_film, real_slice

WIDTH = 176  # px of slices and laterals before they are printed
SHARES = {
    "frontal chest film": 0.21, "photo or drawing": 0.20, "document or screen": 0.06, "CT slice": 0.13,
    "other body part": 0.04, "lateral": 0.07, "inverted": 0.05, "upside down": 0.04, "sideways": 0.03,
    "collage": 0.05, "cropped": 0.12,
}  # fmt: skip


@dataclass(eq=False)
class Material:
    """What examples are made of."""

    real: list[Film]
    phantoms: list[Film]
    pictures: list[list[Image.Image]]  # drawings; photographs
    volumes: list[np.ndarray] = field(default_factory=list)
    others: list[Image.Image] = field(default_factory=list)
    resonance: list[Image.Image] = field(default_factory=list)
    projectors: list[Projector] = field(default_factory=list)


def example(material: Material, name: str, rng: np.random.Generator) -> Image.Image:
    """A picture of the class `name`, of any size, 8-bit grey."""
    return MAKERS[name](material, rng)


def as_input(image: Image.Image, *, side: int) -> np.ndarray:
    """uint8 (side, side): the whole picture, stretched, antialiased."""
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))


def _film(m: Material, rng: np.random.Generator) -> Film:
    pool = m.real if rng.random() < 0.75 else m.phantoms
    return pool[int(rng.integers(len(pool)))]


def _any_way(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else image


def _high(image: Image.Image, rng: np.random.Generator) -> int:
    """The height for WIDTH columns; the picture is stretched a little, as figures are."""
    return max(24, int(WIDTH * image.height / image.width * np.exp(np.clip(rng.normal(0, 0.12), -0.35, 0.35))))


def _printed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """As a figure or a screen shows a medical picture."""
    image = toned(image, rng, strength=0.7)
    if rng.random() < 0.3:
        image = annotated(image, rng)
    if rng.random() < 0.3:
        image = framed(image, rng)
    return worn(image, rng)


def _frontal(m: Material, rng: np.random.Generator) -> Image.Image:
    return frontal(_film(m, rng), rng)


def _photo(m: Material, rng: np.random.Generator) -> Image.Image:
    if rng.random() < 0.06:  # a data set of characters
        return toned(tiny(letter(rng), rng), rng, strength=0.5)
    if m.pictures and rng.random() < 0.75:
        image = piece(laid(_picture(m, rng), rng, below=_picture(m, rng)), rng)
    else:
        image = drawn_picture(rng)
    if rng.random() < 0.15:
        image = tiny(image, rng)
    return worn(toned(image, rng), rng)


def _picture(m: Material, rng: np.random.Generator) -> Image.Image:
    pool = m.pictures[int(rng.integers(len(m.pictures)))]
    return pool[int(rng.integers(len(pool)))]


def _page(m: Material, rng: np.random.Generator) -> Image.Image:
    film = _film(m, rng).image if rng.random() < 0.1 else None
    return worn(page(rng, film=film), rng)


def _slice(m: Material, rng: np.random.Generator) -> Image.Image:
    if m.resonance and rng.random() < 0.02:
        image = piece(m.resonance[int(rng.integers(len(m.resonance)))], rng)
    elif m.volumes and rng.random() < 0.85:
        image = real_slice(m.volumes[int(rng.integers(len(m.volumes)))], rng)
    else:
        image = drawn.slice_of_chest(rng)
    image = warped(image.resize((WIDTH, _high(image, rng))), rng, amount=0.035)
    image = turned(image, float(rng.normal(0, 4)), rng)
    if rng.random() < 0.12:
        image = image.transpose(Image.Transpose.ROTATE_180)
    image = _any_way(image, rng)
    if rng.random() < 0.15:
        image = lettered(image, rng)
    return _printed(image, rng)


def _other(m: Material, rng: np.random.Generator) -> Image.Image:
    if m.others and rng.random() < 0.12:
        image = piece(m.others[int(rng.integers(len(m.others)))], rng)
    else:
        image = warped(drawn.body_part(rng), rng, amount=0.03)
    if rng.random() < 0.3:
        image = drawn.outlines(image, rng)
    return _printed(_any_way(image, rng), rng)


def _lateral(m: Material, rng: np.random.Generator) -> Image.Image:
    if m.projectors and rng.random() < 0.75:
        image = lateral_film(m.projectors[int(rng.integers(len(m.projectors)))], rng)
    else:
        image = drawn.lateral(rng)
    image = image.resize((WIDTH, int(WIDTH * image.height / image.width)))
    image = warped(image, rng, amount=float(rng.uniform(0.02, 0.06)), cells=int(rng.integers(2, 5)))
    if rng.random() < 0.5:
        image = image.filter(
            ImageFilter.UnsharpMask(radius=float(rng.uniform(2, 12)), percent=int(rng.integers(50, 250)))
        )
    image = turned(image, float(rng.normal(0, 5)), rng)
    if rng.random() < 0.1:
        image = shaded(image, rng)
    return _printed(_any_way(image, rng), rng)


def _collage(m: Material, rng: np.random.Generator) -> Image.Image:
    n = int(rng.choice([2, 2, 2, 3, 4, 4, 6]))
    parts = [frontal(_film(m, rng), rng, plain=True) for _ in range(n)]
    others: list[Callable[[Material, np.random.Generator], Image.Image]] = [_photo, _slice, _lateral, _lateral, _page]
    if rng.random() < 0.3:
        parts[int(rng.integers(n))] = others[int(rng.integers(len(others)))](m, rng)
    if rng.random() < 0.15:  # the same film twice, or as a negative beside itself
        parts[1] = parts[0] if rng.random() < 0.5 else Image.eval(parts[0], lambda v: 255 - v)
    return collage(parts, rng)


MAKERS: dict[str, Callable[[Material, np.random.Generator], Image.Image]] = {
    "frontal chest film": _frontal, "photo or drawing": _photo, "document or screen": _page, "CT slice": _slice,
    "other body part": _other, "lateral": _lateral, "collage": _collage,
    "inverted": lambda m, rng: inverted(_film(m, rng), rng),
    "upside down": lambda m, rng: upside_down(_film(m, rng), rng),
    "sideways": lambda m, rng: sideways(_film(m, rng), rng),
    "cropped": lambda m, rng: cropped(_film(m, rng), rng),
}  # fmt: skip
