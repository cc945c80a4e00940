"""Comparing runs: paired where films are common, with the reason where they are not, from one run on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepcovid.errors import ScoresError
from deepcovid.runs.compare import compare_runs
from deepcovid.runs.evaluate import evaluate_files
from deepcovid.storage import write_table
from tests.runs.compared import films, make_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "runs"
    make_run(folder / "good", films(patients=150), gap=4)
    make_run(folder / "poor", films(patients=150), gap=0.3, seed=2)
    make_run(folder / "deep" / "down" / "elsewhere", films(patients=150, seed=5), gap=2, table_hash="b" * 64)
    return folder


def test_runs_of_one_table_are_tested_on_their_test_films(runs: Path) -> None:
    told = compare_runs([runs / "good", runs / "poor"]).told
    (pair,) = told["pairs"]
    assert (pair["films"], pair["patients"], pair["note"]) == (100, 100, None)
    area, *calls = pair["differences"]
    assert area["what"] == "AUC"
    assert area["difference"]["low"] > 0
    assert area["p_holm"] < 0.001
    assert [(entry["what"], entry["point"]) for entry in calls[:3]] == [
        ("sensitivity", "default 0.5"), ("specificity", "default 0.5"), ("accuracy", "default 0.5"),
    ]  # fmt: skip
    assert told["tests"] == len(pair["differences"]) == 7
    evaluation = evaluate_files([runs / "good"], positive=None)["good"].evaluation
    assert told["runs"][0]["test"]["auc"] == evaluation["auc"]
    assert area["first"] == evaluation["auc"]["value"]
    assert any("no evidence" in note for note in told["notes"])
    json.dumps(told, allow_nan=False)


def test_runs_of_different_films_are_not_tested_and_said_to_differ(runs: Path) -> None:
    compared = compare_runs([runs / "good", runs / "deep/down/elsewhere"])
    (pair,) = compared.told["pairs"]
    assert pair["differences"] == []
    assert (
        pair["note"]
        == "no paired test: no test film is common to both, by its place on the disk (the tables differ: aaaaaaaa and bbbbbbbb)"
    )
    assert any("different tables (hash): good aaaaaaaa, elsewhere bbbbbbbb" in note for note in compared.told["notes"])
    assert compared.told["tests"] == 0
    assert set(compared.histories) == {"good", "elsewhere"}


def test_one_run_and_many_runs(runs: Path, tmp_path: Path) -> None:
    assert compare_runs([runs / "good"]).told["pairs"] == []
    more = [make_run(runs / f"run{number}", films(patients=150), gap=1, seed=number) for number in range(3)]
    told = compare_runs([runs / "good", runs / "poor", *more], draws=50).told
    assert len(told["pairs"]) == 10
    assert told["tests"] == 70
    entries = [entry for pair in told["pairs"] for entry in pair["differences"]]
    assert min(entry["p_holm"] for entry in entries) >= 70 * min(entry["p"] for entry in entries) * (1 - 1e-9)


def test_a_score_file_of_any_program_joins_in_where_it_names_the_same_files(runs: Path) -> None:
    frame = pd.read_parquet(runs / "good" / "scores.parquet").drop(columns="patient")
    theirs = frame.assign(score=np.random.default_rng(3).random(len(frame))).iloc[20:]
    place = runs / "others" / "sub" / "theirs.csv"  # one folder deeper
    write_table(place, theirs.assign(image="../" + theirs["image"]))
    told = compare_runs([runs / "good", place]).told
    (pair,) = told["pairs"]
    assert told["runs"][1]["training"] is None
    assert pair["films"] == int((theirs["split"] == "test").sum()) == 87
    assert pair["note"].startswith("only 87 test films are common to both (100 and 87)")
    write_table(place, theirs)
    (pair,) = compare_runs([runs / "good", place]).told["pairs"]
    assert pair["note"] == "no paired test: no test film is common to both, by its place on the disk"


def test_patients_with_several_films_are_drawn_whole(tmp_path: Path) -> None:
    table = films(patients=60, each=2)
    paths = [make_run(tmp_path / name, table, gap=gap, seed=seed) for name, gap, seed in (("a", 2, 1), ("b", 1, 2))]
    told = compare_runs(paths, draws=200).told
    (pair,) = told["pairs"]
    assert (pair["films"], pair["patients"]) == (80, 40)
    assert pair["differences"][0]["difference"]["unit"] == "patient"
    assert any("bootstrap over patients" in note for note in told["notes"])


def test_the_same_run_twice_and_tables_without_images_are_named(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(ScoresError, match="stands twice"):
        compare_runs([runs / "good", runs / "good" / "scores.parquet"])
    frame = pd.read_parquet(runs / "good" / "scores.parquet").drop(columns="image")
    path = write_table(tmp_path / "bare.csv", frame)
    (pair,) = compare_runs([runs / "good", path]).told["pairs"]
    assert pair["note"] == "no paired test: bare has no column image"


def test_every_input_is_checked_before_one_is_evaluated(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "deepcovid.runs.evaluate.evaluate", lambda *_, **__: pytest.fail("evaluated before all were checked")
    )
    first = next(path for path in sorted(runs.iterdir()) if (path / "scores.parquet").is_file())
    (tmp_path / "figures.json").write_text("[1]")
    (tmp_path / "films.csv").write_text("image,label\na.png,covid\nb.png,normal\n")
    (tmp_path / "other.csv").write_text("label,score\nflu,0.5\nnormal,0.2\n")
    for wrong, words in (
        (tmp_path, "no finished run folder: it has no scores.parquet"),
        (tmp_path / "none", "there is no such file"),
        (tmp_path / "figures.json", "scores are a .csv"),
        (tmp_path / "films.csv", "no column 'score'"),
        (tmp_path / "other.csv", "no scored row is labelled 'covid'"),
    ):
        with pytest.raises(ScoresError, match=words) as caught:
            compare_runs([first, wrong])
        assert caught.value.path == wrong
