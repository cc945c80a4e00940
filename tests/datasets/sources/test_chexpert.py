from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.datasets.sources import SOURCES, import_source
from deepcovid.datasets.sources.chexpert import COLUMNS, LICENCE
from deepcovid.datasets.sources.observations import OBSERVATIONS
from tests.datasets.sources.making import cells, draw, refused, write_rows

HEADER = (
    "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,Edema,"
    "Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices"
)
ROOT = "CheXpert-v1.0-small"


def film(path: str, *who: str, **told: str) -> list[str]:
    """A row: path, sex, age, frontal or lateral, AP or PA, then the observations that are told."""
    names = {name.replace(" ", "_"): name for name in OBSERVATIONS}
    given = {names[name]: value for name, value in told.items()}
    return [f"{ROOT}/{path}", *who, *(given.get(name, "") for name in OBSERVATIONS)]


TRAIN = [
    film(
        "train/patient00001/study1/view1_frontal.jpg",
        "Female",
        "68",
        "Frontal",
        "AP",
        No_Finding="1.0",
        Support_Devices="1.0",
    ),
    film(
        "train/patient00002/study2/view1_frontal.jpg",
        *("Female", "87", "Frontal", "PA"),
        Lung_Opacity="1.0",
        Pneumonia="1.0",
        Cardiomegaly="-1.0",
        Edema="-1.0",
        Pleural_Effusion="0.0",
    ),
    film("train/patient00002/study1/view1_frontal.jpg", "Female", "83", "Frontal", "AP", No_Finding="1.0"),
    film("train/patient00002/study1/view2_lateral.jpg", "Female", "83", "Lateral", "", No_Finding="1.0"),
    film("train/patient00003/study1/view1_frontal.jpg", "Unknown", "0", "Frontal", "LL", No_Finding="1", Fracture="-1"),
    film("train/patient00004/study1/view1_frontal.jpg", "Male", "20", "Frontal", "PA", Edema="-1.0"),
]
VALID = [
    film("valid/patient64541/study1/view1_frontal.jpg", "Male", "73", "Frontal", "AP", Atelectasis="1.0", Edema="0.0")
]


def miniature(folder: Path) -> None:
    """Seven films of five patients in train and valid, in the folder that the small release unpacks to."""
    write_rows(folder / ROOT / "train.csv", HEADER, TRAIN)
    write_rows(folder / ROOT / "valid.csv", HEADER, VALID)
    draw(folder, [row[0] for row in (*TRAIN, *VALID)])


def test_the_header_is_the_published_one() -> None:
    assert ",".join(COLUMNS) == HEADER


def test_every_cell(tmp_path: Path) -> None:
    miniature(tmp_path)
    table = import_source(tmp_path, name="chexpert")
    frame = table.frame
    assert cells(frame["image"]) == [row[0] for row in (*TRAIN, *VALID) if "lateral" not in row[0]]
    assert cells(frame["label"]) == ["support-devices", "pneumonia", "normal", None, None, "atelectasis"]
    assert cells(frame["findings"]) == [
        "No Finding|Support Devices",
        "Lung Opacity|Pneumonia",
        "No Finding",
        "No Finding",
        None,
        "Atelectasis",
    ]
    assert cells(frame["uncertain"]) == [None, "Cardiomegaly|Edema", None, "Fracture", "Edema", None]
    assert cells(frame["patient"]) == [f"patient{n:05}" for n in (1, 2, 2, 3, 4, 64541)]
    assert cells(frame["split"]) == ["train"] * 5 + ["val"]
    assert cells(frame["view"]) == ["AP", "PA", "AP", None, "PA", "AP"]
    assert cells(frame["sex"]) == ["F", "F", "F", None, "M", "M"]
    assert cells(frame["age"]) == [68, 87, 83, 0, 20, 73]
    assert set(frame["license"]) == {LICENCE}
    assert set(frame["source"]) == {"chexpert"}
    assert cells(frame["original_Sex"])[:4] == ["Female", "Female", "Female", "Unknown"]
    assert cells(frame["Pneumonia"])[1] == "1.0"


def test_what_is_left_out_or_unknown_is_said(tmp_path: Path) -> None:
    miniature(tmp_path)
    notes = import_source(tmp_path, name="chexpert").notes
    assert any(note.startswith("1 films of view lateral were left out") for note in notes)
    assert "1 films are Frontal, but LL or RL in AP/PA: their view is unknown" in notes
    assert any(note.startswith("1 films have age 0") for note in notes)
    assert any(note.startswith("2 films carry several findings") for note in notes)


