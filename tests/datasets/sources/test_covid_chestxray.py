from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.datasets.sources import SOURCES, import_source
from deepcovid.datasets.sources.views import VIEWS
from tests.datasets.sources.making import cells, draw, refused, write_rows

MARCH = (
    "Patientid,offset,sex,age,finding,survival,view,modality,date,location,filename,doi, url,license,clinical notes,"
    "other notes,"
)
LAST = (
    "patientid,offset,sex,age,finding,RT_PCR_positive,survival,intubated,intubation_present,went_icu,in_icu,"
    "needed_supplemental_O2,extubated,temperature,pO2_saturation,leukocyte_count,neutrophil_count,lymphocyte_count,view,"
    "modality,date,location,folder,filename,doi,url,license,clinical_notes,other_notes,"
)
FIRST = "Patientid,offset,sex,age,finding,survival,view,date,location,filename,doi, url,license,notes"
SNAPSHOT = Path(__file__).resolve().parents[4] / "shared" / "data" / "covid-chestxray-2a99173"


def march(
    patient: object, finding: str, view: str, name: str, *, modality: str = "X-ray", **other: object
) -> list[object]:
    """A row of the schema of March 2020, with its unnamed last column."""
    cells = [patient, other.get("offset", 0), other.get("sex", "M"), other.get("age", 65), finding, "Y", view, modality]
    notes = ["Fever, cough", "Credit to someone", ""]
    return [*cells, other.get("date", "January 22, 2020"), "Hanoi, Việt Nam", name, "", "", "CC BY", *notes]


def last(patient: object, finding: str, view: str, name: str, *, modality: str = "X-ray") -> list[object]:
    """A row of the last schema."""
    clinical = ["Y", "Y", "N", "N", "N", "N", "Y", "", 38.6, 97, 7.4, "", ""]
    place = ["2020", "Toronto, Canada", "volumes" if name.endswith("gz") else "images"]
    return [
        patient,
        0,
        "F",
        52,
        finding,
        *clinical,
        view,
        modality,
        *place,
        name,
        "",
        "",
        "CC BY-NC-SA",
        "notes",
        "",
        "",
    ]


def miniature(folder: Path) -> None:
    """Two COVID-19 films and one of SARS, a lateral, a slice of CT."""
    rows = [
        march(2, "COVID-19", "PA", "a.jpeg"),
        march(2, "COVID-19, ARDS", "AP Supine", "b.png", age="", sex=""),
        march(3, "SARS", "AP", "c.jpg", date="2/29/2020"),
        march(4, "COVID-19", "L", "d.jpg", date="January 12"),
        march(5, "COVID-19", "Axial", "e.jpg", modality="CT"),
    ]
    write_rows(folder / "metadata.csv", MARCH, rows)
    draw(folder / "images", [str(row[10]) for row in rows])


def test_the_schema_of_march(tmp_path: Path) -> None:
    miniature(tmp_path)
    frame = SOURCES["covid-chestxray"].read(tmp_path).frame
    assert cells(frame["image"]) == [f"images/{name}" for name in ("a.jpeg", "b.png", "c.jpg", "d.jpg", "e.jpg")]
    assert cells(frame["label"]) == ["covid", "covid", "pneumonia", "covid", "covid"]
    assert cells(frame["findings"])[:3] == ["COVID-19", "COVID-19|ARDS", "SARS"]
    assert cells(frame["view"]) == ["PA", "AP supine", "AP", "lateral", None]
    assert cells(frame["date"]) == ["2020-01-22", "2020-01-22", "2020-02-29", None, "2020-01-22"]
    assert cells(frame["patient"]) == ["2", "2", "3", "4", "5"]
    assert list(frame.index) == [2, 3, 4, 5, 6]
    assert frame["age"].isna().tolist() == [False, True, False, False, False]
    assert cells(frame["original_view"])[1] == "AP Supine"
    assert frame["location"].iloc[0] == "Hanoi, Việt Nam"
    assert {"url", "clinical notes", "Patientid", "original_date"} <= set(frame.columns)


def test_ct_and_laterals_are_left_out_with_counts(tmp_path: Path) -> None:
    miniature(tmp_path)
    table = import_source(tmp_path, name="covid-chestxray")
    assert cells(table.frame["image"]) == ["images/a.jpeg", "images/b.png", "images/c.jpg"]
    assert "1 CT images are no X-rays and were left out (--keep-ct keeps them)" in table.notes
    assert "1 films of view lateral were left out (kept were PA, AP, AP supine; see --views)" in table.notes
    assert len(import_source(tmp_path, name="covid-chestxray", views=VIEWS)) == 4
    assert len(import_source(tmp_path, name="covid-chestxray", keep_ct=True)) == 4
    assert len(import_source(tmp_path, name="covid-chestxray", views=("PA",))) == 1


