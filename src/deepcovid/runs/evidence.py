"""The evidence of a run in one folder and one zip, with the hash of every file; and whether such a bundle is whole."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from deepcovid.datasets.summary import describe
from deepcovid.datasets.table import Table
from deepcovid.errors import RunError
from deepcovid.models.detector import DESCRIPTION
from deepcovid.reporting.checklists import CHECKLISTS, filled
from deepcovid.reporting.evidence import data_sheet, facts_of, licence_summary
from deepcovid.storage import read_json, sha256_bytes, write_bytes

FORMAT = 1
GIVE = "give evidence.zip, the folder evidence of a run, or the run folder"
FOLDER, ZIP, MANIFEST = "evidence", "evidence.zip", "MANIFEST.json"
COPIED = ("MODEL_CARD.md", "report.html", "audit.html", "audit.json", "evaluation.json", "run.json")
NAMES = {"claim": "CLAIM.md", "tripod_ai": "TRIPOD_AI.md"}
LARGEST = 200_000_000  # bytes of a file in a bundle that is read
WHEN = (1980, 1, 1, 0, 0, 0)  # of every entry of the zip: the same evidence gives the same bytes


def write_evidence(run: Path) -> Path:
    """Write `evidence/` and `evidence.zip` into a finished run's folder; returns the folder.

    Model card, CLAIM and TRIPOD+AI checklists, data sheet, licences, environment, the reports and records as they are, and
    MANIFEST.json with the SHA-256 of each. No film, no table and no scores: they may name patients.

    Raises:
        RunError: the folder holds no finished run.
    """
    files = _files(run)
    folder = run / FOLDER
    if folder.exists():
        shutil.rmtree(folder)
    for name, content in files.items():
        write_bytes(folder / name, content)
    write_bytes(run / ZIP, _zipped(files))
    return folder


@dataclass(frozen=True)
class Verified:
    """Whether a bundle is whole.

    Attributes:
        detector: the hash that its files name.
        problems: what is wrong, a sentence each; none: it is whole.
        files: how many were checked.
    """

    detector: str
    problems: tuple[str, ...]
    files: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able values."""
        return {
            "whole": not self.problems,
            "detector": self.detector,
            "files": self.files,
            "problems": list(self.problems),
        }


def verify_bundle(path: Path) -> Verified:
    """Check a bundle, folder or zip, or a run folder that has one: every file by its hash, and that all name one detector.

    Raises:
        RunError: there is no bundle, or its MANIFEST.json cannot be read.
    """
    files = _read(path)
    if MANIFEST not in files:
        raise RunError(f"this is no bundle of evidence: it has no {MANIFEST}", path=path, mend=GIVE)
    try:
        manifest = json.loads(files[MANIFEST])
        hashes = dict(manifest["files"])
        detector = str(manifest["detector"])
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{MANIFEST} cannot be read", path=path, mend="get the bundle again") from error
    problems = []
    for name, sha in hashes.items():
        if name not in files:
            problems.append(f"{name} is missing")
        elif sha256_bytes(files[name]) != sha:
            problems.append(f"{name} was altered")
    problems += [f"{name} is not in {MANIFEST}" for name in sorted(set(files) - set(hashes) - {MANIFEST})]
    problems += _of_one_detector(files, detector)
    return Verified(detector, tuple(problems), len(hashes))


def _files(run: Path) -> dict[str, bytes]:
    record = read_json(run / "run.json") if (run / "run.json").is_file() else {}
    if "detector" not in record:
        what = "there is no finished run here" if run.exists() else "there is no such folder"
        raise RunError(what, path=run, mend="give the folder that `deepcovid train` wrote")
    frame = pd.read_parquet(run / "table.parquet")
    described = read_json(run / "detector" / DESCRIPTION)
    audit = read_json(run / "audit.json") if (run / "audit.json").is_file() else None
    facts = facts_of(record, read_json(run / "evaluation.json"), audit, described, frame)
    column = record["config"]["label_column"]
    files = {NAMES[one.name]: filled(one, facts).encode() for one in CHECKLISTS}
    files["DATA_SHEET.md"] = data_sheet(describe(Table(frame, run), label_column=column), frame, record).encode()
    files["LICENCES.md"] = licence_summary(frame, described).encode()
    environment = {
        name: record.get(name) for name in ("versions", "machine", "engine", "command", "timings", "weights")
    }
    files["ENVIRONMENT.json"] = _json(environment)
    files |= {name: (run / name).read_bytes() for name in COPIED if (run / name).is_file()}
    files[DESCRIPTION] = (run / "detector" / DESCRIPTION).read_bytes()
    hashes = {name: sha256_bytes(content) for name, content in sorted(files.items())}
    return files | {MANIFEST: _json({"format": FORMAT, "detector": record["detector"], "files": hashes})}


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, WHEN), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _read(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        folder = path / FOLDER if (path / FOLDER / MANIFEST).is_file() else path
        return {
            str(PurePosixPath(*file.relative_to(folder).parts)): file.read_bytes()
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }
    try:
        with zipfile.ZipFile(path) as archive:
            large = [entry.filename for entry in archive.infolist() if entry.file_size > LARGEST]
            if large:
                raise RunError(
                    f"{large[0]} in it is over {LARGEST // 1_000_000} MB", path=path, mend="get the bundle again"
                )
            return {entry.filename: archive.read(entry) for entry in archive.infolist() if not entry.is_dir()}
    except FileNotFoundError as error:
        raise RunError("there is no such file or folder", path=path, mend=GIVE) from error
    except zipfile.BadZipFile as error:
        with path.open("rb") as stream:
            began = stream.read(2) == b"PK"  # APPNOTE.TXT 4.3.7: every zip begins so
        if began:
            raise RunError("this zip is damaged", path=path, mend="get the bundle again") from error
        raise RunError("this file is no bundle of evidence: it is no zip", path=path, mend=GIVE) from error
    except (OSError, RuntimeError, zlib.error, NotImplementedError) as error:
        raise RunError("this zip cannot be read", path=path, mend="get the bundle again") from error


def _of_one_detector(files: dict[str, bytes], detector: str) -> list[str]:
    """Sentences on files that are of another detector than the manifest names."""
    problems = []
    if DESCRIPTION in files and sha256_bytes(files[DESCRIPTION]) != detector:
        problems.append(f"{DESCRIPTION} is not of the detector {detector[:16]}")
    for name in ("audit.json", "run.json"):
        try:
            named = json.loads(files[name]).get("detector") if name in files else detector
        except (ValueError, AttributeError):
            named = None
        if named != detector:
            problems.append(f"{name} is of another detector than {detector[:16]}")
    return problems
