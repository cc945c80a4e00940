"""Small detectors in the form in which deepcovid's own are shipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deepcovid.models.abnormal.shipped import AUDIT, CARD, FIGURES, FILMS, FORMAT, MANIFEST, NAMES
from deepcovid.storage import sha256_file, write_json, write_text
from tests.hostile.makers_detectors import detector, folders

SENTENCE = "Not shown to read the disease. The border tells."
VERDICTS = {"source": "PASS", "blacked-out": "FAIL", "style": "FAIL"}


def shipped_folder(place: Path, *, films: tuple[Path, ...] = (), **audit: Any) -> Path:
    """A folder with everything that `shipped_detector` asks for of adults and children; `films` are those learnt from."""
    for population in NAMES.values():
        _one(place / population, films, audit)
    return place


def _one(folder: Path, films: tuple[Path, ...], audit: dict[str, Any]) -> None:
    folder.mkdir(parents=True)
    folders(folder, detector=detector(classes=["not abnormal", "abnormal"], positive="abnormal"))
    digest = sha256_file(folder / "detector" / "detector.json")
    told = {
        "detector": digest,
        "verdict": "FAIL",
        "sentence": SENTENCE,
        "tests": [{"test": name, "verdict": verdict} for name, verdict in VERDICTS.items()],
    }
    write_json(folder / AUDIT, told | audit)
    share = {"value": 0.5, "low": 0.25, "high": 0.75, "n": 8, "unit": "patient", "method": "made up"}
    found = {
        "sensitivity": share,
        "specificity": share,
        "calibration": {"slope": share},
        "conformal": {"decided": share, "right_of_decided": share},
    }
    write_json(folder / FIGURES, {"test": found})
    write_text(folder / CARD, "# Model card\n")
    write_text(folder / FILMS, "sha256,source\n" + "".join(f"{sha256_file(film)},north\n" for film in films))
    seal(folder)


def seal(folder: Path) -> None:
    """Write the manifest of what lies in the folder."""
    files = {name: sha256_file(folder / name) for name in (AUDIT, FIGURES, CARD, FILMS)}
    digest = sha256_file(folder / "detector" / "detector.json")
    write_json(folder / MANIFEST, {"format": FORMAT, "detector": digest, "files": files})