def test_the_last_schema_in_the_folder_that_an_archive_unpacks(tmp_path: Path) -> None:
    home = tmp_path / "covid-chestxray-dataset-master"
    rows = [
        last("2", "Pneumonia/Viral/COVID-19", "PA", "a.jpeg"),
        last("326a", "Pneumonia/Bacterial/E.Coli", "AP Erect", "b.png"),
        last("449", "Tuberculosis", "PA", "c.JPG"),
        last("5", "No Finding", "AP", "d.jpg"),
        last("6", "todo", "L", "f.jpg"),
        last("7", "Pneumonia/Viral/COVID-19", "Axial", "coronacases_org_001.nii.gz", modality="CT"),
    ]
    write_rows(home / "metadata.csv", LAST, rows)
    draw(home / "images", ["a.jpeg", "b.png", "c.JPG", "d.jpg", "f.jpg"])
    parsed = SOURCES["covid-chestxray"].read(tmp_path).frame
    assert cells(parsed["label"]) == ["covid", "pneumonia", "tuberculosis", "normal", None, "covid"]
    assert cells(parsed["findings"])[1] == "Pneumonia/Bacterial/E.Coli"
    assert cells(parsed["view"]) == ["PA", "AP", "PA", "AP", "lateral", None]
    assert cells(parsed["image"])[5] == "covid-chestxray-dataset-master/volumes/coronacases_org_001.nii.gz"
    assert len(import_source(tmp_path, name="covid-chestxray")) == 4, "the volume of CT need not be there"


def test_the_first_schema_has_ct_as_a_view(tmp_path: Path) -> None:
    rows = [
        [17, 9, "M", 54, "COVID-19", "Y", "CT", "2020", "", "d.jpg", "", "", "", ""],
        [1, " ", "", "", "COVID-19", "", "PA", "2019", "", "a.jpg", "", "", "", ""],
    ]
    write_rows(tmp_path / "metadata.csv", FIRST, rows)
    frame = SOURCES["covid-chestxray"].read(tmp_path).frame
    assert cells(frame["modality"]) == ["CT", "X-ray"]
    assert cells(frame["view"]) == [None, "PA"]


def test_every_damage_is_told_with_its_row(tmp_path: Path) -> None:
    rows = [
        march(2, "COVID-19", "PA", "a.jpeg"),
        march(3, "COVID-19", "sideways", "b.jpeg", age="sixty"),
        march(4, "COVID-19", "PA", "", modality="photo"),
        march(5, "COVID-19", "PA", "d.jpeg", sex="X", age="650"),
    ]
    write_rows(tmp_path / "metadata.csv", MARCH, rows)
    problems = refused(tmp_path, "covid-chestxray")
    told = "\n".join(problems)
    assert len(problems) == 6
    for row, what in ((3, "'sideways'"), (3, "'sixty'"), (4, "'photo'"), (4, "filename"), (5, "'X'"), (5, "'650'")):
        assert any(problem.startswith(f"row {row}: ") and what in problem for problem in problems), (row, what, told)
    assert "allowed are PA, AP" in told


def test_two_rows_of_one_file_are_refused(tmp_path: Path) -> None:
    rows = [march(n, "COVID-19", "PA", name) for n, name in enumerate(["a.jpg", "b.jpg", "a.jpg", "../../c.jpg"])]
    write_rows(tmp_path / "metadata.csv", MARCH, rows)
    draw(tmp_path / "images", ["a.jpg", "b.jpg"])
    problems = refused(tmp_path, "covid-chestxray")
    assert any(problem.startswith("row 2, row 4: the file 'images/a.jpg' stands in 2 rows") for problem in problems)
    assert any(problem.startswith("row 5: ") and "outside" in problem for problem in problems)


@pytest.mark.parametrize("absent", ["finding", "view", "filename", "Patientid", "sex", "age", "modality"])
def test_a_missing_column_is_named(tmp_path: Path, absent: str) -> None:
    names = [name for name in MARCH.rstrip(",").split(",") if name != absent]
    write_rows(tmp_path / "metadata.csv", names, [["x"] * len(names)])
    assert any(
        absent.lower() in problem and problem.startswith("row 1: ") for problem in refused(tmp_path, "covid-chestxray")
    )


@pytest.fixture
def snapshot() -> Path:
    if not (SNAPSHOT / "metadata.csv").exists():
        pytest.skip("the snapshot of March 2020 is not at hand (../shared/data/covid-chestxray-2a99173)")
    return SNAPSHOT


def test_the_real_snapshot_has_the_counts_of_deep_covid(snapshot: Path) -> None:
    """Minaee et al. 2020, section 2: 102 COVID-19 and 24 other X-rays, 22 + 1 CT; 71 positives, here of 49 patients."""
    frame = SOURCES["covid-chestxray"].read(snapshot).frame
    counts = frame.groupby("modality")["label"].value_counts()
    assert counts["X-ray", "covid"] == 102
    assert counts["X-ray"].sum() - counts["X-ray", "covid"] == 24
    assert counts["CT", "covid"] == 22
    assert counts["CT"].sum() == 23
    positives = frame[(frame["modality"] == "X-ray") & (frame["label"] == "covid") & (frame["view"] == "PA")]
    assert len(positives) == 71
    assert positives["patient"].nunique() == 49


def test_the_real_snapshot_is_imported_without_its_four_absent_films_only_when_told(snapshot: Path) -> None:
    problems = refused(snapshot, "covid-chestxray")
    assert [problem.partition(":")[0] for problem in problems] == ["row 55", "row 75", "row 78", "row 108"]
    table = import_source(snapshot, name="covid-chestxray", allow_absent=True)
    assert len(table) == 110
    assert table.frame["label"].value_counts()["covid"] == 87
    notes = "\n".join(table.notes)
    assert "the counts are those of COVID-19 Image Data Collection, 2a99173" in notes
    assert "4 of 114 films: images/covid-19-pneumonia-14-PA.png (row 55)" in notes
    assert "beside the films lie 4 that no row of the metadata names" in notes
    assert all((snapshot / image).is_file() for image in table.frame["image"])
