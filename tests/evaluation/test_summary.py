"""The whole evaluation: the paper's figures, splits, units, honesty at the edges, and the contract's keys."""

from __future__ import annotations

import json
import pathlib
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from deepcovid.errors import ScoresError
from deepcovid.evaluation.delong import delong_interval
from deepcovid.evaluation.summary import evaluate, evaluate_many

from . import asah

PAPER = pathlib.Path(__file__).parents[2] / "../shared/paper/deep_covid_summary.csv"


def paper_sized() -> pd.DataFrame:
    """40 positives and 3,000 negatives of which 39 and 2,715 are right at 0.5."""
    rng = np.random.default_rng(0)
    score = [*rng.uniform(0.5, 1, 39), 0.1, *rng.uniform(0.5, 1, 285), *rng.uniform(0, 0.499, 2715)]
    return pd.DataFrame({"label": ["covid"] * 40 + ["normal"] * 1700 + ["other disease"] * 1300, "score": score})


def small(n: int = 120, *, seed: int = 0, **columns: object) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    label = np.where(rng.random(n) < 0.4, "covid", "normal")
    score = np.clip(rng.normal(0.4 + 0.25 * (label == "covid"), 0.15), 0, 1)
    return pd.DataFrame({"label": label, "score": score} | columns)


@pytest.fixture(scope="module")
def paper() -> dict[str, object]:
    return evaluate(paper_sized(), positive="covid", normal="normal")


def test_the_papers_figures(paper: dict) -> None:  # type: ignore[type-arg]
    point = paper["operating_points"][0]
    assert (point["tp"], point["fn"], point["tn"], point["fp"]) == (39, 1, 2715, 285)
    sensitivity, specificity = (point["paper_interval"][k] for k in ("sensitivity", "specificity"))
    assert sensitivity["value"] == 0.975
    assert 100 * sensitivity["halfwidth"] == pytest.approx(4.8, abs=0.05)
    assert specificity["value"] == 0.905
    assert 100 * specificity["halfwidth"] == pytest.approx(1.05, abs=0.005)  # printed as 1.1
    assert (point["sensitivity"]["low"], point["sensitivity"]["high"]) == pytest.approx((0.8712, 0.9956), abs=1e-4)


@pytest.mark.skipif(not PAPER.exists(), reason="the documents' figures are not beside the checkout")
def test_the_papers_table_vi() -> None:
    """Its specificity half-widths are the formula's, rounded up by up to 0.06."""
    for row in pd.read_csv(PAPER).itertuples():
        right = round(row.n_negative * row.specificity_percent / 100)
        label = [1] * 40 + [0] * 3000
        score = [0.9] * 39 + [0.1] + [0.1] * right + [0.9] * (3000 - right)
        result = evaluate(pd.DataFrame({"label": label, "score": score}), positive="1", draws=20)
        interval = result["operating_points"][0]["paper_interval"]
        assert 100 * interval["sensitivity"]["halfwidth"] == pytest.approx(row.sensitivity_halfwidth_percent, abs=0.05)
        assert 100 * interval["specificity"]["halfwidth"] == pytest.approx(row.specificity_halfwidth_percent, abs=0.06)


def test_areas_are_the_references(paper: dict) -> None:  # type: ignore[type-arg]
    table = paper_sized()
    positive = (table["label"] == "covid").to_numpy()
    assert paper["auc"]["value"] == pytest.approx(roc_auc_score(positive, table["score"]), abs=1e-9)
    assert paper["average_precision"]["value"] == pytest.approx(
        average_precision_score(positive, table["score"]), abs=1e-9
    )
    expected = delong_interval(positive, score=table["score"].to_numpy())
    assert (paper["auc"]["low"], paper["auc"]["high"]) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_published_delong_example_end_to_end() -> None:
    """pROC's interval of NDKA in aSAH; scores squeezed into [0, 1], which no rank statistic sees."""
    table = pd.DataFrame({"label": asah.POOR.astype(int), "score": asah.NDKA / 500})
    found = evaluate(table, positive="1", draws=20)["auc"]
    assert (found["low"], found["value"], found["high"]) == pytest.approx(asah.NDKA_INTERVAL, abs=1e-9)
    assert (found["method"], found["n"], found["unit"]) == ("DeLong", 113, "image")


