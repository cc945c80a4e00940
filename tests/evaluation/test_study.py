"""The plan of a study: its parts agree with the planner's, and what must be said stands in its notes."""

from __future__ import annotations

import json

import pytest

from deepcovid.errors import ScoresError
from deepcovid.evaluation.planning import films_needed, people_needed
from deepcovid.evaluation.study import plan_study


def test_a_plan_holds_the_needs_of_both_classes_and_the_people() -> None:
    plan = plan_study(sensitivity=0.975, specificity=0.9, halfwidth=0.05, prevalence=0.2)
    positives, negatives = films_needed(0.975, halfwidth=0.05), films_needed(0.9, halfwidth=0.05)
    assert plan["positives"] == positives.to_dict()
    assert plan["negatives"] == negatives.to_dict()
    people = people_needed(0.2, positives=positives.assured["patients"], negatives=negatives.assured["patients"])
    assert plan["people"]["assured"] == people
    assert json.loads(json.dumps(plan, allow_nan=False)) == plan


def test_several_films_a_patient_are_planned_for_in_every_part() -> None:
    plain = plan_study(sensitivity=0.9, auc=0.9, halfwidth=0.06)
    twice = plan_study(sensitivity=0.9, auc=0.9, halfwidth=0.06, films_per_patient=2)
    assert twice["design_effect"] == 2
    for path in (("positives", "expected"), ("auc", "newcombe", "positives")):
        one, other = plain, twice
        for key in path:
            one, other = one[key], other[key]
        assert other["films"] == 2 * one["films"]
        assert other["patients"] == one["patients"]
    assert any("say as much as one independent film" in note for note in twice["notes"])
    assert any("asks for more" in note for note in twice["notes"])
    assert len(plan_study(sensitivity=0.9)["notes"]) == 1


def test_an_auc_is_planned_at_the_prevalence() -> None:
    plan = plan_study(auc=0.9, halfwidth=0.05, prevalence=0.1)
    found = plan["auc"]["newcombe"]
    assert found["negatives"]["films"] == 9 * found["positives"]["films"]
    assert plan["people"]["expected"] > found["positives"]["films"] + found["negatives"]["films"]
    larger = plan["auc"]["hanley_mcneil"]["positives"]["films"]
    assert plan["people"]["expected"] >= people_needed(0.1, positives=larger)


def test_nothing_to_plan_for_is_an_error() -> None:
    with pytest.raises(ScoresError, match="nothing to plan for"):
        plan_study(halfwidth=0.05)
    with pytest.raises(ScoresError, match="the prevalence is 5"):
        plan_study(auc=0.9, prevalence=5)
