from __future__ import annotations

from pathlib import Path

from deepcovid.datasets.sources import SOURCES
from deepcovid.datasets.sources.catalogue import BEGIN, END, markdown_table, with_table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "sources.md"
# a test of the documentation registers its example, too
PACKAGED = [SOURCES[name] for name in SOURCES if SOURCES[name].read.__module__.startswith("deepcovid.")]


def test_the_page_is_what_the_registry_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page, PACKAGED), "python docs/make_sources.py makes it anew"


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
