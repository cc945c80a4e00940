"""Planning: against statsmodels and published values, and the laws that a fewest number of films must keep."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint, samplesize_confint_proportion

from deepcovid.errors import ScoresError
from deepcovid.evaluation.newcombe import newcombe_interval
from deepcovid.evaluation.planning import (
    Clustering,
    Method,
    films_for_auc,
    films_needed,
    hanley_mcneil_error,
    mean_halfwidth,
    people_needed,
)

NAMES: dict[Method, str] = {"wilson": "wilson", "clopper-pearson": "beta", "paper": "normal"}
shares = st.floats(0.5, 1.0)
halves = st.floats(0.03, 0.3)


@pytest.mark.parametrize("method", NAMES)
def test_the_mean_halfwidth_is_that_of_statsmodels_intervals(method: Method) -> None:
    counts = np.arange(41)
    low, high = proportion_confint(counts, 40, method=NAMES[method])
    if method == "paper":  # statsmodels cuts at 0 and 1
        low, high = (counts / 40 + side * 1.959964 * np.sqrt(counts / 40 * (1 - counts / 40) / 40) for side in (-1, 1))
    told = float(binom.pmf(counts, 40, 0.975) @ (high - low)) / 2
    assert mean_halfwidth(0.975, films=40, method=method) == pytest.approx(told, abs=1e-8)


@pytest.mark.parametrize(("share", "half"), [(0.975, 0.05), (0.905, 0.011), (0.5, 0.1), (0.9, 0.03)])
def test_the_papers_method_is_statsmodels_sample_size(share: float, half: float) -> None:
    need = films_needed(share, halfwidth=half, method="paper")
    assert need.expected["films"] == math.ceil(samplesize_confint_proportion(share, half))


def test_forty_films_are_what_deep_covid_says_and_less_than_it_takes() -> None:
    need = films_needed(0.975, halfwidth=0.048385, method="paper")  # its ± 4.8 %
    assert need.expected["films"] == 40
    assert need.paper["halfwidth"] == pytest.approx(0.0484, abs=1e-4)
    assert need.paper["coverage"] == pytest.approx(0.636, abs=1e-3)
    assert films_needed(0.975, halfwidth=0.05).expected["films"] == 54
    assert films_needed(0.975, halfwidth=0.05).assured["films"] == 82


@settings(max_examples=25, deadline=None)
@given(share=shares, half=halves, method=st.sampled_from(["wilson", "clopper-pearson"]))
def test_one_film_less_fails(share: float, half: float, method: Method) -> None:
    need = films_needed(share, halfwidth=half, method=method)
    films = need.expected["films"]
    assert need.halfwidth_there == pytest.approx(mean_halfwidth(share, films=films, method=method))
    assert need.halfwidth_there <= half
    assert films == 1 or mean_halfwidth(share, films=films - 1, method=method) > half


@settings(max_examples=25, deadline=None)
@given(share=shares, half=halves, method=st.sampled_from(["wilson", "clopper-pearson"]))
def test_assurance_holds_from_its_count_on_and_fails_before_it(share: float, half: float, method: Method) -> None:
    need = films_needed(share, halfwidth=half, method=method)

    def probability(films: int) -> float:
        counts = np.arange(films + 1)
        low, high = proportion_confint(counts, films, method=NAMES[method])
        return float(binom.pmf(counts, films, share)[(high - low) / 2 <= half].sum())

    films = need.assured["films"]
    assert all(probability(n) >= 0.9 - 1e-9 for n in range(films, films + 12))
    assert films == 1 or probability(films - 1) < 0.9
    worst = need.whatever_comes["films"]
    assert films <= worst
    low, high = proportion_confint(np.arange(worst + 1), worst, method=NAMES[method])
    assert np.max(high - low) / 2 <= half + 1e-9


@settings(max_examples=25, deadline=None)
@given(share=shares, pair=st.tuples(halves, halves))
def test_a_narrower_interval_never_needs_fewer_films(share: float, pair: tuple[float, float]) -> None:
    fine, coarse = (films_needed(share, halfwidth=half) for half in sorted(pair))
    for name in ("expected", "assured", "whatever_comes"):
        assert getattr(fine, name)["films"] >= getattr(coarse, name)["films"]


def test_a_share_and_its_mirror_need_the_same() -> None:
    one, other = (films_needed(share, halfwidth=0.07) for share in (0.93, 0.07))
    assert one.expected == other.expected
    assert one.assured == other.assured


def test_films_of_a_patient_count_by_the_design_effect() -> None:
    assert Clustering(films_per_patient=3, icc=0.5).of(100) == {"independent": 100, "films": 200, "patients": 67}
    assert Clustering(films_per_patient=3, icc=0).of(100) == {"independent": 100, "films": 100, "patients": 34}
    assert Clustering(films_per_patient=3).of(100)["patients"] == 100  # alike: a patient is worth one film
    with pytest.raises(ScoresError, match="at least 1 film a patient"):
        Clustering(films_per_patient=0.5)


def test_people_are_enough_with_the_probability_asked_for() -> None:
    people = people_needed(0.1, positives=30, negatives=200)

    def enough(n: int) -> float:
        counts = np.arange(n + 1)
        return float(binom.pmf(counts, n, 0.1)[(counts >= 30) & (n - counts >= 200)].sum())

    assert enough(people) >= 0.9 > enough(people - 1)
    assert people > 30 / 0.1  # Buderer's division falls short
    with pytest.raises(ScoresError, match="between 0 and 1"):
        people_needed(1.0, positives=3)


def test_hanley_and_mcneils_own_example() -> None:
    # Radiology 143:29, 1982: 58 normal and 51 abnormal scans, W = 0.893, SE 0.032
    assert hanley_mcneil_error(0.893, n_positive=51, n_negative=58) == pytest.approx(0.032, abs=6e-4)


@pytest.mark.parametrize(("auc", "half", "ratio"), list(itertools.product((0.7, 0.95), (0.04, 0.1), (0.5, 1, 20))))
def test_an_auc_with_one_positive_less_fails(auc: float, half: float, ratio: float) -> None:
    found = films_for_auc(auc, halfwidth=half, negatives_per_positive=ratio)

    def error(n: int) -> float:
        return 1.959964 * hanley_mcneil_error(auc, n_positive=n, n_negative=max(1, math.ceil(n * ratio)))

    def score(n: int) -> float:
        limits = newcombe_interval(auc, n_positive=n, n_negative=max(1, math.ceil(n * ratio)), n=n)
        return (limits.high - limits.low) / 2

    for name, halfwidth in (("hanley_mcneil", error), ("newcombe", score)):
        positives = found[name]["positives"]
        assert halfwidth(positives) <= half + 1e-9
        assert positives == 1 or halfwidth(positives - 1) > half - 1e-9


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"share": 97.5, "halfwidth": 0.05}, "share that is expected is 97.5"),
        ({"share": 0.9, "halfwidth": 5}, "half-width is 5"),
        ({"share": 0.9, "halfwidth": 0.001}, "half-width is 0.001"),
    ],
)
def test_numbers_out_of_range_are_named(values: dict[str, float], said: str) -> None:
    with pytest.raises(ScoresError, match=said):
        films_needed(values["share"], halfwidth=values["halfwidth"])
    with pytest.raises(ScoresError, match="an AUC of"):
        films_for_auc(0.4, halfwidth=0.05)
