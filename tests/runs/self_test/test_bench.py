"""The phantom bench: its films, its small network, its figures, and that it goes on where it was stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from deepcovid.audit.detector.kinds import KINDS, TEXT
from deepcovid.cli import app
from deepcovid.datasets.phantom.shortcuts import SHORTCUTS, planted_films
from deepcovid.errors import DeepCovidError, UnknownNameError
from deepcovid.runs.self_test.bench import BenchWishes, candidates, self_test, summary
from deepcovid.runs.self_test.candidate import Candidate, Sizes, judged
from deepcovid.runs.self_test.small import train_small

TINY = Sizes(train=64, test=48, clean=40, side=64)
MARKED = Candidate(kind="laterality marker", strength=1.0, seed=0)


def test_every_kind_that_verdicts_name_can_be_planted() -> None:
    assert set(SHORTCUTS.names()) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_at_full_strength_the_shortcut_is_the_label_and_changes_pixels(kind: str) -> None:
    films = list(planted_films(kind, strength=1, films=8, size=64, seed=3))
    assert [film.row["planted"] for film in films] == [film.row["label"] == "covid" for film in films]
    clean = list(planted_films(kind, strength=0, films=8, size=64, seed=3))
    changed = [
        not np.array_equal(a.pixels, b.pixels)
        for a, b in zip(films, clean, strict=True)
        if a.row["planted"] != b.row["planted"]
    ]
    assert changed
    assert all(changed)


def test_at_no_strength_the_shortcut_tells_nothing() -> None:
    rows = [film.row for film in planted_films(TEXT, strength=0, films=300, size=32, seed=1)]
    shares = [np.mean([row["planted"] for row in rows if row["label"] == label]) for label in ("covid", "normal")]
    assert abs(shares[0] - shares[1]) < 0.17  # three standard errors of a difference of two halves of 150
    again = [film.pixels for film in planted_films(TEXT, strength=0, films=3, size=32, seed=1)]
    first = [film.pixels for film in planted_films(TEXT, strength=0, films=3, size=32, seed=1)]
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_wrong_wishes_are_refused() -> None:
    with pytest.raises(UnknownNameError):
        next(planted_films("moustache", strength=0, films=1))
    with pytest.raises(DeepCovidError, match="0 to 1"):
        next(planted_films(TEXT, strength=2, films=1))
    with pytest.raises(DeepCovidError, match="moustache"):
        BenchWishes(kinds=("moustache",))
    with pytest.raises(DeepCovidError, match="above 0"):
        BenchWishes(strengths=(0.0,))


def test_the_small_network_learns_and_repeats_itself() -> None:
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    films = rng.integers(60, 140, (40, 48, 48), dtype=np.uint8)
    positive = np.arange(40) % 2 == 0
    films[positive, 10:20, 10:20] = 250
    one, other = (train_small(films, positive, seed=4, epochs=8) for _ in range(2))
    assert one.hash == other.hash
    scores = np.array([one.look(film.astype(np.float32) / 255).score for film in films])
    assert scores[positive].min() > scores[~positive].max()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("bench")
    return folder, judged(MARKED, folder=folder, sizes=TINY, tests=("source",))


def test_a_candidate_is_judged_once(told: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, first = told
    assert first["verdicts"] == {"source": "PASS"} or first["verdicts"] == {"source": "CANNOT TELL"}
    assert first["clean_auc"]["n"] == TINY.clean

    def fails(*_: object) -> None:
        raise AssertionError("judged again")

    monkeypatch.setattr("deepcovid.runs.self_test.candidate._judged", fails)
    assert judged(MARKED, folder=folder, sizes=TINY, tests=("source",)) == first
    with pytest.raises(AssertionError):
        judged(MARKED, folder=folder, sizes=TINY, tests=())


def test_what_an_earlier_bench_left_is_counted(
    told: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, first = told
    clean = first | {"strength": 0.0}

    def quick(candidate: Candidate, **_: object) -> dict[str, Any]:
        assert candidate.strength == 0
        return clean

    monkeypatch.setattr("deepcovid.runs.self_test.bench.judged", quick)
    monkeypatch.setattr(
        "deepcovid.runs.self_test.bench.candidates", lambda _: [Candidate(kind=MARKED.kind, strength=0.0, seed=0)]
    )
    (folder / "other.json").write_text('{"format": 1}')
    asked = {"kinds": (MARKED.kind,), "seeds": 1, "sizes": TINY, "workers": 1}
    figures = self_test(folder, wishes=BenchWishes(tests=("source",), **asked))
    assert [row["strength"] for row in figures["power"]] == [0.0, 1.0]
    assert [row["named"]["n"] for row in figures["power"]] == [1, 1]
    assert [row["strength"] for row in self_test(folder, wishes=BenchWishes(**asked))["power"]] == [0.0]  # other tests


def test_the_figures_count_what_their_rule_says() -> None:
    def one(strength: float, seed: int, clean: float, verdicts: dict[str, str], kinds: dict[str, list[str]]) -> Any:
        figure = {"value": clean, "low": 0.0, "high": 1.0, "method": "", "n": 9, "unit": "image"}
        return {
            "kind": TEXT,
            "strength": strength,
            "seed": seed,
            "clean_auc": figure,
            "verdicts": verdicts,
            "kinds": kinds,
        }

    figures = summary(
        [
            one(0.0, 0, 0.85, {"a": "PASS", "b": "CANNOT TELL"}, {}),
            one(1.0, 0, 0.60, {"a": "FAIL", "b": "PASS"}, {"a": [TEXT]}),  # caught
            one(0.0, 1, 0.85, {"a": "FAIL", "b": "PASS"}, {"a": ["border width"]}),  # accused
            one(1.0, 1, 0.60, {"a": "FAIL", "b": "PASS"}, {"a": ["border width"]}),  # a wrong name
            one(0.0, 2, 0.85, {"a": "PASS", "b": "PASS"}, {}),
            one(1.0, 2, 0.80, {"a": "PASS", "b": "PASS"}, {}),  # did not learn it
        ]
    )
    assert (figures["caught"]["value"], figures["caught"]["n"]) == (0.5, 2)
    assert (figures["false_alarms"]["value"], figures["false_alarms"]["n"]) == (pytest.approx(1 / 3), 3)
    assert (figures["passed"]["value"], figures["passed"]["n"]) == (pytest.approx(4 / 5), 5)
    assert figures["not_learned"] == 1
    assert figures["kept_out"]["caught"] == figures["caught"]
    assert [row["named"]["value"] for row in figures["power"]] == [0, pytest.approx(1 / 3)]
    assert figures["power"][1]["named_of_learned"] == figures["caught"]
    strong = figures["kinds"][1]
    assert (strong["strength"], strong["learned"], strong["by"]) == (1.0, 2, ["a"])
    assert strong["fall"] == pytest.approx((0.25 + 0.25 + 0.05) / 3)


def test_each_strength_has_its_clean_twin() -> None:
    wishes = BenchWishes(kinds=(TEXT,), strengths=(0.5, 1.0), seeds=2)
    assert [(one.strength, one.seed) for one in candidates(wishes)] == [
        (0, 0),
        (0.5, 0),
        (1, 0),
        (0, 1),
        (0.5, 1),
        (1, 1),
    ]


def test_the_command_prints_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def quick(folder: Path, *, wishes: BenchWishes, progress: object) -> dict[str, Any]:
        figure = {"value": 0.9, "low": 0.8, "high": 1.0, "method": "", "n": 9, "unit": "image"}
        row = {"kind": TEXT, "strength": 0.0, "seed": 0, "clean_auc": figure, "verdicts": {"a": "PASS"}, "kinds": {}}
        assert (wishes.kinds, wishes.seeds) == ((TEXT,), 1)
        return summary([row])

    monkeypatch.setattr("deepcovid.runs.self_test.bench.self_test", quick)
    words = ["audit", "--self-test", "--kind", TEXT, "--seeds", "1", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*words, "--json", "-"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["false_alarms"]["n"] == 1
    done = CliRunner().invoke(app, words)
    assert "clean detectors with any FAIL" in done.stdout
    assert json.loads((tmp_path / "out" / "self-test.json").read_text())["passed"]["value"] == 1.0


def test_without_a_detector_the_command_says_what_to_give() -> None:
    done = CliRunner().invoke(app, ["audit"])
    assert isinstance(done.exception, DeepCovidError)
    assert "give a run folder" in str(done.exception)
