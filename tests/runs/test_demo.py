"""The demonstration, made small: its report says that no film is of a person, and other films are not mixed in."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import pytest

from deepcovid.errors import RunError
from deepcovid.runs import demo as demonstration
from deepcovid.runs.demo import PHANTOMS, RECIPE, demo
from deepcovid.training.recipe import load_recipe

pytest.importorskip("torch")


def test_the_report_and_the_card_say_that_films_are_phantoms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load_recipe(RECIPE)
    small = replace(whole, preprocessing=replace(whole.preprocessing, size=(48, 48)), epochs=3)
    monkeypatch.setattr(demonstration, "load_recipe", lambda _: small)
    monkeypatch.setattr(demonstration, "make_phantoms", functools.partial(demonstration.make_phantoms, size=48))
    run = demo(tmp_path / "demo", patients=60)
    assert PHANTOMS in (run.folder / "report.html").read_text()
    assert run.warnings[0] == PHANTOMS
    assert PHANTOMS in (run.folder / "MODEL_CARD.md").read_text()
    with pytest.raises(RunError, match="60 phantom patients, not of 61"):
        demo(tmp_path / "demo", patients=61)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("mine")
    with pytest.raises(RunError, match="holds other things"):
        demo(tmp_path / "other", patients=60)
