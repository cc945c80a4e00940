from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from deepcovid.imaging.grayscale import lut, modality, number, presented, through, window
from deepcovid.imaging.radiograph import check_film


def header(**elements: object) -> Dataset:
    dataset = Dataset()
    plain = {
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 12,
        "PixelRepresentation": 0,
    }
    for keyword, value in (plain | elements).items():
        setattr(dataset, keyword, value)
    return dataset


def table(values: list[int], *, first: int, depth: int) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US" if first >= 0 else "SS", [len(values), first, depth])
    item.add_new("LUTData", "US", values)
    return item


@pytest.mark.filterwarnings("ignore:overflow encountered in exp:RuntimeWarning")  # of pydicom
@given(
    st.floats(-500, 3000),
    st.floats(1, 5000),
    st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
    st.sampled_from([(1, 0), (2, -1024), (-1, 4095)]),
)
def test_windows_are_pydicoms_scaled(center: float, width: float, function: str, rescale: tuple[int, int]):
    slope, intercept = rescale
    dataset = header(VOILUTFunction=function, RescaleSlope=slope, RescaleIntercept=intercept)
    dataset.WindowCenter, dataset.WindowWidth = f"{center:.6g}", f"{max(width, 1.001):.6g}"
    stored = np.arange(0, 4096, 7, dtype=np.uint16)
    low, high = sorted((intercept, 4095 * slope + intercept))
    golden = apply_voi_lut(apply_modality_lut(stored, dataset), dataset)
    start = intercept  # pydicom's output runs from the lowest stored value rescaled
    golden = (golden - start) / (high - low) * (1 if slope > 0 else -1)
    found = presented(modality(stored, dataset), dataset, inverted=False)
    assert found.pixels == pytest.approx(golden, abs=2e-6)
    assert found.voi.startswith("window ")


def test_the_voi_lut_is_pydicoms_and_goes_before_a_window():
    values = np.random.default_rng(0).integers(0, 4096, 3000).tolist()
    dataset = header(VOILUTSequence=[table(values, first=500, depth=12)], WindowCenter=40, WindowWidth=400)
    stored = np.arange(4096, dtype=np.uint16)
    found = presented(modality(stored, dataset), dataset, inverted=False)
    assert found.pixels == pytest.approx(apply_voi_lut(stored, dataset) / 4095)
    assert found.voi == "lut"


def test_the_modality_lut_is_pydicoms():
    values = np.random.default_rng(0).integers(0, 65536, 4096).tolist()
    dataset = header(ModalityLUTSequence=[table(values, first=0, depth=16)])
    stored = np.arange(4096, dtype=np.uint16)
    film = modality(stored, dataset)
    assert np.array_equal(film.values, apply_modality_lut(stored, dataset))
    assert (film.low, film.high) == (0, 65535)


