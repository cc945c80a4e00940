"""Tables of phantoms: valid, repeatable, each film apart from the others, and labels that only the lungs tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deepcovid.datasets.phantom import make_phantoms, patient_films, sample_patients
from deepcovid.datasets.table import load_table
from deepcovid.errors import DeepCovidError, UnknownNameError

COLUMNS = ["image", "patient", "source", "label", "findings", "view", "sex", "age", "lung_mask", "lesion_mask"]


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_table_is_valid_and_its_films_and_masks_are_there(tmp_path: Path) -> None:
    made = make_phantoms(tmp_path, patients=8, size=64, seed=3)
    table = load_table(tmp_path / "table.csv")
    assert list(table.frame.columns) == COLUMNS
    assert len(table) == len(made) >= 8
    assert set(table.frame["label"]) <= {"covid", "normal", "other"}
    assert (table.frame["findings"] == "normal").equals(table.frame["label"] == "normal")
    for row in table.frame.itertuples():
        film = np.asarray(Image.open(table.image_path(row.image)))
        lung = np.asarray(Image.open(table.image_path(row.lung_mask)))
        assert film.shape == lung.shape == (64, 64)
        assert film.dtype == np.uint8
        assert set(np.unique(lung)) == {0, 255}
    assert table.frame.loc[table.frame["label"] == "normal", "lesion_mask"].isna().all()


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_phantoms(tmp_path / name, patients=3, size=48, seed=seed)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert files(tmp_path / "a") != files(tmp_path / "c")


def test_a_film_does_not_depend_on_how_many_there_are(tmp_path: Path) -> None:
    make_phantoms(tmp_path / "few", patients=3, size=48)
    make_phantoms(tmp_path / "more", patients=5, size=48)
    few, more = files(tmp_path / "few"), files(tmp_path / "more")
    del few["table.csv"]
    assert few.items() <= more.items()


def test_films_of_a_patient_share_the_chest_and_differ_in_exposure() -> None:
    patient = next(p for p in sample_patients(20, films_per_patient=(3, 3)) if p.label == "normal")
    films = list(patient_films(patient, size=64))
    assert len(films) == 3
    assert {(f.facts["sex"], f.facts["age"]) for f in films} == {(patient.anatomy.sex, patient.anatomy.age)}
    assert len({f.facts["acquisition"]["zoom"] for f in films}) == 3
    again = list(patient_films(patient, size=64))
    np.testing.assert_array_equal(films[2].film, again[2].film)


def test_label_tells_nothing_of_source_sex_or_age() -> None:
    patients = list(sample_patients(1200, seed=4))
    label = np.array([p.label for p in patients])
    shares = [(label == name).mean() for name in ("covid", "normal", "other")]
    np.testing.assert_allclose(shares, [0.35, 0.35, 0.30], atol=0.01)
    covid = label == "covid"
    for told in ([p.source == "hospital-a" for p in patients], [p.anatomy.sex == "F" for p in patients],
                 [p.anatomy.age > 54 for p in patients]):  # fmt: skip
        seen = np.array(told)
        # 0.09 is three standard errors of a difference of shares with 420 and 780 patients
        assert abs(seen[covid].mean() - seen[~covid].mean()) < 0.09


def test_labels_and_sources_can_be_chosen(tmp_path: Path) -> None:
    table = make_phantoms(tmp_path, patients=6, films_per_patient=(1, 1), size=48, labels={"effusion": 1, "nodule": 1},
                          sources=("here",))  # fmt: skip
    assert set(table.frame["label"]) == {"effusion", "nodule"}
    assert set(table.frame["source"]) == {"here"}
    assert len(table) == 6


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"patients": 0}, "at least one patient"),
        ({"patients": 1, "films_per_patient": (2, 1)}, "at least one patient"),
        ({"patients": 1, "sources": ()}, "at least one source"),
        ({"patients": 1, "labels": {"covid": -1.0}}, "0 or more"),
        ({"patients": 1, "labels": {"gout": 1.0}}, "gout"),
    ],
)
def test_impossible_tables_are_refused(tmp_path: Path, wrong: dict, said: str) -> None:
    with pytest.raises((DeepCovidError, UnknownNameError), match=said):
        make_phantoms(tmp_path, **wrong)
    assert not list(tmp_path.iterdir())


def test_mean_brightness_alone_does_not_tell_covid() -> None:
    from sklearn.metrics import roc_auc_score

    ill, film_mean, lung_mean = [], [], []
    for patient in sample_patients(110, films_per_patient=(1, 1), seed=9):
        phantom = next(iter(patient_films(patient, size=64)))
        ill.append(patient.label == "covid")
        film_mean.append(phantom.film.mean())
        lung_mean.append(phantom.film[phantom.lung_mask].mean())
    assert 0.3 < roc_auc_score(ill, film_mean) < 0.75
    assert roc_auc_score(ill, lung_mean) < 0.85
