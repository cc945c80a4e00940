"""Comparing two detectors: DeLong's own pieces, the paired bootstrap's laws, and that equal detectors do not differ."""

from __future__ import annotations

import json

import numpy as np
import pytest

from deepcovid.evaluation.comparison import ComparedPoint, adjust, compare_pair
from deepcovid.evaluation.delong import delong_difference
from deepcovid.evaluation.matching import Matched
from deepcovid.evaluation.metrics import auc
from tests.evaluation.asah import NDKA, POOR, WFNS

HALF = ComparedPoint(name="default 0.5", first=0.5, second=0.5)


def drawn(seed: int = 0, *, n: int = 120, films: int = 1, gap: float = 0.0) -> Matched:
    """Two noisy readings of one truth; `films` equal films a patient; the second reads worse by `gap`."""
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < 0.4
    common = rng.normal(size=n)
    first = 1 / (1 + np.exp(-(1.2 * positive + 0.7 * common + 0.5 * rng.normal(size=n) - 0.5)))
    second = 1 / (1 + np.exp(-((1.2 - gap) * positive + 0.7 * common + 0.5 * rng.normal(size=n) - 0.5)))
    columns = {"positive": positive, "first": first, "second": second, "patient": np.arange(n)}
    columns = {name: np.repeat(values, films) for name, values in columns.items()}
    return Matched(patient_known=np.full(n * films, True), **columns)


def test_films_of_separate_patients_get_delongs_difference() -> None:
    films = Matched(
        positive=POOR,
        patient=np.arange(len(POOR)),
        patient_known=np.full(len(POOR), False),
        first=WFNS / 10,
        second=np.clip(NDKA / NDKA.max(), 0, 1),
    )
    (area,) = compare_pair(films)
    expected = delong_difference(films.positive, first=films.first, second=films.second)
    assert area["difference"] == expected.difference.to_dict()
    assert area["p"] == expected.p
    assert area["p_method"] == "DeLong, paired"


def test_the_bootstrap_draws_the_same_patients_for_both() -> None:
    films = drawn(films=2)
    same = Matched(**{**vars(films), "second": films.first})
    area, *calls = compare_pair(same, points=[HALF], draws=200)
    assert area["difference"]["value"] == 0
    assert area["p"] == 1
    assert [entry["what"] for entry in calls] == ["sensitivity", "specificity", "accuracy"]
    for entry in calls:
        assert entry["difference"]["low"] <= 0 <= entry["difference"]["high"]
        assert entry["p"] == entry["mcnemar_p"] == 1
    assert calls[2]["difference"]["n"] == 120  # patients, not the 240 films
    assert area["difference"]["unit"] == calls[0]["difference"]["unit"] == "patient"


def test_equal_films_of_a_patient_add_nothing_to_what_is_known() -> None:
    once, four = drawn(gap=0.6), drawn(gap=0.6, films=4)
    (single,), (repeated,) = compare_pair(once), compare_pair(four, draws=2000)
    width = [entry["difference"]["high"] - entry["difference"]["low"] for entry in (single, repeated)]
    assert width[1] == pytest.approx(width[0], rel=0.15)
    assert repeated["difference"]["n"] == 120
    assert repeated["difference"]["unit"] == "patient"
    naive = delong_difference(four.positive, first=four.first, second=four.second).difference
    assert naive.high - naive.low < 0.6 * width[1]


def test_p_of_the_bootstrap_is_where_its_interval_touches_zero() -> None:
    for seed in range(6):
        (area,) = compare_pair(drawn(seed, n=60, films=2, gap=0.5), draws=1000)
        outside = area["difference"]["low"] > 0 or area["difference"]["high"] < 0
        assert outside == (area["p"] < 0.05) or abs(area["p"] - 0.05) < 0.01


def test_calls_of_several_films_take_the_larger_p() -> None:
    entries = compare_pair(drawn(gap=0.9, films=3), points=[HALF], draws=500)[1:]
    assert all(entry["p"] >= entry["mcnemar_p"] for entry in entries)
    assert any(entry["p_method"] == "paired patient bootstrap" for entry in entries)


def test_values_are_those_of_the_films_and_json_safe() -> None:
    films = drawn(gap=0.4)
    entries = compare_pair(films, points=[ComparedPoint(name="own", first=0.4, second=0.6)])
    assert entries[0]["first"] == pytest.approx(auc(films.positive, score=films.first))
    sensitivity = entries[1]
    assert sensitivity["first"] == pytest.approx(np.mean(films.first[films.positive] >= 0.4))
    assert sensitivity["second"] == pytest.approx(np.mean(films.second[films.positive] >= 0.6))
    assert sensitivity["difference"]["value"] == pytest.approx(sensitivity["first"] - sensitivity["second"])
    json.dumps(entries, allow_nan=False)


def test_holms_family_is_all_pairs_together() -> None:
    pairs = [compare_pair(drawn(seed, gap=0.8), points=[HALF]) for seed in range(3)]
    adjusted, tests = adjust(pairs)
    assert tests == 12
    least = min((entry for entries in adjusted for entry in entries), key=lambda entry: entry["p"])
    assert least["p_holm"] == pytest.approx(min(1.0, 12 * least["p"]))
    assert all(entry["p_holm"] >= entry["p"] for entries in adjusted for entry in entries)
