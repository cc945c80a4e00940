from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.datasets.sources import SOURCES, import_source
from deepcovid.datasets.sources.catalogue import BEGIN, END, markdown_table, with_table
from deepcovid.errors import TableError
from tests.datasets.sources.making import write_rows
from tests.datasets.sources.test_covid_chestxray import MARCH, march

PAGE = Path(__file__).resolve().parents[3] / "docs" / "sources.md"
# a test of the documentation registers its example, too
PACKAGED = [SOURCES[name] for name in SOURCES if SOURCES[name].read.__module__.startswith("deepcovid.")]


def test_the_page_is_what_the_registry_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page, PACKAGED), "python docs/make_sources.py makes it anew"


def test_the_errors_are_as_shown(tmp_path: Path) -> None:
    rows = [march(n, "COVID-19", "PA", f"{n}.jpg") for n in range(6)]
    rows[1] = march(1, "COVID-19", "sideways", "1.jpg")
    rows[5] = march(5, "COVID-19", "PA", "5.jpg", age="6O")
    write_rows(tmp_path / "metadata.csv", MARCH, rows)
    page = PAGE.read_text(encoding="utf-8")
    shown = page[page.index("error: ") : page.index("```\n\nA name")].splitlines()
    with pytest.raises(TableError) as caught:
        import_source(tmp_path, name="covid-chestxray")
    told = str(caught.value).splitlines()
    assert shown[0].partition("metadata.csv: ")[2] == told[0].partition("metadata.csv: ")[2]
    assert shown[1:] == told[1:]


def test_the_table_has_one_row_a_source_and_no_broken_cell() -> None:
    lines = markdown_table(PACKAGED).splitlines()
    assert len(lines) == 2 + len(PACKAGED)
    assert {line.replace("\\|", "").count("|") for line in lines} == {6}
    assert all(f"| `{source.name}` | [{source.title}]({source.home}) |" in "\n".join(lines) for source in PACKAGED)


def test_the_rest_of_the_page_stays() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert with_table(page, []).startswith("before\n")
    assert with_table(page, []).endswith(f"{END}\nafter\n")
    assert "old" not in with_table(page, [])
