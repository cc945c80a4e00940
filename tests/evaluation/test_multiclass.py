from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn import metrics as sk

from deepcovid.errors import ScoresError
from deepcovid.evaluation.summary import evaluate

NAMES = ["normal", "pneumonia", "covid"]


def three_classes(films: int = 240, *, seed: int = 0, patients: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, films // 2).repeat(2)  # two films a patient
    scores = softmax(rng.normal(0, 1, (films, 3)) + 1.4 * np.eye(3)[truth], axis=1)
    frame = pd.DataFrame({f"score_{name}": scores[:, place] for place, name in enumerate(NAMES)})
    frame = frame.assign(label=np.asarray(NAMES)[truth])
    return frame.assign(patient=[f"p{row // 2}" for row in range(films)]) if patients else frame


def two_labels(films: int = 200, *, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    truth = (rng.random((films, 3)) < [0.3, 0.4, 0.5]).astype(float)
    scores = np.clip(rng.normal(0.35, 0.2, truth.shape) + 0.3 * truth, 0, 1)
    frame = pd.DataFrame({f"score_{name}": scores[:, place] for place, name in enumerate(NAMES)})
    marks = np.where(rng.random(truth.shape) < 0.1, -1.0, truth)
    return frame.assign(**{name: marks[:, place] for place, name in enumerate(NAMES)})


def test_figures_of_one_class_a_film_are_scikit_learns() -> None:
    frame = three_classes()
    section = evaluate(frame, positive="covid", draws=50)["classes"]
    truth = np.array([NAMES.index(label) for label in frame["label"]])
    scores = frame[[f"score_{name}" for name in NAMES]].to_numpy()
    called = scores.argmax(1)
    assert section["confusion"] == sk.confusion_matrix(truth, called).tolist()
    expected = {
        "accuracy": sk.accuracy_score(truth, called),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, called),
        "macro_f1": sk.f1_score(truth, called, average="macro"),
        "kappa": sk.cohen_kappa_score(truth, called),
        "macro_auc": sk.roc_auc_score(truth, scores, multi_class="ovr", average="macro"),
        "micro_auc": sk.roc_auc_score(truth, scores, multi_class="ovr", average="micro"),
    }
    for name, value in expected.items():
        assert section[name]["value"] == pytest.approx(value, abs=1e-12), name
        assert section[name]["low"] < value < section[name]["high"]
    assert (section["accuracy"]["unit"], section["accuracy"]["n"]) == ("image", 240)
    assert (section["accuracy_bootstrap"]["unit"], section["accuracy_bootstrap"]["n"]) == ("patient", 120)


def test_each_class_against_the_rest_is_scikit_learns() -> None:
    frame = three_classes()
    report = sk.classification_report(
        frame["label"],
        np.asarray(NAMES)[frame[[f"score_{name}" for name in NAMES]].to_numpy().argmax(1)],
        output_dict=True,
    )
    for one in evaluate(frame, positive="covid", draws=50)["classes"]["each"]:
        truth, score = frame["label"] == one["name"], frame[f"score_{one['name']}"]
        assert one["auc"]["value"] == pytest.approx(sk.roc_auc_score(truth, score))
        assert one["average_precision"]["value"] == pytest.approx(sk.average_precision_score(truth, score))
        theirs = report[one["name"]]
        assert one["sensitivity"]["value"] == pytest.approx(theirs["recall"])
        assert one["precision"]["value"] == pytest.approx(theirs["precision"])
        assert one["f1"]["value"] == pytest.approx(theirs["f1-score"])
        assert one["n_positive"] == theirs["support"]


def test_any_number_of_findings_leaves_unknown_ones_out() -> None:
    frame = two_labels()
    evaluation = evaluate(frame, positive="covid", draws=50)
    section = evaluation["classes"]
    assert section["task"] == "multi-label"
    aucs = []
    for one in section["each"]:
        known = frame[one["name"]] >= 0
        truth, score = frame.loc[known, one["name"]], frame.loc[known, f"score_{one['name']}"]
        aucs.append(sk.roc_auc_score(truth, score))
        assert one["auc"]["value"] == pytest.approx(aucs[-1])
        assert one["sensitivity"]["value"] == pytest.approx(sk.recall_score(truth, score >= 0.5))
        nothing_known = (frame[NAMES] < 0).all(axis=1).sum()
        assert one["n_unknown"] == (~known).sum() - nothing_known > 0
    assert section["macro_auc"]["value"] == pytest.approx(np.mean(aucs))
    whole = frame[(frame[NAMES] >= 0).all(axis=1)]
    called = (whole[[f"score_{name}" for name in NAMES]].to_numpy() >= 0.5).astype(int)
    assert section["exact_match"]["value"] == pytest.approx(sk.accuracy_score(whole[NAMES].to_numpy(), called))
    assert evaluation["auc"]["value"] == pytest.approx(aucs[2])
    assert "accuracy" not in section


def test_lists_of_findings_in_a_cell_are_read() -> None:
    frame = two_labels()
    lists = frame.replace(-1.0, 0.0)
    cells = ["|".join(name for name in NAMES if row[name]) or "No Finding" for _, row in lists.iterrows()]
    options = {"positive": "covid", "draws": 50}
    by_cell = evaluate(lists.drop(columns=NAMES).assign(label=cells), **options)
    by_column = evaluate(lists, **options)
    # "normal" is a class here, so it is no word for nothing
    assert by_cell["classes"] == by_column["classes"]
    assert by_cell["auc"] == by_column["auc"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("patients", [True, False])
def test_two_classes_give_the_binary_figures(seed: int, patients: bool) -> None:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, 60).repeat(2)
    score = np.clip(rng.normal(0.4, 0.2, 120) + 0.25 * label, 0, 1).round(2)
    score[score == 0.5] = 0.51  # where both are equal the first class is called, and the binary call is positive
    frame = pd.DataFrame({"label": np.where(label == 1, "covid", "other"), "score": score})
    frame = frame.assign(score_other=1 - score, score_covid=score)
    if patients:
        frame = frame.assign(patient=[f"p{row // 2}" for row in range(120)])
    evaluation = evaluate(frame, positive="covid", draws=200)
    section, point = evaluation["classes"], evaluation["operating_points"][0]
    covid = section["each"][1]
    assert covid["auc"] == evaluation["auc"]
    assert covid["average_precision"] == evaluation["average_precision"]
    for name in ("sensitivity", "specificity", "precision", "f1", "tp", "fp", "tn", "fn", "sensitivity_bootstrap"):
        assert covid[name] == point[name]
    assert section["accuracy"] == point["accuracy"]
    assert section["macro_auc"]["value"] == pytest.approx(evaluation["auc"]["value"])
    if patients:
        assert section["macro_auc"]["low"] == pytest.approx(evaluation["auc_bootstrap"]["low"], abs=1e-9)


def test_perfect_scores_keep_an_interval() -> None:
    frame = pd.DataFrame({"label": np.repeat(NAMES, 15)})
    frame = frame.assign(**{f"score_{name}": (frame["label"] == name).astype(float) for name in NAMES})
    section = evaluate(frame, positive="covid", draws=20)["classes"]
    for name in ("macro_auc", "micro_auc", "macro_f1", "balanced_accuracy", "kappa", "accuracy"):
        assert section[name]["value"] == 1
        assert 0.5 < section[name]["low"] < 0.99, name


def test_the_order_of_rows_changes_nothing_and_the_result_is_json() -> None:
    frame = three_classes()
    one = evaluate(frame, positive="covid", draws=50)
    assert evaluate(frame.sample(frac=1, random_state=3), positive="covid", draws=50) == one
    json.dumps(one, allow_nan=False)


def test_a_class_without_films_is_told() -> None:
    frame = three_classes().query("label != 'pneumonia'")
    evaluation = evaluate(frame, positive="covid", classes=NAMES, draws=50)
    assert evaluation["classes"]["each"][1]["auc"] is None
    assert any("with and without pneumonia" in note for note in evaluation["notes"])
    assert evaluation["classes"]["macro_auc"]["value"] > 0.5


def test_films_of_other_labels_count_as_negatives_only_against_the_positive_class() -> None:
    frame = three_classes()
    frame.loc[:3, "label"] = "tumour"
    evaluation = evaluate(frame, positive="covid", draws=50)
    assert (evaluation["n"], evaluation["classes"]["n"]) == (240, 236)
    assert any("tumour (4)" in note for note in evaluation["notes"])


def test_two_sides_have_no_section_and_other_models_scores_are_no_classes() -> None:
    frame = three_classes().rename(columns={"score_covid": "score"})
    assert "classes" not in evaluate(frame, positive="covid", draws=20)
    plain = frame.assign(score_covid=frame["score"], **{"score_not covid": 1 - frame["score"]})
    assert "classes" not in evaluate(plain[["label", "score_covid", "score_not covid"]], positive="covid", draws=20)


def test_what_cannot_be_evaluated_is_refused() -> None:
    frame = three_classes()
    with pytest.raises(ScoresError, match=r"no column 'score_tumour'; those of scores are: score_normal"):
        evaluate(frame, positive="covid", classes=["covid", "tumour"], draws=20)
    with pytest.raises(ScoresError, match="none of the classes normal, pneumonia"):
        evaluate(frame, positive="covid", classes=["normal", "pneumonia"], draws=20)
    with pytest.raises(ScoresError, match=r"row 2: 1\.7 is outside 0 to 1"):
        evaluate(frame.assign(score_normal=[1.7, *frame["score_normal"][1:]]), positive="covid", draws=20)
    marks = two_labels().assign(normal=["maybe"] * 200)
    with pytest.raises(ScoresError, match=r"row 2: normal is 'maybe'"):
        evaluate(marks, positive="covid", draws=20)
