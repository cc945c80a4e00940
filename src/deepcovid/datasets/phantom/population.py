"""A whole table of phantoms: patients of several hospitals, some with more than one film."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcovid.datasets.phantom.acquisition import source_named
from deepcovid.datasets.phantom.anatomy import ADULT_AGE, Anatomy, sample_anatomy
from deepcovid.datasets.phantom.findings import FINDINGS
from deepcovid.datasets.phantom.rendering import Phantom, render_phantom
from deepcovid.errors import DeepCovidError, UnknownNameError, did_you_mean
from deepcovid.progress import Progress, Silent
from deepcovid.storage import write_bytes

if TYPE_CHECKING:
    from deepcovid.datasets.table import Table

DEFAULT_LABELS = {"covid": 0.35, "normal": 0.35, "other": 0.30}
DEFAULT_SOURCES = ("hospital-a", "hospital-b")
OTHER_FINDINGS = ("pneumonia", "effusion", "cardiomegaly", "nodule")  # what "other" stands for
CHILDREN = 0.06  # share of patients below ADULT_AGE
AP_SHARE = 0.35


@dataclass(frozen=True, eq=False)
class Patient:
    """One patient of a population.

    Attributes:
        name: unique in the population.
        source: hospital.
        label: class in the table.
        finding: what the films show.
        severity: on the patient's first film, 0 to 1.
        anatomy: shared by all films.
        films: how many.
        seed: from which every film derives its own.
    """

    name: str
    source: str
    label: str
    finding: str
    severity: float
    anatomy: Anatomy
    films: int
    seed: np.random.SeedSequence


def make_phantoms(
    folder: Path | str,
    *,
    patients: int,
    films_per_patient: tuple[int, int] = (1, 3),
    size: int | tuple[int, int] = 256,
    seed: int = 0,
    labels: Mapping[str, float] = DEFAULT_LABELS,
    sources: Sequence[str] = DEFAULT_SOURCES,
    progress: Progress | None = None,
) -> Table:
    """Write a table of phantom films with lung and lesion masks.

    Source, view, sex and age are drawn apart from the label, so that in a large table none of them tells it. A patient
    is the same in a table of ten and of ten thousand; a film does not depend on any other.

    Args:
        folder: gets images/, lung-masks/, lesion-masks/ and table.csv.
        patients: how many, at least 1.
        films_per_patient: least and most films of a patient.
        size: of every film, in pixels: side, or (H, W).
        seed: the same seed gives the same files, bit for bit.
        labels: classes and their shares; a class is a finding's name, or "other" for one of `OTHER_FINDINGS`.
        sources: hospitals; each name has its own exposure, grain and marker.
        progress: who is told how far it is.

    Returns:
        The table: image, patient, source, label, findings, view, sex, age, lung_mask, lesion_mask. A film without a
        lesion has an empty lesion_mask cell.

    Raises:
        DeepCovidError: no patients, no films, no sources, or shares that cannot be.
        UnknownNameError: a class that is no finding.
    """
    import pandas as pd

    from deepcovid.datasets.table import Table, save_table

    _check(patients, films_per_patient, labels, sources)
    folder = Path(folder)
    people = sample_patients(patients, films_per_patient=films_per_patient, seed=seed, labels=labels, sources=sources)
    rows: list[dict[str, Any]] = []
    for person in (progress or Silent()).track(people, description="drawing phantoms", total=patients):
        for number, phantom in enumerate(patient_films(person, size=size)):
            rows.append(_write(folder, person, number, phantom))
    return save_table(Table(frame=pd.DataFrame(rows), folder=folder), folder / "table.csv")


def sample_patients(
    count: int,
    *,
    films_per_patient: tuple[int, int] = (1, 3),
    seed: int = 0,
    labels: Mapping[str, float] = DEFAULT_LABELS,
    sources: Sequence[str] = DEFAULT_SOURCES,
) -> Iterator[Patient]:
    """The patients of a population, one after another; the k-th does not depend on `count`."""
    for number in range(count):
        sequence = np.random.SeedSequence([seed, number])
        own, body, films = sequence.spawn(3)
        rng = np.random.default_rng(own)
        label, source = _allotted(number, seed, labels, sources)
        finding = str(rng.choice(OTHER_FINDINGS)) if label == "other" else label
        sex = str(rng.choice(["F", "M"]))
        yield Patient(
            name=f"{source}-{number + 1:05d}",
            source=source,
            label=label,
            finding=finding,
            severity=float(0.1 + 0.9 * rng.beta(1.4, 1.6)),
            anatomy=sample_anatomy(seed=body, sex=sex, age=_age(rng)),
            films=int(rng.integers(films_per_patient[0], films_per_patient[1] + 1)),
            seed=films,
        )


def patient_films(patient: Patient, *, size: int | tuple[int, int] = 256) -> Iterator[Phantom]:
    """The films of one patient: the same chest, another exposure, another day of the illness."""
    for seed in np.random.SeedSequence(entropy=patient.seed.entropy, spawn_key=patient.seed.spawn_key).spawn(
        patient.films
    ):
        rng = np.random.default_rng([int(word) for word in seed.generate_state(2)])
        view = "AP" if rng.random() < AP_SHARE else "PA"
        severity = float(np.clip(patient.severity + 0.12 * rng.standard_normal(), 0.05, 1))
        yield render_phantom(
            seed=seed, size=size, finding=patient.finding, severity=severity, view=view, anatomy=patient.anatomy,
            source=source_named(patient.source),
        )  # fmt: skip


def _allotted(number: int, seed: int, labels: Mapping[str, float], sources: Sequence[str]) -> tuple[str, str]:
    """Label and source of the number-th patient: an additive recurrence in two dimensions (Roberts 2018, R2).

    Its points fill the square evenly, so shares are kept and label and source stay apart in small tables too.
    """
    start = np.random.default_rng(seed).random(2)
    u, v = (start + number * np.array([0.7548776662466927, 0.5698402909980532])) % 1
    edges = np.cumsum(list(labels.values())) / math.fsum(labels.values())
    place = min(int(np.searchsorted(edges, u, side="right")), len(labels) - 1)
    return list(labels)[place], sources[min(int(v * len(sources)), len(sources) - 1)]


def _age(rng: np.random.Generator) -> float:
    if rng.random() < CHILDREN:
        return float(round(rng.uniform(1, ADULT_AGE)))
    return float(round(np.clip(rng.normal(54, 17), 17, 92)))


def _write(folder: Path, patient: Patient, number: int, phantom: Phantom) -> dict[str, Any]:
    name = f"{patient.name}-{number + 1}.png"
    write_bytes(folder / "images" / name, png_bytes(np.rint(phantom.film * 255).astype(np.uint8)))
    write_bytes(folder / "lung-masks" / name, png_bytes(phantom.lung_mask.astype(np.uint8) * 255))
    ill = bool(phantom.lesion_mask.any())
    if ill:
        write_bytes(folder / "lesion-masks" / name, png_bytes(phantom.lesion_mask.astype(np.uint8) * 255))
    return {
        "image": f"images/{name}", "patient": patient.name, "source": patient.source, "label": patient.label,
        "findings": patient.finding, "view": phantom.facts["view"], "sex": patient.anatomy.sex,
        "age": patient.anatomy.age, "lung_mask": f"lung-masks/{name}",
        "lesion_mask": f"lesion-masks/{name}" if ill else None,
    }  # fmt: skip


def png_bytes(grey: np.ndarray) -> bytes:
    """An 8-bit grey image (H, W) as a PNG file's bytes; the same array gives the same bytes."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, format="PNG", compress_level=4)
    return stream.getvalue()


def _check(patients: int, films: tuple[int, int], labels: Mapping[str, float], sources: Sequence[str]) -> None:
    if patients < 1 or films[0] < 1 or films[1] < films[0]:
        raise DeepCovidError(
            f"a table needs at least one patient and one film each, not {patients} patients with {films[0]} to {films[1]}",
            mend="ask for more",
        )
    if not sources:
        raise DeepCovidError("phantoms need at least one source", mend="name one")
    if not labels or any(share < 0 for share in labels.values()) or math.fsum(labels.values()) <= 0:
        raise DeepCovidError(f"the shares of labels are {dict(labels)}; they must be 0 or more", mend="give others")
    unknown = [label for label in labels if label != "other" and label not in FINDINGS]
    if unknown:
        raise UnknownNameError(
            f"there is no phantom finding named {unknown[0]!r}",
            mend=f"{did_you_mean(unknown[0], FINDINGS.names())}choose among: other, {', '.join(FINDINGS.names())}",
        )