def test_the_contracts_keys(paper: dict) -> None:  # type: ignore[type-arg]
    json.dumps(paper, allow_nan=False)
    assert {k: paper[k] for k in ("format", "positive", "normal", "split", "n", "n_positive", "n_negative")} == {
        "format": 1,
        "positive": "covid",
        "normal": "normal",
        "split": None,
        "n": 3040,
        "n_positive": 40,
        "n_negative": 3000,
    }
    assert paper["groups"] == {"positive": 40, "normal": 1700, "other": 1300}
    assert (paper["n_patients"], paper["n_dropped"]) == (None, 0)
    assert paper["prevalence"] == pytest.approx(40 / 3040)
    for name in ("auc", "auc_delong", "auc_bootstrap", "average_precision"):
        assert set(paper[name]) == {"value", "low", "high", "method", "n", "unit"}
    assert {"threshold_table", "interval"} == set(paper["paper"])
    assert {"name", "formula", "source", "z", "rows"} == set(paper["paper"]["interval"])
    assert {"roc", "pr", "thresholds"} == set(paper["curves"])
    assert sum(map(sum, (paper["histogram"][k] for k in ("positive", "normal", "other")))) == 3040
    assert [v["prevalence"] for v in paper["operating_points"][0]["predictive_values"]] == [0.01, 0.05, 0.2]


def test_threshold_chosen_on_its_own_data_is_labelled(paper: dict) -> None:  # type: ignore[type-arg]
    point = paper["operating_points"][-1]
    assert (point["name"], point["chosen_on"]) == ("sensitivity ≥ 97.5 %", "this data")
    assert "flatter" in point["note"]
    assert any("chosen on the data it is reported on" in note for note in paper["notes"])


def test_threshold_is_chosen_on_validation_and_applied_to_test() -> None:
    split = np.repeat(["train", "val", "test"], [20, 50, 50])
    table = small(split=split)
    result = evaluate(table, positive="covid", thresholds=[0.35], target_sensitivity=0.9, draws=50)
    assert (result["split"], result["n"]) == ("test", 50)
    default, given, chosen = result["operating_points"]
    assert [p["chosen_on"] for p in (default, given, chosen)] == ["given", "given", "validation"]
    val = table[(table["split"] == "val") & (table["label"] == "covid")]["score"]
    assert (val >= chosen["threshold"]).mean() >= 0.9
    assert (val > chosen["threshold"] + 1e-4).mean() < 0.9
    assert not any("flatter" in note for note in result["notes"])
    assert result["paper"]["interval"]["rows"][0]["chosen_on"] == "this data"


@pytest.mark.parametrize(
    ("split", "evaluated", "n", "words"),
    [
        (["test"] * 120, "test", 120, "chosen on the data"),
        (["train"] * 60 + ["val"] * 60, "val", 60, "no test split"),
        (["train"] * 120, "train", 120, "training films"),
        (["A"] * 60 + ["B"] * 60, None, 120, "none of train, val, test"),
        ([None] * 60 + ["test"] * 60, "test", 60, "60 films without a split"),
        (["Validation"] * 60 + ["TEST"] * 60, "test", 60, ""),
        ([None] * 120, None, 120, "chosen on the data"),
    ],
)
def test_splits(split: list[str | None], evaluated: str | None, n: int, words: str) -> None:
    result = evaluate(small(split=split), positive="covid", draws=20)
    assert (result["split"], result["n"]) == (evaluated, n)
    assert words in " ".join(result["notes"])


def test_a_test_split_of_one_class_is_refused() -> None:
    table = small()
    table["split"] = np.where(table["label"] == "covid", "val", "test")
    with pytest.raises(ScoresError, match=r"'test' has 0 positive and \d+ negative films; the whole table has"):
        evaluate(table, positive="covid")


