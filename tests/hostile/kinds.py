"""The registry of hostile kinds: each makes its files in a folder and states what must come of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from deepcovid.datasets.table import load_table
from deepcovid.errors import DeepCovidError
from deepcovid.imaging.finding import look_for_films
from deepcovid.imaging.readers import read_film
from deepcovid.models.detector import Detector
from deepcovid.models.weight_files import read_weights

# Stands in every file that has room for it, and must stand in no message, output or log.
PLANTED = "Przybyszewski"
Content = bytes | str | None  # None: the maker has put something there itself
Outcome = Literal["refused", "read", "either"]


@dataclass(frozen=True)
class Kind:
    """One way of being hostile.

    Attributes:
        name: unique, for the table in the documentation.
        family: PNG, JPEG, …: the file of makers.
        outcome: "refused" with a typed error, "read" right, or "either" where the format has no checksum to tell.
        words: a refusal holds at least one of them.
        make: folder → file name → its bytes.
        way: how such a file comes in.
        bomb: memory is measured.
    """

    name: str
    family: str
    outcome: Outcome
    words: tuple[str, ...]
    make: Callable[[Path], dict[str, Content]]
    way: str
    bomb: bool

    def files(self, folder: Path) -> list[Path]:
        """Make the files; sorted."""
        made = self.make(folder)
        for name, content in made.items():
            if content is not None:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return [folder / name for name in sorted(made)]


KINDS: list[Kind] = []


def kind(
    name: str,
    *,
    family: str,
    outcome: Outcome = "refused",
    words: Iterable[str] | str = (),
    way: str = "film",
    bomb: bool = False,
) -> Callable[[Callable[[Path], dict[str, Content]]], Callable[[Path], dict[str, Content]]]:
    """Register a maker."""

    def register(make: Callable[[Path], dict[str, Content]]) -> Callable[[Path], dict[str, Content]]:
        assert name not in {known.name for known in KINDS}
        told = (words,) if isinstance(words, str) else tuple(words)
        KINDS.append(Kind(name, family, outcome, told, make, way, bomb))
        return make

    return register


@dataclass(frozen=True)
class Result:
    """What came of a file: the error and its sentence, or what was read."""

    error: DeepCovidError | None
    value: Any = None

    def sentence(self, folder: Path) -> str:
        """For the documentation: without the folder, in one line."""
        if self.error is None:
            return "read"
        return re.sub(r"\s+", " ", str(self.error).replace(f"{folder}/", "").replace(str(folder), "FOLDER"))


def _films_under(path: Path) -> Any:
    """The way of a folder: links in it are judged when films are looked for."""
    looked = look_for_films(path)
    if looked.refused:
        raise DeepCovidError(next(iter(looked.refused.values())).split(": ", 1)[1], path=path, mend="name the film")
    return [read_film(film) for film in looked.films]


def _seen(path: Path) -> Any:
    import numpy as np

    detector = Detector.load(path)
    seen = detector.see(np.zeros((48, 48), np.float32))
    return seen, detector.head_weight


WAYS: dict[str, Callable[[Path], Any]] = {
    "film": read_film,
    "folder": _films_under,
    "table": load_table,
    "detector": _seen,
    "weights": read_weights,
}


def attempt(known: Kind, path: Path) -> Result:
    """Take a file the way that it comes in; any other exception than ours goes through."""
    try:
        return Result(None, WAYS[known.way](path))
    except DeepCovidError as error:
        return Result(error)


def flipped(data: bytes, seed: int, *, start: int = 0, bits: int = 1) -> bytes:
    """The bytes with some bits flipped from `start` on, the same for equal seeds."""
    import random

    draw, out = random.Random(seed), bytearray(data)
    for _ in range(bits):
        out[draw.randrange(start, len(out))] ^= 1 << draw.randrange(8)
    return bytes(out)


def cut(data: bytes, share: float) -> bytes:
    """The first part of the bytes."""
    return data[: int(share * len(data))]
