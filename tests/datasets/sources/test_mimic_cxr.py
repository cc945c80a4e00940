from __future__ import annotations

import gzip
import time
from pathlib import Path

import pandas as pd
import pytest

from deepcovid.datasets.sources import SOURCES, import_source
from deepcovid.datasets.sources.observations import OBSERVATIONS
from deepcovid.errors import TableError
from tests.datasets.sources.making import cells, draw, refused, write_rows

FILMS_HEADER = (
    "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,StudyDate,StudyTime,"
    "ProcedureCodeSequence_CodeMeaning,ViewCodeSequence_CodeMeaning,PatientOrientationCodeSequence_CodeMeaning"
)
LABELS_HEADER = ("subject_id", "study_id", *sorted(OBSERVATIONS))
SPLIT_HEADER = "dicom_id,study_id,subject_id,split"


def dicom_id(number: int) -> str:
    return f"{number:08x}-bde0afdd-112c0b34-7bc16630-4e384014"


def film(number: int, subject: str, study: str, view: str, date: str = "21800506") -> list[str]:
    return [
        dicom_id(number),
        subject,
        study,
        "CHEST (PA AND LAT)",
        view,
        "3056",
        "2544",
        date,
        "213014.531",
        "",
        "",
        "Erect",
    ]


def told(subject: str, study: str, **given: str) -> list[str]:
    names = {name.replace(" ", "_"): name for name in OBSERVATIONS}
    values = {names[name]: value for name, value in given.items()}
    return [subject, study, *(values.get(name, "") for name in sorted(OBSERVATIONS))]


FILMS = [
    film(1, "10000032", "50414267", "PA"),
    film(2, "10000032", "50414267", "LATERAL"),
    film(3, "10000032", "53189527", "AP", date="21800626"),
    film(4, "10000764", "57375967", ""),
    film(5, "10000764", "57375968", "AP LLD"),
    film(6, "10000898", "50771383", "LL"),
    film(7, "10000935", "50578979", "ap"),
]
LABELS = [
    told("10000032", "50414267", No_Finding="1.0"),
    told("10000032", "53189527", Edema="-1.0", Pneumonia="1.0", Pleural_Effusion="1.0"),
    told("10000764", "57375967", Consolidation="1.0", Pneumonia="-1.0"),
    told("10000898", "50771383", Support_Devices="1.0"),
    told("10000935", "50578979"),
]
SPLIT = [[row[0], row[2], row[1], "test" if row[1] == "10000764" else "train"] for row in FILMS[:-1]]
SPLIT += [[FILMS[-1][0], FILMS[-1][2], FILMS[-1][1], "validate"]]


def path(row: list[str]) -> str:
    return f"files/p{row[1][:2]}/p{row[1]}/s{row[2]}/{row[0]}.jpg"


def write(folder: Path, films: list[list[str]], labels: list[list[str]], split: list[list[str]] | None) -> None:
    write_rows(folder / "mimic-cxr-2.0.0-metadata.csv", FILMS_HEADER, films)
    write_rows(folder / "mimic-cxr-2.0.0-chexpert.csv", LABELS_HEADER, labels)
    if split is not None:
        write_rows(folder / "mimic-cxr-2.0.0-split.csv", SPLIT_HEADER, split)


def miniature(folder: Path) -> None:
    """Seven films of four patients; the metadata are gzipped, as they are downloaded."""
    write(folder, FILMS, LABELS, SPLIT)
    for csv in sorted(folder.glob("*.csv")):
        csv.with_suffix(".csv.gz").write_bytes(gzip.compress(csv.read_bytes()))
        csv.unlink()
    draw(folder, map(path, FILMS))


def test_every_cell(tmp_path: Path) -> None:
    miniature(tmp_path)
    frame = import_source(tmp_path, name="mimic-cxr").frame
    kept = [FILMS[0], FILMS[2], FILMS[3], FILMS[6]]
    assert cells(frame["image"]) == [path(row) for row in kept]
    assert cells(frame["patient"]) == ["10000032", "10000032", "10000764", "10000935"]
    assert cells(frame["label"]) == ["normal", "pneumonia", "consolidation", None]
    assert cells(frame["findings"]) == ["No Finding", "Pneumonia|Pleural Effusion", "Consolidation", None]
    assert cells(frame["uncertain"]) == [None, "Edema", "Pneumonia", None]
    assert cells(frame["split"]) == ["train", "train", "test", "val"]
    assert cells(frame["view"]) == ["PA", "AP", None, "AP"]
    assert cells(frame["date"]) == ["2180-05-06", "2180-06-26", "2180-05-06", "2180-05-06"]
    assert cells(frame["study_id"]) == ["50414267", "53189527", "57375967", "50578979"]
    assert frame[["age", "sex"]].isna().all(axis=None)


