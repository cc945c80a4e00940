"""`deepcovid plan`: what it says, its JSON twin, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deepcovid.cli import app
from deepcovid.errors import ScoresError
from deepcovid.evaluation.study import plan_study


def said(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["plan", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def test_the_issues_own_example_names_films_beside_the_papers() -> None:
    text = said("--sensitivity", 0.975, "--halfwidth", 0.05)
    assert "A sensitivity of 97.5 % to ± 5 points (95 % interval, Wilson)" in text
    assert "54 positive films in the mean of all outcomes" in text
    assert "82 positive films with a probability of 90 %" in text
    assert "38 by Deep-COVID's Eq. 3 (± 5.0), and such an interval holds the truth in 62 %" in text


def test_patients_people_and_the_area_are_said_where_asked_for() -> None:
    text = said("--specificity", 0.9, "--auc", 0.9, "--prevalence", 0.25, "--films-per-patient", 2, "--icc", 0.5)
    plan = plan_study(specificity=0.9, auc=0.9, prevalence=0.25, films_per_patient=2, icc=0.5)
    need, auc = plan["negatives"]["expected"], plan["auc"]["newcombe"]
    assert f"{need['films']} negative films of {need['patients']} patients in the mean" in text
    assert f"{auc['positives']['films']} positive films of {auc['positives']['patients']} patients" in text
    assert f"{plan['people']['assured']:,} with a probability of 90 %" in text
    assert "1.5 films say as much as one independent film" in text


def test_the_json_is_the_plan(tmp_path: Path) -> None:
    plan = plan_study(sensitivity=0.9, method="paper")
    assert json.loads(said("--sensitivity", 0.9, "--method", "paper", "--json", "-")) == plan
    assert "written" in said("--sensitivity", 0.9, "--method", "paper", "--json", tmp_path / "plan.json")
    assert json.loads((tmp_path / "plan.json").read_text(encoding="utf-8")) == plan


def test_what_cannot_be_planned_is_refused() -> None:
    with pytest.raises(ScoresError, match="nothing to plan for"):
        said("--halfwidth", 0.1)
    with pytest.raises(ScoresError, match=r"97\.5"):
        said("--sensitivity", 97.5)
    refused = CliRunner().invoke(app, ["plan", "--sensitivity", "0.9", "--method", "wald"])
    assert refused.exit_code == 2
