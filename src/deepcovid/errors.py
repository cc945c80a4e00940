"""Errors that a user can act on: the thing, what was wrong, and the mend, in one sentence each."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


def printable(text: object) -> str:
    """The text with control characters and broken letters escaped: a file's name must not draw on a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in str(text))


def did_you_mean(name: str, known: Iterable[object], *, cutoff: float = 0.6) -> str:
    """The beginning of a mend: "did you mean 'covid'? " where a known name is near, whatever its case; else "".

    Args:
        name: what came.
        known: what there is.
        cutoff: how alike the two must be, as difflib's ratio in [0, 1].
    """
    plain = {str(one).casefold(): str(one) for one in known}
    close = difflib.get_close_matches(str(name).casefold(), plain, n=1, cutoff=cutoff)
    return f"did you mean {plain[close[0]]!r}? " if close else ""


class DeepCovidError(Exception):
    """A problem that the user can mend; the command line prints it without a traceback.

    Args:
        problem: what is wrong: the thing, what came, what was allowed.
        mend: what to do about it, as an imperative.
        path: the file or folder concerned, named first in the message.
    """

    exit_code = 2

    def __init__(self, problem: str, *, mend: str = "", path: Path | str | None = None) -> None:
        self.problem, self.mend, self.path = problem, mend, None if path is None else Path(path)
        head = f"{printable(path)}: " if path is not None else ""
        tail = f" → {mend}" if mend else ""
        super().__init__(f"{head}{problem}{tail}")


class TableError(DeepCovidError):
    """A table of films that cannot be used; `problems` holds every finding, with row numbers."""

    def __init__(
        self, problem: str, *, mend: str = "", path: Path | str | None = None, problems: Iterable[str] = ()
    ) -> None:
        self.problems = list(problems)
        text = problem if not self.problems else problem + "\n  " + "\n  ".join(self.problems)
        super().__init__(text, mend=mend, path=path)


class ImageError(DeepCovidError):
    """A file that is no readable film."""


class ScoresError(DeepCovidError):
    """A scores table that cannot be evaluated."""


class RecipeError(DeepCovidError):
    """A recipe with unknown keys or values out of range."""


class FetchError(DeepCovidError):
    """A file that cannot be had from where it was looked for, or is not the expected one.

    Args:
        unreachable: whether the server did not answer at all, so that its other files need not be asked for.
    """

    def __init__(
        self, problem: str, *, mend: str = "", path: Path | str | None = None, unreachable: bool = False
    ) -> None:
        self.unreachable = unreachable
        super().__init__(problem, mend=mend, path=path)


class WeightsError(DeepCovidError):
    """Weights that are absent, damaged or made for another network."""


class DetectorError(DeepCovidError):
    """A detector folder that is incomplete, altered or of an unknown format."""


class RunError(DeepCovidError):
    """A run folder that is locked, of another configuration, or unfinished."""


class UnknownNameError(DeepCovidError):
    """A name that no registry entry has."""


class MissingPackageError(DeepCovidError):
    """An optional package that is not installed; the mend is the install line."""

    def __init__(self, package: str, *, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed",
            mend=f"pip install 'deepcovid[{extra}]'",
        )
