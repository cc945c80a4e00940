"""Random damage to a small sound file of each format: a film or an ImageError, and never over a second."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepcovid.errors import ImageError
from deepcovid.imaging.readers import read_radiograph
from tests.hostile.dicom_bytes import JPEG, JPEG2000, JPEG_LS, encapsulated, sound
from tests.hostile.kinds import PLANTED
from tests.hostile.makers_dicom import in_all_syntaxes
from tests.hostile.makers_dicom_pixels import j2k, jls
from tests.hostile.originals import jpeg, png, tiff, webp

SOUND = {
    "png": png,
    "jpeg": jpeg,
    "progressive": lambda: jpeg(progressive=True),
    "webp": webp,
    "webp-lossless": lambda: webp(lossless=True),
    "tiff": tiff,
    "tiff-lzw": lambda: tiff("tiff_lzw"),
    "tiff-deflate": lambda: tiff("tiff_deflate"),
    "tiff-float": lambda: tiff(kind="float32"),
    "dicom": sound,
    "dicom-implicit": lambda: in_all_syntaxes()["implicit"],
    "dicom-rle": lambda: in_all_syntaxes()["rle"],
    "dicom-deflated": lambda: in_all_syntaxes()["deflated"],
    "dicom-jpeg": lambda: encapsulated([jpeg()], JPEG),
    "dicom-j2k": lambda: encapsulated([j2k()], JPEG2000),
    "dicom-jls": lambda: encapsulated([jls()], JPEG_LS),
}
SECOND = 1.0
PATIENCE = 5  # a busy machine's second

damage = st.lists(
    st.tuples(st.sampled_from(["flip", "set", "cut", "double", "drop"]), st.floats(0, 0.9999), st.integers(0, 255)),
    min_size=1,
    max_size=5,
)


def damaged(data: bytes, steps: list[tuple[str, float, int]]) -> bytes:
    """Bytes flipped, set, cut off, doubled and dropped at places given as shares of the length."""
    out = bytearray(data)
    for what, share, value in steps:
        at = int(share * len(out))
        if what == "cut":
            del out[at + 1 :]
        elif what == "flip" and out:
            out[at] ^= 1 << value % 8
        elif what == "set" and out:
            out[at] = value
        elif what == "double":
            out[at:at] = out[at : at + value]
        elif what == "drop":
            del out[at : at + value % 16]
    return bytes(out)


@pytest.mark.parametrize("name", SOUND)
def test_random_damage_is_a_film_or_an_image_error(name: str, tmp_path: Path) -> None:
    data, path = SOUND[name](), tmp_path / f"{name}.bin"
    path.write_bytes(data)
    read_radiograph(path)  # the first film of a process starts the child

    @settings(max_examples=30, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(damage)
    def holds(steps: list[tuple[str, float, int]]) -> None:
        path.write_bytes(damaged(data, steps) or b"\0")
        began = time.monotonic()
        try:
            said = str(read_radiograph(path).origin)
        except ImageError as error:
            said = str(error)
        assert "→" in said or "bit_depth" in said
        assert time.monotonic() - began < PATIENCE * SECOND
        assert str(path) in said
        assert PLANTED not in said

    holds()
