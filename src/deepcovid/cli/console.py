"""How the command line speaks: results on standard output, everything else on standard error."""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from deepcovid.errors import DeepCovidError

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")
SILENCE = 5.0  # seconds without a line after which progress is told to a log


def console(*, error: bool = False) -> Console:
    """A rich console on standard output, or on standard error."""
    from rich.console import Console

    return Console(stderr=error, highlight=False, soft_wrap=True)


class Spoken:
    """Progress on standard error: lines, and bars where it is a terminal."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self._spoke = time.monotonic()
        self._console = console(error=True)

    def __reduce__(self) -> tuple[object, ...]:
        """For a process side by side: a console has locks, and is made anew there."""
        return functools.partial(Spoken, quiet=self.quiet), ()

    def say(self, sentence: str) -> None:
        """A line, unless quiet."""
        self._spoke = time.monotonic()
        if not self.quiet:
            self._console.print(sentence, style="dim", markup=False)

    def warn(self, sentence: str) -> None:
        """A line, always."""
        self._console.print(f"warning: {sentence}", style="yellow", markup=False)

    def track(self, things: Iterable[T], *, description: str, total: int | None = None) -> Iterator[T]:
        """A bar with time left; where standard error is no terminal, a line now and then."""
        if self.quiet or total == 0:
            yield from things
        elif self._console.is_terminal:
            yield from self._bar(things, description, total)
        else:
            yield from self._lines(things, description, total)

    def _bar(self, things: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as bar:
            yield from bar.track(things, total=total, description=description)

    def _lines(self, things: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        for number, thing in enumerate(things, 1):
            yield thing
            if time.monotonic() - self._spoke > SILENCE:
                self.say(f"{description}: {number} of {total or '?'}")


def command_line() -> str:
    """The command as it was typed, for the record of a run."""
    import shlex

    return shlex.join(["deepcovid", *sys.argv[1:]])


def refuse_overwriting(outputs: Iterable[Path | None], *, inputs: Iterable[Path]) -> None:
    """Raise where a file to write is one of those that were read, or cannot be one: before any work, not after it.

    Raises:
        DeepCovidError: naming the file.
    """
    # realpath, since Path.resolve gives up on links in a circle
    read = {os.path.realpath(path) for path in inputs}
    for path in outputs:
        if path is None or str(path) == "-":
            continue
        if path.is_dir():
            raise DeepCovidError("this is a folder, and a file is to be written", path=path, mend="name a file in it")
        if os.path.realpath(path) in read:
            raise DeepCovidError("this is an input; nothing was written", path=path, mend="name another file to write")


def require_folder(path: Path | None) -> None:
    """Raise where results cannot go into a folder, because a file stands there: before any work, not after it.

    Raises:
        DeepCovidError: naming the file.
    """
    there = next((place for place in (path, *path.parents) if place.exists()), None) if path is not None else None
    if there is not None and not there.is_dir():
        raise DeepCovidError("this is a file, and a folder is to be written", path=there, mend="choose another --out")


def say_error(message: str) -> None:
    """An error on standard error, without a traceback."""
    console(error=True).print(f"error: {message}", style="bold red", markup=False)


def names_of(text: str | None) -> tuple[str, ...]:
    """The names in an option such as "normal,pneumonia,covid"; none where it was not given."""
    return tuple(name for name in (part.strip() for part in (text or "").split(",")) if name)
