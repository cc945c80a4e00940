"""Scores tables: what is accepted, what is refused, and with which words."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from deepcovid.errors import ScoresError
from deepcovid.evaluation.scores import group_of, read_scores


def frame(**columns: object) -> pd.DataFrame:
    base: dict[str, object] = {"label": ["covid", "normal", "pneumonia"], "score": [0.9, 0.1, 0.4]}
    return pd.DataFrame(base | columns)


def test_reads_a_csv_of_anyone() -> None:
    text = "label,score,patient\n1,0.75,7\n0,0.25,\n,0.5,8\n0,,9\n1,1.0000001,7\n"
    scores = read_scores(pd.read_csv(io.StringIO(text)), positive="1")
    assert (len(scores), scores.n_positive, scores.n_negative, scores.n_dropped) == (3, 2, 1, 2)
    assert scores.score.max() == 1.0
    assert scores.n_patients == 2
    assert int(np.count_nonzero(scores.patient_known)) == 2


@pytest.mark.parametrize(
    ("labels", "positive"),
    [
        ([1, 0, 0], "1"),
        ([1.0, 0.0, 0.0], "1"),
        ([True, False, False], "1"),
        ([True, False, False], "True"),
        (["1", "0", "0"], "1"),
        ([" covid ", "no", "no"], "covid"),
        (["True", "no", "no"], "True"),
    ],
)
def test_labels_of_many_kinds(labels: list[object], positive: str) -> None:
    assert read_scores(frame(label=labels), positive=positive).n_positive == 1


def test_score_of_the_class_is_found() -> None:
    table = frame().rename(columns={"score": "score_covid"})
    np.testing.assert_allclose(np.sort(read_scores(table, positive="covid").score), [0.1, 0.4, 0.9])


def test_missing_columns_list_those_there_are() -> None:
    with pytest.raises(ScoresError) as caught:
        read_scores(pd.DataFrame({"truth": [1], "probability": [0.3]}), positive="1")
    message = str(caught.value)
    assert "no column 'label' and no column 'score'; its columns are: truth, probability" in message
    assert "rename" in caught.value.mend


def test_every_bad_score_is_named_with_its_row() -> None:
    table = pd.DataFrame({"label": ["covid", "a", "a", "a", "a"], "score": ["0.5", "high", "1.5", "-3", "inf"]})
    with pytest.raises(ScoresError) as caught:
        read_scores(table, positive="covid")
    message = str(caught.value)
    for line in (
        "row 3: 'high' is not a number",
        "row 4: 1.5 is outside",
        "row 5: -3 is outside",
        "row 6: inf is outside",
    ):
        assert line in message
    assert "row 2" not in message
    assert "divide per cents by 100" in caught.value.mend


def test_a_long_list_is_cut() -> None:
    table = pd.DataFrame({"label": ["covid"] * 50, "score": [97.0] * 50})
    with pytest.raises(ScoresError, match=r"50 values(.|\n)*row 21: (.|\n)*and 30 more"):
        read_scores(table, positive="covid")


def test_absent_positive_lists_the_labels() -> None:
    with pytest.raises(
        ScoresError, match=r"labelled 'Covid'.*covid \(1\), normal \(1\), pneumonia \(1\).*mean 'covid'"
    ):
        read_scores(frame(), positive="Covid")


def test_one_class_is_refused() -> None:
    with pytest.raises(ScoresError, match=r"every scored row is labelled 'covid'.*another class"):
        read_scores(frame(label=["covid"] * 3), positive="covid")


def test_an_empty_table_is_refused() -> None:
    for table in (frame().iloc[:0], frame(score=[np.nan] * 3)):
        with pytest.raises(ScoresError, match="no row has both a label"):
            read_scores(table, positive="covid")


def test_doubled_column_is_refused() -> None:
    table = pd.concat([frame(), frame()[["score"]]], axis=1)
    with pytest.raises(ScoresError, match="'score' stands 2 times"):
        read_scores(table, positive="covid")


def test_patients_are_unique_within_their_source() -> None:
    table = pd.DataFrame(
        {
            "label": ["covid", "covid", "covid", "no", "no", "no"],
            "score": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
            "patient": ["1", "1", "1", "2", None, ""],
            "source": ["A", "A", "B", "B", "B", "B"],
        }
    )
    scores = read_scores(table, positive="covid")
    assert scores.n_patients == 5
    assert scores.patients_of(scores.positive) == 2


def test_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "label": rng.choice(["covid", "normal", "other"], 60),
            "score": np.round(rng.random(60), 1),
            "patient": rng.choice(["p1", "p2", "p3", None], 60),
            "source": rng.choice(["A", "B"], 60),
            "split": rng.choice(["val", "test"], 60),
        }
    )
    first = read_scores(table, positive="covid", normal="normal")
    second = read_scores(table.sample(frac=1, random_state=1), positive="covid", normal="normal")
    for name in ("positive", "score", "group", "split", "source", "patient", "patient_known"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_groups() -> None:
    labels = np.array(["covid", "normal", "pneumonia"])
    assert group_of(labels, positive="covid", normal="normal").tolist() == ["positive", "normal", "other"]
    assert group_of(labels, positive="covid").tolist() == ["positive", "other", "other"]
    assert group_of(np.array([1, 0]), positive="1", normal="0").tolist() == ["positive", "normal"]


def test_a_person_in_two_sources_counts_once() -> None:
    twice = frame(source=["x", "y", "y"], patient=["1", "2", "3"], person=["7", "7", None])
    assert read_scores(twice, positive="covid").n_patients == 2
    assert read_scores(twice.drop(columns="person"), positive="covid").n_patients == 3
