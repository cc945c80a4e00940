from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcovid.imaging.export import png16
from deepcovid.imaging.readers import read_radiograph


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(2, 40))
def test_a_film_comes_back_to_half_a_step(tmp_path_factory: pytest.TempPathFactory, seed: int, height: int, width: int):
    film = np.random.default_rng(seed).random((height, width), dtype=np.float32)
    path = tmp_path_factory.mktemp("png") / "film.png"
    path.write_bytes(png16(film))
    assert np.abs(read_radiograph(path).pixels - film).max() <= 0.501 / 65535


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_stored_values_can_be_had_back(bits: int, tmp_path: Path):
    stored = np.random.default_rng(0).integers(0, 2**bits, (30, 40))
    (tmp_path / "film.png").write_bytes(png16((stored / (2**bits - 1)).astype(np.float32)))
    back = np.rint(read_radiograph(tmp_path / "film.png").pixels.astype(float) * (2**bits - 1))
    assert np.array_equal(back, stored)


def test_pixels_alone():
    data = png16(np.zeros((4, 4), np.float32))
    names = {
        data[at : at + 4]
        for at in range(len(data))
        if data[at : at + 4] in (b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME")
    }
    assert names == set()
    with pytest.raises(ValueError, match="float32"):
        png16(np.zeros((4, 4)))
