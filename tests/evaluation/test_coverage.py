"""The benchmark of all intervals, small: what an evaluation quotes holds the truth; and its page lists what it measures."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEAST = 0.86  # of 100 tables, an interval that holds 95 % passes this in 999 of 1,000 tries
OVER_FILMS = ("over films",)  # too short where patients have several, and said to be


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("interval_coverage", ROOT / "benchmarks" / "interval_coverage.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made  # where dataclasses look their types up
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("figure", ["calls", "areas", "two detectors"])
def test_intervals_that_are_quoted_hold_the_truth(benchmark: ModuleType, figure: str) -> None:
    """Three films a patient; one film each is for the tests of every interval on its own."""
    (case,) = (
        case for case in benchmark.cases() if case.figure == figure and "40 against 100 patients, 3 films" in case.data
    )
    for row in benchmark.simulate(case, repeats=100):
        assert row.held >= LEAST or row.interval.endswith(OVER_FILMS), row


def test_exact_sums_are_what_is_known_of_them(benchmark: ModuleType) -> None:
    rows = {(row.data, row.interval): row.held for row in benchmark.exact_shares()}
    assert rows["40 films, true 0.975", "the papers' (Wald)"] == pytest.approx(0.636, abs=0.002)
    assert all(held >= 0.95 for (_, name), held in rows.items() if name == "Clopper–Pearson")
    assert all(0.92 <= held <= 0.985 for (_, name), held in rows.items() if name == "Wilson")


def test_the_page_lists_what_the_benchmark_measures_and_quoted_intervals_hold(benchmark: ModuleType) -> None:
    page = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if re.match(r"\| \w", line)
    ][1:]
    measured = {case.data for case in benchmark.cases()} | {row.data for row in benchmark.exact_shares()}
    assert {row[1] for row in rows} == measured
    for figure, _, interval, held, _ in rows:
        share = float(held.split(" %")[0]) / 100
        if interval in ("Newcombe", "Newcombe, for patients (groups)", "MOVER", "MOVER-R") or figure.startswith(
            "calibration"
        ):
            assert share >= 0.93, (figure, interval, held)
