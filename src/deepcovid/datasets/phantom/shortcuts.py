"""Phantoms with a planted shortcut: something beside the disease that goes with the label, as strongly as is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepcovid.datasets.phantom.acquisition import Acquisition, sample_acquisition, source_named
from deepcovid.datasets.phantom.anatomy import sample_anatomy
from deepcovid.datasets.phantom.rendering import render_phantom
from deepcovid.errors import DeepCovidError
from deepcovid.imaging.corruptions.sharpness import jpeg_saved, made_coarse
from deepcovid.registry import Registry

SOURCES = ("hospital-a", "hospital-b")
ADULTS = (20.0, 85.0)  # years
CHILDREN = (0.5, 5.0)
CHILD_ZOOM = 0.8
WHERE_ON, WHERE_OFF = (0.08, 0.08), (0.92, 0.08)  # of the marker


@dataclass(frozen=True, eq=False)
class Plan:
    """What a film is drawn with: its exposure, age, the heart's size against the usual, what happens to its pixels afterwards."""

    acquisition: Acquisition
    age: float
    heart: float = 1.0
    after: Callable[[np.ndarray], np.ndarray] | None = None


# A shortcut: a film's plan, whether it is "on" (as positives tend to be), and random numbers → the plan with it.
Shortcut = Callable[[Plan, bool, np.random.Generator], Plan]
SHORTCUTS = Registry[Shortcut]("planted shortcut")


def _changed(plan: Plan, **acquisition: Any) -> Plan:
    return replace(plan, acquisition=replace(plan.acquisition, **acquisition))


@SHORTCUTS.register("laterality marker")
def marker(plan: Plan, on: bool, rng: np.random.Generator) -> Plan:
    """A boxed R at the film's left, or a plain L at its right: each house marks its own way."""
    jitter = rng.normal(0, 0.012, 2)
    at = WHERE_ON if on else WHERE_OFF
    return _changed(
        plan,
        marker="R" if on else "L",
        marker_style="boxed" if on else "plain",
        marker_at=(at[0] + float(jitter[0]), at[1] + float(abs(jitter[1]))),
        marker_height=0.07,
    )


@SHORTCUTS.register("burnt-in text")
def text(plan: Plan, on: bool, rng: np.random.Generator) -> Plan:
    """Words burnt into the film, or none."""
    return _changed(plan, text=str(rng.choice(["PORTABLE", "AP ERECT"])) if on else "")


@SHORTCUTS.register("border width")
def border(plan: Plan, on: bool, rng: np.random.Generator) -> Plan:
    """A wide black edge all round, or a narrow one."""
    widths = rng.uniform(0.07, 0.11, 4) if on else rng.uniform(0.0, 0.02, 4)
    return _changed(plan, border=tuple(float(width) for width in widths), border_value=0.0)


@SHORTCUTS.register("gamma and contrast")
def contrast(plan: Plan, on: bool, rng: np.random.Generator) -> Plan:
    """A steep, dark display curve, or a flat, bright one."""
    told = plan.acquisition
    factor = float(np.exp((1 if on else -1) * rng.uniform(0.18, 0.30)))
    return _changed(plan, gamma=told.gamma * factor, contrast=float(np.clip(told.contrast * factor, 0.5, 2.2)))


@SHORTCUTS.register("JPEG quality")
def jpeg(plan: Plan, on: bool, rng: np.random.Generator) -> Plan:
    """Pixels that went through a coarse JPEG, or through a fine one."""
    quality = int(rng.integers(8, 14) if on else rng.integers(88, 96))
    return replace(plan, after=lambda film: jpeg_saved(film, quality=quality))


@SHORTCUTS.register("resolution")
def resolution(plan: Plan, on: bool, rng: np.random.Generator) -> Plan:
    """Pixels of a film that was once a third as large, or of one that never was smaller."""
    share = float(rng.uniform(0.28, 0.38) if on else rng.uniform(0.9, 1.0))
    return replace(plan, after=lambda film: made_coarse(film, share))


