"""How long work speaks to whoever waits: sentences and bars, silent unless someone listens."""

from __future__ import annotations

import time
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


class Inside:
    """Work within work that has a bar: no bar of its own, a line now and then, every warning as a sentence under a name.

    Args:
        outer: whom the work around it speaks to.
        name: put before every warning.
        pause: seconds between two sentences.
    """

    def __init__(self, outer: Progress, *, name: str, pause: float = 5.0) -> None:
        self.outer, self.name, self.pause = outer, name, pause
        self._spoke = time.monotonic()

    def say(self, sentence: str) -> None:
        """The sentence, unless another one was just said."""
        if time.monotonic() - self._spoke > self.pause:
            self._spoke = time.monotonic()
            self.outer.say(sentence)

    def warn(self, sentence: str) -> None:
        """The warning, with the name; of one part among many it is no warning for the whole."""
        self.outer.say(f"{self.name}: {sentence}")

    def track(self, things: Iterable[T], *, description: str, total: int | None = None) -> Iterator[T]:
        """The same things, and a line now and then: one part may take minutes in which the bar around it stands still."""
        for number, thing in enumerate(things, 1):
            yield thing
            self.say(f"{self.name}: {description} {number} of {total or '?'}")
