"""Miniatures of the two sources of COVID-Xray-5k, in their own formats, with empty files for films."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from deepcovid.datasets.covid_xray_5k.positives import pinned_positives
from deepcovid.datasets.covid_xray_5k.published import CHEXPERT_CLASSES, NIH_CLASSES, NO_FINDING

SNAPSHOT = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "covid-chestxray-2a99173"
OBSERVATIONS = (NO_FINDING, *CHEXPERT_CLASSES)


def touch(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def cohen(folder: Path, *, absent: Sequence[str] = (), more: Sequence[Mapping[str, str]] = ()) -> Path:
    """The 71 films in the schema of March 2020, a CT, a lateral and a pneumonia; `more` rows are added."""
    rows = [
        {"Patientid": patient, "finding": "COVID-19", "view": "PA", "modality": "X-ray", "filename": name}
        for name, patient in pinned_positives().items()
    ]
    rows += [
        {"Patientid": "2", "finding": "COVID-19", "view": "Axial", "modality": "CT", "filename": "slice.png"},
        {"Patientid": "2", "finding": "COVID-19", "view": "L", "modality": "X-ray", "filename": "side.png"},
        {"Patientid": "900", "finding": "SARS", "view": "PA", "modality": "X-ray", "filename": "sars.png"},
        *more,
    ]
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).assign(sex="F", age="61").to_csv(folder / "metadata.csv", index=False)
    touch(folder, [f"images/{row['filename']}" for row in rows if row["filename"] not in absent])
    return folder


def many(patients: int, films: int = 2) -> list[dict[str, str]]:
    """Rows of other COVID-19 patients with so many PA films each."""
    row = {"finding": "COVID-19", "view": "PA", "modality": "X-ray"}
    return [
        {**row, "Patientid": f"m{patient}", "filename": f"m{patient}-{film}.png"}
        for patient in range(patients)
        for film in range(films)
    ]


def chexpert_rows(counts: Mapping[str, int], *, films: int = 2, start: int = 1) -> list[dict[str, str]]:
    """So many single-label frontal films of each class, `films` of one patient in a row."""
    rows: list[dict[str, str]] = []
    for name, count in counts.items():
        for _ in range(count):
            number = start * 1000 + len(rows)
            path = f"CheXpert-v1.0-small/train/patient{number // films:05d}/study{number % films + 1}/view1_frontal.jpg"
            rows.append({**chexpert_row(path), name: "1.0"})
    return rows


def chexpert_row(path: str) -> dict[str, str]:
    """A row of train.csv without any label."""
    side = "Lateral" if "lateral" in path else "Frontal"
    row = {
        "Path": path,
        "Sex": "Female",
        "Age": "50",
        "Frontal/Lateral": side,
        "AP/PA": "AP" if side == "Frontal" else "",
    }
    return row | dict.fromkeys(OBSERVATIONS, "")


def chexpert(folder: Path, rows: Sequence[Mapping[str, str]], *, absent: Sequence[str] = ()) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(list(rows)).to_csv(folder / "train.csv", index=False)
    paths = [row["Path"].partition("/")[2] for row in rows]
    touch(folder, [path for path in paths if path not in absent])
    return folder


def mini_chexpert(folder: Path, *, each: int = 4) -> Path:
    """A miniature with so many films of each class, and four times as many without a finding."""
    return chexpert(folder, chexpert_rows({NO_FINDING: 4 * each} | dict.fromkeys(CHEXPERT_CLASSES, each)))


def whole_chexpert() -> list[dict[str, str]]:
    """Rows for every count of the paper, three films a patient, patients torn over classes."""
    return chexpert_rows({NO_FINDING: 2600} | dict.fromkeys(CHEXPERT_CLASSES, 230), films=3)


def nih(folder: Path, *, each: int = 4) -> Path:
    """A miniature of NIH ChestX-ray14: so many films of each finding (Hernia too), four times as many of none."""
    findings = [NO_FINDING] * (4 * each) + [
        name for name in (*NIH_CLASSES, "Hernia", "Mass|Nodule") for _ in range(each)
    ]
    rows = [
        {
            "Image Index": f"{number // 2 + 1:08d}_{number % 2:03d}.png", "Finding Labels": finding,
            "Follow-up #": str(number % 2), "Patient ID": str(number // 2 + 1), "Patient Age": "40", "Patient Gender": "M",
            "View Position": "PA",
        }
        for number, finding in enumerate(findings)
    ]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(folder / "Data_Entry_2017_v2020.csv", index=False)
    touch(folder, [f"images/{row['Image Index']}" for row in rows])
    return folder


def three_sources(folder: Path) -> Path:
    """`covid` (one film of the 71 has no file), `chexpert` and `nih` in one folder."""
    cohen(folder / "covid", absent=["covid-19-pneumonia-14-PA.png"])
    mini_chexpert(folder / "chexpert")
    nih(folder / "nih")
    return folder
