from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.datasets.sources import SOURCES, import_source
from deepcovid.errors import TableError
from tests.datasets.sources.making import cells, draw, refused

FILMS = [
    "sub-S03044/ses-E07034/mod-rx/sub-S03044_ses-E07034_run-1_bp-chest_vp-ap_cr.png",
    "sub-S03044/ses-E07035/mod-ct/sub-S03044_ses-E07035_run-1_bp-chest_ct.nii.gz",
    "sub-S03047/ses-E07985/mod-rx/sub-S03047_ses-E07985_acq-2_run-1_bp-chest_vp-ll_dx.png",
    "sub-S03047/ses-E07985/mod-rx/sub-S03047_ses-E07985_run-1_bp-chest_vp-pa_dx.png",
    "sub-S03048/ses-E06247/mod-rx/sub-S03048_ses-E06247_run-1_bp-chest_cr.png",
    "sub-S03048/ses-E06248/mod-rx/sub-S03048_ses-E06248_run-1_bp-chest_vp-zz_cr.png",
]
ELSEWHERE = [
    "sub-S03048/ses-E06248/mod-rx/sub-S03048_ses-E06248_run-1_bp-abdomen_vp-ap_cr.png",
    "sub-S03048/ses-E06248/mod-rx/holiday.png",
    "derivatives/mask.png",
]
PEOPLE = [
    ["sub-S03044", "['CR', 'CT']", "[['chest']]", "[62]", "M"],
    ["sub-S03047", "['DX']", "[['chest']]", "['80', '81']", "F"],
    ["sub-S03048", "['CR']", "[['chest']]", "[40, 55]", "None"],
]
LABELS = [
    ["sub-S03044", "ses-E07034", "neumonia bilateral", "['COVID 19', 'pneumonia', ' infiltrates']"],
    ["sub-S03047", "ses-E07985", "sin hallazgos", "['normal']"],
    ["sub-S03048", "ses-E06247", "cortado", "['pneumonia', 'infil"],
]
TESTS = [
    ["sub-S03044", "18.03.2020", "PCR", "POSITIVO"],
    ["sub-S03044", "01.03.2020", "PCR", "NEGATIVO"],
    ["sub-S03047", "10.04.2020", "IGG", "POSITIVO"],
]