def test_a_copy_may_be_given_by_its_own_folder_of_any_name_and_hold_one_file_alone(tmp_path: Path) -> None:
    miniature(tmp_path)
    (tmp_path / ROOT).rename(tmp_path / "my copy")
    (tmp_path / "my copy" / "train.csv").unlink()
    inside = import_source(tmp_path / "my copy", name="chexpert")
    assert cells(inside.frame["image"]) == ["valid/patient64541/study1/view1_frontal.jpg"]
    assert "there is no train.csv; its films are not in the table" in inside.notes
    above = import_source(tmp_path, name="chexpert")
    assert cells(above.frame["image"]) == ["my copy/valid/patient64541/study1/view1_frontal.jpg"]


@pytest.mark.parametrize(
    ("at", "cell", "problem"),
    [
        (0, "patient1/view1.jpg", "train.csv row 3: the Path is 'patient1/view1.jpg'; allowed is …/train/patient00001"),
        (0, f"{ROOT}/train/patient00009/study1/view1_lateral.jpg", "train.csv row 3: the file is called lateral, but"),
        (1, "Fem", "train.csv row 3: the Sex is 'Fem'; allowed are F, M"),
        (2, "sixty", "train.csv row 3: the Age is 'sixty'; allowed are years"),
        (3, "Oblique", "train.csv row 3: the Frontal/Lateral is 'Oblique'; allowed are Frontal and Lateral"),
        (4, "XX", "train.csv row 3: the AP/PA is 'XX'; allowed are PA"),
        (5, "2", "train.csv row 3: the No Finding is '2'; allowed are 1, 0, -1"),
        (18, "yes", "train.csv row 3: the Support Devices is 'yes'; allowed are 1, 0, -1"),
        (0, f"{ROOT}/" + TRAIN[0][0], "train.csv row 2, train.csv row 3: the file"),
    ],
)
def test_damage_is_refused_with_its_row(tmp_path: Path, at: int, cell: str, problem: str) -> None:
    damaged = [TRAIN[0], [*TRAIN[2]]]
    damaged[1][at] = cell
    write_rows(tmp_path / "train.csv", HEADER, damaged)
    assert any(told.startswith(problem) for told in refused(tmp_path, "chexpert")), refused(tmp_path, "chexpert")


def test_all_problems_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.csv", HEADER, [[*TRAIN[0][:5], "7", *TRAIN[0][6:]]])
    write_rows(tmp_path / "valid.csv", HEADER, [["nowhere.jpg", *VALID[0][1:]]])
    problems = refused(tmp_path, "chexpert")
    assert [problem.partition(":")[0] for problem in problems] == ["valid.csv row 2", "train.csv row 2"]


def test_a_column_that_is_absent_is_named(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.csv", HEADER.replace(",Fracture", ""), [])
    assert refused(tmp_path, "chexpert")[0].startswith(
        "row 1: there is no column 'Fracture' (there are: Path, Sex, Age"
    )


def test_a_split_that_tears_a_patient_is_not_taken_over(tmp_path: Path) -> None:
    miniature(tmp_path)
    torn = film("valid/patient00001/study9/view1_frontal.jpg", "Female", "69", "Frontal", "AP", Edema="1.0")
    write_rows(tmp_path / ROOT / "valid.csv", HEADER, [torn])
    draw(tmp_path, [torn[0]])
    table = import_source(tmp_path, name="chexpert")
    assert "split" not in table.frame.columns
    assert cells(table.frame["published_split"])[-1] == "val"
    assert any(note.startswith("1 patients stand on several sides of the published split") for note in table.notes)


def test_the_label_is_normal_only_where_nothing_else_is_said(tmp_path: Path) -> None:
    rows = [
        film(f"train/patient{n:05}/study1/view1_frontal.jpg", "Male", "50", "Frontal", "PA", **told)
        for n, told in enumerate(
            [
                {"No_Finding": "1.0"},
                {"No_Finding": "1.0", "Edema": "0.0"},
                {"No_Finding": "1.0", "Edema": "-1.0"},
                {"No_Finding": "1.0", "Edema": "1.0"},
                {"No_Finding": "0.0"},
                {"No_Finding": "-1.0"},
                {},
            ]
        )
    ]
    write_rows(tmp_path / "train.csv", HEADER, rows)
    assert cells(SOURCES["chexpert"].read(tmp_path).frame["label"]) == [
        "normal",
        "normal",
        None,
        "edema",
        None,
        None,
        None,
    ]


def test_paths_may_start_with_a_folder_beside_the_csv_files(tmp_path: Path) -> None:
    write_rows(tmp_path / "train.csv", HEADER, TRAIN)
    draw(tmp_path, [row[0] for row in TRAIN])
    assert cells(SOURCES["chexpert"].read(tmp_path).frame["image"]) == [row[0] for row in TRAIN]