def test_a_lut_with_eight_bit_entries_does_not_wrap():
    ramp = [i // 16 for i in range(4096)]
    stored = np.arange(4096, dtype=np.uint16)
    assert np.array_equal(through(stored, *lut(table(ramp, first=0, depth=8), header())[:2]), ramp)


def test_a_lut_clamps_at_both_ends_and_takes_negative_first_values():
    found = through(np.array([-100, -2, -1, 0, 1, 100]), *lut(table([7, 8, 9], first=-1, depth=16), header())[:2])
    assert found.tolist() == [7, 7, 7, 8, 9, 9]


@pytest.mark.parametrize("depth", [7, 17])
def test_luts_of_odd_depths_are_refused(depth: int):
    with pytest.raises(ValueError, match=f"{depth} bits"):
        lut(table([1, 2], first=0, depth=depth), header())


def test_a_short_lut_is_refused():
    item = table([1, 2], first=0, depth=16)
    item.LUTDescriptor = [3, 0, 16]
    with pytest.raises(ValueError, match="2 entries where 3"):
        lut(item, header())


@pytest.mark.parametrize(
    ("stored", "elements", "expected", "voi"),
    [
        (np.array([0, 4095], np.uint16), {}, [0, 1], "stored range (12 bits)"),
        (np.array([-2048, 2047], np.int16), {"PixelRepresentation": 1}, [0, 1], "stored range (12 bits)"),
        (np.array([0, 4095], np.uint16), {"RescaleSlope": -1, "RescaleIntercept": 0}, [1, 0], "stored range (12 bits)"),
        (np.array([5, 7, 9], np.uint32), {"BitsStored": 32}, [0, 0.5, 1], "lowest to highest"),
        (np.array([5, 7, 9], np.float32), {"BitsStored": 16}, [0, 0.5, 1], "lowest to highest"),
        (np.array([0, 4095], np.uint16), {"WindowCenter": 5, "WindowWidth": 0}, [0, 1], "stored range (12 bits)"),
        (np.array([0, 4095], np.uint16), {"WindowCenter": None, "WindowWidth": ""}, [0, 1], "stored range (12 bits)"),
        (np.array([0, 4095], np.uint16), {"RescaleSlope": 0, "RescaleIntercept": 3}, [0, 1], "stored range (12 bits)"),
        (np.array([4, 6], np.uint16), {"WindowCenter": 5, "WindowWidth": 1}, [0, 1], "window 5/1"),
    ],
)
def test_what_becomes_black_and_white(stored: np.ndarray, elements: dict, expected: list[float], voi: str):
    dataset = header(**elements)
    found = presented(modality(stored, dataset), dataset, inverted=False)
    assert found.pixels.tolist() == pytest.approx(expected)
    assert found.voi == voi
    flipped = presented(modality(stored, dataset), dataset, inverted=True)
    assert flipped.pixels.tolist() == pytest.approx([1 - value for value in expected])


def test_a_faint_film_without_window_is_told():
    dataset = header(BitsStored=16)
    found = presented(modality(np.array([0, 4000], np.uint16), dataset), dataset, inverted=False)
    assert found.notes == ("no window is given, and the pixels fill 6.1% of the range of their bits",)


def test_the_first_of_several_windows_is_taken():
    dataset = header(WindowCenter=[600, 40], WindowWidth=[1600, 400])
    assert presented(modality(np.zeros((2, 2), np.uint16), dataset), dataset, inverted=False).voi == "window 600/1600"
    assert number(dataset, "WindowCenter") == 600


@given(st.floats(-1e4, 1e4), st.floats(1.001, 1e4), st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]))
def test_a_window_never_falls_and_stays_in_range(center: float, width: float, function: str):
    found = window(np.linspace(-2e4, 2e4, 500), center=center, width=width, function=function)
    assert (np.diff(found) >= 0).all()
    assert 0 <= found.min() <= found.max() <= 1


@pytest.mark.filterwarnings("ignore:Applying a VOI LUT on a float input:UserWarning")  # of pydicom: that is the case
@pytest.mark.parametrize(("slope", "intercept"), [(0.684, 200), (1.5, -300.25), (0.1, 0)])
def test_a_voi_lut_after_a_fractional_rescale_is_pydicoms(slope: float, intercept: float):
    values = np.random.default_rng(0).integers(0, 65536, 3000).tolist()
    dataset = header(RescaleSlope=slope, RescaleIntercept=intercept)
    dataset.VOILUTSequence = [table(values, first=100, depth=16)]
    stored = np.arange(4096, dtype=np.uint16)
    golden = apply_voi_lut(apply_modality_lut(stored, dataset), dataset)
    found = presented(modality(stored, dataset), dataset, inverted=False)
    assert found.pixels == pytest.approx(golden / 65535)


def test_where_several_views_are_offered_it_is_said_that_the_first_was_taken():
    stored = np.arange(16, dtype=np.uint16)
    windows = header(WindowCenter=[600, 40], WindowWidth=[1600, 400])
    assert "the first of 2 windows was taken" in presented(modality(stored, windows), windows, inverted=False).notes
    luts = header(VOILUTSequence=[table([1, 2], first=0, depth=16)] * 3, WindowCenter=[1, 2], WindowWidth=[3, 4])
    assert "the first of 3 VOI LUTs was taken" in presented(modality(stored, luts), luts, inverted=False).notes


def test_values_beyond_the_declared_bits_are_clipped_and_said():
    dataset = header(BitsStored=8)  # as of a codec with more precision than its header declares
    found = presented(modality(np.array([0, 255, 256, 4095], np.uint16), dataset), dataset, inverted=False)
    assert found.pixels.tolist() == [0, 1, 1, 1]
    assert "50.00% of the pixels lie beyond the range of their bits, and were clipped" in found.notes


@given(st.integers(0, 65535), st.floats(-1e5, 1e5), st.floats(0.001, 1e5), st.booleans())
def test_any_window_gives_a_film(value: int, center: float, width: float, inverted: bool):
    dataset = header(BitsStored=16, WindowCenter=f"{center:.8g}", WindowWidth=f"{width:.8g}")
    found = presented(modality(np.array([[value]], np.uint16), dataset), dataset, inverted=inverted)
    check_film(found.pixels)
