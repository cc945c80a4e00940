from __future__ import annotations

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


@pytest.mark.parametrize("settings", [Augmentation(), DEEP_COVID, RAWAT, EVERYTHING])
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
    ],
)
def test_values_out_of_range_are_refused_by_name(key: str, value: object):
    with pytest.raises(RecipeError, match=f"augmentation {key} = .*→ use "):
        Augmentation.from_dict({key: value})


def test_unknown_keys_are_refused():
    with pytest.raises(RecipeError, match=r"no augmentation 'mixup' → use any of flip, rotation"):
        Augmentation.from_dict({"mixup": 0.5})
