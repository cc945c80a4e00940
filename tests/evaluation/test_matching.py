"""Matching of test films: by image, on the side that was evaluated, and with a reason where it cannot be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from deepcovid.evaluation.matching import JudgedFilms, judged_films, match


def films(frame: pd.DataFrame, split: str | None = "test") -> JudgedFilms:
    images = frame["image"].to_numpy(dtype=str)
    return judged_films(frame, images=images, positive="covid", label_column="label", score_column="score", split=split)


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"image": [f"{number}.png" for number in range(40)], "label": ["covid", "other"] * 20})
    table["patient"] = [f"p{number // 2}" for number in range(40)]
    table["split"] = ["train"] * 10 + ["test"] * 30
    return table.assign(score=rng.random(40))


def test_scores_of_one_film_stand_side_by_side_whatever_the_order(frame: pd.DataFrame) -> None:
    other = frame.assign(score=1 - frame["score"]).sample(frac=1, random_state=1)
    matched, said = match(films(frame), films(other))
    assert said == ""
    assert matched is not None
    assert len(matched) == 30
    assert matched.second == pytest.approx(1 - matched.first)
    assert matched.repeated
    assert matched.positive.sum() == 15
    assert np.bincount(matched.patient).tolist() == [2] * 15


def test_only_common_films_count_and_their_number_is_said(frame: pd.DataFrame) -> None:
    matched, said = match(films(frame), films(frame.iloc[:25]))
    assert matched is not None
    assert len(matched) == 15
    assert said == "only 15 test films are common to both (30 and 15): the tests are on those alone"


def test_films_that_cannot_be_matched_have_a_reason(frame: pd.DataFrame) -> None:
    elsewhere = frame.assign(image="other/" + frame["image"])
    assert match(films(frame), films(elsewhere)) == (None, "no test film is common to both")
    turned = frame.assign(label=frame["label"].map({"covid": "other", "other": "covid"}))
    assert "30 of 30 common test films are positive for one" in match(films(frame), films(turned))[1]
    twice = pd.concat([frame, frame.iloc[[-1]]])
    assert "several rows" in match(films(frame), films(twice))[1]
    few = frame[(frame["label"] == "other") | (frame["image"] == "38.png")]
    assert "1 positive and 15 other ones, too few" in match(films(frame), films(few))[1]


def test_rows_without_label_or_score_are_left_out(frame: pd.DataFrame) -> None:
    frame.loc[39, "label"] = None
    frame.loc[38, "score"] = None
    assert len(films(frame)) == 28
    assert len(films(frame, split=None)) == 38
