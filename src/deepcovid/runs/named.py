"""What the words of `predict` name: a detector and films, or films alone for the detector that comes with deepcovid."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepcovid.errors import DetectorError, ImageError, did_you_mean, printable
from deepcovid.imaging.archive import archive_of
from deepcovid.imaging.finding import Found, look_for_films
from deepcovid.models.abnormal import NAME, NAMES, ShippedByAge, ShippedDetector, shipped_detector
from deepcovid.models.detector import DESCRIPTION, GRAPH, WEIGHTS, Detector
from deepcovid.runs.scorers import Scoring, detector_of

# what lies in a detector folder, or in the run folder around one
PARTS = (DESCRIPTION, GRAPH, WEIGHTS, "detector", "run.json")
# files that somebody may take for a detector, and nobody for a film
SUFFIXES = frozenset({".json", ".onnx", ".safetensors", ".pt", ".pth", ".ckpt", ".h5", ".toml"})
LISTED = 3
BELOW = (f"*/{DESCRIPTION}", f"*/detector/{DESCRIPTION}")
MEND = (
    f"name a detector first (runs/NAME, or {NAME} for deepcovid's own), then films; or films alone, for deepcovid's own"
)


@dataclass(frozen=True, kw_only=True)
class Named:
    """What is to be scored, and by what.

    Attributes:
        scoring: the detector that was named, one of deepcovid's own or another; or both of these, where none was.
        looked: the films that were found.
    """

    scoring: Scoring
    looked: Found

    @property
    def detector(self) -> Detector:
        """The one that was named; else that for adults."""
        return detector_of(self.scoring)

    @property
    def own(self) -> ShippedDetector | None:
        """deepcovid's own detector, where that was named."""
        return self.scoring if isinstance(self.scoring, ShippedDetector) else None

    @property
    def unasked(self) -> bool:
        """Whether no detector was named, so that a film's age chooses between deepcovid's own."""
        return isinstance(self.scoring, ShippedByAge)


def named(words: Sequence[str]) -> Named:
    """A detector folder, a run folder or a name of deepcovid's own before films; or films alone, for its own.

    Nothing that was meant for a detector is taken for a film: a path that is not there, a folder with a part of a
    detector or with detectors in it, a model's file.

    Args:
        words: paths and patterns as typed, one at least.

    Raises:
        DetectorError: the first word is a detector that cannot be used, or neither a detector nor films.
        ImageError: other words name no film.
    """
    first, *others = words
    if is_shipped_name(first):
        own = shipped_detector(first)
        return Named(scoring=own, looked=_films(others, first))
    if _meant_for_detector(Path(first)):
        detector = Detector.load(first)
        return Named(scoring=detector, looked=_films(others, first))
    looked = _films_alone(words)
    return Named(scoring=ShippedByAge(), looked=looked)


def is_shipped_name(path: Path | str) -> bool:
    """Whether a word stands for a detector of deepcovid's own: its name, where nothing of that name lies here."""
    return str(path) in NAMES and not Path(path).exists()


def _meant_for_detector(path: Path) -> bool:
    if path.is_dir():
        return any((path / name).exists() for name in PARTS)
    return path.is_file() and path.suffix.lower() in SUFFIXES


def _films(words: Sequence[str], detector: str) -> Found:
    if not words:
        raise DetectorError("no film was named", path=detector, mend="name films, folders or patterns after it")
    return look_for_films(words)


def _films_alone(words: Sequence[str]) -> Found:
    first = Path(words[0])
    _require_something(first)
    for word in words[1:]:
        if Path(word).is_dir() and _meant_for_detector(Path(word)):
            raise DetectorError("this is a detector's folder, and stands among the films", path=word, mend=MEND)
    try:
        return look_for_films(words)
    except ImageError as error:
        if not first.is_dir() or error.path != first:
            raise
        raise DetectorError(f"there is no {DESCRIPTION} here, and no film either", path=first, mend=MEND) from error


def _require_something(path: Path) -> None:
    """Refuse a path that may be a mistyped detector, before anything is taken for a film."""
    if path.is_dir():
        inner = list(_detectors_below(path))
        if inner:
            more = ", …" if len(inner) > LISTED else ""
            there = ", ".join(printable(folder) for folder in inner[:LISTED])
            raise DetectorError(
                f"there is no {DESCRIPTION} here, but there are detectors in folders below it ({there}{more})",
                path=path,
                mend=f"name one of them, or a folder that holds films alone; {MEND}",
            )
    elif not path.exists() and archive_of(path) is None and not glob.has_magic(str(path)):
        beside = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        guess = did_you_mean(path.name, [*beside, *NAMES])
        raise DetectorError(
            "there is no such file or folder: no detector and no film", path=path, mend=f"{guess}{MEND}"
        )


def _detectors_below(folder: Path) -> Iterator[Path]:
    found = {path.parent for pattern in BELOW for path in folder.glob(pattern)}
    yield from sorted(folder.parent if folder.name == "detector" else folder for folder in found)
