"""The table of docs/sources.md, made from the registry of sources.

    python docs/make_sources.py

A test fails where the page and the registry differ.
"""

from __future__ import annotations

from pathlib import Path

from deepcovid.datasets.sources import SOURCES
from deepcovid.datasets.sources.catalogue import with_table
from deepcovid.storage import write_text

PAGE = Path(__file__).resolve().parent / "sources.md"


def main() -> None:
    """Write the page anew."""
    page = with_table(PAGE.read_text(encoding="utf-8"), [SOURCES[name] for name in SOURCES])
    write_text(PAGE, page)


if __name__ == "__main__":
    main()
