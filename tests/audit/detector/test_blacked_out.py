"""Test 3 on classifiers that look at one place of a film, so that its verdict is known beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepcovid.audit.detector.blacked_out import (
    BLACK,
    BORDER,
    CHEST,
    FULL,
    HEAD,
    SHAPE,
    Findings,
    blacked_out,
    films_for,
)
from deepcovid.audit.detector.detector_test import AuditResult
from deepcovid.datasets.phantom import make_phantoms
from deepcovid.datasets.phantom.population import png_bytes
from deepcovid.datasets.table import load_table
from deepcovid.evaluation.intervals import Interval
from deepcovid.models.classifier import Scored
from deepcovid.runs.audit import AuditWishes, audit_detector, make_case

SIDE = 32


@dataclass(frozen=True)
class Looker:
    """Scores by the mean grey of a place; its features are the mean greys of a 4 × 4 grid."""

    place: tuple[slice, slice]
    name: str = "looker"
    positive: str = "covid"
    threshold: float | None = None

    @property
    def hash(self) -> str:
        return f"looker {self.place}"

    def look(self, pixels: np.ndarray) -> Scored:
        step = [side // 4 for side in pixels.shape]
        grid = pixels[: 4 * step[0], : 4 * step[1]].reshape(4, step[0], 4, step[1]).mean(axis=(1, 3))
        rows, columns = (
            slice(int(a.start * s), int(a.stop * s)) for a, s in zip(self.place, pixels.shape, strict=True)
        )
        return Scored(float(pixels[rows, columns].mean()), grid.ravel().astype(np.float32))

    def undecided(self, scores: np.ndarray) -> None:
        return None


CORNER = Looker((slice(0, 0.1), slice(0, 1)))  # the upper edge
MIDDLE = Looker((slice(0.4, 0.7), slice(0.2, 0.8)))


def two_boxes(pixels: np.ndarray) -> np.ndarray:
    """Lungs of films that were drawn so."""
    lungs = np.zeros(pixels.shape, bool)
    lungs[10:24, 5:14] = lungs[10:24, 18:27] = True
    return lungs


def drawn(folder: Path, *, films: int, lungs: float, edge: float) -> Path:
    """Noise films; `lungs` and `edge` are how much brighter the positives are there."""
    rng = np.random.default_rng(3)
    rows = []
    for number in range(films):
        covid = number % 2
        film = rng.normal(0.5, 0.05, (SIDE, SIDE)) + rng.normal(0, 0.05)
        film[two_boxes(film)] += covid * lungs
        film[:4] += covid * edge
        (folder / f"{number}.png").write_bytes(png_bytes((film.clip(0, 1) * 255).astype(np.uint8)))
        rows.append({"image": f"{number}.png", "patient": number, "label": ("normal", "covid")[covid]})
    pd.DataFrame(rows).to_csv(folder / "table.csv", index=False)
    return folder / "table.csv"


def asked(table: Path, looker: Looker, *, own: bool = False) -> AuditResult:
    wishes = AuditWishes(segment=None if own else (two_boxes, "two boxes"), cache=table.parent / "cache", workers=1)
    case, _ = make_case(looker, load_table(table), wishes=wishes)
    return blacked_out(case)


def test_what_reads_the_lungs_passes_where_films_are_many(tmp_path: Path) -> None:
    result = asked(drawn(tmp_path, films=380, lungs=0.2, edge=0.0), MIDDLE)
    assert result.verdict == "PASS"
    auc = result.figures["auc"]
    assert auc[FULL]["low"] > 0.9
    assert auc[CHEST]["low"] > 0.9
    assert auc[BLACK]["high"] <= 0.6
    assert auc[HEAD]["high"] <= 0.6
    assert result.figures["loss"]["low"] > 0.3
    assert result.kinds == ()


@pytest.mark.parametrize(
    ("own", "head", "loss", "verdict"),
    [
        ((0.44, 0.60), (0.40, 0.59), (0.15, 0.3), "PASS"),
        ((0.44, 0.60), (0.40, 0.59), (0.14, 0.3), "CANNOT TELL"),  # it may know nothing of the lungs either
        ((0.44, 0.61), (0.40, 0.59), (0.15, 0.3), "CANNOT TELL"),
        ((0.44, 0.60), (0.40, 0.61), (0.15, 0.3), "CANNOT TELL"),
        ((0.60, 0.90), (0.60, 0.90), (0.00, 0.3), "CANNOT TELL"),
        ((0.61, 0.90), (0.40, 0.59), (0.15, 0.3), "FAIL"),
        ((0.44, 0.60), (0.61, 0.90), (0.15, 0.3), "FAIL"),
    ],
)
def test_the_rule_at_its_limits(
    own: tuple[float, float], head: tuple[float, float], loss: tuple[float, float], verdict: str
) -> None:
    told = [Interval(value=sum(ends) / 2, low=ends[0], high=ends[1], method="", n=9) for ends in (own, head, loss)]
    assert Findings({BLACK: told[0], HEAD: told[1]}, told[2], 200).verdict == verdict


def test_what_reads_the_edge_fails(tmp_path: Path) -> None:
    result = asked(drawn(tmp_path, films=80, lungs=0.0, edge=0.1), CORNER)
    assert result.verdict == "FAIL"
    assert result.kinds == ("outside the lungs",)
    auc = result.figures["auc"]
    assert auc[BLACK]["value"] == auc[FULL]["value"]
    assert auc[BORDER]["low"] > 0.6
    assert auc[SHAPE]["low"] <= 0.5 <= auc[SHAPE]["high"]
    assert result.picture is not None


def test_features_that_carry_the_label_outside_the_lungs_fail_too(tmp_path: Path) -> None:
    """The score looks at the middle alone; a head learnt anew on the features would do without it."""
    result = asked(drawn(tmp_path, films=80, lungs=0.2, edge=0.1), MIDDLE)
    assert result.verdict == "FAIL"
    assert result.figures["auc"][BLACK]["low"] <= 0.6 < result.figures["auc"][HEAD]["low"]


def test_few_films_cannot_tell_and_the_number_that_would_is_named(tmp_path: Path) -> None:
    result = asked(drawn(tmp_path, films=60, lungs=0.2, edge=0.0), MIDDLE)
    assert result.verdict == "CANNOT TELL"
    assert result.figures["films_that_would_tell"] == films_for(0.5)
    assert "about 176 of either class would (30 are here)" in result.sentence


def test_films_without_lungs_are_left_out_and_counted(tmp_path: Path) -> None:
    table = drawn(tmp_path, films=40, lungs=0.2, edge=0.0)
    wishes = AuditWishes(segment=(lambda pixels: np.zeros(pixels.shape, bool), "none"), cache=tmp_path / "cache")
    case, _ = make_case(MIDDLE, load_table(table), wishes=wishes)
    result = blacked_out(case)
    assert result.verdict == "CANNOT TELL"
    assert any("40 test films were left out" in note for note in result.notes)


def test_who_wants_no_lungs_is_not_asked(tmp_path: Path) -> None:
    table = drawn(tmp_path, films=40, lungs=0.2, edge=0.0)
    wishes = AuditWishes(lungs=False, tests=("3",), cache=tmp_path / "cache", workers=1)
    audited = audit_detector(MIDDLE, table, wishes=wishes)
    assert audited.verdict == "CANNOT TELL"
    assert "Lungs were not looked for" in audited.results[0][1].sentence


def test_a_shape_that_tells_the_label_is_said(tmp_path: Path) -> None:
    """Lungs of the positives are found shorter: what is blacked out differs, and the head sees that."""
    table = drawn(tmp_path, films=80, lungs=0.0, edge=0.1)

    def shorter(pixels: np.ndarray) -> np.ndarray:
        lungs = two_boxes(pixels)
        lungs[20:] &= pixels[:4].mean() < pixels[4:].mean() + 0.05
        return lungs

    wishes = AuditWishes(segment=(shorter, "shorter"), cache=tmp_path / "cache", workers=1)
    case, _ = make_case(CORNER, load_table(table), wishes=wishes)
    result = blacked_out(case)
    assert result.figures["auc"][SHAPE]["low"] > 0.9
    assert any("the shape of the lungs alone tells the label" in note for note in result.notes)


def test_the_number_of_films_is_the_issues_and_grows_towards_the_limit() -> None:
    """About 175: (1.96 + 1.28)² / (6 · 0.1²), the variance of an AUC of 0.5 being about 1 / (6 n)."""
    assert films_for(0.5) == pytest.approx((1.959964 + 1.281552) ** 2 / 0.06, abs=2)
    assert films_for(0.5) < films_for(0.55) < films_for(0.58)
    assert films_for(0.6) is None


def test_phantoms_whose_lungs_tell_the_label_do_not_fail_with_the_packages_segmenter(tmp_path: Path) -> None:
    make_phantoms(
        tmp_path, patients=60, films_per_patient=(1, 1), size=64, seed=11, labels={"covid": 0.5, "normal": 0.5}
    )
    result = asked(tmp_path / "table.csv", MIDDLE, own=True)
    assert result.verdict != "FAIL"
    auc = result.figures["auc"]
    assert auc[FULL]["value"] > auc[BLACK]["value"]
    assert auc[HEAD]["low"] <= 0.6
