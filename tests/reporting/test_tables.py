"""Tables say every number with its interval, the paper's beside Wilson's."""

from __future__ import annotations

import pandas as pd

from deepcovid.reporting import tables

from . import synthetic


def texts(table: tables.Table) -> list[list[str]]:
    return [[cell.text.replace("\u00a0", " ") for cell in row] for row in table.rows]


def test_the_papers_interval_has_its_own_column_beside_wilson() -> None:
    """39 of 40: the paper's 97.5 ± 4.8 (Table VI) and Wilson's 87.1–99.6 %."""
    frame = pd.DataFrame({"label": ["covid"] * 40 + ["normal"] * 10, "score": [0.1] + [0.9] * 39 + [0.1] * 10})
    point = synthetic.operating_point(frame, name="p", threshold=0.5, chosen_on="validation")
    table = tables.point_table(point)
    assert table.head[-1] == "paper's interval (Eq. 3)"
    row = texts(table)[0]
    assert row == ["sensitivity", "97.5 %", "87.1–99.6 %", "Wilson, 40 films", "97.5 ± 4.8 (92.7–102.3)"]


def test_the_true_coverage_of_the_papers_interval_is_said_where_known() -> None:
    evaluation = synthetic.evaluation()
    point = evaluation["operating_points"][0]
    row = {"name": point["name"], "sensitivity_coverage": 0.636, "specificity_coverage": 0.939}
    papers = {"interval": {"rows": [row]}}
    assert "63.6\u00a0% of cases for sensitivity" in tables.point_table(point, papers).note
    assert "cases" not in tables.point_table(point, evaluation["paper"]).note


def test_an_undefined_measure_is_a_dash() -> None:
    point = synthetic.evaluation()["operating_points"][0]
    point["precision"] = {"value": None, "low": None, "high": None, "method": "Wilson", "n": 0, "unit": "image"}
    row = next(row for row in texts(tables.point_table(point)) if row[0] == "precision")
    assert row[1:3] == ["–", "–"]


def test_the_longer_side_of_counts_runs_down_the_page() -> None:
    wide = pd.DataFrame(
        1, index=pd.Index(["covid", "normal"], name="label"), columns=[f"hospital {i}" for i in range(9)]
    )
    table = tables.counts_table("by_source", wide)
    assert table.caption == "By source"
    assert len(table.rows) == 9
    assert list(table.head[1:]) == ["covid", "normal"]


def test_text_columns_of_an_unnamed_frame_name_its_rows() -> None:
    long = pd.DataFrame({"label": ["covid", "normal"], "source": ["a", "b"], "films": [3, 4], "patients": [2, None]})
    table = tables.counts_table("films", long)
    assert texts(table) == [["covid · a", "3", "2"], ["normal · b", "4", "–"]]
    assert table.head[0] == "Label · source"


def test_zero_is_not_shaded_and_the_largest_is_darkest() -> None:
    cells = [cell for row in tables.counts_table("x", synthetic.counts("by source")).rows for cell in row[1:]]
    assert {cell.shade for cell in cells if cell.text == "0"} == {0.0}
    assert max(cells, key=lambda cell: cell.shade or 0).text == "1,120"


def test_the_kept_epoch_stands_between_first_and_last() -> None:
    assert [row[0] for row in texts(tables.epochs_table(synthetic.history()))] == ["first, 1", "kept, 24", "last, 40"]
