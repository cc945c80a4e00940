"""Phantom films: same bits for the same seed, sane masks, and findings that stay where they are said to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from deepcovid.datasets.phantom import FINDINGS, Acquisition, render_phantom, sample_anatomy
from deepcovid.errors import DeepCovidError, UnknownNameError

PLAIN = Acquisition(scatter=0.3, noise=0.3)


def lungs_of(mask: np.ndarray) -> int:
    """How many pieces of a mask are larger than a hundredth of the film."""
    labels, count = ndimage.label(mask)
    return int((np.bincount(labels.ravel(), minlength=count + 1)[1:] > 0.01 * mask.size).sum())


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), view=st.sampled_from(["PA", "AP"]), sex=st.sampled_from(["F", "M"]),
    age=st.floats(0, 100), finding=st.sampled_from(FINDINGS.names()), severity=st.floats(0, 1),
)  # fmt: skip
def test_every_phantom_is_a_film_with_two_lungs(
    seed: int, view: str, sex: str, age: float, finding: str, severity: float
) -> None:
    phantom = render_phantom(seed=seed, size=96, view=view, sex=sex, age=age, finding=finding, severity=severity)
    film = phantom.film
    assert film.dtype == np.float32
    assert film.shape == (96, 96)
    assert np.isfinite(film).all()
    assert film.min() >= 0
    assert film.max() <= 1
    assert film.std() > 0.08
    assert phantom.lung_mask.dtype == bool
    assert phantom.lesion_mask.dtype == bool
    assert lungs_of(phantom.lung_mask) == 2
    assert 0.12 < phantom.lung_mask.mean() < 0.65
    assert phantom.facts["finding"] == finding
    assert phantom.facts["view"] == view
    assert phantom.facts["age"] == age


def test_the_same_seed_gives_the_same_bits() -> None:
    def draw(seed: int) -> np.ndarray:
        return render_phantom(seed=seed, size=128, finding="covid", view="AP").film

    assert draw(5).tobytes() == draw(5).tobytes()
    assert draw(5).tobytes() != draw(6).tobytes()
    sequence = np.random.SeedSequence(7)
    first = render_phantom(seed=sequence, size=64).film
    np.testing.assert_array_equal(first, render_phantom(seed=sequence, size=64).film)


def test_lungs_are_darker_than_the_heart_and_the_belly() -> None:
    for seed in range(12):
        phantom = render_phantom(seed=seed, size=128, acquisition=PLAIN)
        lung = np.median(phantom.film[phantom.lung_mask])
        height, width = phantom.film.shape
        belly = np.median(phantom.film[int(0.93 * height) :, int(0.4 * width) : int(0.6 * width)])
        assert lung < belly - 0.15


def test_the_right_lung_is_on_the_left_of_the_film_and_larger() -> None:
    areas = np.array([_halves(render_phantom(seed=s, size=96, acquisition=PLAIN).lung_mask) for s in range(20)])
    heart = [_heart_side(seed) for seed in range(20)]
    assert areas.min() > 0.06
    assert np.mean(heart) > 0.05  # the heart's shadow lies on the film's right, the patient's left


def _halves(mask: np.ndarray) -> tuple[float, float]:
    middle = mask.shape[1] // 2
    return float(mask[:, :middle].mean()), float(mask[:, middle:].mean())


def _heart_side(seed: int) -> float:
    small = render_phantom(seed=seed, size=96, acquisition=PLAIN).lung_mask
    film = render_phantom(seed=seed, size=96, acquisition=PLAIN).film
    rows = slice(int(0.5 * 96), int(0.65 * 96))
    left, right = small.copy(), small.copy()
    left[:, 48:], right[:, :48] = False, False
    return float(film[rows][right[rows]].mean() - film[rows][left[rows]].mean())


@pytest.mark.parametrize("finding", ["covid", "pneumonia", "effusion", "nodule", "cardiomegaly"])
def test_a_finding_changes_the_film_where_its_mask_is(finding: str) -> None:
    inside, outside = [], []
    for seed in range(8):
        clear = render_phantom(seed=seed, size=128, acquisition=PLAIN)
        ill = render_phantom(seed=seed, size=128, acquisition=PLAIN, finding=finding, severity=0.8)
        np.testing.assert_array_equal(ill.lung_mask, clear.lung_mask)
        change = np.abs(ill.film - clear.film)
        near = ndimage.binary_dilation(ill.lesion_mask, iterations=6)
        inside.append(change[ill.lesion_mask].mean())
        outside.append(change[~near].mean())
        assert ill.lesion_mask.any()
        assert change[near].sum() > 0.5 * change.sum()
    assert np.mean(inside) > 5 * np.mean(outside)


@pytest.mark.parametrize("finding", ["covid", "pneumonia", "effusion", "nodule"])
def test_lesions_lie_within_the_lungs_and_grow_with_severity(finding: str) -> None:
    def areas(severity: float) -> float:
        films = [
            render_phantom(seed=s, size=96, finding=finding, severity=severity, acquisition=PLAIN) for s in range(10)
        ]
        for film in films:
            lung = ndimage.binary_dilation(film.lung_mask, iterations=4)
            assert (film.lesion_mask & lung).sum() >= 0.9 * film.lesion_mask.sum()
        return float(np.mean([film.lesion_mask.mean() for film in films]))

    assert areas(0.15) < areas(0.9)


def test_ground_glass_is_bilateral_and_low() -> None:
    sides, heights = [], []
    for seed in range(20):
        phantom = render_phantom(seed=seed, size=96, finding="covid", severity=0.7, acquisition=PLAIN)
        columns = np.nonzero(phantom.lesion_mask)[1]
        sides.append(min((columns < 48).mean(), (columns >= 48).mean()))
        heights.append(np.nonzero(phantom.lesion_mask)[0].mean() - np.nonzero(phantom.lung_mask)[0].mean())
    assert np.mean(np.array(sides) > 0.1) > 0.7
    assert np.mean(heights) > 2


def test_a_normal_film_has_no_lesion() -> None:
    assert not render_phantom(seed=3, size=64).lesion_mask.any()


def test_ap_films_show_larger_hearts_than_pa_films() -> None:
    def shadow(view: str) -> float:
        films = [render_phantom(seed=s, size=96, finding="cardiomegaly", severity=0, acquisition=Acquisition(view=view))
                 for s in range(10)]  # fmt: skip
        return float(np.mean([film.lesion_mask.mean() for film in films]))

    assert shadow("AP") > 1.1 * shadow("PA")


def test_the_anatomy_given_is_the_one_drawn() -> None:
    anatomy = sample_anatomy(seed=1, sex="M", age=70)
    one = render_phantom(seed=1, size=96, anatomy=anatomy, acquisition=PLAIN)
    two = render_phantom(seed=2, size=96, anatomy=anatomy, acquisition=PLAIN)
    np.testing.assert_array_equal(one.lung_mask, two.lung_mask)
    assert (one.facts["sex"], one.facts["age"]) == ("M", 70)
    assert (one.film != two.film).any()


def test_a_marker_and_a_border_appear_where_asked() -> None:
    bare = render_phantom(seed=1, size=128, acquisition=Acquisition(marker=""))
    marked = render_phantom(
        seed=1, size=128, acquisition=Acquisition(marker="R", marker_at=(0.1, 0.1), text="PORTABLE")
    )
    rows, columns = np.nonzero(bare.film != marked.film)
    assert rows.size
    assert rows.max() < 40
    assert columns.max() < 64
    framed = render_phantom(
        seed=1, size=128, acquisition=Acquisition(marker="", border=(0.05, 0, 0, 0), border_value=1.0)
    )
    np.testing.assert_array_equal(framed.film[:, :6], 1.0)
    np.testing.assert_array_equal(framed.film[:, 7:], bare.film[:, 7:])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"finding": "covit"}, "did you mean 'covid'"),
        ({"severity": 1.2}, "0 to 1"),
        ({"size": 16}, "32"),
        ({"view": "lateral"}, "PA, AP"),
        ({"sex": "x"}, "F, M"),
        ({"age": 130.0}, "0 to 120"),
        ({"acquisition": Acquisition(text="größer")}, "A to Z"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_mend(wrong: dict, said: str) -> None:
    with pytest.raises((DeepCovidError, UnknownNameError), match=said):
        render_phantom(seed=0, **{"size": 64, **wrong})


def test_films_need_not_be_square() -> None:
    assert render_phantom(seed=0, size=(80, 120)).film.shape == (80, 120)
