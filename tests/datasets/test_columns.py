"""Tests of who a film belongs to."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from deepcovid.datasets.columns import group_ids, patient_ids, text_column

cells = st.one_of(st.none(), st.text(max_size=4), st.sampled_from(['a"', '","', "a, b"]))


@given(st.lists(st.tuples(cells, cells), min_size=2, max_size=8))
def test_two_films_share_an_id_exactly_where_source_and_patient_are_equal(pairs: list[tuple[str, str]]) -> None:
    frame = pd.DataFrame(pairs, columns=["source", "patient"]).astype(object)
    frame["image"] = [f"{row}.png" for row in range(len(frame))]
    ids, groups = patient_ids(frame).tolist(), group_ids(frame).tolist()
    for i, (source_i, patient_i) in enumerate(pairs):
        assert pd.isna(ids[i]) == (patient_i is None)
        for j, (source_j, patient_j) in enumerate(pairs):
            same = patient_i is not None and patient_i == patient_j and (source_i or "") == (source_j or "")
            assert (ids[i] is not None and ids[i] == ids[j]) == same
            assert (groups[i] == groups[j]) == (same or i == j)


def test_the_same_number_in_two_hospitals_is_two_patients() -> None:
    frame = pd.DataFrame({"image": ["a", "b"], "source": ["x", "y"], "patient": ["1", "1"]})
    assert patient_ids(frame).nunique() == 2


def test_a_column_that_is_absent_is_unknown_everywhere() -> None:
    column = text_column(pd.DataFrame({"image": ["a", "b"]}, index=[7, 9]), "view")
    assert column.isna().all()
    assert column.index.tolist() == [7, 9]


def test_a_person_stands_above_sources_and_patients() -> None:
    frame = pd.DataFrame(
        {
            "image": ["a", "b", "c", "d"],
            "source": ["north", "south", "south", None],
            "patient": ["1", "1", "1", None],
            "person": ["x", "x", None, "x"],
        }
    )
    first, second, third, fourth = patient_ids(frame)
    assert first == second == fourth != third
    assert third == patient_ids(frame.drop(columns="person"))[2]
