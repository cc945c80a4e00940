"""What a published collection is: where it comes from, under which licence, how many films it has, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd

from deepcovid.registry import Registry

Access = Literal["open", "registration", "request"]
COUNTED = ("images", "patients", "modality:", "view:", "label:")  # what `expected` may count


@dataclass(frozen=True)
class Parsed:
    """What a collection's own metadata say, every row of it; nothing is dropped yet.

    Attributes:
        frame: one row a film with our columns (`image` relative to the collection's folder, `label`, `findings`
            joined by "|", `patient`, `source`, `view`, `modality`, `sex`, `age` in years, `date`, `license`), then the
            collection's own columns, renamed `original_<name>` where they have the name of one of ours. The index
            tells where a row came from: the row number that a spreadsheet shows, or "train.csv row 7".
        notes: sentences that a user of the films must know.
        metadata: the file to name in messages about rows; None where there is none.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    metadata: Path | None = None


Reader = Callable[[Path], Parsed]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A published collection of films.

    Attributes:
        name: how it is called here, in small letters with hyphens.
        title: its full name.
        home: its address.
        licence: what its films may be used for, as its owners say; "per film" where its metadata tell.
        citation: the publication that its owners ask for.
        access: "open" (anyone downloads it), "registration" (after agreeing to terms) or "request" (asked of a person).
        steps: how a person gets a copy, one step a string; printed where it cannot be fetched.
        layout: the files that are looked for, one a line, relative to the collection's folder.
        expected: published counts, of metadata rows before anything is dropped: "images", "patients", "modality:CT",
            "view:PA", "label:covid" → how many.
        version: the release, commit or date that `expected` belongs to.
        other_versions: the same counts of other known releases.
        read: from the collection's folder to all that its metadata say; refuses damage with row numbers.
    """

    name: str
    title: str
    home: str
    licence: str
    citation: str
    access: Access
    layout: str
    expected: Mapping[str, int]
    read: Reader
    steps: tuple[str, ...] = ()
    version: str = ""
    other_versions: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.access not in get_args(Access):
            raise ValueError(f"{self.name}: access is {self.access!r}; allowed are {', '.join(get_args(Access))}")
        for counts in (self.expected, *self.other_versions.values()):
            odd = [key for key in counts if not key.startswith(COUNTED)]
            if odd:
                raise ValueError(f"{self.name}: {odd[0]!r} cannot be counted; allowed are {', '.join(COUNTED)}…")

    @property
    def versions(self) -> dict[str, Mapping[str, int]]:
        """The counts of every known release, the one that is described first."""
        return {self.version or "as published": self.expected, **self.other_versions}

    def to_dict(self) -> dict[str, Any]:
        """Everything but the reader, as JSON holds it."""
        plain = {name: getattr(self, name) for name in ("name", "title", "home", "licence", "citation", "access")}
        counts = {version: dict(expected) for version, expected in self.versions.items()}
        return {**plain, "steps": list(self.steps), "layout": self.layout.splitlines(), "expected": counts}


SOURCES = Registry[Source]("source")


def register_source(
    *,
    name: str,
    title: str,
    home: str,
    licence: str,
    citation: str,
    access: Access,
    layout: str,
    expected: Mapping[str, int],
    steps: tuple[str, ...] = (),
    version: str = "",
    other_versions: Mapping[str, Mapping[str, int]] | None = None,
) -> Callable[[Reader], Reader]:
    """A decorator that enters the reader of a collection under `name`; see `Source` for the arguments."""

    def enter(read: Reader) -> Reader:
        source = Source(
            name=name,
            title=title,
            home=home,
            licence=licence,
            citation=citation,
            access=access,
            layout=layout,
            expected=dict(expected),
            steps=steps,
            version=version,
            other_versions=dict(other_versions or {}),
            read=read,
        )
        SOURCES.add(name, source)
        return read

    return enter
