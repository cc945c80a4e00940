"""Tables of a comparison: figures with their intervals, differences with their sign, no more digits than mean something."""

from __future__ import annotations

from typing import Any

import pytest

from deepcovid.reporting.comparison_report import render_comparison
from deepcovid.reporting.comparison_tables import comparison_tables, long_rows, p_value, signed_interval
from deepcovid.runs.compare import Compared, compare_runs
from tests.runs.compared import films, make_run


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    folder = tmp_path_factory.mktemp("runs")
    paths = [make_run(folder / name, films(), gap=gap, seed=seed) for name, gap, seed in (("a", 3, 1), ("b<i>", 1, 2))]
    return compare_runs(paths)


def row(table: Any, name: str) -> dict[str, str]:
    cells = next(row for row in table.rows if row[0].text == name)
    return dict(zip(table.head, (cell.text.replace("\u00a0", " ") for cell in cells), strict=True))


def test_rawats_columns_stand_for_the_kept_and_the_last_epoch(compared: Compared) -> None:
    training, size, judged, pair = comparison_tables(compared.told)
    assert [cell.text for cell in training.rows[0]][1] == "kept: 2 of 3 (30 allowed)"
    assert row(training, "a")["validation accuracy"] == "60.0 % (38.7–78.1 %; 20 films)"
    assert [cells[1].text for cells in training.rows] == ["kept: 2 of 3 (30 allowed)", "last: 3 of 3 (30 allowed)"] * 2
    assert row(size, "a")["of them trained"] == "10"
    assert "Wilson" in row(judged, "a")["sensitivity"]
    assert pair.caption == "a against b<i>"


def test_the_difference_of_the_areas_comes_first_with_its_interval(compared: Compared) -> None:
    pair = comparison_tables(compared.told)[-1]
    first = row(pair, "AUC")
    entry = compared.told["pairs"][0]["differences"][0]
    assert pair.rows[0][0].text == "AUC"
    assert first["first − second (95 % interval)"] == signed_interval(entry["difference"], as_points=False)
    assert first["how, n and unit"] == "DeLong, paired, 40 films"


def test_signs_points_and_p_values() -> None:
    told = {"value": -0.0834, "low": -0.2, "high": 0.00001}
    assert signed_interval(told, as_points=True) == "−8.3 (−20.0 to 0.0) points"
    assert signed_interval(told, as_points=False) == "−0.083 (−0.200 to 0.000)"
    assert [p_value(p) for p in (None, 1e-9, 0.00149, 0.0449, 0.3651, 0.9999)] == [
        "–",
        "< 0.001",
        "0.001",
        "0.045",
        "0.37",
        "1",
    ]


def test_every_figure_is_a_row(compared: Compared) -> None:
    rows = long_rows(compared.told)
    assert sum(row["quantity"] == "AUC" for row in rows) == 2
    differences = [row for row in rows if row["quantity"].startswith("difference")]
    assert len(differences) == 7
    assert all(row["run"] == "a − b<i>" and row["p_holm"] is not None for row in differences)


def test_the_page_holds_tables_and_both_figures_and_escapes_names(compared: Compared) -> None:
    page = render_comparison(compared.told, evaluations=compared.evaluations, histories=compared.histories)
    assert page.count("<svg role") == 2
    assert "b&lt;i&gt;" in page
    assert "b<i>" not in page
    assert "<script" not in page
    assert page.count("<table") == 4
    assert "http" not in page.replace("http://www.w3.org", "")
