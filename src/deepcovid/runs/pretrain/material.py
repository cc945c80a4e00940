"""What a pretraining learns from: films that licences let in, of a share of the patients, and phantoms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import group_ids, text_column
from deepcovid.datasets.licences import permitted
from deepcovid.datasets.patient_hash import patient_shares
from deepcovid.datasets.phantom import patient_films, sample_patients
from deepcovid.datasets.table import Table
from deepcovid.errors import TableError
from deepcovid.features.extraction import FilmExtractor
from deepcovid.features.store import FeatureStore, Request
from deepcovid.imaging.readers import film_hash
from deepcovid.progress import Progress
from deepcovid.storage import sha256_json
from deepcovid.training.pretrain.films import Films
from deepcovid.training.pretrain.plan import Plan
from deepcovid.training.pretrain.targets import Targets, targets_of

if TYPE_CHECKING:
    from deepcovid.imaging.preprocessing import Preprocessing

PURPOSE = "pretraining"
PHANTOM_LABELS = {"covid": 0.2, "normal": 0.3, "other": 0.5}
PHANTOM_SOURCES = tuple(f"pretraining-{number}" for number in range(16))
PHANTOM_SEED = 7_000  # so that no phantom is one of those that tests and demo draw
LEAST = 2  # films


@dataclass(frozen=True, eq=False)
class Material:
    """Films to learn from, and the rest.

    Attributes:
        films: in memory, phantoms last.
        listed: one row a real film that is learnt from: `sha256` of its file, `source`, `license`; in the order of the hashes.
        frame, pixels: the table's films that licences let in, and what they look like, uint8 (M, h, w).
        learnt: which of these are learnt from, bool (M,).
        facts: counts, for the run file.
        failures: a sentence on each film that cannot be read.
    """

    films: Films
    listed: pd.DataFrame
    frame: pd.DataFrame
    pixels: np.ndarray
    learnt: np.ndarray
    facts: dict[str, Any]
    failures: tuple[str, ...]

    @property
    def told(self) -> bool:
        """Whether anything is known of a real film that is learnt from."""
        real, targets = self.films.real, self.films.targets
        return bool((~np.isnan(targets.told[:real])).any() or (~np.isnan(targets.age[:real])).any())

    @property
    def list_hash(self) -> str:
        """The SHA-256 of the list of films that were learnt from."""
        return sha256_json(self.listed["sha256"].tolist())


def gather(table: Table, *, plan: Plan, workers: int, progress: Progress) -> Material:
    """Read films, draw phantoms, and note what is told of both.

    Raises:
        TableError: licences let no film in, or the share of patients has none, or too few can be read.
    """
    allowed = permitted(table.frame, licences=plan.licences)
    frame = table.frame[allowed].sort_values("image", kind="stable").reset_index(drop=True)
    learnt = patient_shares(frame, purpose=PURPOSE) < plan.share
    if learnt.sum() < LEAST:
        raise TableError(
            f"{learnt.sum()} of {len(frame)} films are of the share {plan.share:g} of the patients",
            path=table.path,
            mend="give a larger --share, or more films",
        )
    read, pixels, failures = _read(table.with_frame(frame), plan.preprocessing, workers=workers, progress=progress)
    frame, learnt = frame[read].reset_index(drop=True), learnt[read]
    if learnt.sum() < LEAST:
        raise TableError("the films to learn from cannot be read", path=table.path, mend=next(iter(failures), ""))
    told = frame[learnt].reset_index(drop=True)
    drawn, dense, rows = _phantoms(plan, progress=progress)
    targets = targets_of(pd.concat([told, rows], ignore_index=True) if len(rows) else told)
    films = Films(np.concatenate([pixels[learnt], drawn]), targets, dense)
    listed = _listed(table, told)
    facts = _facts(table, frame, told, films, listed, failures=len(failures))
    return Material(films, listed, frame, pixels, learnt, facts, tuple(failures))


def _read(
    table: Table, preprocessing: Preprocessing, *, workers: int, progress: Progress
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Which rows can be read, bool (M,); their films, uint8; a sentence on each of the others."""
    extractor = FilmExtractor(preprocessing)
    store = FeatureStore(extractor.space)
    requests = [Request(table.image_path(image)) for image in table.frame["image"]]
    kept = store.ensure(requests, compute=extractor, workers=workers, progress=progress, description="films")
    read = np.array([key is not None for key in kept.keys])
    pixels = np.zeros((int(read.sum()), *preprocessing.size), np.uint8)
    for place, key in enumerate(key for key in kept.keys if key is not None):
        pixels[place] = np.rint(store.array(key) * 255)
    return read, pixels, sorted(str(reason) for reason in kept.failures.values())


def _phantoms(plan: Plan, *, progress: Progress) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Films uint8 (P, h, w), lungs and lesions bool (P, 2, h, w), and what is told of them."""
    if not plan.phantoms or not plan.phantom_share:
        size = plan.preprocessing.size
        return np.zeros((0, *size), np.uint8), np.zeros((0, 2, *size), bool), pd.DataFrame()
    people = sample_patients(
        plan.phantoms,
        films_per_patient=(1, 1),
        seed=PHANTOM_SEED + plan.seed,
        labels=PHANTOM_LABELS,
        sources=PHANTOM_SOURCES,
    )
    films, masks, rows = [], [], []
    for person in progress.track(people, description="drawing phantoms", total=plan.phantoms):
        (phantom,) = patient_films(person, size=plan.preprocessing.size)
        films.append(np.rint(phantom.film * 255).astype(np.uint8))
        masks.append(np.stack([phantom.lung_mask, phantom.lesion_mask]))
        # hospitals differ in habits only, so that what one says little of need not be unknown
        told = {"source": "phantoms", "findings": person.finding, "view": phantom.facts["view"]}
        rows.append(told | {"sex": person.anatomy.sex, "age": person.anatomy.age})
    return np.stack(films), np.stack(masks), pd.DataFrame(rows)


def _listed(table: Table, told: pd.DataFrame) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "sha256": [film_hash(table.image_path(image)) for image in told["image"]],
            "source": text_column(told, "source").fillna(""),
            "license": text_column(told, "license").fillna(""),
        }
    )
    return rows.sort_values(["sha256", "source"], kind="stable").reset_index(drop=True)


def _facts(
    table: Table, frame: pd.DataFrame, told: pd.DataFrame, films: Films, listed: pd.DataFrame, *, failures: int
) -> dict[str, Any]:
    by = listed.value_counts(["source", "license"]).sort_index().reset_index(name="films")
    return {
        "table_films": len(table.frame),
        "permitted_films": len(frame),
        "unreadable_films": failures,
        "films": films.real,
        "patients": int(group_ids(told).nunique()),
        "kept_for_measuring": len(frame) - films.real,
        "phantoms": len(films.dense),
        "sources": by.to_dict("records"),
        "targets": films.targets.counts(),
        "film_targets": films.targets.first(films.real).counts(),
    }


def known(targets: Targets, name: str) -> np.ndarray:
    """One yes-or-no target of N films, float32 (N,) with NaN for unknown; all unknown where there is none of the name."""
    if name not in targets.names:
        return np.full(len(targets.told), np.nan, np.float32)
    column: np.ndarray = targets.told[:, targets.names.index(name)]
    return column
