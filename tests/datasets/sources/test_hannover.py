from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.datasets.sources import SOURCES, import_source
from tests.datasets.sources.making import cells, draw, refused, write_rows

HEADER = (
    "patient_id,image_id,sex,age,size,weight,admission_offset,icu_admission_offset,icu_release_offset,death_offset,modality,"
    "projection,crp_offset,crp_val,d-dimer_offset,d-dimer_val,factor_xii_offset,factor_xii_val,ldh_offset,ldh_val,"
    "lymphocytes_offset,lymphocytes_val,neutrophils_offset,neutrophils_val,pco2_offset,pco2_val,po2_offset,po2_val"
)


def film(
    patient: str, image: str, *, sex: str = "m", modality: str = "CR", view: str = "ap", admitted: int = 0
) -> list[object]:
    laboratory = [0.0, "-inf", "", "", 0.0, "inf", "", "", "", "", "", "", 0.0, 45.0, 0.0, 55.0]
    return [patient, image, sex, "", "", "", admitted, "", "", "", modality, view, *laboratory]


ROWS = [
    film("042f06a9", "b343e657"),
    film("042f06a9", "c9280a30", admitted=-2),
    film("88b33741", "2c35005f", sex="f", modality="DX", view="pa", admitted=23),
    film("0a359802", "61bc50d1", sex="w", view="pa"),
]


def miniature(folder: Path) -> None:
    """Four films of three patients."""
    write_rows(folder / "data.csv", HEADER, ROWS)
    draw(folder / "png", [f"{row[1]}.png" for row in ROWS])


def test_films_patients_and_views(tmp_path: Path) -> None:
    miniature(tmp_path)
    parsed = SOURCES["hannover"].read(tmp_path)
    frame = parsed.frame
    assert cells(frame["image"])[0] == "png/b343e657.png"
    assert cells(frame["patient"]) == ["042f06a9", "042f06a9", "88b33741", "0a359802"]
    assert cells(frame["view"]) == ["AP", "AP", "PA", "PA"]
    assert cells(frame["sex"]) == ["M", "M", "F", "F"]
    assert set(frame["modality"]) == {"X-ray"}
    assert set(frame["label"]) == {"covid"}
    assert set(frame["crp_val"]) == {"-inf"}
    assert "1 films were taken before admission, and may show no disease yet" in parsed.notes
    assert any("no film of the collection has a finding of its own" in note for note in parsed.notes)


def test_ids_stay_text(tmp_path: Path) -> None:
    write_rows(tmp_path / "data.csv", HEADER, [film("00000001", "00000002"), film("1e5", "1e6")])
    draw(tmp_path / "png", ["00000002.png", "1e6.png"])
    table = import_source(tmp_path, name="hannover")
    assert cells(table.frame["patient"]) == ["00000001", "1e5"]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (film("1", "b", modality="XR?"), "row 3: the modality is 'XR?'; allowed are X-ray, CT"),
        (film("1", "b", view="lateralized"), "row 3: the projection is 'lateralized'; allowed are PA, AP"),
        (film("", "b"), "row 3: the patient_id cell is empty"),
        (film("1", ""), "row 3: the image_id cell is empty"),
        (film("1", "b343e657"), "row 2, row 3: the file 'png/b343e657.png' stands in 2 rows"),
        (film("1", "../b"), "row 3: there is no file png/../b.png"),
    ],
)
def test_damage_is_refused_with_its_row(tmp_path: Path, row: list[object], problem: str) -> None:
    write_rows(tmp_path / "data.csv", HEADER, [ROWS[0], row])
    draw(tmp_path / "png", ["b343e657.png"])
    assert any(told.startswith(problem) for told in refused(tmp_path, "hannover"))
