"""A run on tables that it has never seen: whose films are left out, which thresholds hold, what stands beside its own figures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from deepcovid.cli import app
from deepcovid.datasets.table import load_table
from deepcovid.errors import RunError, ScoresError, TableError
from deepcovid.runs.evaluate import Evaluated
from deepcovid.runs.external import OWN, evaluate_external
from deepcovid.runs.train import Run
from tests.conftest import make_table

pytest.importorskip("torch")


@pytest.fixture
def run(whole_run: Run) -> Run:
    """The run that others look at too."""
    return whole_run


def rows(run: Run, side: str) -> pd.DataFrame:
    frame = load_table(run.folder / "table.parquet", allow_outside=True).frame
    return frame[frame["split"] == side]


@pytest.fixture(scope="module")
def table(whole_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """36 patients of another hospital; two are the run's own from training, and one film is a copy of one of its validation."""
    path = make_table(tmp_path_factory.mktemp("elsewhere"), seed=5)
    frame = pd.read_csv(path)
    frame["source"] = "elsewhere"
    learnt = rows(whole_run, "train")
    for place, patient in enumerate(learnt["patient"].unique()[:2]):
        own = learnt[learnt["patient"] == patient].iloc[0]
        frame.loc[frame["patient"] == f"p{place:03d}", ["patient", "source"]] = [own["patient"], own["source"]]
    copied = rows(whole_run, "val").iloc[0]
    shutil.copy(whole_run.folder / copied["image"], path.parent / frame["image"].iloc[-1])
    frame["split"] = "train"  # says nothing here
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def found(whole_run: Run, table: Path) -> dict[str, Evaluated]:
    return evaluate_external(whole_run.folder, [table])


def test_shared_patients_and_copies_are_left_out_and_counted(found: dict[str, Evaluated]) -> None:
    notes = found["table"].evaluation["notes"]
    assert notes[0].startswith("Left out: 4 films of 2 patients of whom the detector was trained")
    assert notes[1].startswith("Left out: 1 film that")
    assert "byte by byte" in notes[1]
    assert (found["table"].evaluation["n"], found["table"].evaluation["split"]) == (72 - 5, None)


def test_thresholds_are_the_detectors_own_and_figures_those_of_its_scores(
    run: Run, table: Path, found: dict[str, Evaluated]
) -> None:
    evaluation = found["table"].evaluation
    chosen = next(point for point in evaluation["operating_points"] if point["chosen_on"] == "validation")
    assert chosen["threshold"] == run.detector.operating_point.threshold
    assert "applied unchanged" in chosen["note"]
    films = load_table(table).frame.iloc[10]  # one that is kept
    assert films["source"] == "elsewhere"
    assert found[OWN].evaluation == run.evaluation
    counts = evaluation["groups"]
    assert counts["positive"] + counts["normal"] + counts["other"] == evaluation["n"]
    here, there = evaluation["auc"]["value"], run.evaluation["auc"]["value"]
    assert any(f"AUC {here:.3f} here and {there:.3f} on the run's own" in note for note in evaluation["notes"])
    assert evaluation["conformal"]["classes"][0]["patients"] == len(
        rows(run, "val").query("label == 'covid'")["patient"].unique()
    )


def test_the_command_prints_and_writes_both(run: Run, table: Path, tmp_path: Path) -> None:
    files = ["--json", str(tmp_path / "e.json"), "--html", str(tmp_path / "e.html")]
    done = CliRunner().invoke(app, ["evaluate", str(run.folder), "--external", str(table), "-q", *files])
    assert done.exit_code == 0, done.output
    assert set(json.loads((tmp_path / "e.json").read_text())["models"]) == {OWN, "table"}
    page = (tmp_path / "e.html").read_text()
    assert "Side by side" in page
    assert "Left out: 4 films of 2 patients" in page
    assert "Left out: 4 films of 2 patients" in " ".join(done.output.split())


def test_a_table_of_the_trainings_own_patients_is_refused(run: Run, tmp_path: Path) -> None:
    frame = rows(run, "train").assign(image=lambda rows: [str(run.folder / image) for image in rows["image"]])
    for image in frame["image"]:
        shutil.copy(image, tmp_path / Path(image).name)
    frame = frame.assign(image=[Path(image).name for image in frame["image"]])
    frame.to_csv(tmp_path / "own.csv", index=False)
    with pytest.raises(TableError, match=r"own\.csv: every film is of a patient.*give films of other patients"):
        evaluate_external(run.folder, [tmp_path / "own.csv"])


def test_errors_name_the_table_and_what_it_lacks(run: Run, table: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(table)
    shutil.copytree(table.parent / "images", tmp_path / "images")
    frame[frame["label"] != "covid"].to_csv(tmp_path / "healthy.csv", index=False)
    with pytest.raises(ScoresError, match=r"healthy\.csv: no scored row is labelled 'covid'"):
        evaluate_external(run.folder, [tmp_path / "healthy.csv"])
    with pytest.raises(RunError, match=r"no finished run folder: it lacks run\.json.*give the folder that"):
        evaluate_external(run.folder / "detector", [table])


@pytest.mark.parametrize(
    ("more", "words"),
    [(["--positive", "covid"], "the run decides labels"), (["{run}"], "of one run, and 2 were given")],
)
def test_what_the_run_decides_cannot_be_asked_for(run: Run, table: Path, more: list[str], words: str) -> None:
    more = [word.replace("{run}", str(run.folder)) for word in more]
    done = CliRunner().invoke(app, ["evaluate", str(run.folder), *more, "--external", str(table)])
    assert done.exit_code != 0
    assert words in " ".join((done.output + str(done.exception)).split())
