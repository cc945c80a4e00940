from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from deepcovid.datasets.table import Table, load_table
from deepcovid.errors import DetectorError, TableError
from deepcovid.imaging.readers import read_radiograph
from deepcovid.models.detector import Detector
from deepcovid.progress import Silent
from deepcovid.runs.data import Prepared, prepare
from deepcovid.runs.evaluate import evaluate_files
from deepcovid.runs.predict import Wishes, predict
from deepcovid.runs.prediction import csv_text
from deepcovid.runs.settings import Settings
from deepcovid.runs.train import Run, train
from deepcovid.training.losses import class_weights
from deepcovid.training.recipe import load_recipe
from tests.conftest import make_table


def table_of(labels: list[str | None], **columns: list[object]) -> Table:
    frame = pd.DataFrame({"image": [f"{row:03d}.png" for row in range(len(labels))], "label": labels, **columns})
    return Table(frame.assign(patient=[f"p{row}" for row in range(len(labels))]), folder=Path("films"))


def prepared(table: Table, *, task: str, **options: object) -> Prepared:
    chosen = {"positive": "covid", "label_column": "label", "seed": 0, "progress": Silent()} | options
    return prepare(table, task=task, **chosen)


def test_the_positive_class_comes_last_and_targets_are_places() -> None:
    found = prepared(table_of(["covid", "normal", "flu"] * 10), task="multi-class")
    assert found.classes == ("flu", "normal", "covid")
    assert found.targets.dtype == np.int64
    assert [found.classes[place] for place in found.targets] == list(found.frame["label"])
    assert found.is_positive.sum() == 10
    assert found.counts["classes"] == {"flu": 10, "normal": 10, "covid": 10}


def test_given_classes_keep_their_order_and_other_films_are_left_out_and_counted() -> None:
    table = table_of(["covid", "normal", "flu", "tumour"] * 10)
    found = prepared(table, task="multi-class", classes=("normal", "covid", "flu"))
    assert found.classes == ("normal", "flu", "covid")
    assert len(found.frame) == 30
    assert "10 films of other labels were left out: tumour (10)" in found.notes


