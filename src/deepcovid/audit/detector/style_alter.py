"""Films given the positives' or the negatives' edges, greys, JPEG quality or resolution."""

from __future__ import annotations

import numpy as np

from deepcovid.audit.detector.detector_test import Case
from deepcovid.audit.detector.looks import PLAIN, Alteration, Film
from deepcovid.audit.detector.shortcut import Habits, Sides, base_rows
from deepcovid.audit.detector.style_measure import QUANTILES, detail_of, edges_of, jpeg_traces
from deepcovid.imaging.corruptions.placement import bordered
from deepcovid.imaging.corruptions.sharpness import jpeg_saved, made_coarse
from deepcovid.imaging.resizing import resized

TRIED = (8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90)  # qualities
TRACE = -0.4  # logarithm under which a trace of JPEG is believed
SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.42, 0.35, 0.3, 0.25, 0.2, 0.15, 0.1)  # of the sides
LOOKED_AT = 8  # films from which quality and resolution are read


def altered_edges(case: Case, found: Habits) -> Sides:
    """Negatives with the edges of either class: their own are cut off, then edges of the median widths are laid over."""
    medians = [np.median(found.of(rows), axis=0) for rows in (found.positive, found.negative)]
    first, second = (_edging(tuple(float(width) for width in one[:4]), float(one[4])) for one in medians)
    told = " against ".join(f"{100 * float(np.mean(one[:4])):.1f} % a side" for one in medians)
    return Sides(base_rows(case, positive=False), first, second, told)


def altered_greys(case: Case, found: Habits) -> Sides:
    """Negatives under the grey curve that takes the negatives' mean quantiles to those of either class's habit."""
    usual = found.values[~case.positive[found.rows]].mean(axis=0)
    targets = [found.of(rows).mean(axis=0) for rows in (found.positive, found.negative)]
    first, second = (_curving(usual, target) for target in targets)
    middle = QUANTILES.index(50)
    told = " against ".join(f"middle grey {target[middle]:.2f}" for target in targets)
    return Sides(base_rows(case, positive=False), first, second, told)


def altered_quality(case: Case, found: Habits) -> Sides:
    """Films of the class that is saved more finely, saved as either class is."""
    qualities = [_quality(case, rows) for rows in (found.positive, found.negative)]
    coarser = qualities[0] < qualities[1]
    first, second = (_saving(quality) for quality in qualities)
    told = " against ".join("no trace" if quality > 100 else f"quality {quality}" for quality in qualities)
    return Sides(base_rows(case, positive=not coarser), first, second, told)


def altered_resolution(case: Case, found: Habits) -> Sides:
    """Films of the sharper class as they are, and as coarse as the other's."""
    fine = [float(np.median(found.of(rows)[:, 0])) for rows in (found.positive, found.negative)]
    coarser = fine[0] < fine[1]
    rows = base_rows(case, positive=not coarser)
    share = _share(case, rows[:: max(1, len(rows) // LOOKED_AT)][:LOOKED_AT], min(fine))
    coarse, told = _coarsening(share), f"{share:.2f} of the pixels a side"
    if coarser:
        return Sides(rows, coarse, PLAIN, f"{told} against all")
    return Sides(rows, PLAIN, coarse, f"all against {told}")


def _edging(widths: tuple[float, ...], grey: float) -> Alteration:
    left, right, top, bottom = widths
    name = " ".join(f"{width:.4f}" for width in widths)

    def change(film: Film) -> np.ndarray:
        return bordered(without_edges(film.pixels), (left, right, top, bottom), value=grey)

    return Alteration(f"edges {name} of {grey:.3f}", change)


def without_edges(pixels: np.ndarray) -> np.ndarray:
    """The film within its edges, at the size it had."""
    left, right, top, bottom = edges_of(pixels)[0]
    if max(left, right, top, bottom) == 0:
        return pixels
    height, width = pixels.shape
    rows = slice(round(top * height), height - round(bottom * height))
    inner = pixels[rows, round(left * width) : width - round(right * width)]
    return resized(inner, size=(height, width)) if inner.size else pixels


def _curving(usual: np.ndarray, target: np.ndarray) -> Alteration:
    knots = np.maximum.accumulate(np.concatenate([[0.0], usual, [1.0]])) + 1e-6 * np.arange(len(usual) + 2)
    values = np.concatenate([[0.0], target, [1.0]])
    name = " ".join(f"{value:.4f}" for value in (*usual, *target))

    def change(film: Film) -> np.ndarray:
        return np.interp(film.pixels, knots, values).astype(np.float32)

    return Alteration(f"greys {name}", change)


def _saving(quality: int) -> Alteration:
    if quality > 100:
        return PLAIN
    return Alteration(f"saved at {quality}", lambda film: jpeg_saved(film.pixels, quality=quality))


def _coarsening(share: float) -> Alteration:
    if share == 1:
        return PLAIN
    return Alteration(f"coarse {share}", lambda film: made_coarse(film.pixels, share))


def _quality(case: Case, rows: np.ndarray) -> int:
    """The median quality of some films by their traces; 101 where most have none."""
    found = []
    for row in rows[:: max(1, len(rows) // LOOKED_AT)][:LOOKED_AT]:
        pixels = case.looks.film(int(row)).pixels
        traces = jpeg_traces(pixels, np.ones(pixels.shape, dtype=bool), TRIED)
        found.append(TRIED[int(np.argmin(traces))] if traces.min() < TRACE else 101)
    return sorted(found)[len(found) // 2]


def _share(case: Case, rows: np.ndarray, target: float) -> float:
    """The share of pixels at which the films' fine detail comes nearest to what is wanted."""
    films = [case.looks.film(int(row)) for row in rows]

    def fine(share: float) -> float:
        coarse = [made_coarse(film.pixels, share) if share < 1 else film.pixels for film in films]
        return float(np.median([detail_of(one, film.outside)[0] for one, film in zip(coarse, films, strict=True)]))

    return min(SHARES, key=lambda share: abs(fine(share) - target))
