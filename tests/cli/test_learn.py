"""`deepcovid learn` from the command line: what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deepcovid.cli import app
from deepcovid.errors import TableError, WeightsError

pytest.importorskip("torch")


def test_a_folder_of_classes_is_read_and_too_few_patients_are_refused(tmp_path: Path) -> None:
    from PIL import Image

    for label in ("covid", "normal"):
        (tmp_path / "films" / label).mkdir(parents=True)
        Image.new("L", (32, 32)).save(tmp_path / "films" / label / "a.png")
    done = CliRunner().invoke(app, ["learn", str(tmp_path / "films"), "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, TableError)
    assert "1 patients with covid and 1 others" in str(done.exception)


def test_random_weights_need_a_word(drawn_table: Path, tmp_path: Path) -> None:
    words = ["learn", str(drawn_table), "--weights", "none", "--out", str(tmp_path / "out"), "--quiet"]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, WeightsError)
