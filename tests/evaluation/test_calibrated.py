"""The calibration part of an evaluation: fitted on validation alone, before and after, absent where it cannot be had."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from deepcovid.evaluation.recalibration import fit_calibration
from deepcovid.evaluation.summary import evaluate


def table(n: int = 600, *, seed: int = 0) -> pd.DataFrame:
    """Scores that are too sure by a factor of two; a third of the films each to train, val and test."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-0.5, 2, n)
    label = rng.random(n) < expit(odds / 2)
    split = np.array(["train", "val", "test"])[np.arange(n) % 3]
    return pd.DataFrame({"label": label.astype(int), "score": expit(odds), "split": split})


@pytest.fixture(scope="module")
def section() -> dict:  # type: ignore[type-arg]
    return evaluate(table(), positive="1", draws=100)["calibration"]


def test_a_temperature_is_fitted_on_validation_and_mends_the_test_films(section: dict) -> None:  # type: ignore[type-arg]
    frame = table()
    val = frame[frame["split"] == "val"]
    told = fit_calibration("temperature", score=val["score"].to_numpy(), positive=(val["label"] == 1).to_numpy())
    assert told is not None
    assert section["temperature"]["temperature"] == pytest.approx(told.temperature)
    assert section["fitted_on"] == {"films": 200, "positive": int((val["label"] == 1).sum()), "patients": None}
    given, after = section["as_given"], section["temperature"]
    assert given["slope"]["high"] < 1
    assert after["slope"]["low"] < 1 < after["slope"]["high"]
    assert after["brier"]["value"] < given["brier"]["value"]
    assert after["slope"]["value"] == pytest.approx(given["slope"]["value"] * told.temperature, rel=1e-6)
    assert section["isotonic"]["ece"] < given["ece"]
    assert section["before"] is None


def test_test_films_change_nothing_of_the_map(section: dict) -> None:  # type: ignore[type-arg]
    frame = table()
    test = frame["split"] == "test"
    frame.loc[test, "score"] = 1 - frame.loc[test, "score"]
    again = evaluate(frame, positive="1", draws=100)["calibration"]
    assert again["temperature"]["temperature"] == section["temperature"]["temperature"]
    assert again["as_given"]["slope"]["value"] < 0


def test_a_detectors_own_calibration_is_shown_before_and_after() -> None:
    frame = table()
    raw = evaluate(frame, positive="1", draws=50)["calibration"]["as_given"]
    cooled = expit(np.log(frame["score"] / (1 - frame["score"])) / 2)
    found = evaluate(frame.assign(score=cooled, uncalibrated_score=frame["score"]), positive="1", draws=50)[
        "calibration"
    ]
    assert found["before"]["brier"] == raw["brier"]
    assert found["as_given"]["brier"]["value"] < raw["brier"]["value"]
    assert (found["temperature"], found["isotonic"], found["fitted_on"]) == (None, None, None)


def test_few_validation_films_fit_nothing() -> None:
    frame = table()
    few = frame[(frame["split"] != "val") | (frame.index < 45)]
    found = evaluate(few, positive="1", draws=50)["calibration"]
    assert found["fitted_on"]["films"] == 15
    assert found["temperature"] is None
    assert found["isotonic"] is None
    alone = evaluate(frame.drop(columns="split"), positive="1", draws=50)["calibration"]
    assert alone["fitted_on"] is None
