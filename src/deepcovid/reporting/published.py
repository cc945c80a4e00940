"""The figures that the documents print, as data: what a reproduction is held against, each with its place and citation."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, get_args

from deepcovid.errors import UnknownNameError, did_you_mean

Document = Literal["deep-covid", "rawat", "darkcovidnet", "literature"]


@dataclass(frozen=True, kw_only=True)
class PublishedFigure:
    """One printed figure.

    Attributes:
        document: which of the four tables of figures it stands in.
        place: the table or figure of the publication.
        system: its name there.
        recipe: the recipe that follows it, by name; empty: there is none.
        metric: what was measured: "sensitivity", "validation_loss", "model_size", …
        value: the figure, in `unit`; None where the publication prints none.
        low, high: its printed limits, not cut at 1 where the publication does not; None without an interval.
        threshold: a film is called positive from this score on; None where it is not told.
        n_positive, n_negative, n: films of either class, and those that the figure is a share of; None where not told.
        unit: "fraction" in [0, 1], "nats" (a loss), "MB" or "count".
        citation: the publication, and who is quoted there.
        note: what must be said with it.
    """

    document: Document
    place: str
    system: str
    recipe: str
    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    threshold: float | None = None
    n_positive: int | None = None
    n_negative: int | None = None
    n: int | None = None
    unit: Literal["fraction", "nats", "MB", "count"] = "fraction"
    citation: str = ""
    note: str = ""


def published(document: Document) -> list[PublishedFigure]:
    """The printed figures of a document, in its order.

    Args:
        document: "deep-covid" (Minaee et al. 2020), "rawat" (his own four networks), "darkcovidnet" (Ozturk et al. 2020),
            or "literature" (the systems of others that Rawat's Table 1 quotes).

    Raises:
        UnknownNameError: no such document.
    """
    if document not in get_args(Document):
        choices = get_args(Document)
        mend = f"{did_you_mean(document, choices)}choose one of: {', '.join(choices)}"
        raise UnknownNameError(f"there are no published figures of {document!r}", mend=mend)
    text = files("deepcovid").joinpath("reporting", "published_figures", f"{document}.csv").read_text(encoding="utf-8")
    return [_figure(document, row) for row in csv.DictReader(io.StringIO(text))]


def _figure(document: Document, row: dict[str, str]) -> PublishedFigure:
    numbers = {name: float(row[name]) if row[name] else None for name in ("value", "low", "high", "threshold")}
    counts = {name: int(row[name]) if row[name] else None for name in ("n_positive", "n_negative", "n")}
    words = {name: row[name] for name in ("place", "system", "recipe", "metric", "unit", "citation", "note")}
    return PublishedFigure(document=document, **numbers, **counts, **words)  # type: ignore[arg-type]
