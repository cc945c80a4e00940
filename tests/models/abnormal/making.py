"""Small detectors in the form in which deepcovid's own are shipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deepcovid.models.abnormal.shipped import AUDIT, CARD, FIGURES, FILMS, FORMAT, MANIFEST, NAMES
from deepcovid.storage import sha256_file, write_json, write_text
from tests.hostile.makers_detectors import detector, folders

SENTENCE = "Not shown to read the disease. The border tells."
VERDICTS = {"source": "PASS", "source-probe": "CANNOT TELL", "blacked-out": "FAIL", "style": "FAIL"}


def shipped_folder(
    place: Path, *, films: tuple[Path, ...] = (), lowest: tuple[float, float] | None = None, **audit: Any
) -> Path:
    """A folder with everything that `shipped_detector` asks for of adults and children; `films` are those learnt from, `lowest`
    the probabilities of a conformal rule. Every film gets a score of 0.5 and is called abnormal."""
    for population in NAMES.values():
        _one(place / population, films, lowest, audit)
    return place


def _one(folder: Path, films: tuple[Path, ...], lowest: tuple[float, float] | None, audit: dict[str, Any]) -> None:
    folder.mkdir(parents=True)
    rule = {"alpha": 0.1, "lowest": lowest, "patients": [30, 30], "fitted_on": {}}
    more = {"conformal": rule} if lowest else {}
    folders(folder, detector=detector(classes=["not abnormal", "abnormal"], positive="abnormal", **more))
    digest = sha256_file(folder / "detector" / "detector.json")
    told = {
        "detector": digest,
        "verdict": "FAIL",
        "sentence": SENTENCE,
        "tests": [
            {"number": number, "test": name, "verdict": verdict, "sentence": f"What {name} found."}
            for number, (name, verdict) in enumerate(VERDICTS.items(), 1)
        ],
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
