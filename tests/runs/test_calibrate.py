"""A run that calibrates: fitted on validation films alone, in the detector as in the scores, refused where it cannot be had."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepcovid.configuration import to_mapping
from deepcovid.datasets.table import load_table
from deepcovid.errors import DetectorError, RecipeError, TableError
from deepcovid.evaluation.recalibration import Calibration, fit_calibration
from deepcovid.models.detector import Detector
from deepcovid.runs.crossvalidation import cross_validate
from deepcovid.runs.data import prepare_unsplit
from deepcovid.runs.predict import Wishes, predict
from deepcovid.runs.prediction import csv_text
from deepcovid.runs.settings import Settings
from deepcovid.runs.train import Run, train
from deepcovid.storage import write_json
from deepcovid.training.recipe import Recipe, load_recipe
from tests.conftest import make_table
from tests.runs.pictures import blank_pictures

pytest.importorskip("torch")
RANDOM = Settings(allow_random_backbone=True, device="cpu")


def recipe_of(calibration: str, **values: object) -> Recipe:
    small = dataclasses.replace(load_recipe("deepcovid-squeezenet").preprocessing, size=(48, 48))
    return Recipe(
        name="t",
        network="squeezenet1_1",
        weights="none",
        epochs=5,
        preprocessing=small,
        calibration=calibration,
        **values,
    )  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """75 patients, 36 of them (12 covid) on the validation side."""
    path = make_table(tmp_path_factory.mktemp("calibrated"), patients=75)
    frame = pd.read_csv(path)
    number = frame["patient"].str[1:].astype(int)
    frame["split"] = np.select([number < 24, number < 60], ["train", "val"], "test")
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def calibrated(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("run") / "run"
    with blank_pictures():
        return train(table, recipe=recipe_of("temperature"), out=out, settings=RANDOM)


def test_the_temperature_is_that_of_the_validation_films(calibrated: Run) -> None:
    scores = pd.read_parquet(calibrated.folder / "scores.parquet")
    val = scores[scores["split"] == "val"]
    positive = (val["label"] == "covid").to_numpy()
    told = calibrated.detector.description.calibration
    expected = fit_calibration("temperature", score=val["uncalibrated_score"].to_numpy(), positive=positive)
    assert told is not None
    assert expected is not None
    assert told.temperature == pytest.approx(expected.temperature, rel=1e-5)
    facts = told.fitted_on
    assert (facts["films"], facts["positive"], facts["patients"]) == (72, 24, 36)
    assert scores["score"].to_numpy() == pytest.approx(
        told.of_scores(scores["uncalibrated_score"].to_numpy()), abs=1e-12
    )
    section = calibrated.evaluation["calibration"]
    assert section["before"]["brier"]["value"] != section["as_given"]["brier"]["value"]


def test_predictions_are_the_calibrated_scores_and_calls_are_alike(calibrated: Run) -> None:
    scores = pd.read_parquet(calibrated.folder / "scores.parquet").iloc[::10]
    detector = calibrated.detector
    paths = [calibrated.folder / image for image in scores["image"]]
    found = predict(detector, paths, wishes=Wishes(gate=False))
    assert [one.score for one in found.done] == pytest.approx(scores["score"].tolist(), abs=1e-6)
    assert all(abs(sum(one.probabilities.values()) - 1) < 1e-9 for one in found.done)
    threshold = detector.operating_point.threshold
    assert [one.positive for one in found.done] == [score >= threshold for score in scores["score"]]


def test_the_detectors_sets_are_those_of_its_validation_films(calibrated: Run) -> None:
    scores, rule = pd.read_parquet(calibrated.folder / "scores.parquet"), calibrated.detector.description.conformal
    assert rule is not None
    assert rule.patients == (24, 12)
    assert rule.fitted_on == calibrated.detector.operating_point.chosen_with
    val = scores[scores["split"] == "val"]
    held = rule.sets(np.stack([1 - val["score"], val["score"]], axis=1))
    covid = (val["label"] == "covid").to_numpy()
    for place, films in ((0, ~covid), (1, covid)):
        assert held[films, place].mean() >= 0.85
    test = scores[scores["split"] == "test"]
    paths = [calibrated.folder / image for image in test["image"]]
    found = predict(calibrated.detector, paths, wishes=Wishes(gate=False))
    for one, sets in zip(found.done, rule.sets(np.stack([1 - test["score"], test["score"]], axis=1)), strict=True):
        assert one.could_be == tuple(np.array(["not covid", "covid"])[sets])
        agrees = one.could_be == (("covid",) if one.positive else ("not covid",))
        assert bool(one.next_step) == (one.positive or bool(one.undecided))
        assert (one.verdict.endswith("called covid"), not one.undecided) == (agrees, agrees)
    assert "could_be" in csv_text(found).splitlines()[0]


def test_too_few_validation_patients_are_said_before_anything_is_trained(table: Path, tmp_path: Path) -> None:
    wanted = (
        r"the validation side has 12 positive and 24 negative patients; by isotonic at least 50.*calibration = \"none\""
    )
    with pytest.raises(TableError, match=wanted):
        train(table, recipe=recipe_of("isotonic"), out=tmp_path / "run", settings=RANDOM)
    assert not (tmp_path / "run").exists()


def test_folds_do_not_calibrate_by_their_own_held_out_films(table: Path, tmp_path: Path) -> None:
    films = prepare_unsplit(load_table(table), positive="covid", label_column="label")
    with pytest.raises(RecipeError, match="held-out films may not calibrate their own scores"):
        cross_validate(films, recipe=recipe_of("temperature"), out=tmp_path / "cv")


def test_a_rising_function_is_written_read_and_applied(calibrated: Run, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(calibrated.folder / "detector", tmp_path / "detector"))
    plain, steps = calibrated.detector, Calibration(method="isotonic", scores=(0.2, 0.8), values=(0.1, 0.3))
    write_json(folder / "detector.json", plain.description.to_dict() | {"calibration": None})
    film = np.random.default_rng(0).random((60, 50), dtype=np.float32)
    raw = Detector.load(folder).score(film)
    write_json(folder / "detector.json", plain.description.to_dict() | {"calibration": to_mapping(steps)})
    assert Detector.load(folder).score(film) == pytest.approx(np.interp(raw, [0.2, 0.8], [0.1, 0.3]))
    broken = to_mapping(steps) | {"values": [0.3, 0.1]}
    write_json(folder / "detector.json", plain.description.to_dict() | {"calibration": broken})
    with pytest.raises(DetectorError, match="no rising values"):
        Detector.load(folder)
