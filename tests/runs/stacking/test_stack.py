from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from deepcovid.cli import app
from deepcovid.datasets.table import Table, load_table
from deepcovid.errors import DetectorError, RunError
from deepcovid.explanation.heatmap import explain
from deepcovid.imaging.augmentation import Augmentation
from deepcovid.imaging.readers import read_radiograph
from deepcovid.models.detector import Detector
from deepcovid.models.heads import HeadShape
from deepcovid.models.stacking import fit_combiner
from deepcovid.runs.compare import compare_runs
from deepcovid.runs.evidence import verify_bundle
from deepcovid.runs.predict import Wishes, predict
from deepcovid.runs.settings import Settings
from deepcovid.runs.stacking.stack import Stacked, stack
from deepcovid.runs.train import train
from deepcovid.storage import read_json, write_json
from deepcovid.training.recipe import Recipe, load_recipe
from tests.conftest import make_table

pytest.importorskip("torch")
SETTINGS = Settings(device="cpu", threads=1, workers=1, allow_random_backbone=True)


def head(**changes: object) -> Recipe:
    """A small head of one sigmoid on random features of Rawat's smallest network: quick, and no worse a member than another."""
    own = load_recipe("rawat-cnn-local-maxima")
    small = replace(own.preprocessing, size=(40, 40))
    values = {"trainable": "head", "epochs": 5, "steps_per_epoch": 0, "augmentation": Augmentation(), **changes}
    return replace(own, preprocessing=small, head=HeadShape(hidden=(8,)), **values)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Table:
    return load_table(make_table(tmp_path_factory.mktemp("films"), patients=30))


