"""What a reproduction says: each published figure beside ours with its interval, and what differs between the two."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepcovid.evaluation.intervals import Interval
from deepcovid.reporting.published import PublishedFigure
from deepcovid.runs.settings import Settings

FROZEN = "The frozen backbone"  # how the warning of random features begins
SMOKE = "This was a smoke run (--quick): it shows that everything runs. Its figures say nothing of any system."


def in_order(warnings: list[str]) -> tuple[str, ...]:
    """Each warning once; what concerns the films before what concerns one network's weights."""
    return tuple(sorted(dict.fromkeys(warnings), key=lambda warning: warning.startswith(FROZEN)))


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What is reproduced, and how.

    Attributes:
        table: films, with the labels that the document names.
        out: the folder of all its runs; what is finished there is not computed again.
        weights: for every network: "imagenet", "none", a file, or a folder with a file or detector for each recipe.
        quick: two epochs, one fold: whether it runs.
        epochs: instead of the recipe's.
        folds: which folds, from 1; empty: all.
        groupings: how folds are made: "image" as the papers did, "patient".
        classes: DarkCovidNet: 2, 3 or both.
        recipes: some of the document's recipes; empty: all.
        settings: labels, device, threads.
    """

    table: Path | None
    out: Path
    weights: str | None = None
    quick: bool = False
    epochs: int | None = None
    folds: tuple[int, ...] = ()
    groupings: tuple[str, ...] = ("image", "patient")
    classes: tuple[int, ...] = (2, 3)
    recipes: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One published figure and ours.

    Attributes:
        published: the figure as printed, with its place and citation.
        ours: the figure here with its interval, n and unit; None where it was not computed.
        how: how ours was made, or why there is none.
    """

    published: PublishedFigure | None
    system: str
    metric: str
    ours: Interval | None
    how: str
    number: float | None = None  # ours, where it is a count or a loss and has no interval

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able values."""
        printed = self.published
        return {
            "system": self.system,
            "metric": self.metric,
            "published": None
            if printed is None
            else {
                name: getattr(printed, name)
                for name in (
                    "place",
                    "value",
                    "low",
                    "high",
                    "threshold",
                    "n_positive",
                    "n_negative",
                    "n",
                    "unit",
                    "citation",
                    "note",
                )
            },
            "ours": None if self.ours is None else self.ours.to_dict(),
            "number": self.number,
            "how": self.how,
        }


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """A document's figures beside ours.

    Attributes:
        document: its name on the command line.
        title: the publication.
        lines: figures, in the document's order.
        same_data: whether ours are its films, in a sentence.
        same_weights: whether ours started from its weights, in a sentence.
        differences: one sentence on every other difference.
        to_know: what a reader of the document should know.
        warnings: what must be read first (the runs' own warnings, the audit's sentence).
        runs: the folders that the figures come from.
        figures: SVG text by title.
        layers: of each network, as `LayerTable.to_dict()` gives them.
    """

    document: str
    title: str
    lines: tuple[Line, ...]
    same_data: str
    same_weights: str
    differences: tuple[str, ...] = ()
    to_know: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    figures: dict[str, str] = field(default_factory=dict)
    layers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able values, without the pictures."""
        return {
            "format": 1,
            "document": self.document,
            "title": self.title,
            "warnings": list(self.warnings),
            "same_data": self.same_data,
            "same_weights": self.same_weights,
            "differences": list(self.differences),
            "to_know": list(self.to_know),
            "lines": [line.to_dict() for line in self.lines],
            "runs": list(self.runs),
            "layers": self.layers,
        }
