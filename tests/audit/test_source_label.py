"""Tests of the question whether the source alone tells the label."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from deepcovid.audit.source_label import prevalence_auc, source_label
from deepcovid.datasets.table import load_table
from tests.datasets.making import FILMS


def films(**sources: tuple[int, int]) -> pd.DataFrame:
    """A table with so many positives and negatives from each source, one film a patient."""
    rows = [
        (source, label)
        for source, counts in sources.items()
        for label, count in zip(("covid", "normal"), counts, strict=True)
        for _ in range(count)
    ]
    frame = pd.DataFrame(rows, columns=["source", "label"])
    return frame.assign(image=[f"{n}.png" for n in range(len(rows))], patient=[str(n) for n in range(len(rows))])


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=6))
def test_the_auc_is_scikit_learns_of_prevalence_as_a_score(counts: list[tuple[int, int]]) -> None:
    positives, negatives = np.array([*counts, (1, 1)]).T
    label = np.concatenate([[1] * p + [0] * n for p, n in zip(positives, negatives, strict=True)])
    share = np.repeat(positives / np.maximum(positives + negatives, 1), positives + negatives)
    auc = prevalence_auc(positives, negatives)
    assert auc == pytest.approx(roc_auc_score(label, share), abs=1e-12)
    assert auc >= 0.5


def test_no_shared_source_is_a_fail_that_opens_the_report() -> None:
    result = source_label(films(cohen=(20, 0), nih=(0, 60), kermany=(0, 10)), positive="covid")
    assert (result.verdict, result.warns, result.auc) == ("FAIL", True, 1.0)
    assert result.sentence == (
        "Positives and negatives come from different sources (cohen; kermany, nih): "
        "this detector cannot be shown to read disease rather than the source."
    )
    assert result.shared_sources == ()
    assert (result.positives_shared, result.negatives_shared) == (0, 0)


def test_a_long_list_of_sources_is_cut() -> None:
    hospitals = {f"h{number}": (0, 3) for number in range(8)}
    sentence = source_label(films(cohen=(20, 0), **hospitals), positive="covid").sentence
    assert "(cohen; h0, h1, h2, h3, h4 and 3 more)" in sentence


def test_evenly_shared_sources_are_a_pass_without_a_warning() -> None:
    result = source_label(films(a=(100, 150), b=(40, 60), c=(60, 90)), positive="covid")
    assert (result.verdict, result.warns) == ("PASS", False)
    assert result.auc == pytest.approx(0.5)
    assert result.high <= 0.6
    assert result.shared_sources == ("a", "b", "c")


def test_one_source_for_all_is_a_pass() -> None:
    result = source_label(films(a=(10, 10)), positive="covid")
    assert (result.verdict, result.auc, result.low, result.high) == ("PASS", 0.5, 0.5, 0.5)


def test_partly_shared_sources_are_measured() -> None:
    result = source_label(films(a=(90, 30), b=(0, 170)), positive="covid")
    assert (result.verdict, result.warns) == ("FAIL", True)
    assert result.auc == pytest.approx(170 / 200 + 30 / 200 / 2)
    assert result.low < result.auc < result.high
    assert (result.positives_shared, result.negatives_shared) == (1.0, 0.15)
    assert "AUC 0.93, 95 % interval" in result.sentence
    assert "100% of the positives and 15% of the negatives stand in a source that has both" in result.sentence


def test_few_films_cannot_tell_and_do_not_warn() -> None:
    result = source_label(films(a=(6, 4), b=(4, 6)), positive="covid")
    assert (result.verdict, result.warns) == ("CANNOT TELL", False)
    assert "cannot be told from these films" in result.sentence


def test_films_of_one_patient_count_together() -> None:
    frame = pd.concat([films(a=(30, 20), b=(20, 30))] * 8, ignore_index=True)
    frame["image"] = [f"{n}.png" for n in range(len(frame))]
    together = source_label(frame, positive="covid")
    apart = source_label(frame.assign(patient=None), positive="covid")
    assert (together.n, together.n_patients, apart.n_patients) == (800, 100, 800)
    assert together.high - together.low > 2 * (apart.high - apart.low)


@pytest.mark.parametrize("n_sources", [3, 40])
def test_many_small_sources_seldom_fail_by_chance(n_sources: int) -> None:
    failed = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        frame = films(a=(40, 80)).assign(source=rng.integers(0, n_sources, 120).astype(str))
        failed += source_label(frame, positive="covid", resamples=200).warns
    assert failed <= 5


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"source": None}, "The source of the films is unknown"),
        ({"label": "normal"}, "There is no film labelled covid"),
        ({"label": "covid"}, "There is no film with a label other than covid"),
        ({"label": None}, "There is no film labelled covid"),
    ],
)
def test_what_cannot_be_told_says_why_and_warns(change: dict[str, object], sentence: str) -> None:
    result = source_label(films(a=(5, 5), b=(5, 5)).assign(**change), positive="covid")
    assert (result.verdict, result.warns, result.auc) == ("CANNOT TELL", True, None)
    assert result.sentence.startswith(sentence)
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False))["auc"] is None


def test_without_a_source_column_it_cannot_be_told() -> None:
    result = source_label(films(a=(5, 5)).drop(columns="source"), positive="covid")
    assert (result.verdict, result.unknown_source) == ("CANNOT TELL", 10)


def test_a_class_whose_source_is_mostly_unknown_cannot_be_told() -> None:
    frame = films(a=(20, 0), b=(0, 20), c=(0, 30))
    frame.loc[frame["source"] == "c", "source"] = None
    assert source_label(frame, positive="covid").verdict == "CANNOT TELL"


def test_unlabelled_films_and_films_without_a_source_are_left_out_and_said() -> None:
    frame = films(a=(20, 0), b=(0, 40), c=(0, 5), d=(9, 9))
    frame.loc[frame["source"] == "c", "source"] = None
    frame.loc[frame["source"] == "d", "label"] = None
    result = source_label(frame, positive="covid")
    assert (result.verdict, result.n, result.unknown_source) == ("FAIL", 60, 5)
    assert "5 labelled films have no source and were left out" in result.notes


def test_the_json_carries_interval_method_n_and_unit() -> None:
    result = source_label(films(a=(20, 10), b=(10, 20)), positive="covid")
    as_json = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert set(as_json["auc"]) == {"value", "low", "high", "method", "n", "unit"}
    assert as_json["auc"]["unit"] == "patient"
    assert as_json["sources"][0] == {"source": "a", "positives": 20, "negatives": 10, "prevalence": 20 / 30}


@pytest.mark.films
@pytest.mark.skipif(not FILMS.exists(), reason="the real films are not beside the project")
def test_the_published_darkcovidnet_set_fails() -> None:
    frame = load_table(FILMS, check_files=False, label_column="darkcovidnet").frame
    result = source_label(frame, positive="covid", label_column="darkcovidnet")
    assert (result.verdict, result.warns, result.n) == ("FAIL", True, 1124)
    assert "(covid-chestxray; nih-chestxray14)" in result.sentence
    pooled = source_label(frame, positive="covid")
    assert pooled.verdict == "FAIL"
    assert pooled.auc == pytest.approx(0.961, abs=1e-3)
    one_source = source_label(frame[frame["source"] == "covid-chestxray"], positive="covid")
    assert not one_source.warns
