"""Reporting checklists, filled from a run where the run knows, and marked for the author where it does not."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

OPEN = "for you to fill"


@dataclass(frozen=True)
class Checklist:
    """A checklist.

    Attributes:
        name: its file.
        title: its title.
        source: where it was published. Topics here are in our own few words; the publication has the full text.
    """

    name: str
    title: str
    source: str


CHECKLISTS = (
    Checklist("claim", "CLAIM 2024", "Tejani et al. 2024, Radiology: Artificial Intelligence 6(4):e240300"),
    Checklist("tripod_ai", "TRIPOD+AI", "Collins et al. 2024, BMJ 385:e078378"),
)


@dataclass(frozen=True)
class Item:
    """One item: its number, section and topic, and what fills it (empty: the author)."""

    item: str
    section: str
    topic: str
    fill: str


def items_of(checklist: Checklist) -> list[Item]:
    """The items in order."""
    text = resources.files(__package__).joinpath(f"{checklist.name}.csv").read_text(encoding="utf-8")
    return [Item(**row) for row in csv.DictReader(io.StringIO(text))]


def filled(checklist: Checklist, facts: Mapping[str, str]) -> str:
    """The checklist as Markdown: a row an item, with what the run knows, or "for you to fill".

    Args:
        checklist: which.
        facts: sentences by what they fill; an absent or empty one leaves the item to the author.
    """
    items = items_of(checklist)
    told = [(one, " ".join(facts.get(one.fill, "").split()).replace("|", "\\|")) for one in items]
    known = sum(bool(answer) for _, answer in told)
    lines = [
        f"# {checklist.title}",
        "",
        f"{checklist.source}. Topics in our own few words; the publication has the full text of each item.",
        "",
        f"{known} of {len(items)} items have something from the run; what the run cannot know is marked **{OPEN}**. An item "
        "that has something is not thereby complete: read it as a draft.",
        "",
        "| item | section | topic | from the run |",
        "| --- | --- | --- | --- |",
    ]
    lines += [f"| {one.item} | {one.section} | {one.topic} | {answer or f'**{OPEN}**'} |" for one, answer in told]
    return "\n".join(lines) + "\n"
