"""Operating points: names, origins, and what stands in each."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from deepcovid.errors import ScoresError
from deepcovid.evaluation.bootstrap import bootstrap
from deepcovid.evaluation.operating_points import OperatingPoint, describe, points
from deepcovid.evaluation.rules import Rule
from deepcovid.evaluation.scores import Scores, read_scores


def scored(label: list[int], score: list[float], **columns: list[object]) -> Scores:
    return read_scores(pd.DataFrame({"label": label, "score": score} | columns), positive="1")


def described(scores: Scores, threshold: float) -> dict[str, object]:
    draws = bootstrap(
        scores.positive, score=scores.score, cluster=scores.patient, thresholds=np.array([threshold]), draws=200
    )
    return describe(OperatingPoint("x", threshold, "given"), scores=scores, draws=draws, column=0)


def test_names_and_origins() -> None:
    films = scored([1, 1, 0, 0], [0.9, 0.4, 0.3, 0.6])
    chooser = scored([1, 1, 0], [0.8, 0.7, 0.75])
    found = points(films, chooser=chooser, chosen_on="validation", thresholds=[0.3, 0.5, 0.3], target_sensitivity=1.0)
    assert [(p.name, p.threshold, p.chosen_on) for p in found] == [
        ("default 0.5", 0.5, "given"),
        ("threshold 0.3", 0.3, "given"),
        ("sensitivity ≥ 100 %", 0.7 - 1e-4, "validation"),
    ]
    assert "3 validation films, 2 of them positive" in str(found[-1].note)


def test_further_rules_are_applied_to_the_choosing_films_alone() -> None:
    films = scored([1, 1, 0, 0], [0.9, 0.4, 0.3, 0.6])
    chooser = scored([1, 1, 0, 0], [0.8, 0.7, 0.75, 0.1])
    same, youden, dear = Rule(name="sensitivity", value=1.0), Rule(name="youden"), Rule(name="cost", value=0.5)
    found = points(
        films,
        chooser=chooser,
        chosen_on="validation",
        thresholds=[],
        target_sensitivity=1.0,
        rules=[same, youden, dear],
    )
    assert [p.name for p in found] == ["default 0.5", "sensitivity ≥ 100 %", youden.title, dear.title]
    assert [p.threshold for p in found[1:]] == pytest.approx([0.7 - 1e-4, 0.8 - 1e-4, 0.8 - 1e-4])
    nobody = Rule(name="cost", value=0.01, prevalence=0.01)
    backwards = scored([1, 0], [0.1, 0.9])
    point = points(
        films, chooser=backwards, chosen_on="validation", thresholds=[], target_sensitivity=1.0, rules=[nobody]
    )
    assert "calling nobody is as good there, or better" in str(point[-1].note)


def test_threshold_out_of_range() -> None:
    films = scored([1, 0], [0.9, 0.4])
    with pytest.raises(ScoresError, match=r"threshold 18 is outside 0 to 1.*0\.18"):
        points(films, chooser=films, chosen_on="this data", thresholds=[18], target_sensitivity=0.9)


def test_counts_units_and_sizes() -> None:
    label = [1] * 10 + [0] * 20
    score = [0.9] * 8 + [0.1] * 2 + [0.2] * 15 + [0.7] * 5
    patient: list[object] = [f"p{k // 2}" for k in range(30)]
    found = described(scored(label, score, patient=patient), 0.5)
    assert [found[k] for k in ("tp", "fp", "tn", "fn")] == [8, 5, 15, 2]
    sizes = {k: (found[k]["n"], found[k]["unit"]) for k in ("sensitivity", "specificity", "accuracy", "precision")}  # type: ignore[index]
    assert sizes == {
        "sensitivity": (10, "image"),
        "specificity": (20, "image"),
        "accuracy": (30, "image"),
        "precision": (13, "image"),
    }
    assert (found["sensitivity_bootstrap"]["n"], found["sensitivity_bootstrap"]["unit"]) == (5, "patient")  # type: ignore[index]
    assert (found["specificity_bootstrap"]["n"], found["f1"]["n"]) == (10, 15)  # type: ignore[index]
    assert found["f1"]["value"] == pytest.approx(16 / 23)  # type: ignore[index]


def test_without_patients_there_is_no_patient_bootstrap() -> None:
    found = described(scored([1, 1, 0, 0], [0.9, 0.4, 0.3, 0.6]), 0.5)
    assert found["sensitivity_bootstrap"] is None
    assert found["f1"]["unit"] == "image"  # type: ignore[index]


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
def test_extremes_are_json_and_never_certain(threshold: float) -> None:
    scores = scored([1] * 6 + [0] * 6, [0.9] * 6 + [0.1] * 6, patient=[k // 2 for k in range(12)])
    found = described(scores, threshold)
    json.dumps(found, allow_nan=False)
    for name in ("sensitivity", "specificity", "sensitivity_bootstrap", "specificity_bootstrap", "f1"):
        interval = found[name]
        assert interval["low"] <= interval["value"] <= interval["high"]  # type: ignore[index]
        assert interval["high"] - interval["low"] > 0.1  # type: ignore[index]
