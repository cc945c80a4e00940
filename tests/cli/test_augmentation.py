from __future__ import annotations

import json
from pathlib import Path

from tests.cli.test_cli import errors, run
from tests.conftest import make_table


def test_what_was_drawn_is_printed_and_the_sheet_written(tmp_path: Path) -> None:
    film = sorted((make_table(tmp_path).parent / "images").iterdir())[0]
    sheet = tmp_path / "sheet.png"
    done = run("augment", film, "--recipe", "rawat-vgg16", "--out", sheet, "--draws", "2", "--json", "-")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["films"][0]["image"] == film.name
    assert len(told["films"][0]["draws"]) == 2
    assert sheet.read_bytes().startswith(b"\x89PNG")
    refused = run("augment", film, "--out", film)
    assert refused.returncode == 2
    assert "this is an input" in errors(refused)
