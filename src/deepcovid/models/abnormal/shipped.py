"""The files beside this one: a detector folder, what its audit and its measurements say, and the SHA-256 of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepcovid.errors import DeepCovidError, DetectorError
from deepcovid.models.abnormal.words import about, announced
from deepcovid.models.detector import Detector
from deepcovid.storage import read_json, sha256_file

FOLDER = Path(__file__).parent
NAME = "normal-or-abnormal"  # what stands for it on a command line
FORMAT = 1
MANIFEST = "abnormal.json"
DETECTOR, AUDIT, FIGURES, CARD, FILMS = "detector", "audit.json", "figures.json", "MODEL_CARD.md", "films.csv"
BESIDE = (AUDIT, FIGURES, CARD, FILMS)
MEND = "install deepcovid again, or name a detector of your own: deepcovid predict runs/NAME FILMS"


@dataclass(frozen=True, kw_only=True)
class ShippedDetector:
    """The detector that comes with deepcovid.

    Attributes:
        detector: loaded.
        audit: the whole audit of it, as `deepcovid audit` writes it.
        figures: what was measured of adults and of children apart, on patients kept out of its training.
        card: its model card.
    """

    detector: Detector
    audit: dict[str, Any]
    figures: dict[str, Any]
    card: Path

    @property
    def announcement(self) -> tuple[str, ...]:
        """What is said before it scores a film: which it is, and its audit's verdict."""
        return announced(self.audit)

    @property
    def about(self) -> tuple[str, ...]:
        """What its calls mean, and how often they are wrong in adults and in children."""
        return about(self.figures)

    def learnt(self, paths: Iterable[Path]) -> int:
        """How many of these films it learnt from, known by the SHA-256 of their files; one that cannot be read is none."""
        listed = (self.card.parent / FILMS).read_text(encoding="utf-8")
        hashes = {line.partition(",")[0] for line in listed.splitlines()}
        return sum(path.is_file() and sha256_file(path) in hashes for path in paths)


def shipped_detector(folder: Path | None = None) -> ShippedDetector:
    """The detector that comes with deepcovid, every file checked.

    Args:
        folder: where it lies; default: this package.

    Raises:
        DetectorError: this version has none, or a file is missing, damaged or altered.
    """
    folder = folder or FOLDER
    if not (folder / MANIFEST).is_file():
        raise DetectorError("this version comes with no detector of its own", path=folder, mend=MEND)
    told = _read(folder / MANIFEST)
    if told.get("format") != FORMAT:
        raise _damaged(folder / MANIFEST, f"the format is {told.get('format')!r}; this version reads {FORMAT}")
    detector = Detector.load(folder / DETECTOR)
    if detector.hash != told.get("detector"):
        raise _damaged(detector.folder, f"this is not the detector that {MANIFEST} names")
    files = told.get("files")
    for name in BESIDE:
        if (
            not isinstance(files, dict)
            or not (folder / name).is_file()
            or sha256_file(folder / name) != files.get(name)
        ):
            raise _damaged(folder / name, f"this file is missing, or not the one that {MANIFEST} names")
    audit = _read(folder / AUDIT)
    if audit.get("detector") != detector.hash:
        raise _damaged(folder / AUDIT, "this is the audit of another detector")
    return ShippedDetector(detector=detector, audit=audit, figures=_read(folder / FIGURES), card=folder / CARD)


def _read(path: Path) -> dict[str, Any]:
    try:
        told = read_json(path)
    except DeepCovidError as error:
        raise _damaged(path, "this file is damaged") from error
    if not isinstance(told, dict):
        raise _damaged(path, "this file is damaged")
    return told


def _damaged(path: Path, problem: str) -> DetectorError:
    return DetectorError(problem, path=path, mend=MEND)
