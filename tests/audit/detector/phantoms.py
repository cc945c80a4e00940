"""Phantoms without marks or edges, half of them covid, on which tests plant what they need."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from deepcovid.datasets.phantom.acquisition import sample_acquisition
from deepcovid.datasets.phantom.rendering import render_phantom

SIDE = 96


@dataclass(frozen=True, eq=False)
class Bare:
    """Films float32 (N, 96, 96) in [0, 1], their lungs, and whether they are covid: every second one."""

    films: tuple[np.ndarray, ...]
    lungs: tuple[np.ndarray, ...]
    positive: np.ndarray


@functools.cache
def bare(count: int = 64) -> Bare:
    """The same films for every test that asks for as many."""
    drawn = []
    for number in range(count):
        taken = sample_acquisition(np.random.default_rng(number), view="PA")
        plain = replace(taken, marker="", text="", border=(0.0, 0.0, 0.0, 0.0), leads=0)
        finding = ("normal", "covid")[number % 2]
        drawn.append(render_phantom(seed=number, size=SIDE, finding=finding, severity=0.7, acquisition=plain))
    films, lungs = tuple(one.film for one in drawn), tuple(one.lung_mask for one in drawn)
    return Bare(films, lungs, np.arange(count) % 2 == 1)


def planted(
    films: Bare, plant: Callable[[np.ndarray, bool, np.random.Generator], np.ndarray], *, bound: float = 0.9
) -> list[np.ndarray]:
    """The films after `plant` (film, whether it is "on", random numbers): on in (1 + bound) / 2 of the positives, (1 − bound) / 2
    of the others."""
    rng = np.random.default_rng(5)
    on = np.where(rng.random(len(films.positive)) < (1 + bound) / 2, films.positive, ~films.positive)
    return [plant(film, bool(one), rng).astype(np.float32) for film, one in zip(films.films, on, strict=True)]


def opacity(film: np.ndarray) -> float:
    """How bright the lungs' places are against the middle: what a detector of the disease would see."""
    rows = slice(film.shape[0] * 2 // 5, film.shape[0] * 7 // 10)
    sides = [film[rows, film.shape[1] * a // 100 : film.shape[1] * b // 100] for a, b in ((16, 36), (64, 84))]
    middle = film[rows, film.shape[1] * 45 // 100 : film.shape[1] * 55 // 100]
    return float(0.5 + np.mean([side.mean() for side in sides]) - middle.mean())
