"""Published systems run again: `reproduce` sets every printed figure beside ours, and says what differs."""

from __future__ import annotations

from deepcovid.datasets.table import Table
from deepcovid.errors import TableError, UnknownNameError, did_you_mean
from deepcovid.progress import Progress, Silent
from deepcovid.runs.reproduction.outcome import Line, Reproduction, Wishes

__all__ = ["DOCUMENTS", "Line", "Reproduction", "Wishes", "reproduce"]

DOCUMENTS = ("deep-covid", "rawat", "darkcovidnet", "literature")


def reproduce(document: str, table: Table | None, *, wishes: Wishes, progress: Progress | None = None) -> Reproduction:
    """Run a document's set and set its figures beside ours.

    Args:
        document: "deep-covid", "rawat", "darkcovidnet" or "literature".
        table: the films; only "literature" goes without (printed figures alone).
        wishes: how, and where to.
        progress: told what happens.

    Raises:
        UnknownNameError: no such document.
        TableError: no films were given, or they have other labels.
    """
    progress = progress or Silent()
    if document not in DOCUMENTS:
        mend = f"{did_you_mean(document, DOCUMENTS)}choose one of: {', '.join(DOCUMENTS)}"
        raise UnknownNameError(f"there is no document {document!r}", mend=mend)
    if document == "literature":
        from deepcovid.runs.reproduction.literature import reproduce_literature

        return reproduce_literature(table, wishes, progress)
    if table is None:
        raise TableError(
            f"{document} is reproduced on films, and none were given", mend="name their table with --table"
        )
    if document == "deep-covid":
        from deepcovid.runs.reproduction.deep_covid import reproduce_deep_covid

        return reproduce_deep_covid(table, wishes, progress)
    if document == "rawat":
        from deepcovid.runs.reproduction.rawat import reproduce_rawat

        return reproduce_rawat(table, wishes, progress)
    from deepcovid.runs.reproduction.darkcovidnet import reproduce_darkcovidnet

    return reproduce_darkcovidnet(table, wishes, progress)