def tsv(path: Path, header: str, rows: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(header.split()), *("\t".join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write(folder: Path, *, labels: str = "labels_covid_posi.tsv", people: list[list[str]] = PEOPLE) -> None:
    tsv(folder / "participants.tsv", "participant modality_dicom body_parts age gender", people)
    tsv(folder / "derivatives/labels" / labels, "PatientID ReportID Report Labels", LABELS)
    draw(folder, [film for film in (*FILMS, *ELSEWHERE) if film.endswith(".png")])
    (folder / FILMS[1]).parent.mkdir(parents=True, exist_ok=True)
    (folder / FILMS[1]).write_bytes(b"\x1f\x8b")


def miniature(folder: Path) -> None:
    """Five films and a CT volume of three patients, with tests, and dates of two."""
    home = folder / "covid19_posi"
    write(home)
    tsv(home / "derivatives/EHR/sil_reg_covid_posi.tsv", "participant date test result", TESTS)
    for patient, session, date in (
        ("sub-S03044", "ses-E07034", "20200320"),
        ("sub-S03047", "ses-E07985", "20200401.0"),
    ):
        rows = [[session, date, "informe"]]
        tsv(home / patient / f"{patient}_sessions.tsv", "session_id study_date medical_evaluation", rows)


def test_every_cell(tmp_path: Path) -> None:
    miniature(tmp_path)
    frame = import_source(tmp_path, name="bimcv-covid19").frame
    kept = [FILMS[number] for number in (0, 3, 4, 5)]
    assert cells(frame["image"]) == [f"covid19_posi/{film}" for film in kept]
    assert set(frame["label"]) == {"covid"}
    assert cells(frame["findings"]) == ["COVID 19|pneumonia|infiltrates", "normal", None, None]
    assert cells(frame["patient"]) == ["sub-S03044", "sub-S03047", "sub-S03048", "sub-S03048"]
    assert cells(frame["view"]) == ["AP", "PA", None, None]
    assert cells(frame["sex"]) == ["M", "F", None, None]
    assert cells(frame["age"]) == [62, 80.5, None, None]
    assert cells(frame["date"]) == ["2020-03-20", "2020-04-01", None, None]
    assert cells(frame["days_from_positive_test"]) == ["2", "-9", None, None]
    assert cells(frame["session"]) == ["ses-E07034", "ses-E07985", "ses-E06247", "ses-E06248"]


def test_what_is_left_out_or_unknown_is_said(tmp_path: Path) -> None:
    miniature(tmp_path)
    notes = "\n".join(import_source(tmp_path, name="bimcv-covid19").notes)
    assert "1 images of other body parts were left out: abdomen (1)" in notes
    assert "1 images have a name that is not the collection's, and were left out" in notes
    assert "1 CT images are no X-rays and were left out" in notes
    assert "1 films of view lateral were left out" in notes
    assert "1 cells of view say nothing that is known here: 'zz' (1)" in notes
    assert "1 cells of Labels say nothing that is known here" in notes
    assert "1 different lists of ages span more than 2 years: those ages are unknown" in notes
    assert "3 of 6 films have no date" in notes


def test_the_negative_collection_is_labelled_by_its_reports(tmp_path: Path) -> None:
    write(tmp_path, labels="Labels_covid_NEG_JAN21.tsv")
    table = import_source(tmp_path, name="bimcv-covid19")
    assert cells(table.frame["label"]) == [None, "normal", None, None], "a report of covid makes no label here"
    assert "there is no file of tests: how far a film is from a positive one is unknown" in table.notes
    assert SOURCES["bimcv-covid19"].read(tmp_path).frame["days_from_positive_test"].isna().all()


def test_labels_of_a_name_that_is_not_known_are_not_guessed_at(tmp_path: Path) -> None:
    write(tmp_path, labels="my_labels.tsv")
    with pytest.raises(TableError, match=r"labels: there is no file of labels → lay one of these there: derivatives"):
        import_source(tmp_path, name="bimcv-covid19")


@pytest.mark.parametrize(
    ("file", "row", "problem"),
    [
        (
            "participants.tsv",
            ["sub-S1", "[]", "[]", "[old]", "M"],
            "participants.tsv row 2: the age is '[old]'; allowed are years",
        ),
        (
            "participants.tsv",
            ["sub-S1", "[]", "[]", "[5]", "W"],
            "participants.tsv row 2: the gender is 'W'; allowed are F, M",
        ),
        ("participants.tsv", ["", "[]", "[]", "[5]", "M"], "participants.tsv row 2: the participant cell is empty"),
        (
            "derivatives/labels/labels_covid_posi.tsv",
            ["sub-S1", "E1", "", "[]"],
            "labels_covid_posi.tsv row 2: the ReportID is 'E1'; allowed is ses-E and a number",
        ),
        (
            "derivatives/EHR/sil_reg_covid_posi.tsv",
            ["sub-S1", "2020-03-18", "PCR", "POSITIVO"],
            "sil_reg_covid_posi.tsv row 2: the date is '2020-03-18'; allowed is DD.MM.YYYY",
        ),
        (
            "derivatives/EHR/sil_reg_covid_posi.tsv",
            ["sub-S1", "18.03.2020", "PCR", "YES"],
            "sil_reg_covid_posi.tsv row 2: the result is 'YES'; allowed are POSITIVO, NEGATIVO, INDETERMINADO",
        ),
        (
            "sub-S03044/sub-S03044_sessions.tsv",
            ["ses-E07034", "20.3.2020", ""],
            "sub-S03044/sub-S03044_sessions.tsv row 2: the study_date is '20.3.2020'; allowed is YYYYMMDD",
        ),
    ],
)
def test_damage_is_refused_with_file_and_row(tmp_path: Path, file: str, row: list[str], problem: str) -> None:
    miniature(tmp_path)
    path = tmp_path / "covid19_posi" / file
    path.write_text(path.read_text().splitlines()[0] + "\n" + "\t".join(row) + "\n")
    told = refused(tmp_path, "bimcv-covid19")
    assert any(line.startswith(problem) for line in told), told


def test_an_age_list_that_was_cut_off_is_refused_and_an_unlisted_patient_is_said(tmp_path: Path) -> None:
    miniature(tmp_path)
    home = next(tmp_path.rglob("participants.tsv")).parent
    cut = [*PEOPLE[0][:3], "['70', '7", "M"]
    write(home, people=[cut, *PEOPLE[1:]])
    assert refused(tmp_path, "bimcv-covid19")[0].startswith("participants.tsv row 2: the age is")
    write(home, people=PEOPLE[1:])
    notes = import_source(tmp_path, name="bimcv-covid19").notes
    assert "2 films are of patients that participants.tsv does not have: sex and age are unknown" in notes
