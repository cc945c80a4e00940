from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcovid.errors import RecipeError
from deepcovid.imaging.augmentation import DEEP_COVID, RAWAT, Augmentation
from deepcovid.imaging.draw import Draw

EVERYTHING = Augmentation(
    flip=0.5,
    rotation=(-10, 20),
    zoom=0.2,
    shear=5,
    translation=0.1,
    distortion=0.05,
    blur=2,
    brightness=0.2,
    contrast=0.3,
)
WINDOWS = Augmentation(crop=(0.08, 1.0), erasing=0.5)
FILM = np.random.default_rng(0).random((23, 31), dtype=np.float32)
seeds = st.integers(0, 2**63)


@given(seeds)
def test_the_same_seed_gives_the_same_bits(seed: int):
    first, second = EVERYTHING.sample(seed), EVERYTHING.sample(seed)
    assert first == second
    assert first.hash == second.hash
    assert np.array_equal(first.apply(FILM), second.apply(FILM))


@given(seeds)
def test_draws_stay_in_their_ranges(seed: int):
    draw = EVERYTHING.sample(seed)
    assert -10 <= draw.rotation <= 20
    assert all(0.8 <= factor <= 1.2 for factor in draw.zoom)
    assert abs(draw.shear) <= 5
    assert all(abs(shift) <= 0.1 for shift in draw.translation)
    assert all(abs(shift) <= 0.05 for shift in draw.distortion)
    assert 0 <= draw.blur <= 2
    assert abs(draw.brightness) <= 0.2
    assert 0.7 <= draw.contrast <= 1.3


@given(seeds)
def test_by_default_nothing_is_done(seed: int):
    draw = Augmentation().sample(seed)
    assert draw.is_identity
    assert draw == Draw()
    assert draw.apply(FILM) is FILM


@given(seeds)
def test_switching_one_on_leaves_the_others_as_they_were(seed: int):
    alone, together = Augmentation(rotation=10).sample(seed), Augmentation(rotation=10, blur=3, flip=1).sample(seed)
    assert alone.rotation == together.rotation


def test_a_generator_advances_by_the_same_amount():
    first, second = np.random.default_rng(3), np.random.default_rng(3)
    Augmentation().sample(first)
    EVERYTHING.sample(second)
    assert first.random() == second.random()


def test_flips_come_as_often_as_asked():
    share = np.mean([DEEP_COVID.sample(seed).flip for seed in range(400)])
    assert 0.42 < share < 0.58
    assert not any(Augmentation(rotation=10).sample(seed).flip for seed in range(50))


@pytest.mark.parametrize(
    ("settings", "name", "row"),
    [
        (DEEP_COVID, "55464da912cb4ab5", [0.237391, 0.323018, 0.407829, 0.493096, 0.579800, 0.667778, 0.756575]),
        (RAWAT, "44ab6c7338aef05a", [0.420696, 0.447131, 0.473565, 0.5, 0.526435, 0.552869, 0.579304]),
        (EVERYTHING, "b022648d7af89269", [0.445034, 0.486029, 0.540354, 0.601648, 0.663012, 0.717469, 0.758524]),
    ],
)
def test_draws_are_what_they_were_before_crop_and_erasing(settings: Augmentation, name: str, row: list[float]):
    draw = settings.sample(7)
    assert draw.hash.startswith(name)
    assert draw.apply(np.arange(35, dtype=np.float32).reshape(5, 7) / 34)[2] == pytest.approx(row, abs=1e-5)


def test_later_draws_of_a_generator_are_what_they_were():
    generator = np.random.default_rng(3)
    EVERYTHING.sample(generator)
    assert EVERYTHING.sample(generator).hash.startswith("10d759f3951f405e")


def test_crop_and_erasing_leave_the_rest_of_a_draw_and_each_other_as_they_were():
    both = dataclasses.replace(EVERYTHING, crop=(0.08, 1.0), erasing=1.0).sample(5)
    assert dataclasses.replace(both, crop=(), erased=(), noise=0) == EVERYTHING.sample(5)
    assert Augmentation(crop=(0.08, 1.0)).sample(5).crop == both.crop
    assert Augmentation(erasing=1.0).sample(5).erased == both.erased


def test_erasing_comes_as_often_as_asked():
    draws = [WINDOWS.sample(seed) for seed in range(400)]
    assert 0.42 < np.mean([bool(draw.erased) for draw in draws]) < 0.58
    assert all(draw.crop for draw in draws)
    assert len({draw.noise for draw in draws if draw.erased}) > 150


def test_proportions_of_a_crop_need_a_crop():
    with pytest.raises(RecipeError, match="crop_aspect is given, but crop is not"):
        Augmentation(crop_aspect=(0.5, 2.0))


@pytest.mark.parametrize("settings", [Augmentation(), DEEP_COVID, RAWAT, EVERYTHING, WINDOWS])
def test_settings_survive_json(settings: Augmentation):
    again = Augmentation.from_dict(json.loads(json.dumps(settings.to_dict())))
    assert again == settings
    assert again.hash == settings.hash


def test_short_forms_mean_both_ways():
    assert Augmentation(rotation=7, zoom=0.25) == Augmentation(rotation=(-7, 7), zoom=(0.75, 1.25))


def test_an_identity_is_known():
    assert Augmentation().is_identity
    assert not RAWAT.is_identity


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("flip", 1.5),
        ("flip", True),
        ("rotation", (20, -10)),
        ("rotation", 200),
        ("rotation", (1, 2, 3)),
        ("zoom", 1.0),
        ("zoom", "a lot"),
        ("shear", -1),
        ("distortion", 0.2),
        ("blur", float("nan")),
        ("contrast", None),
        ("crop", 0.5),
        ("crop", (0.5, 1.1)),
        ("crop_aspect", (2, 1)),
        ("erasing", 1.1),
    ],
)
def test_values_out_of_range_are_refused_by_name(key: str, value: object):
    with pytest.raises(RecipeError, match=f"augmentation {key} = .*→ use "):
        Augmentation.from_dict({key: value})


def test_unknown_keys_are_refused():
    with pytest.raises(RecipeError, match=r"no augmentation 'mixup' → use any of flip, rotation"):
        Augmentation.from_dict({"mixup": 0.5})
