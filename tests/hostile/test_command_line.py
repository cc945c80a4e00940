"""The same files through the commands: every one is listed, the good film is scored, no traceback, no name."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path

import pytest

from deepcovid.cli import application
from deepcovid.errors import printable
from tests.hostile.kinds import PLANTED, Kind
from tests.hostile.originals import png
from tests.hostile.registered import IMAGE_WAYS, all_kinds

IMAGES = [kind for kind in all_kinds() if kind.way in IMAGE_WAYS]
TABLES = [kind for kind in all_kinds() if kind.way == "table"]


def command(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object) -> tuple[int, str, str]:
    """The command line in this process: exit code, standard output, standard error."""
    monkeypatch.setattr(sys, "argv", ["deepcovid", *map(str, words)])
    code = 0
    try:
        application.main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    told = capfd.readouterr()
    assert "Traceback" not in told.err
    assert PLANTED not in told.out + told.err
    return code, told.out, told.err


def laid_out(folder: Path, kinds: list[Kind]) -> list[Path]:
    """Each kind in a folder of its own, and one good film."""
    files = []
    for number, kind in enumerate(kinds):
        (folder / f"{number:03d}").mkdir(parents=True)
        files += kind.files(folder / f"{number:03d}")
    (folder / "good.png").write_bytes(png())
    return files


def test_predict_scores_the_good_film_and_lists_all_others(
    small_detector: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    films, out = tmp_path / "films", tmp_path / "out"
    files = [path for path in laid_out(films, IMAGES) if os.path.lexists(path)]
    code, _, err = command(
        capfd, monkeypatch, "predict", small_detector, films, "--no-gate", "--json", out / "p.json", "--csv", out / "p.csv",
        "--heatmap", out / "maps", "--workers", 2,
    )  # fmt: skip
    assert code == 1, err[-2000:]
    told = json.loads((out / "p.json").read_text())
    scored = {entry["image"] for entry in told["predictions"]}
    assert str(films / "good.png") in scored
    failed = {entry["image"]: entry["error"] for entry in told["failed"]}
    left_out = {entry["file"] for entry in told["left_out"]}
    for path in files:
        if path.is_dir() and not path.is_symlink():
            continue
        assert str(path) in scored | set(failed) | left_out, f"{path} is not listed"
    assert all("→" in reason for reason in failed.values())
    plain = " ".join(err.split())
    assert all(" ".join(printable(path).split()) in plain for path in failed)
    for name in ("p.json", "p.csv"):
        assert PLANTED not in (out / name).read_text()
    with (out / "p.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(scored) + len(failed)
    assert not any(cell[:1] in "=+-@" for row in rows for cell in (row["image"], row["error"]) if cell)
    assert sorted(path.suffix for path in out.iterdir()) == ["", ".csv", ".json"]
    assert len(list((out / "maps").iterdir())) == len(scored)


def test_predict_of_hostile_films_alone_ends_with_two(
    small_detector: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = next(kind for kind in IMAGES if "cut off" in kind.name)
    code, _, err = command(capfd, monkeypatch, "predict", small_detector, *kind.files(tmp_path), "--no-gate")
    assert code == 2
    assert "could not be scored" in err


def test_import_leaves_out_what_leads_elsewhere_and_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    laid_out(data / "covid", IMAGES)
    (data / "normal").mkdir()
    (data / "normal" / "good.png").write_bytes(png())
    (data / "linked").symlink_to("normal", target_is_directory=True)
    code, out, _ = command(capfd, monkeypatch, "data", "import", data, "--out", data / "table.csv")
    assert code == 0
    for words in (
        "are no ordinary files",
        "links out of the folder",
        "a table cannot hold",
        "files are no films",
        "not entered",
    ):
        assert words in " ".join(out.split()), words
    with (data / "table.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {"covid/good.png", "normal/good.png"} <= {row["image"] for row in rows}
    inside = os.path.realpath(data)
    for row in rows:
        assert os.path.realpath(data / row["image"]).startswith(inside)
        assert (data / row["image"]).is_file()


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.name)
def test_tables_through_split_and_train(
    kind: Kind, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, path in enumerate(kind.files(tmp_path)):
        for words in (
            ("data", "split", path, "--out", tmp_path / f"split-{number}.csv"),
            ("train", path, "--out", tmp_path / f"run-{number}", "--weights", "none", "--positive", "nothing-like-it"),
        ):
            code, _, err = command(capfd, monkeypatch, *words)
            refused = kind.outcome == "refused" or words[0] == "train"
            assert code == 2 if refused else code in (0, 2), f"{path.name}: {code} {err}"
            assert code == 0 or "error:" in err
            assert code == 0 or not (tmp_path / f"split-{number}.csv").exists()
            assert not (tmp_path / f"run-{number}").exists()
    assert not list(tmp_path.glob("**/*.part*"))
