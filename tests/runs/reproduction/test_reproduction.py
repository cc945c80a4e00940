from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepcovid.datasets.table import Table, load_table
from deepcovid.errors import TableError, UnknownNameError, WeightsError
from deepcovid.reporting.published import published
from deepcovid.reporting.reproduction_report import render_reproduction, row_of
from deepcovid.runs.reproduction import Wishes, reproduce
from deepcovid.runs.reproduction.films import snapshot_with_negatives
from deepcovid.runs.reproduction.training_set import weights_for
from deepcovid.runs.settings import Settings
from deepcovid.storage import read_json
from deepcovid.training.recipe import recipe_names
from tests.conftest import ROOT, make_table

SETTINGS = Settings(device="cpu", threads=1, allow_random_backbone=True)


def wishes(out: Path, **keys: object) -> Wishes:
    return replace(Wishes(table=None, out=out, quick=True, weights="none", settings=SETTINGS), **keys)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Drawn films under DarkCovidNet's labels and under ours."""
    path = make_table(tmp_path_factory.mktemp("films"), patients=30)
    frame = pd.read_csv(path)
    frame["darkcovidnet"] = frame["label"].map({"covid": "covid", "normal": "no-findings", "other": "pneumonia"})
    frame.to_csv(path, index=False)
    return load_table(path, label_column="darkcovidnet")


def test_darkcovidnets_folds_stand_beside_the_printed_accuracy(films: Table, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    settings = replace(SETTINGS, label_column="darkcovidnet")
    told = reproduce(
        "darkcovidnet", films, wishes=wishes(tmp_path, weights=None, epochs=1, classes=(2,), settings=settings)
    )
    assert [line.published.value for line in told.lines if line.published] == [0.9808, 0.9808]
    by_image, by_patient = told.lines
    scores = pd.read_parquet(tmp_path / "2-classes-by-patient" / "fold-1" / "scores.parquet")
    right = (scores["score"] >= 0.5) == (scores["darkcovidnet"] == "covid")
    assert by_patient.ours is not None
    assert by_patient.ours.value == pytest.approx(right.mean())
    assert by_patient.ours.unit == "patient"
    assert "0 patients on both sides" in by_patient.how
    assert "0 patients on both sides" not in by_image.how
    assert told.warnings[0].startswith("This was a smoke run")
    assert "Films here: 20 covid, 20 no-findings" in told.same_data


def test_deep_covids_rows_are_held_at_the_printed_sensitivity(films: Table, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    told = reproduce("deep-covid", films, wishes=wishes(tmp_path, recipes=("deepcovid-squeezenet",), epochs=1))
    printed = [figure for figure in published("deep-covid") if figure.recipe == "deepcovid-squeezenet"]
    assert [line.published for line in told.lines if line.published] == printed
    scores = pd.read_parquet(tmp_path / "deepcovid-squeezenet" / "scores.parquet")
    test = scores[scores["split"] == "test"]
    positives = int((test["label"] == "covid").sum())
    for line in told.lines:
        if line.published and line.metric == "sensitivity":
            assert line.ours is not None
            assert line.ours.n == positives
            assert line.ours.value is not None
            assert line.ours.value >= (line.published.value or 0) - 1e-9
    assert "random numbers" in told.same_weights
    page = render_reproduction(told.to_dict(), figures=told.figures)
    assert "run again" in page
    assert page.count("<svg") == len(told.figures) > 0
    again = reproduce("deep-covid", films, wishes=wishes(tmp_path, recipes=("deepcovid-squeezenet",), epochs=1))
    assert again.to_dict() == told.to_dict()


@pytest.mark.parametrize(("document", "count"), [("literature", len(published("literature")))])
def test_without_films_the_literature_stands_as_printed(document: str, count: int, tmp_path: Path) -> None:
    told = reproduce(document, None, wishes=wishes(tmp_path))
    assert len(told.lines) == count
    assert all(line.ours is None for line in told.lines)
    rows = [row_of(line) for line in told.to_dict()["lines"]]
    deep = next(row for row in rows if row["system"] == "DLM")
    assert deep["how"] == "no recipe: the publication tells too little of it"
    assert (rows[0]["published"], rows[0]["system"]) == ("99.1\u00a0%", "InstaCovNet-19")
    assert rows[0]["how"] == "not run: no films were given (--table)"
    assert {line.published.recipe for line in told.lines} - {""} <= set(recipe_names())


def test_what_cannot_be_run_is_an_error(films: Table, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="choose one of: deep-covid, rawat, darkcovidnet, literature"):
        reproduce("coronet", films, wishes=wishes(tmp_path))
    with pytest.raises(TableError, match="none were given"):
        reproduce("rawat", None, wishes=wishes(tmp_path))
    bare = films.with_frame(films.frame.drop(columns="darkcovidnet"))
    with pytest.raises(TableError, match="name the column with --label-column"):
        reproduce("darkcovidnet", bare, wishes=wishes(tmp_path))


def test_a_folder_of_weights_has_one_file_for_each_network(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "resnet18-f37072fd.pth").touch()
    (folder / "resnet50.safetensors").touch()
    wished = wishes(tmp_path, weights=str(folder))
    assert weights_for("deepcovid-resnet18", "resnet18", wished) == str(folder / "resnet18-f37072fd.pth")
    assert weights_for("rawat-resnet50", "resnet50", wished) == str(folder / "resnet50.safetensors")
    with pytest.raises(WeightsError, match="for rawat-vgg16 the folder has nothing"):
        weights_for("rawat-vgg16", "vgg16", wished)
    assert weights_for("rawat-vgg16", "vgg16", wishes(tmp_path, weights="none")) == "none"


@pytest.mark.films
def test_the_march_snapshot_stands_beside_negatives_of_a_table(real_films: Path) -> None:
    snapshot = ROOT.parent / "shared" / "data" / "covid-chestxray-2a99173"
    table = snapshot_with_negatives(snapshot, real_films / "table.csv", source="nih-chestxray14")
    frame = table.frame
    covid = frame["label"] == "covid"
    assert covid.sum() == 70
    assert (~covid).sum() == 1000
    assert set(frame.loc[~covid, "source"]) == {"nih-chestxray14"}
    for _, rows in frame.groupby(frame["source"].astype(str) + frame["patient"].astype(str)):
        assert rows["split"].nunique() == 1
    assert np.isclose((frame.loc[~covid, "split"] == "train").mean(), 0.4, atol=0.03)
    assert all(table.image_path(image).exists() for image in frame["image"].iloc[:: len(frame) // 20])
    with pytest.raises(TableError, match="no film is left"):
        snapshot_with_negatives(snapshot, real_films / "table.csv", source="nowhere")


def test_the_command_writes_its_page_and_its_figures(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from deepcovid.cli.application import app

    result = CliRunner().invoke(app, ["reproduce", "literature", "--out", str(tmp_path / "lit")])
    assert result.exit_code == 0
    assert "printed 99.1\u00a0%" in result.output
    assert result.output.endswith("nothing was run; give films with --table\n")
    assert read_json(tmp_path / "lit" / "reproduction.json")["document"] == "literature"
    assert (tmp_path / "lit" / "reproduction.html").read_text().startswith("<!doctype html>")
