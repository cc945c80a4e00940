"""Test 8 on tables whose sides share nothing, a patient, or a film."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deepcovid.audit.detector.detector_test import Case
from deepcovid.audit.detector.leakage import leakage, nearest_of_surest
from deepcovid.audit.detector.picture import Films
from deepcovid.datasets.duplicates import Pair
from deepcovid.datasets.phantom import make_phantoms
from tests.audit.detector.given import given, tiny_films

N = 80


def _case(paths: list[Path], *, patient: np.ndarray | None = None, trained: bool = True) -> Case:
    rng = np.random.default_rng(0)
    positive = np.arange(len(paths)) % 2 == 0
    features = rng.normal(size=(len(paths), 6))
    features[:, 0] += positive
    tested = np.arange(len(paths)) // 2 % 2 == 0 if trained else np.ones(len(paths), dtype=bool)
    return given(positive, features=features, patient=patient, tested=tested, paths=paths)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return tiny_films(tmp_path_factory.mktemp("tiny"), N)


def test_sides_that_share_nothing_pass_and_show_the_surest_films(paths: list[Path]) -> None:
    result = leakage(_case(paths))
    assert result.verdict == "PASS"
    assert "No patient and no film stands on both sides (40 tested films, 40 trained ones)" in result.sentence
    assert isinstance(result.picture, Films)
    assert len(result.picture.films) == 12
    assert all(film.dtype == np.uint8 for _, film in result.picture.films)
    assert [one["score"] for one in result.figures["surest"]] == sorted(
        (one["score"] for one in result.figures["surest"]), reverse=True
    )


def test_a_patient_on_both_sides_fails(paths: list[Path]) -> None:
    patient = np.arange(N)
    patient[2] = 0  # film 0 is tested, film 2 trained
    result = leakage(_case(paths, patient=patient))
    assert result.verdict == "FAIL"
    assert result.sentence.startswith("1 patient stands on both sides. Without them the AUC is")
    assert result.figures["leaked_films"] == 1


def test_a_copied_film_fails_and_is_named(paths: list[Path], tmp_path: Path) -> None:
    copied = list(paths)
    copied[6] = tmp_path / "copy.png"
    shutil.copy(paths[4], copied[6])  # 4 is tested, 6 trained
    copied[7] = tmp_path / "again.png"
    shutil.copy(paths[3], copied[7])  # both trained
    result = leakage(_case(copied))
    assert result.verdict == "FAIL"
    assert result.figures["duplicates"] == [
        {"tested": "4.png", "trained": "6.png", "exact": True, "transform": "same", "correlation": 1.0, "detail": 1.0}
    ]


def test_films_that_are_only_much_alike_are_named_and_not_judged(
    paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair(a=0, b=2, transform="same", hamming=1, correlation=0.98, detail=0.945)
    monkeypatch.setattr("deepcovid.audit.detector.leakage.shared_films", lambda case: ([pair], 0))
    result = leakage(_case(paths))
    assert result.verdict == "CANNOT TELL"
    assert paths[0].name in result.sentence
    assert result.figures["leaked_films"] == 0


def test_unknown_training_films_cannot_tell(paths: list[Path]) -> None:
    assert leakage(_case(paths, trained=False)).verdict == "CANNOT TELL"


def test_the_nearest_training_film_is_the_nearest(paths: list[Path]) -> None:
    case = _case(paths)
    trained = np.flatnonzero(case.trained)
    features = case.looks.features(np.arange(N)).astype(float)
    scaled = (features - features[trained].mean(axis=0)) / features[trained].std(axis=0)
    for one in nearest_of_surest(case):
        angles = [
            scaled[one.row] @ scaled[k] / np.linalg.norm(scaled[one.row]) / np.linalg.norm(scaled[k]) for k in trained
        ]
        assert one.nearest == trained[int(np.argmax(angles))]
        assert one.cosine == pytest.approx(max(angles), abs=1e-5)


def test_different_phantoms_are_not_taken_for_one_and_a_resaved_one_is(tmp_path: Path) -> None:
    table = make_phantoms(tmp_path, patients=40, films_per_patient=(1, 1), size=96, seed=5)
    films = [table.image_path(name) for name in table.frame["image"]]
    assert leakage(_case(films)).verdict == "PASS"
    with Image.open(films[0]) as film:
        film.convert("L").resize((80, 80)).save(films[2].with_suffix(".jpg"), quality=70)
    films[2] = films[2].with_suffix(".jpg")
    assert leakage(_case(films)).figures["duplicate_pairs"] == 1
