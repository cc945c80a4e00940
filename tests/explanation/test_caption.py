"""The strip under a heat map leaves the map alone, can be read, and says what it shows."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from deepcovid.explanation.caption import FLAT, NARROWEST, NOT_DISEASE, Caption, _cut, _font, _wrapped, captioned
from deepcovid.explanation.overlay import HeatStyle, overlay, png_bytes

CAPTION = Caption(target="abnormal", score=0.6124, verdict="cannot tell", detector="normal-or-abnormal 2f0a46ae5163")


def picture(height: int, width: int, style: HeatStyle = "uniform") -> np.ndarray:
    rng = np.random.default_rng(0)
    return overlay(rng.random((height, width), np.float32), rng.random((height, width), np.float32), style=style)


@pytest.mark.parametrize("style", ["uniform", "rawat"])
@pytest.mark.parametrize(("height", "width"), [(30, 24), (40, 900)])
def test_the_map_keeps_its_pixels_and_its_place(height: int, width: int, style: HeatStyle) -> None:
    colours = picture(height, width, style)
    whole = captioned(colours, caption=CAPTION, style=style)
    np.testing.assert_array_equal(whole[:height, :width], colours)
    assert whole.shape[1] == max(width, NARROWEST)
    strip = whole[height:].astype(int)
    assert np.ptp(strip, axis=2).max() > 60  # the scale is coloured
    assert (strip.min(axis=2) > 200).sum() > 500  # letters are bright
    assert (whole[:height, width:] == whole[-1, -1]).all()


def test_letters_grow_with_the_film_and_no_line_leaves_it() -> None:
    small, large = (captioned(picture(8, width), caption=CAPTION) for width in (400, 1600))
    assert large.shape[0] - 8 > 2 * (small.shape[0] - 8)
    for whole in (small, large):
        bright = (whole[8:].min(axis=2) > 200).any(axis=0)
        assert not bright[-4:].any()


def test_long_names_are_wrapped_or_cut() -> None:
    font = _font(13)
    lines = list(_wrapped(["one two three four five six seven", "a" * 300], font, room=90))
    assert len(lines) > 3
    assert max(font.getlength(line) for line in lines) <= 90
    assert lines[-1].endswith("…")
    assert _cut("short", font, 90) == "short"


def test_the_file_says_the_same_and_names_neither_film_nor_patient() -> None:
    data = png_bytes(captioned(picture(8, 8), caption=CAPTION), texts=CAPTION.metadata)
    texts = Image.open(io.BytesIO(data)).text
    assert texts["Title"] == f"Heat map of “abnormal”: {NOT_DISEASE}."
    assert texts["Description"].startswith(
        "Score for “abnormal” 0.612; verdict: cannot tell. Detector: normal-or-abnormal"
    )
    assert "not for the care of patients" in texts["Disclaimer"]
    assert set(texts) == {"Title", "Description", "Disclaimer", "Software"}


def test_a_map_without_heat_says_so() -> None:
    assert FLAT in replace(CAPTION, flat=True).sentences
    assert FLAT not in CAPTION.sentences
