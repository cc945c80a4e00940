"""`deepcovid data fetch` as a stranger uses it: from a copy, twice, with files that fail, and what must be asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deepcovid.cli import app
from deepcovid.datasets.manifest import pin_folder
from deepcovid.errors import DeepCovidError
from tests.cli.test_cli import errors, run


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["data", "fetch", *map(str, arguments)])


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A collection on disk; `mine.json` beside it pins its files."""
    folder = tmp_path / "copy"
    (folder / "images").mkdir(parents=True)
    for number in range(5):
        (folder / "images" / f"film-{number}.png").write_bytes(bytes([number]) * 50)
    (folder / "metadata.csv").write_text("filename\n")
    pinned = pin_folder(
        folder, name="mine", version="v1", title="Mine", address="http://127.0.0.1:9/x", licence="CC BY"
    )
    (tmp_path / "mine.json").write_text(json.dumps(pinned.to_dict()))
    return folder


def test_a_copy_is_taken_verified_and_found_right_the_second_time(copy: Path, tmp_path: Path) -> None:
    done = run("data", "fetch", tmp_path / "mine.json", "--to", tmp_path / "to", "--from", copy)
    assert done.returncode == 0, done.stderr
    assert f"6 of 6 files are in {tmp_path / 'to'}, verified (6 fetched, 0 were there already)" in done.stdout
    assert "Mine, v1: 6 files" in done.stderr
    assert "licence: CC BY" in done.stderr
    again = invoke(tmp_path / "mine.json", "--to", tmp_path / "to", "--from", copy, "--verify", "--quiet")
    assert again.exit_code == 0
    assert "(0 fetched, 6 were there already)" in again.output
    assert "next:" not in again.output  # "mine" is no source that could be imported


def test_failures_are_listed_at_the_end_with_their_mend(copy: Path, tmp_path: Path) -> None:
    (copy / "images" / "film-2.png").write_bytes(b"wrong")
    (copy / "images" / "film-3.png").unlink()
    done = run("data", "fetch", tmp_path / "mine.json", "--to", tmp_path / "to", "--from", copy)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("4 of 6 files are in")
    assert lines[1] == "2 files failed:"
    assert "  images/film-2.png: the file in the copy has 5 bytes, not 50" in lines
    assert "  images/film-3.png: the copy has no such file" in lines
    assert lines[-1].startswith("  → bring it from elsewhere with --from")


def test_json_holds_everything(copy: Path, tmp_path: Path) -> None:
    (copy / "images" / "film-3.png").unlink()
    done = invoke(tmp_path / "mine.json", "--to", tmp_path / "to", "--from", copy, "--json", "--quiet")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["fetched"], [failure["path"] for failure in told["failed"]]) == (5, ["images/film-3.png"])
    assert set(told["failed"][0]) == {"path", "problem", "mend"}


def test_files_that_are_not_pinned_are_named_every_time(tmp_path: Path, copy: Path) -> None:
    done = invoke("covid-chestxray", "--to", tmp_path / "to", "--from", copy, "--quiet")
    assert done.exit_code == 1  # the copy is another collection
    assert "4 files of the collection are not there" in done.output
    assert "images/covid-19-pneumonia-14-PA.png is one of the 71" in done.output
    assert "--unpinned" in done.output
    assert "… and " in done.output  # 149 absent files are not all listed


@pytest.mark.parametrize("name", ["chexpert", "nih-chestxray14"])
def test_what_cannot_be_fetched_tells_the_steps(name: str) -> None:
    done = run("data", "fetch", name)
    assert done.returncode == 2
    told = errors(done)
    assert "cannot be fetched for you" in told or "are not pinned here" in told
    assert " 1. " in told
    assert "data import" in told
    assert "https://" in told


def test_unknown_names_list_the_choices(tmp_path: Path) -> None:
    with pytest.raises(DeepCovidError, match="covid-chestxray"):
        CliRunner().invoke(app, ["data", "fetch", "covid-chestxry"], catch_exceptions=False)
    done = invoke(tmp_path / "none.json")
    assert "no such file" in str(done.exception)


def test_a_forged_manifest_writes_nothing(tmp_path: Path, copy: Path) -> None:
    facts = json.loads((tmp_path / "mine.json").read_text())
    facts["files"][0]["path"] = "../outside.png"
    (tmp_path / "forged.json").write_text(json.dumps(facts))
    done = run("data", "fetch", tmp_path / "forged.json", "--to", tmp_path / "to" / "deep", "--from", copy)
    assert done.returncode == 2
    assert "'../outside.png' lies outside the folder" in errors(done)
    assert not (tmp_path / "to").exists()