def test_validation_without_positives_cannot_choose() -> None:
    table = small()
    table["split"] = np.where((table["label"] == "normal") & (np.arange(120) < 40), "val", "test")
    result = evaluate(table, positive="covid", draws=20)
    assert result["operating_points"][-1]["chosen_on"] == "this data"
    assert any("validation split has no positive" in note for note in result["notes"])


def test_films_of_one_patient_are_drawn_together() -> None:
    result = evaluate(small(patient=np.arange(120) // 3, source="A"), positive="covid", draws=200)
    assert (result["n"], result["n_patients"]) == (120, 40)
    assert (result["auc"]["method"], result["auc"]["n"], result["auc"]["unit"]) == ("patient bootstrap", 40, "patient")
    assert result["operating_points"][0]["sensitivity_bootstrap"]["unit"] == "patient"


def test_rows_in_another_order_and_the_same_seed_give_the_same_json() -> None:
    table = small(patient=np.arange(120) % 50, source=np.where(np.arange(120) % 3, "A", "B"))
    first = json.dumps(evaluate(table, positive="covid", draws=100, seed=4))
    assert first == json.dumps(evaluate(table.sample(frac=1, random_state=2), positive="covid", draws=100, seed=4))
    assert first != json.dumps(evaluate(table, positive="covid", draws=100, seed=5))
    loose = table.drop(columns=["patient", "source"])
    shuffled = loose.sample(frac=1, random_state=3)
    assert evaluate(loose, positive="covid", draws=50) == evaluate(shuffled, positive="covid", draws=50)


@pytest.mark.parametrize(
    ("label", "score"),
    [
        ([1] * 5 + [0] * 9, [0.9] * 5 + [0.1] * 9),  # perfect
        ([1] * 5 + [0] * 9, [0.1] * 5 + [0.9] * 9),  # perfectly wrong
        ([1] * 5 + [0] * 9, [0.0] * 14),  # nothing is called
        ([1] + [0] * 9, [0.3] + [0.1] * 8 + [0.7]),  # one positive
        ([1, 0], [1.0, 0.0]),  # one of each
    ],
)
@pytest.mark.parametrize("patient", [False, True])
def test_edges_are_json_and_honest(label: list[int], score: list[float], patient: bool) -> None:
    table = pd.DataFrame({"label": label, "score": score})
    if patient:
        table["patient"] = np.arange(len(label)) // 2 + 100 * table["label"]
    result = evaluate(table, positive="1", draws=50)
    json.dumps(result, allow_nan=False)
    for name in ("auc", "auc_delong", "auc_bootstrap", "auc_newcombe", "average_precision"):
        interval = result[name]
        assert 0 <= interval["low"] <= interval["value"] <= interval["high"] <= 1
    for name in ("auc", "auc_newcombe"):
        assert result[name]["high"] - result[name]["low"] > 0.1


def test_no_normal_film_is_said() -> None:
    result = evaluate(small(), positive="covid", normal="healthy", draws=20)
    assert any("'healthy'" in note for note in result["notes"])


def test_several_models() -> None:
    result = evaluate_many({"a": small(seed=1), "b": small(seed=2)}, positive="covid", draws=20)
    assert list(result["models"]) == ["a", "b"]
    assert result["models"]["a"] == evaluate(small(seed=1), positive="covid", draws=20)
    with pytest.raises(ScoresError, match=r"^b: the table has no column 'score'"):
        evaluate_many({"a": small(), "b": small().drop(columns="score")}, positive="covid", draws=20)
    with pytest.raises(ScoresError, match="no scores table"):
        evaluate_many({}, positive="covid")


def test_too_few_draws() -> None:
    with pytest.raises(ScoresError, match="5 bootstrap draws are too few"):
        evaluate(small(), positive="covid", draws=5)


def test_three_thousand_films_take_under_three_seconds() -> None:
    began = time.process_time()
    evaluate(paper_sized().assign(patient=np.arange(3040) // 2), positive="covid")
    assert time.process_time() - began < 3
