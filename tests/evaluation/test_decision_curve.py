"""Net benefit: dcurves' numbers on its own data, Vickers and Elkin's equation by hand, limits that hold what they say."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from dcurves import dca
from scipy.stats import norm

from deepcovid.evaluation.bootstrap import bootstrap
from deepcovid.evaluation.decision_curve import THRESHOLDS, decision_curve, net_benefit, treat_all
from deepcovid.evaluation.scores import read_scores


def curve_of(table: pd.DataFrame, *, draws: int = 50, prevalence: float | None = None) -> dict:  # type: ignore[type-arg]
    scores = read_scores(table, positive="1")
    sample = bootstrap(
        scores.positive,
        score=scores.score,
        cluster=scores.patient,
        thresholds=np.array([0.5, *THRESHOLDS]),
        draws=draws,
    )
    return decision_curve(scores, draws=sample, columns=slice(1, None), prevalence=prevalence)


@pytest.mark.parametrize(
    ("name", "model", "prevalence"),
    [
        ("df_binary", "famhistory", None),
        ("df_binary", "cancerpredmarker", None),
        ("df_case_control", "cancerpredmarker", 0.2),
    ],
)
def test_agrees_with_dcurves_on_its_own_data(name: str, model: str, prevalence: float | None) -> None:
    data = pd.read_csv(str(files("dcurves") / "data" / f"{name}.csv"))
    outcome = "cancer" if "cancer" in data else "casecontrol"
    wanted = dca(data=data, outcome=outcome, modelnames=[model], thresholds=THRESHOLDS, prevalence=prevalence)
    table = pd.DataFrame({"label": data[outcome].astype(int), "score": data[model]})
    found = curve_of(table, prevalence=prevalence)
    for kind, key in ((model, "net_benefit"), ("all", "treat_all")):
        expected = wanted.loc[wanted["model"] == kind, "net_benefit"].to_numpy()
        np.testing.assert_allclose(found[key], expected, atol=1e-12)
    json.dumps(found, allow_nan=False)


def test_by_hand() -> None:
    """Of 1,000 people 100 have it; 80 are found and 90 called for nothing: at 10 % that is 80/1000 − 90/1000/9 = 0.07."""
    found = net_benefit(np.array(0.8), specificity=np.array(0.9), prevalence=0.1, threshold=np.array(0.1))
    assert found == pytest.approx(0.07)
    assert treat_all(0.1, threshold=np.array([0.1, 0.5])) == pytest.approx([0.0, 0.1 - 0.9])


def test_useful_ranges_are_where_the_lower_limit_beats_both_strategies() -> None:
    rng = np.random.default_rng(0)
    positive = rng.random(400) < 0.3
    table = pd.DataFrame(
        {"label": positive.astype(int), "score": rng.beta(np.where(positive, 5, 2), np.where(positive, 2, 5))}
    )
    found = curve_of(table)
    low, best = np.array(found["low"]), np.maximum(found["treat_all"], 0)
    inside = np.zeros(99, dtype=bool)
    for first, last in found["useful"]:
        inside[round(100 * first) - 1 : round(100 * last)] = True
    np.testing.assert_array_equal(inside, low > best)
    assert 0 < inside.sum() < 99
    chance = curve_of(table.assign(score=rng.random(400)))
    assert sum(last - first for first, last in chance["useful"]) < 0.05


@pytest.mark.parametrize("films", [1, 3])
def test_limits_hold_the_true_net_benefit(films: int) -> None:
    """Scores of which se and sp are known; three films of a patient share two thirds of their variance."""
    rng = np.random.default_rng(3)
    shift, places, share = 1.5, np.array([9, 29, 49]), 0.3
    cuts = norm.ppf(THRESHOLDS[places])
    truth = net_benefit(
        1 - norm.cdf(cuts - shift), specificity=norm.cdf(cuts), prevalence=share, threshold=THRESHOLDS[places]
    )
    held = np.zeros(3)
    repeats = 150 if films == 1 else 80
    for _ in range(repeats):
        patient = np.repeat(np.arange(100), films)
        positive = patient < 30
        noise = np.sqrt(2 / 3) * rng.normal(size=100)[patient] + np.sqrt(1 / 3) * rng.normal(size=len(patient))
        table = pd.DataFrame(
            {"label": positive.astype(int), "score": norm.cdf(noise + shift * positive), "patient": patient}
        )
        found = curve_of(table, draws=20 if films == 1 else 400)
        assert found["unit"] == "patient"
        low, high = (np.array(found[key])[places] for key in ("low", "high"))
        held += (low <= truth) & (truth <= high)
    assert np.all(held / repeats >= 0.88)
    assert np.mean(held) / repeats <= 0.99
