"""What is told of films: unknown stays unknown, and no target says which source a film is from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepcovid.training.pretrain.targets import LEAST, targets_of


def _rows(source: str, **columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame(columns).assign(source=source)


def test_findings_a_source_does_not_name_are_unknown_there() -> None:
    north = _rows("north", findings=["Effusion|Pneumonia", "No Finding"] * LEAST, view=["PA", "AP Supine"] * LEAST)
    south = _rows("south", findings=["pneumonia", "normal"] * LEAST, view=["AP", "AP"] * LEAST)
    targets = targets_of(pd.concat([north, south], ignore_index=True))
    told = dict(zip(targets.names, targets.told.T, strict=True))
    assert set(told) == {"view AP", "abnormal", "effusion", "pneumonia"}
    first, second = np.arange(2 * LEAST), np.arange(2 * LEAST, 4 * LEAST)
    assert told["effusion"][first].tolist() == [1, 0] * LEAST
    assert np.isnan(told["effusion"][second]).all()
    assert told["pneumonia"].tolist() == [1, 0] * 2 * LEAST
    assert told["view AP"][first].tolist() == [0, 1] * LEAST
    assert np.isnan(told["view AP"][second]).all()  # all AP: it would say "south"
    assert targets.counts()["effusion"] == {"with": LEAST, "without": LEAST}


def test_empty_cells_are_unknown_and_labels_stand_in_for_findings() -> None:
    frame = _rows("", label=["covid", "normal", None] * LEAST, sex=["M", "F", "?"] * LEAST, age=[50, None, 20] * LEAST)
    targets = targets_of(frame)
    told = dict(zip(targets.names, targets.told.T, strict=True))
    assert np.array_equal(told["covid"][:3], [1, 0, np.nan], equal_nan=True)
    assert np.array_equal(told["sex M"][:3], [1, 0, np.nan], equal_nan=True)
    assert np.array_equal(targets.age[:3], np.float32([0.5, np.nan, 0.2]), equal_nan=True)


def test_a_table_that_tells_nothing_has_no_targets() -> None:
    targets = targets_of(pd.DataFrame({"image": ["a", "b"]}))
    assert targets.names == ()
    assert targets.told.shape == (2, 0)
    assert np.isnan(targets.age).all()
