from __future__ import annotations

import numpy as np
import pytest

from deepcovid.imaging.radiograph import Radiograph


def test_a_film_knows_its_shape():
    assert Radiograph(np.zeros((3, 5), np.float32)).shape == (3, 5)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.zeros((3, 5)), "float64"),
        (np.zeros((3, 5, 1), np.float32), r"\(3, 5, 1\)"),
        (np.zeros((0, 5), np.float32), r"\(0, 5\)"),
        (np.full((3, 5), 1.5, np.float32), "1.5"),
        (np.full((3, 5), np.nan, np.float32), "nan"),
    ],
)
def test_what_is_no_film_is_refused(pixels: np.ndarray, words: str):
    with pytest.raises(ValueError, match=words):
        Radiograph(pixels)