@pytest.fixture(scope="module")
def runs(films: Table, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs of one table whose networks see films at other sizes, fits and greys, with heads of other kinds."""
    folder = tmp_path_factory.mktemp("runs")
    svm = replace(load_recipe("mobilenet-svm"), network="squeezenet1_1", weights="none")
    padded = replace(svm.preprocessing, size=(32, 36), fit="pad")
    with pytest.MonkeyPatch.context() as patch:  # the members' pages are not what is tested here
        patch.setattr("deepcovid.runs.report.report_run", lambda folder, **_: folder.note(warnings=[]))
        patch.setattr("deepcovid.runs.train.write_evidence", lambda _: None)
        for name, recipe in (("first", head()), ("second", replace(svm, preprocessing=padded))):
            train(films, recipe=recipe, out=folder / name, settings=SETTINGS)
    return [folder / "first", folder / "second"]


@pytest.fixture(scope="module")
def stacked(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Stacked:
    return stack(runs, out=tmp_path_factory.mktemp("out") / "stack", folds=3, settings=SETTINGS)


def out_of_fold(run: Path) -> pd.DataFrame:
    found = [pd.read_parquet(path) for path in sorted((run / "folds" / "3").glob("fold-*/scores.parquet"))]
    return pd.concat(found).sort_values("image").reset_index(drop=True)


def test_the_stack_is_a_logistic_regression_on_scores_of_films_outside_each_fold(
    runs: list[Path], stacked: Stacked
) -> None:
    parts = [out_of_fold(run) for run in runs]
    trained_on = pd.read_parquet(runs[0] / "table.parquet")
    assert set(parts[0]["image"].map(lambda path: Path(path).name)) == set(
        trained_on.loc[trained_on["split"] != "test", "image"].map(lambda path: Path(path).name)
    )
    scores = np.stack([part["score"] for part in parts], axis=1)
    truth, fold = (parts[0]["label"] == "covid").to_numpy(), parts[0]["fold"].to_numpy()
    theirs = fit_combiner(scores, truth, kind="logistic")
    ours = [member["weight"] for member in stacked.record["members"]]
    np.testing.assert_allclose(ours, theirs.weights, rtol=1e-9)
    # the stack's own out-of-fold scores come of regressions that did not see the fold
    outside = stacked.scores[stacked.scores["split"] == "val"].sort_values("image")["score"].to_numpy()
    for number in (1, 2, 3):
        held = fold == number
        other = fit_combiner(scores[~held], truth[~held], kind="logistic")
        np.testing.assert_allclose(outside[held], other.score(scores[held]), rtol=1e-9)


def test_it_is_held_against_its_best_member(runs: list[Path], stacked: Stacked) -> None:
    record = read_json(stacked.folder / "stack.json")
    areas = {member["name"]: member["out_of_fold_auc"]["value"] for member in record["members"]}
    assert record["best_member"] == max(areas, key=lambda name: areas[name])
    low, high = (record["compared"][0]["difference"][name] for name in ("low", "high"))
    verdict = "better" if low > 0 else "worse" if high < 0 else "No difference is shown"
    assert verdict in stacked.sentence
    assert "McNemar" in stacked.sentence
    assert read_json(stacked.folder / "evaluation.json")["split"] == "test"
    again = stack(runs, out=stacked.folder, folds=3, settings=SETTINGS)
    assert again.record == stacked.record


def test_another_combiner_takes_the_folds_that_are_there(
    runs: list[Path], stacked: Stacked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(*_: object, **__: object) -> None:
        raise AssertionError("a fold was trained again")

    monkeypatch.setattr("deepcovid.runs.crossvalidation.run_part", trained)
    monkeypatch.setattr("deepcovid.runs.stacking.stack.report_run", lambda folder, **_: folder.note(warnings=[]))
    other = stack(runs, out=tmp_path / "out", combiner="network", folds=3, settings=SETTINGS)
    assert [member["weight"] for member in other.record["members"]] == [None, None]
    assert other.record["members"][0]["out_of_fold_auc"] == stacked.record["members"][0]["out_of_fold_auc"]
    test = other.scores[other.scores["split"] == "test"]
    seen = [Detector.load(other.folder).score(read_radiograph(other.folder / name).pixels) for name in test["image"]]
    np.testing.assert_allclose(seen, test["score"], atol=1e-5)


def test_predict_gives_the_score_of_the_stack(stacked: Stacked, runs: list[Path]) -> None:
    """One graph with both members, each at its own size, and no torch."""
    detector = Detector.load(stacked.folder)
    test = stacked.scores[stacked.scores["split"] == "test"]
    assert len(test) > 4
    paths = [stacked.folder / image for image in test["image"]]
    found = predict(detector, paths, wishes=Wishes(gate=False)).done
    np.testing.assert_allclose([one.score for one in found], test["score"], atol=1e-5)
    for member in ("first", "second"):
        np.testing.assert_allclose([one.members[member] for one in found], test[f"member_{member}"], atol=1e-5)
    assert detector.hash == read_json(stacked.folder / "run.json")["detector"]
    film = read_radiograph(paths[0]).pixels
    maps = [Detector.load(run).see(film).feature_map for run in runs]
    each = [member.mean(axis=(1, 2)) for member in maps if member is not None]
    np.testing.assert_allclose(detector.see(film).features, np.concatenate(each), rtol=1e-4, atol=1e-5)


def test_a_stack_has_no_heat_map_and_no_network_of_its_own(stacked: Stacked, tmp_path: Path) -> None:
    detector = Detector.load(stacked.folder)
    film = stacked.folder / stacked.scores["image"].iloc[0]
    with pytest.raises(DetectorError, match="no heat map of a stack"):
        explain(detector, read_radiograph(film).pixels)
    with pytest.raises(DetectorError, match="no network to train on of its own"):
        detector.network()
    result = CliRunner().invoke(
        app, ["predict", str(stacked.folder), str(film), "--heatmap", str(tmp_path / "maps"), "--no-gate"]
    )
    assert isinstance(result.exception, DetectorError)
    assert "a member's run: first, second" in str(result.exception)
    assert not (tmp_path / "maps").exists()


def test_a_stack_is_a_run_like_another(runs: list[Path], stacked: Stacked) -> None:
    names = {path.name for path in stacked.folder.iterdir() if not path.name.startswith(".")}
    assert {"run.json", "table.parquet", "detector", "audit.json", "report.html", "MODEL_CARD.md", "figures"} <= names
    told = compare_runs([runs[0], stacked.folder]).told
    assert told["pairs"][0]["differences"]
    facts = told["runs"][1]["training"]
    members = compare_runs(runs).told["runs"]
    # two weights and a bias are the stack's own
    assert facts["parameters"]["all"] == 3 + sum(run["training"]["parameters"]["all"] for run in members)
    assert facts["parameters"]["trainable"] is None
    assert not verify_bundle(stacked.folder).problems
    page = (stacked.folder / "report.html").read_text()
    assert "first 40 × 40 px, stretch; second 32 × 36 px, pad" in page
    assert "frozen backbone holds random numbers" in page


def test_an_altered_description_is_held_against_the_graph(stacked: Stacked, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(stacked.folder / "detector", tmp_path / "detector"))
    whole = json.loads((copy / "detector.json").read_text())
    film = np.zeros((50, 50), np.float32)
    swapped = whole | {"members": whole["members"][::-1]}
    for values, words in (
        (swapped, "differ in members"),
        (whole | {"members": []}, "the preprocessing is None"),
        (whole | {"preprocessing": whole["members"][0]["preprocessing"]}, "a stack's members have these each"),
        (whole | {"members": [whole["members"][0] | {"preprocessing": {"size": [3, 3]}}]}, "missing: channels"),
    ):
        (copy / "detector.json").write_text(json.dumps(values))
        with pytest.raises(DetectorError) as caught:
            Detector.load(copy).see(film)
        assert words in f"{caught.value}"


def test_what_cannot_be_stacked_is_refused(runs: list[Path], stacked: Stacked, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="1 run was given"):
        stack(runs[:1], out=tmp_path / "out")
    with pytest.raises(RunError, match="two runs are named first"):
        stack([runs[0], runs[0]], out=tmp_path / "out")
    with pytest.raises(RunError, match=r"no run\.json"):
        stack([runs[0], tmp_path], out=tmp_path / "out")
    with pytest.raises(RunError, match="a stack itself"):
        stack([runs[0], stacked.folder], out=tmp_path / "out")
    with pytest.raises(RunError, match="begun with other settings"):
        stack(runs, out=stacked.folder, folds=4)
    other = Path(shutil.copytree(runs[1], tmp_path / "run"))
    record = read_json(other / "run.json")
    told = record["config"]
    for changed, words in (
        ({"labels_hash": "of others"}, r"other films, labels or sides than first \(labels_hash\)"),
        ({"recipe": told["recipe"] | {"calibration": "temperature"}}, "its scores are calibrated"),
    ):
        write_json(other / "run.json", record | {"config": told | changed})
        with pytest.raises(RunError, match=words):
            stack([runs[0], other], out=tmp_path / "out")
