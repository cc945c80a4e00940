"""Tests of what a file's bytes say of its compression."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deepcovid.imaging.compression import jpeg_quality


@pytest.mark.parametrize("quality", [10, 35, 50, 75, 90, 95])
def test_the_quality_is_the_one_that_pillow_was_given(tmp_path: Path, quality: int) -> None:
    path = tmp_path / "film.jpg"
    Image.fromarray(np.full((32, 40), 90, np.uint8)).save(path, quality=quality)
    assert jpeg_quality(path) == pytest.approx(quality, abs=1)


def test_other_files_have_none(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "film.png")
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff\xdb\x00\x43\x00\x10")
    (tmp_path / "odd.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x00" * 9)
    assert [jpeg_quality(tmp_path / name) for name in ("film.png", "cut.jpg", "odd.jpg")] == [None, None, None]
