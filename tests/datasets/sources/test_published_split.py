"""Tests of when a published split is taken over."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from deepcovid.datasets.sources.published_split import published_split

SIDES = st.sampled_from(["train", "val", "test", None])
PEOPLE = st.sampled_from(["p1", "p2", "p3", None])


@given(st.lists(st.tuples(SIDES, PEOPLE), min_size=1))
def test_a_split_is_taken_over_exactly_where_no_known_patient_stands_on_two_sides(
    rows: list[tuple[str | None, str | None]],
) -> None:
    split, patient = (pd.Series(column, dtype=object) for column in zip(*rows, strict=True))
    sides: dict[str, set[str]] = {}
    for side, who in rows:
        if side and who:
            sides.setdefault(who, set()).add(side)
    torn = [who for who, several in sides.items() if len(several) > 1]
    columns, notes = published_split(split, patient)
    if torn:
        assert columns["split"].isna().all()
        assert columns["published_split"].equals(split)
        assert notes[0].startswith(f"{len(torn)} patients stand on several sides")
        assert not any(who in notes[0] for who in torn), "no patient's id reaches a log"
    else:
        assert list(columns) == ["split"]
        assert columns["split"].equals(split)
        assert notes == []
