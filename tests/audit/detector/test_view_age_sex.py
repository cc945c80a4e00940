"""Test 7 on films whose view, age, sex and form are drawn with the label or apart from it, and scores that follow or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deepcovid.audit.detector.attribute import banded
from deepcovid.audit.detector.detector_test import Case
from deepcovid.audit.detector.view_age_sex import view_age_sex
from tests.audit.detector.given import given, tiny_films

N = 320


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return tiny_films(tmp_path_factory.mktemp("tiny"), N)


def _case(paths: list[Path], *, bound: float, follows: float, seed: int = 0, **columns: Any) -> Case:
    """AP stands with the positives as often as `bound` says; scores read disease, and the view by `follows`."""
    rng = np.random.default_rng(seed)
    positive = np.arange(N) % 2 == 0
    ap = np.where(rng.random(N) < bound, positive, rng.random(N) < 0.5)
    features = rng.normal(size=(N, 4))
    features[:, 0] += 1.2 * positive + follows * ap
    told = {"view": np.where(ap, "AP", "PA"), "age": rng.uniform(20, 90, N), "sex": rng.choice(["F", "M"], N)}
    return given(
        positive, features=features, tested=np.arange(N) // 2 % 2 == 0, paths=paths, columns={**told, **columns}
    )


def test_a_detector_that_reads_the_view_fails_with_its_kind(paths: list[Path]) -> None:
    result = view_age_sex(_case(paths, bound=0.6, follows=2.0))
    assert result.verdict == "FAIL"
    assert result.kinds == ("projection",)
    view = next(one for one in result.figures["attributes"] if one["attribute"] == "view")
    assert view["matched"]["value"] < view["pooled"]["value"] - 0.05
    assert "View alone tells the label with AUC" in result.sentence


def test_a_detector_that_does_not_read_the_view_passes_though_the_view_tells_the_label(paths: list[Path]) -> None:
    result = view_age_sex(_case(paths, bound=0.6, follows=0.0, seed=1))
    assert result.verdict in {"PASS", "CANNOT TELL"}
    view = next(one for one in result.figures["attributes"] if one["attribute"] == "view")
    assert view["alone"]["low"] > 0.6
    assert view["follows"]["low"] < 0.6


def test_what_does_not_tell_the_label_passes(paths: list[Path]) -> None:
    result = view_age_sex(_case(paths, bound=0.0, follows=0.0, seed=2))
    assert result.verdict == "PASS", result.sentence


def test_children_against_adults_cannot_be_separated_from_disease(paths: list[Path]) -> None:
    rng = np.random.default_rng(3)
    positive = np.arange(N) % 2 == 0
    ages = np.where(positive, rng.uniform(20, 90, N), rng.uniform(1, 10, N))
    result = view_age_sex(_case(paths, bound=0.0, follows=0.0, age=ages))
    assert result.verdict == "FAIL"
    assert result.kinds == ("body size",)
    assert "disease and age cannot be separated" in result.sentence


def test_a_source_that_is_called_paediatric_stands_for_the_age(paths: list[Path]) -> None:
    positive = np.arange(N) % 2 == 0
    told = {"age": np.where(positive, 50.0, np.nan), "source": np.where(positive, "house", "kermany-paediatric")}
    result = view_age_sex(_case(paths, bound=0.0, follows=0.0, **told))
    assert result.verdict == "FAIL"
    assert result.kinds == ("body size",)


def test_unknown_columns_cannot_tell(paths: list[Path]) -> None:
    result = view_age_sex(_case(paths, bound=0.0, follows=0.0, age=np.full(N, np.nan)))
    assert result.verdict == "CANNOT TELL"
    assert "ge is unknown" in result.sentence


def test_the_quality_of_jpeg_files_is_read_from_the_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    positive = np.arange(N) % 2 == 0
    low = np.where(rng.random(N) < 0.7, positive, rng.random(N) < 0.5)
    paths = [tmp_path / f"{row}.jpg" for row in range(N)]
    for path, poor in zip(paths, low, strict=True):
        Image.fromarray(rng.integers(0, 255, (32, 32), dtype=np.uint8)).save(path, quality=30 if poor else 90)
    features = rng.normal(size=(N, 4))
    features[:, 0] += positive + 2.0 * low
    told = {"view": "PA", "age": rng.uniform(20, 90, N), "sex": rng.choice(["F", "M"], N)}
    result = view_age_sex(
        given(positive, features=features, tested=np.arange(N) // 2 % 2 == 0, paths=paths, columns=told)
    )
    assert result.verdict == "FAIL"
    assert result.kinds == ("JPEG quality",)


def test_bands_name_their_ends() -> None:
    bands = banded(
        "age", kind="body size", values=np.array([3.0, 16.0, 39.9, 80.0, np.nan]), edges=(16.0, 40.0), unit=" years"
    )
    assert bands.names == ("below 16 years", "16 to 40 years", "40 and more years")
    assert bands.groups.tolist() == [0, 1, 1, 2, -1]
