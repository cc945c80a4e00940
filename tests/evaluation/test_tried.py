from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from deepcovid.evaluation.metrics import auc
from deepcovid.evaluation.tried import TriedFilms, judge_tried


def films(gaps: list[float], *, count: int = 60, seeds: int = 1, each: int = 1, seed: int = 0) -> TriedFilms:
    """Settings that tell the classes apart by `gaps` standard deviations, on the same films; a third is positive."""
    rng = np.random.default_rng(seed)
    positive, patient = np.arange(count) // each % 3 == 0, np.arange(count) // each
    shared = rng.normal(size=count)
    scores = [
        [norm.cdf(0.6 * shared + 0.8 * rng.normal(size=count) + gap * (positive - 0.5)) for _ in range(seeds)]
        for gap in gaps
    ]
    return TriedFilms(positive=positive, patient=patient, patients_known=True, scores=np.array(scores))


def test_figures_are_means_over_seeds_and_each_seed_is_told() -> None:
    tried = films([0.5, 2.0], seeds=3, each=2)
    judged = judge_tried(tried, draws=200)
    for setting, told in enumerate(judged["settings"]):
        single = [auc(tried.positive, score=score) for score in tried.scores[setting]]
        assert told["seeds"]["auc"] == pytest.approx(single)
        assert told["auc"]["value"] == pytest.approx(np.mean(single))
        assert told["auc"]["low"] < told["auc"]["value"] < told["auc"]["high"]
        assert (told["auc"]["n"], told["auc"]["unit"]) == (30, "patient")
        right = np.mean((tried.scores[setting] >= 0.5) == tried.positive)
        assert told["accuracy"]["value"] == pytest.approx(right)
    assert judged["best"] == 1
    better = judged["settings"][1]
    assert better["difference"]["value"] == pytest.approx(
        better["auc"]["value"] - judged["settings"][0]["auc"]["value"]
    )
    assert better["difference"]["low"] > 0
    assert better["p"] < 0.05
    assert judged["settings"][0]["difference"] is None


def test_the_best_of_many_alike_flatters_and_is_corrected() -> None:
    """Twelve settings of the same true AUC, 0.760: the best of them by chance is above it, the corrected figure is not."""
    truth = norm.cdf(1 / np.sqrt(2))
    naive, corrected = [], []
    for seed in range(16):
        judged = judge_tried(films([1.0] * 12, seed=seed), draws=100, seed=seed)
        naive.append(judged["settings"][judged["best"]]["auc"]["value"])
        corrected.append(judged["corrected"]["value"])
    assert np.mean(naive) > truth + 0.04
    assert abs(np.mean(corrected) - truth) < 0.03


def test_a_setting_that_is_truly_better_keeps_its_figure() -> None:
    judged = judge_tried(films([0.2, 0.2, 3.0], count=150), draws=200)
    assert judged["best"] == 2
    assert judged["corrected"]["value"] == pytest.approx(judged["settings"][2]["auc"]["value"], abs=0.01)
    assert judged["settings"][2]["p_holm"] < 0.05


def test_equal_settings_leave_the_own_one_in_place() -> None:
    tried = films([1.0])
    same = TriedFilms(
        positive=tried.positive, patient=tried.patient, patients_known=True, scores=np.repeat(tried.scores, 3, axis=0)
    )
    judged = judge_tried(same, own=1, draws=50)
    assert judged["best"] == 1
    assert judged["tied"] == [1, 0, 2]
    assert judged["settings"][0]["p_holm"] == 1.0
    alone = judge_tried(same, own=None, draws=50)
    assert all(row["difference"] is None for row in alone["settings"])


def test_the_best_may_be_chosen_by_accuracy() -> None:
    """Scores that are all too high rank well and call badly."""
    tried = films([1.5, 1.0])
    tried.scores[0] = 0.5 + tried.scores[0] / 2
    assert judge_tried(tried, draws=50)["best"] == 0
    assert judge_tried(tried, by="accuracy", draws=50)["best"] == 1
