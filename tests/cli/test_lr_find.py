"""`deepcovid lr-find`: sentence on the screen, figure and steps in the folder, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deepcovid.cli import app
from tests.conftest import ROOT

pytest.importorskip("torch")


def test_the_screen_and_the_json_say_the_same(drawn_table: Path, tiny_recipe: Path, tmp_path: Path) -> None:
    words = ["lr-find", str(drawn_table), "--recipe", str(tiny_recipe), "--out", str(tmp_path / "out"), "--quiet"]
    words += ["--steps", "20", "--passes", "1", "--threads", "1", "--batch-size", "4"]
    shown = CliRunner().invoke(app, words, catch_exceptions=False)
    assert shown.exit_code == 0, shown.output
    told = json.loads((tmp_path / "out" / "lr-find.json").read_text(encoding="utf-8"))
    assert told["sentence"] in shown.output
    assert (tmp_path / "out" / "figures" / "lr-find.svg").exists()
    page = (ROOT / "docs" / "sweep.md").read_text(encoding="utf-8")
    assert all(f"`{key}`" in page for key in told)
    printed = CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False)
    assert json.loads(printed.stdout) == told
