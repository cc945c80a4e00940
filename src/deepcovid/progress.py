"""How long work speaks to whoever waits: sentences and bars, silent unless someone listens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """What long functions call; the command line shows it with rich, the library is silent by default."""

    def say(self, sentence: str) -> None:
        """One line for the reader: what begins, what was chosen, what was left out."""

    def warn(self, sentence: str) -> None:
        """One line that the reader must not miss."""

    def track(self, things: Iterable[T], *, description: str, total: int | None = None) -> Iterator[T]:
        """The same things, with a bar that moves as they are taken."""


class Silent:
    """Says nothing."""

    def say(self, sentence: str) -> None:
        """Nothing."""

    def warn(self, sentence: str) -> None:
        """Nothing."""

    def track(self, things: Iterable[T], *, description: str, total: int | None = None) -> Iterator[T]:
        """The same things."""
        yield from things