def test_lists_of_findings_are_several_targets() -> None:
    cells = ["covid|flu", "flu", "No Finding", "covid ; effusion", "normal", "effusion"] * 10
    found = prepared(table_of([*cells, None]), task="multi-label")
    assert found.classes == ("effusion", "flu", "covid")
    assert found.targets.dtype == np.float32
    assert found.targets[:6].tolist() == [[0, 1, 1], [0, 1, 0], [0, 0, 0], [1, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert "1 of 61 films of which no finding is known were left out" in found.notes
    assert "stratum" not in found.frame
    sides = [found.present[found.rows(side)].mean(axis=0) for side in ("train", "val", "test")]
    assert np.ptp(sides, axis=0).max() < 0.2
    labels = found.one_label_table("normal").frame["label"]
    assert list(labels[:6]) == ["covid", "not covid", "normal", "covid", "normal", "not covid"]


def test_columns_of_findings_know_what_is_unknown() -> None:
    columns = {"covid": ["1.0", "0.0", "-1.0", None] * 10, "flu": ["0", "1", "1", "0"] * 10}
    table = table_of([None] * 40, **columns)
    found = prepared(table, task="multi-label", classes=("covid", "flu"))
    assert found.classes == ("flu", "covid")
    np.testing.assert_array_equal(found.targets[:4], [[0, 1], [1, 0], [1, np.nan], [0, np.nan]])
    assert found.is_positive.sum() == 10


def _weights(films: Prepared) -> np.ndarray:
    return class_weights(films.targets[films.rows("train")], classes=len(films.classes))


def test_weights_of_classes_and_findings_even_out_their_numbers() -> None:
    sides = ["train"] * 12 + ["val", "test"] * 6
    labels = ["covid", "flu", "flu", "normal", "flu", "flu"] * 2 + [
        "covid",
        "covid",
        "flu",
        "flu",
        "normal",
        "normal",
    ] * 2
    one = _weights(prepared(table_of(labels, split=sides), task="multi-class"))
    np.testing.assert_allclose(one, [12 / (3 * 8), 12 / (3 * 2), 12 / (3 * 2)])  # flu, normal, covid
    several = _weights(prepared(table_of(labels, split=sides), task="multi-label"))
    np.testing.assert_allclose(several, [4 / 8, 10 / 2])


@pytest.mark.parametrize(
    ("labels", "task", "options", "problem"),
    [
        (["covid", "normal"] * 9, "binary", {"classes": ("covid", "normal")}, "recipe's task is binary"),
        (["covid", "flu"] * 9, "multi-class", {"classes": ("covid", "flue")}, r"no film is labelled 'flue'.*covid \(9\)"),
        (["covid", "flu"] * 9, "multi-class", {"classes": ("flu", "normal")}, "positive class 'covid' is none of"),
        (["covid", "flu"] * 9, "multi-class", {"classes": ("covid", "covid")}, "named twice"),
        (["covid"] * 9, "multi-class", {}, "every film is labelled 'covid'"),
        (["covid", "flu"] * 9 + ["rare"], "multi-class", {}, "the side .* each side needs every class"),
        (["covid", "No finding"] * 9, "multi-label", {}, "only finding"),
        (["covid", "flu"] * 9 + ["covid|rare"], "multi-label", {}, "rare 0 with and .* with and without each"),
        (["flu", "rare"] * 9, "multi-label", {}, "no film is labelled 'covid'"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_on_is_refused(labels: list, task: str, options: dict, problem: str) -> None:
    with pytest.raises(TableError, match=problem):
        prepared(table_of(labels), task=task, **options)


def test_findings_need_a_column_or_columns() -> None:
    table = table_of(["x"] * 4, covid=["1", "0", "2", "yes"], flu=["0"] * 4)
    with pytest.raises(TableError, match=r"row 4: covid is '2'\n  row 5: covid is 'yes'"):
        prepared(table, task="multi-label", classes=("covid", "flu"))
    bare = table.with_frame(table.frame.drop(columns=["label", "flu"]))
    with pytest.raises(TableError, match="no column 'label', and of the findings no column 'flu'"):
        prepared(bare, task="multi-label", classes=("covid", "flu"))


@pytest.fixture(scope="module")
def three_classes(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A whole network trained on drawn films of three labels."""
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("three")
    os.environ["DEEPCOVID_CACHE"] = str(folder / "cache")
    recipe = load_recipe("small").changed(epochs=4).for_task("multi-class")
    small = replace(recipe.preprocessing, size=(48, 48))
    settings = Settings(device="cpu", threads=1)
    return train(
        make_table(folder / "data"), recipe=recipe.changed(preprocessing=small), out=folder / "run", settings=settings
    )


def test_a_run_of_three_classes_is_whole(three_classes: Run) -> None:
    detector = three_classes.detector
    assert detector.description.classes == ("normal", "other", "covid")
    assert detector.description.activation == "softmax"
    scores = pd.read_parquet(three_classes.folder / "scores.parquet")
    parts = scores[["score_normal", "score_other", "score_covid"]].to_numpy()
    np.testing.assert_allclose(parts.sum(axis=1), 1)
    assert (scores["score"] == scores["score_covid"]).all()
    section = three_classes.evaluation["classes"]
    assert np.sum(section["confusion"]) == section["n"] == three_classes.evaluation["n"]
    page = three_classes.report.read_text()
    assert "Each class against the rest" in page
    assert "classes-confusion" in page
    assert "Cohen&#39;s kappa" in page
    assert "Each class against the rest" in (three_classes.folder / "MODEL_CARD.md").read_text()
    assert (three_classes.folder / "figures" / "classes-roc.png").exists()


def test_a_run_of_three_classes_is_evaluated_again_alike(three_classes: Run) -> None:
    (again,) = evaluate_files([three_classes.folder], positive=None).values()
    assert again.evaluation == three_classes.evaluation


def test_films_are_told_every_classs_score(three_classes: Run, tmp_path: Path) -> None:
    table = load_table(three_classes.folder / "table.parquet", allow_outside=True)
    paths = [table.image_path(image) for image in table.frame["image"][:2]]
    detector = Detector.load(three_classes.folder)
    found = predict(detector, paths, wishes=Wishes(gate=False, heatmaps=tmp_path / "covid"))
    other = predict(detector, paths, wishes=Wishes(gate=False, heatmaps=tmp_path / "normal", heat_class="normal"))
    first = found.done[0]
    best = max(first.probabilities, key=lambda name: first.probabilities[name])
    assert first.classes_in_words.startswith(f"rated highest of 3 classes: {best} ({best} ")
    assert csv_text(found).startswith("image,verdict,score,score_normal,score_other,score_covid,positive,call,")
    assert first.heatmap is not None
    assert other.done[0].heatmap is not None
    height, width = read_radiograph(paths[0]).shape  # below lies the strip, whose words differ anyway
    maps = [np.asarray(Image.open(path))[:height, :width] for path in (first.heatmap, other.done[0].heatmap)]
    assert (maps[0] != maps[1]).any()
    with pytest.raises(
        DetectorError, match="no class 'flu' to draw heat maps of → choose one of: normal, other, covid"
    ):
        predict(detector, paths, wishes=Wishes(gate=False, heat_class="flu"))


def test_a_run_of_several_findings_is_whole(tmp_path: Path) -> None:
    """Findings as a list in a cell: every third film has two of them, and one film's are not told."""
    pytest.importorskip("torch")
    path = make_table(tmp_path / "data")
    frame = pd.read_csv(path)
    both = frame.index % 3 == 0
    frame["label"] = frame["label"].where(frame["label"] != "normal", "No finding")
    frame.loc[both & (frame["label"] != "No finding"), "label"] += "|effusion"
    frame.to_csv(path, index=False)
    recipe = load_recipe("small").changed(epochs=2).for_task("multi-label")
    small = replace(recipe.preprocessing, size=(48, 48))
    done = train(
        path,
        recipe=recipe.changed(preprocessing=small, balance="class-weights"),
        out=tmp_path / "run",
        settings=Settings(device="cpu", threads=1),
    )
    detector = done.detector
    assert detector.description.activation == "sigmoid"
    assert set(detector.description.classes) == {"covid", "effusion", "other"}
    scores = pd.read_parquet(done.folder / "scores.parquet")
    parts = scores[[f"score_{name}" for name in detector.description.classes]].to_numpy()
    assert ((parts > 0) & (parts < 1)).all()
    assert not np.allclose(parts.sum(axis=1), 1, atol=1e-3)
    assert np.isfinite(pd.read_csv(done.folder / "history.csv").to_numpy()).all()
    film = load_table(done.folder / "table.parquet", allow_outside=True).image_path(scores["image"][0])
    found = predict(detector, film, wishes=Wishes(gate=False))
    np.testing.assert_allclose(
        [found.done[0].probabilities[name] for name in detector.description.classes], parts[0], atol=1e-4
    )
