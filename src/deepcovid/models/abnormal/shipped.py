"""The folders beside this file, of adults and of children: a detector, what its audit and its measurements say, and the SHA-256
of each file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepcovid.errors import DeepCovidError, DetectorError, UnknownNameError
from deepcovid.imaging.dicom_age import AgeGroup
from deepcovid.models.abnormal.words import ADULTS, CHILDREN, about, audited, named, unlike
from deepcovid.models.detector import Detector
from deepcovid.storage import read_json, sha256_file

FOLDER = Path(__file__).parent
NAME = "normal-or-abnormal"
NAMES = {NAME: ADULTS, f"{NAME}-children": CHILDREN}  # what stands for them on a command line
FORMAT = 1
MANIFEST = "abnormal.json"
DETECTOR, AUDIT, FIGURES, CARD, FILMS = "detector", "audit.json", "figures.json", "MODEL_CARD.md", "films.csv"
BESIDE = (AUDIT, FIGURES, CARD, FILMS)
MEND = "install deepcovid again, or name a detector of your own: deepcovid predict runs/NAME FILMS"


@dataclass(frozen=True, kw_only=True)
class ShippedDetector:
    """A detector that comes with deepcovid.

    Attributes:
        name: what stands for it on a command line.
        population: adults or children.
        detector: loaded.
        audit: the whole audit of it, as `deepcovid audit` writes it.
        figures: what was measured on patients kept out of its training.
        card: its model card.
    """

    name: str
    population: str
    detector: Detector
    audit: dict[str, Any]
    figures: dict[str, Any]
    card: Path

    def announcement(self) -> tuple[str, ...]:
        """What is said where it was named, before it scores a film: which it is, and its audit's verdict."""
        return named(self.population), f"What its audit says: {audited(self.audit)}"

    @property
    def verdict(self) -> str:
        """Its audit's verdict where two detectors score films: whose it is, and what it says."""
        return f"What the audit of {self.name} (films of {self.population}) says: {audited(self.audit)}"

    def unlike(self, group: AgeGroup) -> str:
        """A warning where a film of this age group is none of those that it was made for; else empty."""
        return unlike(group, population=self.population)

    @property
    def about(self) -> tuple[str, ...]:
        """What its calls mean, and how often they are wrong."""
        return about(self.figures, population=self.population)

    def learnt(self, paths: Iterable[Path]) -> int:
        """How many of these films it learnt from, known by the SHA-256 of their files; one that cannot be read is none."""
        listed = (self.card.parent / FILMS).read_text(encoding="utf-8")
        hashes = {line.partition(",")[0] for line in listed.splitlines()}
        return sum(path.is_file() and sha256_file(path) in hashes for path in paths)


def shipped_detector(name: str = NAME, *, folder: Path | None = None) -> ShippedDetector:
    """A detector that comes with deepcovid, every file checked.

    Args:
        name: of `NAMES`.
        folder: where both lie; default: this package.

    Raises:
        UnknownNameError: there is no such name.
        DetectorError: this version has none, or a file is missing, damaged or altered.
    """
    if name not in NAMES:
        raise UnknownNameError(
            f"deepcovid comes with no detector named {name!r}", mend=f"name one of: {', '.join(NAMES)}"
        )
    folder = (folder or FOLDER) / NAMES[name]
    if not (folder / MANIFEST).is_file():
        raise DetectorError(f"this version comes with no detector {name}", path=folder, mend=MEND)
    told = _read(folder / MANIFEST)
    if told.get("format") != FORMAT:
        raise _damaged(folder / MANIFEST, f"the format is {told.get('format')!r}; this version reads {FORMAT}")
    detector = Detector.load(folder / DETECTOR)
    if detector.hash != told.get("detector"):
        raise _damaged(detector.folder, f"this is not the detector that {MANIFEST} names")
    _require_beside(folder, told.get("files"))
    audit = _read(folder / AUDIT)
    if audit.get("detector") != detector.hash:
        raise _damaged(folder / AUDIT, "this is the audit of another detector")
    figures = _read(folder / FIGURES)
    return ShippedDetector(
        name=name, population=NAMES[name], detector=detector, audit=audit, figures=figures, card=folder / CARD
    )


def _require_beside(folder: Path, files: Any) -> None:
    for name in BESIDE:
        path = folder / name
        if not isinstance(files, dict) or not path.is_file() or sha256_file(path) != files.get(name):
            raise _damaged(path, f"this file is missing, or not the one that {MANIFEST} names")


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
