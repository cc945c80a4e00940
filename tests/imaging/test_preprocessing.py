from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from deepcovid.errors import RecipeError
from deepcovid.imaging.preprocessing import IMAGENET, RAWAT, Preprocessing

SMALL = Preprocessing(size=(6, 5), mean=(0.5, 0.25), std=(0.5, 0.125), channels=2, value_range=(-1, 3), fit="pad")


def film(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).random((height, width), dtype=np.float32)


def test_the_papers_input_is_torchvisions():
    torch = pytest.importorskip("torch")
    pixels = film(300, 260)
    small = torch.nn.functional.interpolate(
        torch.from_numpy(pixels)[None, None], size=(224, 224), mode="bilinear", antialias=True
    )
    mean, std = (torch.tensor(values)[None, :, None, None] for values in (IMAGENET.mean, IMAGENET.std))
    golden = ((small.repeat(1, 3, 1, 1) - mean) / std)[0].numpy()
    assert np.abs(IMAGENET.apply(pixels) - golden).max() < 5e-5


def test_rawats_input_is_the_film_three_times():
    pixels = film(224, 224)
    assert np.array_equal(RAWAT.apply(pixels), np.stack([pixels] * 3))


@given(arrays(np.float32, (3, 6, 5), elements=st.floats(0, 1, width=32)))
def test_normalising_by_hand(films: np.ndarray):
    found = SMALL.normalise(films)
    ranged = films * 4 - 1
    assert found.dtype == np.float32
    assert found == pytest.approx(np.stack([(ranged - 0.5) / 0.5, (ranged - 0.25) / 0.125], axis=1), abs=1e-5)


def test_one_film_is_what_it_is_among_others():
    films = np.stack([SMALL.resize_film(film(9, size)) for size in (4, 9, 30)])
    assert np.array_equal(SMALL.normalise(films)[1], SMALL.apply(film(9, 9)))


@pytest.mark.parametrize("settings", [IMAGENET, RAWAT, SMALL])
def test_settings_survive_json_and_keep_their_hash(settings: Preprocessing):
    again = Preprocessing.from_dict(json.loads(json.dumps(settings.to_dict())))
    assert again == settings
    assert again.hash == settings.hash


def test_equal_settings_have_one_hash_and_different_ones_another():
    whole = Preprocessing(size=[224, 224], mean=[0, 0, 0], std=(1, 1, 1), value_range=[0, 1])
    assert whole.hash == RAWAT.hash
    assert dataclasses.replace(RAWAT, fit="crop").hash != RAWAT.hash


def test_only_what_came_later_may_be_absent():
    before = {key: value for key, value in SMALL.to_dict().items() if key != "equalise"}
    assert Preprocessing.from_dict(before) == SMALL
    asked = dataclasses.replace(SMALL, equalise=True)
    assert Preprocessing.from_dict(asked.to_dict()) == asked
    assert asked.hash != SMALL.hash


def test_the_hash_is_the_same_on_every_machine():
    assert RAWAT.hash.startswith("3ad8748452bc6485")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("size", (224,)),
        ("size", (0, 224)),
        ("size", (224, 5000)),
        ("size", (224.5, 224)),
        ("size", 224),
        ("resize", "nearest"),
        ("fit", "squash"),
        ("channels", 0),
        ("mean", (0.5,)),
        ("mean", (0.5, 0.5, float("nan"))),
        ("std", (1, 1, 0)),
        ("std", "abc"),
        ("value_range", (1, 0)),
    ],
)
def test_values_out_of_range_are_refused_by_name(key: str, value: object):
    with pytest.raises(RecipeError, match=f"preprocessing {key} = .*→ use "):
        Preprocessing.from_dict(IMAGENET.to_dict() | {key: value})


def test_other_keys_are_refused():
    with pytest.raises(RecipeError, match=r"unknown: gamma.*→ give exactly size, resize"):
        Preprocessing.from_dict(IMAGENET.to_dict() | {"gamma": 2})
    few = {key: value for key, value in IMAGENET.to_dict().items() if key not in ("fit", "mean")}
    with pytest.raises(RecipeError, match="missing: fit, mean"):
        Preprocessing.from_dict(few)


def test_films_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"\(N, 6, 5\)"):
        SMALL.normalise(np.zeros((2, 5, 6), np.float32))
    with pytest.raises(ValueError, match="float64"):
        SMALL.resize_film(np.zeros((5, 6)))