def test_what_is_left_out_or_unknown_is_said(tmp_path: Path) -> None:
    miniature(tmp_path)
    notes = import_source(tmp_path, name="mimic-cxr").notes
    assert any(note.startswith("2 films of view lateral were left out") for note in notes)
    assert any(note.startswith("1 films of view decubitus were left out") for note in notes)
    assert any(
        note.startswith("1 films are of studies that mimic-cxr-2.0.0-chexpert.csv.gz does not have") for note in notes
    )
    assert any(note.startswith("dates are shifted") for note in notes)


def test_a_copy_without_the_split_says_so(tmp_path: Path) -> None:
    write(tmp_path, FILMS, LABELS, None)
    draw(tmp_path, map(path, FILMS))
    table = import_source(tmp_path, name="mimic-cxr")
    assert "split" not in table.frame.columns
    assert any("the published split is unknown" in note for note in table.notes)


@pytest.mark.parametrize(
    ("at", "cell", "problem"),
    [
        (0, "../x", "row 3: the dicom_id is '../x'; allowed is"),
        (1, "1", "row 3: the subject_id is '1'; allowed is"),
        (2, "", "row 3: the study_id cell is empty"),
        (7, "2180", "row 3: the StudyDate is '2180'; allowed is YYYYMMDD"),
        (0, FILMS[0][0], "row 2, row 3: the file"),
    ],
)
def test_damage_is_refused_with_its_row(tmp_path: Path, at: int, cell: str, problem: str) -> None:
    damaged = [FILMS[0], [*FILMS[0]]]
    damaged[1][0] = dicom_id(99)
    damaged[1][at] = cell
    write(tmp_path, damaged, LABELS, SPLIT)
    lines = refused(tmp_path, "mimic-cxr")
    assert any(line.startswith(problem) for line in lines), lines


def test_the_problems_of_all_three_files_are_told_at_once(tmp_path: Path) -> None:
    films = [[*FILMS[0][:7], "today", *FILMS[0][8:]], *FILMS[1:]]
    labels, split = [*LABELS, LABELS[0], told("1", "2", Edema="3")], [*SPLIT, [*SPLIT[0][:3], "exam"]]
    write(tmp_path, films, labels, split)
    assert refused(tmp_path, "mimic-cxr") == [
        "mimic-cxr-2.0.0-chexpert.csv row 7: the study_id 50414267 stands in an earlier row, too; allowed is one row a study",
        "mimic-cxr-2.0.0-chexpert.csv row 8: the Edema is '3'; allowed are 1, 0, -1 or an empty cell",
        "mimic-cxr-2.0.0-split.csv row 9: the split is 'exam'; allowed are train, validate, test",
        f"mimic-cxr-2.0.0-split.csv row 9: the dicom_id {dicom_id(1)} stands in an earlier row, too; allowed is one row a film",
        "row 2: the StudyDate is 'today'; allowed is YYYYMMDD",
    ]


def test_a_download_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    miniature(tmp_path)
    packed = tmp_path / "mimic-cxr-2.0.0-metadata.csv.gz"
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(TableError, match=r"metadata.csv.gz: this gzip file is damaged .* → get the file anew"):
        import_source(tmp_path, name="mimic-cxr")


def test_labels_that_are_absent_are_named(tmp_path: Path) -> None:
    write_rows(tmp_path / "mimic-cxr-2.0.0-metadata.csv", FILMS_HEADER, FILMS)
    with pytest.raises(TableError, match=r"chexpert.csv.gz: there is no such file"):
        import_source(tmp_path, name="mimic-cxr")


def test_rows_are_read_in_a_small_multiple_of_the_time_of_the_fastest_reader(tmp_path: Path) -> None:
    """All 377,110 films take about 20 times as long as pandas' own parser takes to split their cells: some seconds."""
    films = [
        film(n, f"{10_000_000 + n // 6}", f"{50_000_000 + n // 2}", "AP" if n % 2 else "PA") for n in range(12_000)
    ]
    labels = [told(f"{10_000_000 + n // 3}", f"{50_000_000 + n}", Edema="1.0") for n in range(len(films) // 2)]
    write(tmp_path, films, labels, [[row[0], row[2], row[1], "train"] for row in films])
    started = time.process_time()
    for csv in tmp_path.glob("*.csv"):
        pd.read_csv(csv, dtype="str", keep_default_na=False)
    fastest, started = time.process_time() - started, time.process_time()
    frame = SOURCES["mimic-cxr"].read(tmp_path).frame
    assert time.process_time() - started < 60 * fastest
    assert frame["label"].value_counts().to_dict() == {"edema": 12_000}
    assert frame["patient"].nunique() == 2_000


def test_a_view_that_the_collection_does_not_have_is_refused(tmp_path: Path) -> None:
    miniature(tmp_path)
    rows = [film(1, "10000032", "50414267", "SIDEWAYS")]
    path = next(tmp_path.rglob("mimic-cxr-2.0.0-metadata.csv*"))
    path.unlink()
    write_rows(path.parent / "mimic-cxr-2.0.0-metadata.csv", FILMS_HEADER, rows)
    problems = refused(tmp_path, "mimic-cxr")
    assert any(problem.startswith("row 2: the ViewPosition is 'SIDEWAYS'; allowed are PA") for problem in problems)
