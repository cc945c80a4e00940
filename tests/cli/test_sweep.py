"""`deepcovid sweep`: what it says, its JSON, its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deepcovid.cli import app
from deepcovid.errors import RecipeError
from tests.conftest import ROOT

pytest.importorskip("torch")


def test_it_says_what_was_chosen_and_ends_with_1_where_a_setting_failed(
    drawn_table: Path, tiny_head_recipe: Path, tmp_path: Path
) -> None:
    words = ["sweep", str(tiny_head_recipe), "--table", str(drawn_table), "--out", str(tmp_path / "out"), "-q"]
    words += ["--vary", "epochs=1,2", "--allow-random-backbone", "--device", "cpu"]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    told = json.loads((tmp_path / "out" / "sweep.json").read_text(encoding="utf-8"))
    assert all(sentence in done.output for sentence in told["sentences"])
    assert done.output.count("epochs ") >= 3
    assert "next      deepcovid train" in done.output
    page = (ROOT / "docs" / "sweep.md").read_text(encoding="utf-8")
    assert all(f"`{key}`" in page or f"`{key}[]`" in page for key in told)
    assert all(f"`{key}`" in page for key in told["settings"][0])
    again = CliRunner().invoke(app, [*words, "--vary", "weights=none,gone.pth", "--json"], catch_exceptions=False)
    assert again.exit_code == 1
    assert len(json.loads(again.stdout)["failed"]) == 2


def test_a_wrong_key_is_told_before_anything_else(tmp_path: Path) -> None:
    table, out = tmp_path / "none.csv", tmp_path / "out"
    words = ["sweep", "small", "--table", str(table), "--vary", "lurn=1", "--out", str(out)]
    with pytest.raises(RecipeError, match="a recipe has no key 'lurn'"):
        CliRunner().invoke(app, words, catch_exceptions=False)
    assert not (tmp_path / "out").exists()
