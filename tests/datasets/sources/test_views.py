from __future__ import annotations

import pytest

from deepcovid.datasets.sources.views import VIEWS, parse_modality, parse_view


@pytest.mark.parametrize(
    ("word", "view"),
    [
        ("PA", "PA"), ("pa", "PA"), ("AP", "AP"), ("AP Supine", "AP supine"), ("APS", "AP supine"),
        ("AP_horizontal", "AP supine"),
        ("AP erect", "AP"), ("AP Erect", "AP"), ("POSTERO-ANTERIOR", "PA"), ("antero-posterior", "AP"), ("L", "lateral"),
        ("LL", "lateral"), ("RL", "lateral"), ("Lateral", "lateral"), ("RAO", "oblique"), ("Axial", None), ("Coronal", None),
    ],
)  # fmt: skip
def test_views(word: str, view: str | None) -> None:
    assert parse_view(word) == view


def test_our_own_words_are_known() -> None:
    assert [parse_view(view) for view in VIEWS] == list(VIEWS)


@pytest.mark.parametrize("word", ["", "PPA", "front", "CT", "P A", "AP/PA", "123"])
def test_what_is_no_view(word: str) -> None:
    with pytest.raises(ValueError, match="allowed are PA, AP, AP supine, lateral"):
        parse_view(word)


def test_modalities() -> None:
    assert [parse_modality(word) for word in ("X-ray", "CR", "dx", "CT", "MRI")] == [
        "X-ray",
        "X-ray",
        "X-ray",
        "CT",
        "MR",
    ]
    for word in ("", "photo", "PA"):
        with pytest.raises(ValueError, match="allowed are X-ray, CT"):
            parse_modality(word)
