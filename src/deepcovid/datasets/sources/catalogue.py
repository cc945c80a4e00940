"""The registered collections as a table for the documentation."""

from __future__ import annotations

from collections.abc import Iterable

from deepcovid.datasets.sources.counts import counts_line
from deepcovid.datasets.sources.source import Source

BEGIN, END = "<!-- sources: begin -->", "<!-- sources: end -->"
HEAD = "| name | what it is | access | licence | counts |\n|---|---|---|---|---|"


def markdown_table(sources: Iterable[Source]) -> str:
    """A Markdown table with one row a source: name, title with its address, access, licence, published counts."""
    return "\n".join([HEAD, *(_row(source) for source in sources)]) + "\n"


def with_table(page: str, sources: Iterable[Source]) -> str:
    """The page with the table between its two marks made anew.

    Raises:
        ValueError: a mark is absent.
    """
    before, rest = page[: page.index(BEGIN) + len(BEGIN)], page[page.index(END) :]
    return f"{before}\n{markdown_table(sources)}{rest}"


def _row(source: Source) -> str:
    version = f"; {source.version}" if source.version else ""
    cells = (
        f"`{source.name}`",
        f"[{source.title}]({source.home})",
        source.access,
        source.licence,
        f"{counts_line(source.expected)}{version}",
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
