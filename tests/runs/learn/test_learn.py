"""`learn` on drawn films, whole and small; the ways out of what it cannot do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deepcovid.datasets.table import load_table
from deepcovid.errors import DeepCovidError, RunError, TableError, WeightsError
from deepcovid.progress import Silent
from deepcovid.runs.data import prepare_unsplit
from deepcovid.runs.folds import make_folds
from deepcovid.runs.learn import Wishes, learn
from deepcovid.runs.learn.budget import Budget
from deepcovid.runs.learn.candidates import candidates_for, seconds_of
from deepcovid.runs.learn.choosing import affordable, choose
from deepcovid.runs.learn.curve import Features, draw_films, measure, probe_scores
from deepcovid.runs.settings import Settings
from deepcovid.storage import read_json
from tests.conftest import make_table

pytest.importorskip("torch")
SETTINGS = Settings(device="cpu", threads=1, weights="none", allow_random_backbone=True)


def wishes(out: Path, **values: object) -> Wishes:
    given = {"minutes": 3.0, "network": "squeezenet1_1", "size": 64, "settings": SETTINGS} | values
    return Wishes(out=out, **given)  # type: ignore[arg-type]


def test_the_whole_way(drawn_table: Path, tmp_path: Path) -> None:
    learnt = learn(load_table(drawn_table), wishes=wishes(tmp_path / "out"))
    told = read_json(tmp_path / "out" / "learn.json")
    assert told["warnings"][0].startswith("The frozen backbone holds random numbers")
    assert told["chosen"]["name"] == "probe"
    assert told["chosen"]["nested_auc"]["value"] > 0.8
    assert told["chosen"]["nested_auc"]["unit"] == "patient"
    assert [row["n"] for row in told["curve"]["points"]][:2] == [4, 8]
    assert told["curve"]["at_twice"]["n_positives"] == 48
    assert [row["considered"] for row in told["candidates"]] == [True, False, False, False]
    assert told["budget"]["used_seconds"] < 180
    assert learnt.runs[0].detector.hash
    page = learnt.page.read_text(encoding="utf-8")
    assert page.index("holds random numbers") < page.index("How many more films?")
    assert (tmp_path / "out" / "figures" / "learning-curve.png").stat().st_size > 5000


def test_without_weights_it_stops_with_the_ways_out(
    drawn_table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WeightsError, match="allow-random-backbone"):
        learn(load_table(drawn_table), wishes=wishes(tmp_path / "a", settings=Settings(weights="none")))
    with pytest.raises(DeepCovidError, match=r"no-such\.pth"):
        learn(load_table(drawn_table), wishes=wishes(tmp_path / "b", settings=Settings(weights="no-such.pth")))


def test_too_few_patients_and_too_little_time(drawn_table: Path, tmp_path: Path) -> None:
    table = load_table(make_table(tmp_path / "few", patients=9))
    with pytest.raises(TableError, match="3 patients with covid and 6 others; learn needs 4"):
        learn(table, wishes=wishes(tmp_path / "out"))
    with pytest.raises(RunError, match=r"budget of 0\.01 minutes is too small: the least .* takes about"):
        learn(load_table(drawn_table), wishes=wishes(tmp_path / "out", minutes=0.01))
    with pytest.raises(RunError, match="target AUCs are 0"):
        wishes(tmp_path / "out", targets=(0.4,))


def planted(patients: int = 60, *, strength: float = 1.5) -> Features:
    generator = np.random.default_rng(0)
    positive = np.repeat(np.arange(patients) % 2 == 0, 2)
    values = generator.normal(size=(2 * patients, 20)).astype(np.float32)
    values[:, 0] += strength * positive
    return Features(values=values, positive=positive, patient=np.repeat(np.arange(patients).astype(str), 2))


def folds_of(films: Features, count: int = 5) -> list[tuple[np.ndarray, np.ndarray]]:
    part = films.patient.astype(int) // 2 % count
    return [(np.flatnonzero(part != one), np.flatnonzero(part == one)) for one in range(count)]


def test_a_curve_rises_and_draws_whole_patients() -> None:
    films = planted()
    found = measure(films, folds=folds_of(films), draws=4)
    assert [point.n for point in found.points] == [4, 8, 16, 31, 48]
    assert found.points[-1].auc > found.points[0].auc
    assert (found.held.n_positive, found.held.n_negative, found.draws) == (30, 30, 4)
    rows = draw_films(films, np.arange(120), size=8, ratio=1.0, generator=np.random.default_rng(1))
    assert films.positive[rows].sum() == 8
    assert len(set(films.patient[rows])) == 8


def test_a_curve_stops_when_the_time_is_over_and_needs_eight_positives() -> None:
    films = planted()
    found = measure(films, folds=folds_of(films), draws=9, enough=lambda: True)
    assert (found.draws, found.cut_short) == (2, True)
    few = planted(8)
    with pytest.raises(TableError, match="6 positive films stand outside a fold"):
        measure(few, folds=folds_of(few, 4))


def test_the_films_span_gives_the_same_probe() -> None:
    films = planted(20)
    wide = np.pad(films.values, ((0, 0), (0, 80)))
    narrow = probe_scores(films.values, positive=films.positive, others=films.values)
    assert np.allclose(narrow, probe_scores(wide, positive=films.positive, others=wide), atol=1e-3)


def test_a_budget_keeps_what_was_seen_and_leaves_out_what_does_not_fit() -> None:
    clock = [0.0]
    budget = Budget(600, now=lambda: clock[0])
    found = candidates_for(40, network="squeezenet1_1", size=64, weights="none", seed=0, settings=SETTINGS)
    assert all(one.considered for one in found)
    for one in found:
        budget.estimate(one.name, seconds_of(one, films=100, forward=0.01, device="cpu"))
    budget.estimate("probe", 1e9)
    assert budget.cost("probe") < 100
    taken = affordable(found, outer=3, budget=budget, reserve=60)
    assert taken[0].name == "probe"
    assert 1 <= len(taken) < 4
    assert len(budget.left_out) == 4 - len(taken)
    budget.done("probe", 40.0)
    assert budget.cost("probe") == pytest.approx(50)
    clock[0] = 590
    with pytest.raises(RunError, match="the least"):
        budget.require(20, why="a test")


def scored_at_once(prepared, candidate, out, division, budget):  # type: ignore[no-untyped-def]
    """In place of trainings: the probe guesses, the small network sees the label through noise."""
    folds = make_folds(prepared, count=division.count, grouping="patient", seed=division.seed)
    held = [fold.held_out for fold in folds if not division.only or fold.number in division.only]
    frame = prepared.frame.iloc[np.sort(np.concatenate(held))]
    guess = np.random.default_rng(len(frame)).uniform(size=len(frame))
    seen = 0.7 * (frame["label"] == "covid") + 0.3 * guess if candidate.name == "small" else guess
    return frame.assign(score=seen)


def test_inner_folds_choose_and_outer_folds_score_the_choosing(
    drawn_table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepcovid.runs.learn.choosing._scored", scored_at_once)
    films = prepare_unsplit(load_table(drawn_table), positive="covid", label_column="label")
    probe, small, *_ = candidates_for(12, network="squeezenet1_1", size=64, weights="none", seed=0, settings=SETTINGS)
    budget = Budget(900)
    budget.estimate("probe", 1)
    budget.estimate("small", 1)
    found = choose(films, [probe, small], out=tmp_path, seed=0, budget=budget, reserve=1, progress=Silent())
    assert found.picks == ("small",) * 5
    assert set(found.aucs) == {"probe", "small", "stack"}
    assert sorted(found.scores["image"]) == sorted(films.frame["image"])
    assert found.nested.value == pytest.approx(1.0)
    assert "small is preferred" in found.why


def test_the_dearest_is_dropped_where_time_runs_short(
    drawn_table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepcovid.runs.learn.choosing._scored", scored_at_once)
    films = prepare_unsplit(load_table(drawn_table), positive="covid", label_column="label")
    probe, small, *_ = candidates_for(12, network="squeezenet1_1", size=64, weights="none", seed=0, settings=SETTINGS)
    budget = Budget(900)
    budget.estimate("probe", 1)
    budget.estimate("small", 500)
    found = choose(films, [probe, small], out=tmp_path, seed=0, budget=budget, reserve=1, progress=Silent())
    assert found.name == "probe"
    assert "a small network was dropped with 5 outer folds to go" in budget.left_out[0]
