"""Tests of counting what a table holds."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from deepcovid.datasets.summary import count_table, describe
from deepcovid.datasets.table import load_table
from deepcovid.evaluation.facets import age_bands
from tests.datasets.making import FILMS, table

COLUMNS = {
    "label": ["covid", "covid", "covid", "normal", None],
    "source": ["x", "x", "y", "y", "y"],
    "patient": ["1", "1", "1", None, "2"],
    "split": ["test", "test", "train", "val", None],
    "age": [17.9, 18, np.nan, 80, 60],
}


def test_films_and_patients_are_both_counted() -> None:
    counts = count_table(table(COLUMNS).frame, ["label", "source"])
    assert counts.astype(object).where(counts.notna(), None).to_numpy().tolist() == [
        ["covid", "x", 2, 1],
        ["covid", "y", 1, 1],
        ["normal", "y", 1, None],
        ["unknown", "y", 1, 1],
    ]


def test_a_column_that_is_absent_counts_as_unknown() -> None:
    assert count_table(table(COLUMNS).frame, ["view"]).iloc[0].tolist() == ["unknown", 5, 3]


def test_a_summary_of_everything() -> None:
    summary = describe(table(COLUMNS).with_note("a note"))
    assert (summary.films, summary.patients, summary.without_patient, summary.without_label) == (5, 3, 1, 1)
    assert set(summary.facets) == {"source", "split", "age band"}
    assert summary.crosstab("split").to_dict() == {
        "train": {"covid": 1, "normal": 0, "unknown": 0},
        "test": {"covid": 2, "normal": 0, "unknown": 0},
        "val": {"covid": 0, "normal": 1, "unknown": 0},
        "unknown": {"covid": 0, "normal": 0, "unknown": 1},
    }
    assert summary.facets["split"].query("label == 'covid'")["split"].tolist() == ["train", "test"]
    assert summary.ages.query("label == 'covid'")["known"].tolist() == [2]
    as_json = json.loads(json.dumps(summary.to_dict(), allow_nan=False))
    assert as_json["labels"] == [
        {"label": "covid", "films": 3, "patients": 2},
        {"label": "normal", "films": 1, "patients": None},
        {"label": "unknown", "films": 1, "patients": 1},
    ]
    assert as_json["notes"] == ["a note"]


def test_a_table_of_images_alone_can_be_described() -> None:
    summary = describe(table({"label": ["a", "b"]}), label_column="finding")
    assert (summary.patients, summary.without_label, summary.facets) == (None, 2, {})
    assert summary.to_dict()["ages"] == []


def test_age_bands_have_no_gap() -> None:
    bands = age_bands(pd.Series([0, 17.99, 18, 39.5, 40, 59, 60, 79.9, 80, 120, np.nan]))
    assert bands.tolist()[:10] == [
        *["0–17"] * 2, *["18–39"] * 2, *["40–59"] * 2, *["60–79"] * 2, *["80+"] * 2,
    ]  # fmt: skip
    assert bands.isna().tolist() == [False] * 10 + [True]


@pytest.mark.films
@pytest.mark.skipif(not FILMS.exists(), reason="the real films are not beside the project")
def test_the_real_films_are_counted() -> None:
    summary = describe(load_table(FILMS, check_files=False))
    assert (summary.films, summary.patients, summary.without_label) == (1803, 1262, 15)
    assert summary.crosstab("source").loc["covid"].to_dict() == {
        "covid-chestxray": 431, "figure1": 35, "kermany-paediatric": 0, "nih-chestxray14": 0,
    }  # fmt: skip