@SHORTCUTS.register("body size")
def body_size(plan: Plan, on: bool, rng: np.random.Generator) -> Plan:
    """A small child, who fills less of the film, or an adult."""
    low, high = CHILDREN if on else ADULTS
    smaller = _changed(plan, zoom=plan.acquisition.zoom * (CHILD_ZOOM if on else 1.0))
    return replace(smaller, age=float(rng.uniform(low, high)))


@SHORTCUTS.register("projection")
def projection(plan: Plan, on: bool, rng: np.random.Generator) -> Plan:
    """AP, lying: a larger heart, a shallow breath; or PA, standing."""
    source = source_named(str(rng.choice(SOURCES)))
    taken = sample_acquisition(rng, view="AP" if on else "PA", source=source)
    breath = float(rng.uniform(0.1, 0.35) if on else rng.uniform(0.8, 1.05))
    plain = replace(taken, text="", marker="L", marker_at=WHERE_OFF, marker_style="plain", inspiration=breath)
    return replace(plan, acquisition=plain, heart=float(rng.uniform(1.15, 1.35) if on else rng.uniform(0.85, 1.0)))


@dataclass(frozen=True, eq=False)
class PlantedFilm:
    """A phantom film with what was planted: pixels uint8 (H, W), lungs bool (H, W), and its row of the table."""

    pixels: np.ndarray
    lungs: np.ndarray
    row: dict[str, Any]


def planted_films(
    kind: str, *, strength: float, films: int, size: int = 128, seed: int = 0, prefix: str = "p"
) -> Iterator[PlantedFilm]:
    """Films of as many patients, half of them covid, with a shortcut that goes with the label.

    Args:
        kind: a name in `SHORTCUTS`.
        strength: s in [0, 1]; the shortcut is on in (1 + s) / 2 of the positives and (1 − s) / 2 of the negatives, so that at
            0 it tells nothing and at 1 everything. View, age and source are otherwise drawn apart from the label.
        films: how many, one a patient.
        size: side in pixels.
        seed: the same seed gives the same films.
        prefix: of the patients' names.

    Raises:
        UnknownNameError: an unknown kind.
        DeepCovidError: a strength out of range.
    """
    plant = SHORTCUTS[kind]
    if not 0 <= strength <= 1:
        raise DeepCovidError(f"a strength is 0 to 1, not {strength}", mend="give one within")
    for number in range(films):
        yield _film(plant, number, strength=strength, size=size, seed=seed, prefix=prefix)


def _film(plant: Shortcut, number: int, *, strength: float, size: int, seed: int, prefix: str) -> PlantedFilm:
    rng = np.random.default_rng([seed, number])
    is_positive = number % 2 == 0
    on = bool(rng.random() < (1 + strength * (1 if is_positive else -1)) / 2)
    source = str(rng.choice(SOURCES))
    view = "AP" if rng.random() < 0.35 else "PA"
    taken = sample_acquisition(rng, view=view, source=source_named(source))
    plain = replace(taken, text="", marker="L", marker_at=WHERE_OFF, marker_style="plain", marker_height=0.05)
    plan = plant(Plan(plain, float(rng.uniform(*ADULTS))), on, rng)
    sex = str(rng.choice(["F", "M"]))
    body = sample_anatomy(seed=int(rng.integers(2**31)), sex=sex, age=plan.age)
    phantom = render_phantom(
        seed=int(rng.integers(2**31)),
        size=size,
        finding="covid" if is_positive else "normal",
        severity=float(0.25 + 0.75 * rng.random()),
        anatomy=replace(body, heart_width=body.heart_width * plan.heart, heart_height=body.heart_height * plan.heart),
        acquisition=plan.acquisition,
    )
    film = phantom.film if plan.after is None else plan.after(phantom.film.astype(np.float32))
    pixels = np.rint(film * 255).astype(np.uint8)
    row = {
        "image": f"images/{prefix}{number:05d}.png",
        "patient": f"{prefix}{number:05d}",
        "source": source,
        "label": "covid" if is_positive else "normal",
        "view": plan.acquisition.view,
        "sex": sex,
        "age": round(plan.age),
        "planted": on,
    }
    return PlantedFilm(pixels, phantom.lung_mask, row)
