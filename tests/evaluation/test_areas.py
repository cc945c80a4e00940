"""Areas with intervals: which method for which data, and honest limits at perfect separation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from deepcovid.evaluation.areas import auc_intervals, average_precision_interval, worst_average_precision
from deepcovid.evaluation.bootstrap import bootstrap
from deepcovid.evaluation.intervals import Interval
from deepcovid.evaluation.scores import Scores, read_scores


def films(n: int, *, patients: list[int] | None = None, perfect: bool = False) -> Scores:
    rng = np.random.default_rng(0)
    positive = np.arange(n) < n // 4
    score = 0.2 + 0.6 * positive if perfect else np.clip(rng.normal(0.4 + 0.2 * positive, 0.15), 0, 1)
    table = pd.DataFrame({"label": positive.astype(int), "score": score})
    if patients is not None:
        table["patient"] = patients
    return read_scores(table, positive="1")


def areas(scores: Scores) -> dict[str, Interval]:
    draws = bootstrap(scores.positive, score=scores.score, cluster=scores.patient, draws=300)
    return auc_intervals(scores, draws=draws) | {"ap": average_precision_interval(scores, draws=draws)}


@pytest.mark.parametrize(
    ("patients", "quoted", "resampled", "n"),
    [
        (None, "DeLong", "image bootstrap", 80),
        (list(range(80)), "DeLong", "patient bootstrap", 80),
        ([k // 2 for k in range(80)], "patient bootstrap", "patient bootstrap", 40),
    ],
)
def test_method_and_unit_follow_the_patients(patients: list[int] | None, quoted: str, resampled: str, n: int) -> None:
    found = areas(films(80, patients=patients))
    assert found["auc"].method == quoted
    assert (found["auc_delong"].unit, found["auc_delong"].n) == ("image", 80)
    for name in ("auc_bootstrap", "ap"):
        assert (found[name].method, found[name].unit, found[name].n) == (resampled, resampled.split()[0], n)
    assert len({i.value for name, i in found.items() if name != "ap"}) == 1


@pytest.mark.parametrize("patients", [None, [k // 2 for k in range(40)]])
def test_perfect_separation_is_not_certainty(patients: list[int] | None) -> None:
    for interval in areas(films(40, patients=patients, perfect=True)).values():
        assert interval.value == pytest.approx(1.0)
        assert 0.0 < interval.low < 0.97
        assert interval.high == pytest.approx(1.0)


def test_worst_average_precision_is_the_one_it_describes() -> None:
    """Rank the doubtful negatives first, then the sure positives, and ask scikit-learn."""
    low = worst_average_precision(40, n_negative=3000, prevalence=40 / 3040)
    a, b = 0.025 ** (1 / 40), 1 - 0.025 ** (1 / 3000)
    positives, first = 40_000, round(b * 3_000_000)
    sure = round(a * positives)
    truth = np.r_[np.zeros(first), np.ones(sure)].astype(bool)
    expected = average_precision_score(truth, np.linspace(1, 0, len(truth))) * a
    assert low == pytest.approx(expected, abs=1e-4)
    assert 0.5 < low < 0.9
