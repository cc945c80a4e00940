"""Looks are kept: through a stop in the middle, and through changes of code that no look hangs on."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import deepcovid.audit.detector as package
from deepcovid.audit.detector import looks as looks_file
from deepcovid.audit.detector.corrupted import spoiling
from deepcovid.audit.detector.looks import PLAIN, SHARED, Alteration, Looks, Need
from deepcovid.models.classifier import Scored
from deepcovid.progress import Silent
from tests.audit.detector.given import tiny_films
from tests.audit.detector.stubs import RuleClassifier

# What alterations and measures import of this package: files whose code is a part of every look's name, or names and rules that
# no pixel hangs on. Another one has to be entered in `looks.SHARED`, or here.
HARMLESS = {"areas", "detector_test", "drawn", "kinds", "picture", "shortcut", "within"}
DARKER = Alteration("darker", lambda film: film.pixels / 2)


class Stopped(RuleClassifier):
    """A classifier that counts its looks, and that someone stops in the middle."""

    def __init__(self, *, after: int) -> None:
        super().__init__(lambda film: float(film.mean()))
        object.__setattr__(self, "looked", [])
        object.__setattr__(self, "after", after)

    def look(self, pixels: np.ndarray) -> Scored:
        if len(self.looked) == self.after:
            raise KeyboardInterrupt
        self.looked.append(pixels.tobytes())
        return super().look(pixels)


class Counting(Silent):
    """Progress that remembers how many things there were to do."""

    def __init__(self) -> None:
        self.totals: list[int | None] = []

    def track(self, things, *, description, total=None):  # type: ignore[no-untyped-def]
        self.totals.append(total)
        yield from things


def test_what_was_looked_at_before_a_stop_is_not_looked_at_again(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    paths = tiny_films(tmp_path / "films", 10)
    needs = [Need(np.arange(10), (PLAIN, DARKER))]
    first, second, told = Stopped(after=9), Stopped(after=-1), Counting()
    with pytest.raises(KeyboardInterrupt):
        Looks(first, paths, folder=tmp_path).ensure(needs)
    again = Looks(second, paths, folder=tmp_path)
    again.ensure(needs, progress=told)
    assert told.totals == [6]  # four films were looked at both ways; the fifth once, and is not kept by halves
    assert len(second.looked) == 12
    assert not set(first.looked[:8]) & set(second.looked)
    whole = Looks(Stopped(after=-1), paths, folder=tmp_path / "elsewhere")
    for way in (PLAIN, DARKER):
        assert np.array_equal(again.scores(np.arange(10), way), whole.scores(np.arange(10), way))


def test_another_file_of_code_is_another_look(monkeypatch: pytest.MonkeyPatch) -> None:
    before = spoiling("blur", 1).hash, PLAIN.hash
    monkeypatch.setattr(looks_file, "_code_of", lambda module: "new" if module.endswith("corrupted") else "old")
    assert spoiling("blur", 1).hash == "corruption blur 1@1 new"
    assert PLAIN.hash == "plain@1 old"
    assert len({*before, spoiling("blur", 1).hash, PLAIN.hash}) == 4


def test_alterations_call_nothing_whose_code_is_not_in_the_name() -> None:
    folder = Path(package.__file__).parent
    makers = {path.stem: _imported(path) for path in folder.glob("*.py") if _makes(path) and path.stem != "looks"}
    assert set(makers) >= {"chest", "corrupted", "markers_and_text", "style_alter", "style_measure"}
    shared = {name.rpartition("/")[2] for name in SHARED}
    assert {name: found - shared - HARMLESS for name, found in makers.items()} == {name: set() for name in makers}


def _makes(path: Path) -> bool:
    """Whether a file makes alterations or measures."""
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return any(isinstance(call, ast.Name) and call.id in ("Alteration", "Measure") for call in calls)


def _imported(path: Path) -> set[str]:
    """Files of the package that a file imports from."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    prefix = "deepcovid.audit.detector."
    return {node.module[len(prefix) :] for node in nodes if node.module and node.module.startswith(prefix)}
