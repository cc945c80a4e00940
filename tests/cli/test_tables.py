"""An evaluation in lines: what its intervals say of chance and of groups, before the figures that say nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepcovid.cli.tables import evaluation_lines
from deepcovid.evaluation.summary import evaluate


def lines(n: int, *, shift: float) -> list[str]:
    """Of `n` films whose scores tell the classes apart by `shift` standard deviations, of two sexes."""
    rng = np.random.default_rng(0)
    positive = np.arange(n) % 2 == 0
    scores = 1 / (1 + np.exp(-(rng.normal(size=n) + shift * positive)))
    frame = pd.DataFrame(
        {"label": np.where(positive, "covid", "normal"), "score": scores, "sex": rng.choice(["F", "M"], n)}
    )
    return evaluation_lines(evaluate(frame, positive="covid", draws=50))


def auc_line(told: list[str]) -> str:
    return next(line for line in told if line.startswith("AUC"))


def test_an_auc_whose_interval_holds_a_half_is_no_better_than_chance() -> None:
    assert auc_line(lines(40, shift=0.0)).endswith(": no better than chance")
    assert auc_line(lines(200, shift=-2.0)).endswith(": worse than chance")
    assert "chance" not in auc_line(lines(200, shift=2.0))


def test_groups_of_few_films_are_one_line() -> None:
    told = [line for line in lines(40, shift=2.0) if "group" in line or "sex" in line]
    assert told == ["by group: no group has enough films (n < 50 of a class, patients where they are known)"]


def test_groups_of_enough_films_are_told_one_by_one() -> None:
    told = lines(400, shift=2.0)
    assert sum(line.startswith("  sex F, ") for line in told) == 3
    assert any("no gap shown" in line for line in told)
    assert "  0 of 6 gaps are unknown: too few films (n < 50 of a class, patients where they are known)" in told
