"""What is measured of a film's style moves with that and with nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.audit.detector.kinds import BORDER, CONTRAST, JPEG, MARKER, RESOLUTION, TEXT
from deepcovid.audit.detector.looks import Film
from deepcovid.audit.detector.style_measure import PARTS, QUALITIES, edges_of, jpeg_traces, measured_style
from deepcovid.imaging.corruptions.placement import bordered
from deepcovid.imaging.corruptions.sharpness import blurred, jpeg_saved, made_coarse
from deepcovid.imaging.lettering import stamp, word_bitmap
from tests.audit.detector.phantoms import bare


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    return bare().films[3]


def style_of(pixels: np.ndarray) -> dict[str, np.ndarray]:
    lungs = bare().lungs[3]
    told = measured_style(Film(np.clip(pixels, 0, 1).astype(np.float32), segment=lambda _: lungs))
    return {kind: told[part] for kind, part in PARTS.items()}


def test_every_attribute_has_its_place() -> None:
    places = [place for part in PARTS.values() for place in range(part.start, part.stop)]
    assert places == list(range(len(measured_style(Film(np.full((64, 64), 0.5, np.float32))))))


def test_edges_are_measured_in_shares_of_the_sides() -> None:
    film = np.random.default_rng(0).random((100, 200)).astype(np.float32)
    widths, grey = edges_of(bordered(film, (0.1, 0.05, 0.03, 0.2), value=0.1))
    assert widths == pytest.approx((0.1, 0.05, 0.03, 0.2))
    assert grey == pytest.approx(0.1)
    assert edges_of(film)[0] == (0, 0, 0, 0)
    belly = film.copy()
    belly[-20:] = 1
    assert edges_of(belly)[0] == (0, 0, 0, 0)
    assert max(edges_of(np.zeros((40, 40), np.float32))[0]) <= 0.5


@pytest.mark.parametrize("quality", QUALITIES[:4])
def test_the_quality_of_a_saved_film_stands_out(quality: int, film: np.ndarray) -> None:
    everywhere = np.ones(film.shape, dtype=bool)
    traces = jpeg_traces(jpeg_saved(film, quality=quality), everywhere)
    assert QUALITIES[int(np.argmin(traces))] == quality
    assert traces.min() < -0.5
    smooth = jpeg_traces(blurred(film, 0.02).astype(np.float32), everywhere)
    assert np.abs(smooth).max() < 0.4


def test_each_change_moves_its_own_attributes_most(film: np.ndarray) -> None:
    usual = style_of(film)
    letter = film.copy()
    stamp(letter, word_bitmap("R", height=8), 8, 86)
    written = film.copy()
    stamp(written, word_bitmap("ERECT", height=7), 5, 20)
    changed = {
        MARKER: style_of(letter),
        TEXT: style_of(written),
        BORDER: style_of(bordered(film, (0.08, 0.08, 0.08, 0.08), value=0)),
        CONTRAST: style_of(film**1.5),
        JPEG: style_of(jpeg_saved(film, quality=10)),
        RESOLUTION: style_of(made_coarse(film, 0.4)),
    }
    for kind, told in changed.items():
        assert np.abs(told[kind] - usual[kind]).max() > 0.05, kind
    for kind in (MARKER, TEXT, BORDER):
        for other in (CONTRAST, JPEG, RESOLUTION):
            assert np.abs(changed[kind][other] - usual[other]).max() < 0.05, (kind, other)
    assert np.array_equal(changed[CONTRAST][BORDER], usual[BORDER])
    assert np.abs(changed[RESOLUTION][JPEG] - usual[JPEG]).max() < 0.4
    assert np.abs(changed[RESOLUTION][CONTRAST] - usual[CONTRAST]).max() < 0.05


def test_a_film_without_a_segmenter_is_measured_too(film: np.ndarray) -> None:
    plain, darker = (measured_style(Film(pixels.astype(np.float32))) for pixels in (film, film**1.5))
    assert np.isfinite(plain).all()
    assert (darker[PARTS[CONTRAST]] < plain[PARTS[CONTRAST]]).all()
