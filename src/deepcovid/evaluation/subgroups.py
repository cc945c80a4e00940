"""Sub-groups: how good a detector is among women, children, films of one view or one hospital, and how far from the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from deepcovid.evaluation.clustered import Clustered, clustered_auc, clustered_share, difference, p_of_difference
from deepcovid.evaluation.mcnemar import holm
from deepcovid.evaluation.scores import Scores

FEWEST = 50  # patients of a class: with fewer, that no gap was seen is not that there is none
LEAST = 10  # patients of a class: with fewer, no gap is estimated
LEVEL = 0.05
MEASURES = ("auc", "sensitivity", "specificity")
UNKNOWN, LOWER, HIGHER, NONE_SHOWN = "unknown", "lower", "higher", "no gap shown"
BETWEEN = " · "


def subgroups(scores: Scores, *, threshold: float, name: str) -> dict[str, Any] | None:
    """AUC, sensitivity and specificity by sex, age band, view and source, and by every two of them, each against all other films.

    A gap is a group's figure less that of the other films of which the facet is known. Its verdict is "lower" or "higher" where
    its p-value is below 0.05 after Holm's method, over all gaps of single facets, or all of crossings; else "no gap
    shown", or "unknown" where the group or the rest has fewer than 50 patients of the class (for an AUC: of either). With
    fewer than 10 no gap is estimated. Of a facet with two values the second's gaps are the first's turned round, and count once.
    Crossings with fewer than 50 films are only counted.

    Args:
        scores: films with `facets`.
        threshold, name: the operating point at which films are called, and what it is called.

    Returns:
        JSON-safe; None where no facet has two values.
    """
    single = {facet: words for facet, words in scores.facets.items() if len(set(words.tolist()) - {""}) > 1}
    if not single:
        return None
    films = _Films(scores, np.unique(scores.patient, return_inverse=True)[1], threshold)
    crossed = _crossed(single)
    families = {"single": _family(films, single, least=1), "crossed": _family(films, crossed, least=FEWEST)}
    return {
        "point": name,
        "threshold": threshold,
        "fewest": FEWEST,
        "unknown": [{"facet": facet, "films": int(np.count_nonzero(words == ""))} for facet, words in single.items()],
        "tests": {name: _adjust(rows) for name, rows in families.items()},
        "small_crossings": sum(_small(words) for words in crossed.values()),
        "groups": [row for rows in families.values() for row in rows],
    }


def _crossed(single: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every two facets as one: "F · PA", "" where one of them is unknown."""
    return {
        f"{one}{BETWEEN}{other}": np.array(
            [f"{a}{BETWEEN}{b}" if a and b else "" for a, b in zip(single[one], single[other], strict=True)], dtype=str
        )
        for one, other in combinations(single, 2)
    }


@dataclass(frozen=True)
class _Films:
    """The films, the patient of each as a number from 0, and where they are called."""

    scores: Scores
    patient: np.ndarray
    threshold: float

    def kept(self, measure: str, rows: np.ndarray) -> np.ndarray:
        """Of rows bool (N,) those that a measure rests on."""
        sides = {"sensitivity": self.scores.positive, "specificity": ~self.scores.positive}
        return rows & sides[measure] if measure in sides else rows

    def units(self, measure: str, rows: np.ndarray) -> int:
        """Patients of the class that a measure rests on, among rows bool (N,); of an AUC those of the smaller class."""
        needed = ("sensitivity", "specificity") if measure == "auc" else (measure,)
        return min(self.scores.patients_of(self.kept(name, rows)) for name in needed)

    def figure(self, measure: str, rows: np.ndarray) -> Clustered | None:
        """A measure among the rows; None where a class that it needs is absent."""
        if self.units(measure, rows) == 0:
            return None
        known, patients = self.scores.n_patients is not None, int(self.patient.max()) + 1
        positive, score = self.scores.positive, self.scores.score
        if measure == "auc":
            return clustered_auc(
                positive[rows], score=score[rows], patient=self.patient[rows], patients=patients, known=known
            )
        kept = self.kept(measure, rows)
        right = (score[kept] >= self.threshold) == positive[kept]
        return clustered_share(right, patient=self.patient[kept], patients=patients, known=known)


def _small(words: np.ndarray) -> int:
    """How many values fewer than 50 films have."""
    return int(np.count_nonzero(np.unique(words[words != ""], return_counts=True)[1] < FEWEST))


def _family(films: _Films, facets: dict[str, np.ndarray], *, least: int) -> list[dict[str, Any]]:
    return [row for facet, words in facets.items() for row in _rows(films, facet, words, least=least)]


def _rows(films: _Films, facet: str, words: np.ndarray, *, least: int) -> Iterator[dict[str, Any]]:
    known = words != ""
    values = sorted(value for value in set(words[known].tolist()) if np.count_nonzero(words == value) >= least)
    for place, value in enumerate(values):
        inside = words == value
        own = {measure: films.figure(measure, inside) for measure in MEASURES}
        mirrored = place == 1 and len(set(words[known].tolist())) == 2
        yield {
            "facet": facet,
            "value": value,
            "n": int(np.count_nonzero(inside)),
            "n_positive": int(np.count_nonzero(inside & films.scores.positive)),
            "n_patients": None if films.scores.n_patients is None else films.scores.patients_of(inside),
            **{measure: None if one is None else one.interval.to_dict() for measure, one in own.items()},
            "gaps": [
                {"measure": measure, "mirrored": mirrored}
                | _gap(films, measure, one, inside=inside, rest=known & ~inside)
                for measure, one in own.items()
            ],
        }


def _gap(films: _Films, measure: str, own: Clustered | None, *, inside: np.ndarray, rest: np.ndarray) -> dict[str, Any]:
    least = min(films.units(measure, rows) for rows in (inside, rest))
    other = films.figure(measure, rest) if least >= LEAST else None
    if own is None or other is None:
        return {"difference": None, "p": None, "few": True}
    found = difference(own, other=other, n=films.scores.patients_of(films.kept(measure, inside | rest)))
    return {"difference": found.to_dict(), "p": p_of_difference(found), "few": least < FEWEST}


def _adjust(rows: list[dict[str, Any]]) -> int:
    """Write `p_holm` and `verdict` into the gaps of a family; how many tests it has."""
    gaps = [(row["facet"], gap) for row in rows for gap in row["gaps"]]
    adjusted = holm([None if gap["mirrored"] else gap["p"] for _, gap in gaps])
    first: dict[tuple[str, str], float | None] = {}
    for (facet, gap), p in zip(gaps, adjusted, strict=True):
        # of two values the second repeats the first's test
        gap["p_holm"] = first[facet, gap["measure"]] if gap.pop("mirrored") else p
        first[facet, gap["measure"]] = gap["p_holm"]
        gap["verdict"] = _verdict(gap, few=gap.pop("few"))
    return sum(p is not None for p in adjusted)


def _verdict(gap: dict[str, Any], *, few: bool) -> str:
    if gap["p_holm"] is not None and gap["p_holm"] < LEVEL:
        return LOWER if gap["difference"]["value"] < 0 else HIGHER
    return UNKNOWN if few else NONE_SHOWN
