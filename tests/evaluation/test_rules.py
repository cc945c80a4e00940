"""Threshold rules: each is the best of all thresholds by its own measure; they are read and named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcovid.errors import ScoresError
from deepcovid.evaluation.decision_curve import net_benefit
from deepcovid.evaluation.metrics import confusion
from deepcovid.evaluation.rules import Rule, choose_threshold, parse_rule, simple_strategy


def films(seed: int, *, n: int = 80) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    positive = np.arange(n) < n // 4
    return positive, np.round(rng.beta(np.where(positive, 4, 2), np.where(positive, 2, 4)), 2)


@given(st.integers(0, 1000), st.floats(0.2, 50), st.none() | st.floats(0.01, 0.9))
def test_no_threshold_costs_less(seed: int, cost: float, prevalence: float | None) -> None:
    positive, score = films(seed)
    share = positive.mean() if prevalence is None else prevalence

    def loss(threshold: float) -> float:
        counts = confusion(positive, score=score, threshold=threshold)
        return float(cost * (1 - counts.sensitivity) * share + (1 - counts.specificity) * (1 - share))

    rule = Rule(name="cost", value=cost, prevalence=prevalence)
    chosen = choose_threshold(rule, positive=positive, score=score)
    assert loss(chosen) == pytest.approx(min(loss(t) for t in np.unique(score)))
    better = simple_strategy(rule, positive=positive, score=score, threshold=chosen)
    nobody, everybody = cost * share, 1 - share
    assert (better == "nobody") == (nobody <= loss(chosen) + 1e-12)
    assert (better is None) == (min(nobody, everybody) > loss(chosen) + 1e-12)


@given(st.integers(0, 1000), st.floats(0.02, 0.9))
def test_net_benefit_is_a_cost(seed: int, probability: float) -> None:
    positive, score = films(seed)
    chosen = choose_threshold(Rule(name="net-benefit", value=probability), positive=positive, score=score)
    as_cost = Rule(name="cost", value=(1 - probability) / probability)
    assert choose_threshold(as_cost, positive=positive, score=score) == chosen
    benefits = []
    for threshold in (chosen, *np.unique(score)):
        counts = confusion(positive, score=score, threshold=threshold)
        benefits.append(
            net_benefit(
                np.array(counts.sensitivity),
                specificity=np.array(counts.specificity),
                prevalence=positive.mean(),
                threshold=np.array(probability),
            )
        )
    assert benefits[0] == pytest.approx(max(benefits))


def test_without_negatives_false_alarms_cannot_be_weighed() -> None:
    score = np.array([0.2, 0.7])
    assert choose_threshold(Rule(name="sensitivity", value=1.0), positive=np.ones(2, dtype=bool), score=score) == 0.2
    with pytest.raises(ScoresError, match=r"the rule 'youden' weighs false alarms.*leave the rule out"):
        choose_threshold(Rule(name="youden"), positive=np.ones(2, dtype=bool), score=score)


def test_a_dear_miss_lowers_the_threshold() -> None:
    positive, score = films(1, n=400)
    chosen = [choose_threshold(Rule(name="cost", value=c), positive=positive, score=score) for c in (0.3, 3, 30, 300)]
    assert chosen == sorted(chosen, reverse=True)
    assert chosen[0] > chosen[-1]
    assert (
        choose_threshold(Rule(name="sensitivity", value=1.0), positive=positive, score=score) == score[positive].min()
    )


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("sensitivity=0.95", "sensitivity ≥ 95 %"),
        ("youden", "Youden's index"),
        ("cost=20", "a miss costs 20 false alarms"),
        ("cost=20@0.01", "a miss costs 20 false alarms where 1 in 100 are positive"),
        ("net-benefit=0.05", "net benefit at 5 %"),
    ],
)
def test_rules_are_read_and_named(text: str, title: str) -> None:
    rule = parse_rule(text)
    assert (rule.text, rule.title) == (text, title)


@pytest.mark.parametrize(
    "text",
    ["best", "youden=1", "cost", "cost=-2", "cost=x", "net-benefit=1", "sensitivity=97.5", "youden@0.1", "cost=2@5"],
)
def test_what_is_no_rule_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(ScoresError, match=r"there is no rule '.*give sensitivity=0.975, youden, cost=20"):
        parse_rule(text)
