"""What the benchmarks of `--weights xray` compute: means of AUCs, curves on few positives, probes of sources, against oracles."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepcovid.datasets.columns import group_ids
from deepcovid.evaluation.comparison import compare_pair
from deepcovid.evaluation.matching import Matched
from deepcovid.runs.learn.curve import Features, measure
from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

from xray.areas import drawn, mean_of
from xray.few import few
from xray.sources import Sources, questions_of
from xray.tasks import FOLDS, Task, held_out, learnt_from, task_of


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """200 films of 120 patients, of two sources and labels that go with neither patient nor each other."""
    rng = np.random.default_rng(3)
    patient = np.concatenate([np.arange(120), rng.integers(0, 120, 80)])
    source = np.where(patient % 2 == 0, "nih-chestxray14", "kermany-paediatric")
    label = np.where(patient % 3 == 0, "other", "normal")
    told = {"image": [f"{n}.png" for n in range(200)], "patient": patient.astype(str), "source": source, "label": label}
    return pd.DataFrame(told | {"license": "CC BY 4.0", "age": 40})


@pytest.fixture(scope="module")
def task(frame: pd.DataFrame) -> Task:
    every = pd.Series(True, index=frame.index)
    return task_of(frame, "abnormal", rows=every, answers=frame["label"] == "other", divisions=2)


def values_of(task: Task, *, strength: float, seed: int) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=(len(task.rows), 12)).astype(np.float32)
    values[:, 0] += strength * task.positive
    return values


def test_no_patient_is_on_two_sides(frame: pd.DataFrame, task: Task) -> None:
    for fold in task.folds:
        assert pd.Series(fold).groupby(task.patient).nunique().max() == 1
    learnt = learnt_from(frame, licences="free", share=0.5)
    kept = held_out(frame, licences="free", share=0.5)
    people = group_ids(frame)
    assert not set(people[learnt]) & set(people[kept])
    assert learnt.sum() + kept.sum() == len(frame)


def test_a_difference_is_that_of_two_detectors(task: Task) -> None:
    one, two = (task.probe(values_of(task, strength=strength, seed=seed)) for strength, seed in ((1.5, 1), (0.5, 2)))
    first, second = (drawn(task.positive, score=score, patient=task.patient) for score in (one, two))
    known = np.ones(len(one), dtype=bool)
    films = Matched(positive=task.positive, patient=task.patient, patient_known=known, first=one, second=two)
    (wanted,) = compare_pair(films)
    found = (first - second).difference()
    assert found["p"] == wanted["p"]
    for key in ("value", "low", "high", "n", "unit"):
        assert found["difference"][key] == pytest.approx(wanted["difference"][key])
    both = mean_of([first, second]).interval()
    assert both["value"] == pytest.approx((first.value + second.value) / 2)
    assert both["high"] - both["low"] < second.interval()["high"] - second.interval()["low"]


def test_the_curve_is_that_of_learn_and_knows_better_features(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xray.few.SAMPLES", 100)
    monkeypatch.setattr("xray.few.DRAWS", 3)
    features = {"good": values_of(task, strength=2.0, seed=1), "poor": values_of(task, strength=0.0, seed=1)}
    found = few(task, features)
    folds = [(np.flatnonzero(task.folds[0] != n), np.flatnonzero(task.folds[0] == n)) for n in range(FOLDS)]
    for name, values in features.items():
        films = Features(values=values, positive=task.positive, patient=task.patient)
        wanted = {point.n: point.auc for point in measure(films, folds=folds, draws=3).points}
        assert {size: one.value for size, one in found[name].items()} == pytest.approx(
            {size: wanted[size] for size in found[name]}
        )
    for size in found["good"]:
        apart = (found["good"][size] - found["poor"][size]).difference()
        assert apart["difference"]["low"] > 0
        assert apart["difference"]["method"] == "paired bootstrap over patients and draws"
        same = (found["poor"][size] - found["poor"][size]).difference()["difference"]
        assert (same["low"], same["high"]) == (0, 0)
        assert found["poor"][size].interval()["low"] < 0.5 < found["poor"][size].interval()["high"]


def test_a_planted_source_is_read_and_noise_is_not(frame: pd.DataFrame) -> None:
    normal, abnormal = questions_of(frame)
    assert isinstance(normal, Sources)
    assert normal.names == ("kermany-paediatric", "nih-chestxray14")
    assert abnormal.names == ("nih-chestxray14",)  # asked of two sources only
    noise = np.random.default_rng(1).normal(size=(len(frame), 8))
    planted = noise.copy()
    planted[:, 0] += 8 * (frame["source"] == "nih-chestxray14")
    for figure, one in normal.probe(planted).items():
        assert one.interval()["low"] > 0.9, figure
    for figure, one in normal.probe(noise).items():
        assert one.interval()["low"] < 0.5 < one.interval()["high"], figure
    assert normal.counts["chance"] == {"balanced_accuracy": 0.5, "macro_auc": 0.5}
    assert normal.counts["films"] == int((frame["label"] == "normal").sum())


def test_a_chest_is_black_where_lungs_are_found(tmp_path: Path) -> None:
    from deepcovid.datasets.phantom import make_phantoms
    from deepcovid.imaging.preprocessing import IMAGENET
    from xray.chest import shown_films

    table = make_phantoms(tmp_path, patients=4, films_per_patient=(1, 1), size=128, seed=1)
    shown = shown_films(table, replace(IMAGENET, size=(64, 64)))
    assert shown.found.all()
    assert (shown.black[:, 28:36, 16:24] == 0).all()  # in a lung
    assert (shown.whole[:, 28:36, 16:24] > 0).any()
    assert (shown.black <= shown.whole).all()
    changed = (shown.black < shown.whole).mean(axis=(1, 2))
    assert ((changed > 0.2) & (changed < 0.9)).all()
