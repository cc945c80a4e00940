"""One detector of the phantom bench: its films are drawn, it is trained, audited, and what the audit said is kept."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deepcovid.audit.detector.areas import area
from deepcovid.datasets.phantom.population import png_bytes
from deepcovid.datasets.phantom.shortcuts import PlantedFilm, planted_films
from deepcovid.datasets.table import Table, save_table
from deepcovid.runs.audit import AuditWishes, audit_detector
from deepcovid.runs.self_test.small import SmallClassifier, train_small
from deepcovid.storage import read_json, write_bytes, write_json

if TYPE_CHECKING:
    from deepcovid.evaluation.intervals import Interval

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many films: for training, for the audit, and clean ones on which the shortcut tells nothing; and their side."""

    train: int = 500
    test: int = 400
    clean: int = 300
    side: int = 128


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A detector to train and audit: the shortcut's kind, its strength in [0, 1] (0: a clean one), a seed."""

    kind: str
    strength: float
    seed: int

    @property
    def name(self) -> str:
        """As its file is called."""
        return f"{self.kind.replace(' ', '-')}-{self.strength:.2f}-{self.seed}"


def judged(candidate: Candidate, *, folder: Path, sizes: Sizes, tests: Sequence[str] = ()) -> dict[str, Any]:
    """What the audit says of a candidate; taken from `folder` where it was judged before.

    Args:
        candidate: the detector.
        folder: gets one JSON file a candidate.
        sizes: of its films.
        tests: the audit's tests; empty: all.
    """
    path = folder / f"{candidate.name}.json"
    known = kept_in(path, sizes=sizes, tests=tests) if path.is_file() else None
    if known and all(known.get(key) == value for key, value in asdict(candidate).items()):
        return known
    asked = {"format": FORMAT, **asdict(candidate), "sizes": asdict(sizes), "tests_asked": list(tests)}
    told = asked | _judged(candidate, sizes, tests)
    write_json(path, told)
    return told


def kept_in(path: Path, *, sizes: Sizes, tests: Sequence[str] = ()) -> dict[str, Any] | None:
    """What was said of a candidate, as its file holds it; None where the file is another or of other sizes or tests."""
    told = read_json(path)
    asked = {"format": FORMAT, "sizes": asdict(sizes), "tests_asked": list(tests)}
    return told if isinstance(told, dict) and all(told.get(key) == value for key, value in asked.items()) else None


def _judged(candidate: Candidate, sizes: Sizes, tests: Sequence[str]) -> dict[str, Any]:
    began = time.monotonic()
    streams = {"train": (sizes.train, 1), "test": (sizes.test, 2), "clean": (sizes.clean, 3)}
    films = {
        side: list(
            planted_films(
                candidate.kind,
                strength=0.0 if side == "clean" else candidate.strength,
                films=count,
                size=sizes.side,
                seed=1000 * candidate.seed + stream,
                prefix=f"{side}-",
            )
        )
        for side, (count, stream) in streams.items()
    }
    classifier = train_small(*_arrays(films["train"]), seed=candidate.seed)
    trained = time.monotonic()
    clean = _area(classifier, films["clean"])
    with tempfile.TemporaryDirectory() as temporary:
        table = _written(Path(temporary), films["train"], films["test"])
        wishes = AuditWishes(tests=tuple(tests), workers=1, cache=Path(temporary) / "looks", seed=candidate.seed)
        report = audit_detector(classifier, table, wishes=wishes).report
    return {
        "clean_auc": clean.to_dict(),
        "auc": _area(classifier, films["test"]).to_dict(),
        "verdicts": {test["test"]: test["verdict"] for test in report["tests"]},
        "kinds": {test["test"]: test["kinds"] for test in report["tests"] if test["kinds"]},
        "sentences": {test["test"]: test["sentence"] for test in report["tests"]},
        "seconds": {"training": round(trained - began, 1), "audit": round(time.monotonic() - trained, 1)},
    }


def _arrays(films: list[PlantedFilm]) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([film.pixels for film in films]), np.array([film.row["label"] == "covid" for film in films])


def _area(classifier: SmallClassifier, films: list[PlantedFilm]) -> Interval:
    pixels, positive = _arrays(films)
    score = np.array([classifier.look(film.astype(np.float32) / 255).score for film in pixels])
    return area(positive, score=score, patient=np.arange(len(films)))


def _written(folder: Path, train: list[PlantedFilm], test: list[PlantedFilm]) -> Table:
    rows = []
    for split, films in (("train", train), ("test", test)):
        for film in films:
            write_bytes(folder / film.row["image"], png_bytes(film.pixels))
            rows.append({**film.row, "split": split})
    frame = pd.DataFrame(rows).drop(columns="planted")
    return save_table(Table(frame=frame, folder=folder), folder / "table.csv")
