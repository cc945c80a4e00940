"""Tests of the commands that check and mend a table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deepcovid.cli import app
from tests.datasets.twins import phantom_films
from tests.runs.planted import clean, film, more, write

RUN = CliRunner()


def test_a_clean_table_exits_with_0_and_says_every_verdict(tmp_path: Path) -> None:
    table = write(tmp_path, clean(tmp_path, count=20))
    done = RUN.invoke(app, ["data", "check", str(table), "--no-gate", "--json", str(tmp_path / "check.json")])
    assert done.exit_code == 0, done.output
    assert "Does a patient stand on two sides of the split?" in done.stdout
    report = json.loads((tmp_path / "check.json").read_text(encoding="utf-8"))
    assert report["table"] == str(table)
    assert done.stdout.count("PASS") >= sum(test["verdict"] == "PASS" for test in report["tests"])


def test_a_duplicate_exits_with_1_and_is_shown_on_the_page(tmp_path: Path) -> None:
    frame = clean(tmp_path, count=20)
    image = film(tmp_path, "<b>x.jpg", phantom_films(20)[0], quality=60)
    table = write(tmp_path, more(frame, image=image, patient="x<script>", label="normal"))
    page = tmp_path / "check.html"
    done = RUN.invoke(app, ["data", "check", str(table), "--no-gate", "--quiet", "--html", str(page)])
    assert done.exit_code == 1
    assert "p000 (row 2, images/000.png) and x<script> (row 22, images/<b>x.jpg)" in done.stdout
    assert f"next: deepcovid data fix {table} --out NEW.csv" in " ".join(done.stdout.split())
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/jpeg") >= 2
    assert "x&lt;script&gt;" in text
    assert "<script" not in text
    assert "http" not in text.replace("http://www.w3.org", "")


def test_what_was_found_is_told_even_where_the_page_cannot_be_written(tmp_path: Path) -> None:
    table = write(tmp_path, clean(tmp_path, count=4))
    done = RUN.invoke(app, ["data", "check", str(table), "--no-gate", "--quiet", "--html", str(table / "check.html")])
    assert "Is every film there and readable?" in done.stdout
    assert getattr(done.exception, "exit_code", None) == 2
    assert "cannot be written" in str(done.exception)


def test_the_json_can_be_printed_alone(tmp_path: Path) -> None:
    table = write(tmp_path, clean(tmp_path, count=8))
    done = RUN.invoke(app, ["data", "check", str(table), "--no-gate", "--quiet", "--json", "-"])
    assert json.loads(done.stdout)["films"] == 8


@pytest.mark.parametrize(
    "words", [["data", "check", "absent.csv"], ["data", "fix", "absent.csv", "--out", "new.csv"]], ids=["check", "fix"]
)
def test_wrong_input_is_an_error_to_mend(words: list[str]) -> None:
    done = RUN.invoke(app, words)
    assert done.exception is not None
    assert getattr(done.exception, "exit_code", None) == 2
    assert "there is no such file" in str(done.exception)


def test_fix_writes_a_new_table_and_a_log_and_never_over_the_old(tmp_path: Path) -> None:
    frame = clean(tmp_path, count=20)
    image = film(tmp_path, "x.png", phantom_films(20)[0])
    table = write(tmp_path, more(frame, image=image, patient="x"))
    out = tmp_path / "new.csv"
    done = RUN.invoke(app, ["data", "fix", str(table), "--out", str(out), "--quiet"])
    assert done.exit_code == 0, done.output
    assert "exact copies were dropped: 1 row (22)" in done.stdout
    assert (out.exists(), (tmp_path / "new.fixes.json").exists()) == (True, True)
    assert RUN.invoke(app, ["data", "fix", str(table), "--out", str(table)]).exit_code != 0
