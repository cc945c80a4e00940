"""Any table of scores is evaluated: few films, equal scores, only 0 and 1, one patient a class, empty groups; and JSON-safe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcovid.evaluation.rules import parse_rule
from deepcovid.evaluation.summary import evaluate

SCORES = {
    "even": lambda rng, positive: rng.random(len(positive)),
    "certain": lambda rng, positive: rng.integers(0, 2, len(positive)).astype(float),
    "right": lambda rng, positive: positive.astype(float),
    "wrong": lambda rng, positive: 1.0 - positive,
    "equal": lambda rng, positive: np.full(len(positive), 0.3),
    "tiny": lambda rng, positive: 10.0 ** rng.integers(-12, -1, len(positive)),
    "separate": lambda rng, positive: 0.4 * rng.random(len(positive)) + 0.6 * positive,
}


def intervals(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if {"value", "low", "high", "method"} <= set(value):
            yield value
        for item in value.values():
            yield from intervals(item)
    elif isinstance(value, list):
        for item in value:
            yield from intervals(item)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 60),
    st.integers(0, 2**32 - 1),
    st.sampled_from(sorted(SCORES)),
    st.sets(st.sampled_from(["patient", "source", "sex", "age", "view", "split", "uncalibrated_score"])),
)
def test_any_table_is_evaluated(n: int, seed: int, kind: str, columns: set[str]) -> None:
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < rng.uniform(0.1, 0.9)
    positive[:2] = [True, False]
    frame = pd.DataFrame({"label": positive.astype(int), "score": SCORES[kind](rng, positive)})
    made: dict[str, Any] = {
        "patient": rng.integers(0, rng.integers(1, n + 1), n),
        "source": rng.choice(["north", "south", ""], n),
        "sex": rng.choice(["F", "M", None], n),
        "age": rng.choice(["12", "45", "unknown", None, "101"], n),
        "view": "PA",
        "split": np.where(np.arange(n) < 2, "test", rng.choice(["val", "test"], n)),
        "uncalibrated_score": rng.random(n),
    }
    frame = frame.assign(**{name: made[name] for name in sorted(columns)})
    rules = [parse_rule(text) for text in ("youden", "cost=20@0.01", "net-benefit=0.3")]
    if "split" in frame and frame.loc[frame["split"] == "val", "label"].min() == 1:
        rules = []  # refused where validation has no negative film; see test_rules
    evaluation = evaluate(frame, positive="1", draws=20, seed=seed % 1000, rules=rules)
    json.dumps(evaluation, allow_nan=False)
    for one in intervals(evaluation):
        assert one["low"] <= one["high"]
        if one["value"] is not None:
            assert one["low"] - 1e-9 <= one["value"] <= one["high"] + 1e-9, one
        assert one["n"] >= 0
