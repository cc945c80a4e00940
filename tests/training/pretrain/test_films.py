"""Batches follow from seed, step and place alone; masks move with their film."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.training.pretrain.films import Drawing, Films, batches, chosen
from deepcovid.training.pretrain.targets import Targets
from deepcovid.training.pretrain.varying import STRONG, vary

torch = pytest.importorskip("torch")


def _films(real: int = 10, drawn: int = 6) -> Films:
    rng = np.random.default_rng(0)
    count = real + drawn
    targets = Targets(("view AP",), np.zeros((count, 1), np.float32), np.full(count, np.nan, np.float32))
    return Films(rng.integers(0, 256, (count, 32, 32), np.uint8), targets, rng.random((drawn, 2, 32, 32)) < 0.5)


DRAWING = Drawing(batch_size=8, phantom_share=0.25, views=2, variation=STRONG, seed=3)


def test_a_batch_has_its_share_of_phantoms_and_no_film_twice() -> None:
    films = _films()
    for step in range(20):
        rows = chosen(films, DRAWING, step=step)
        assert (rows >= films.real).sum() == 2
        assert len(set(rows.tolist())) == 8
    assert len({tuple(chosen(films, DRAWING, step=step)) for step in range(20)}) == 20
    assert (chosen(_films(real=10, drawn=0), DRAWING, step=0) < 10).all()
    assert len(chosen(_films(real=3, drawn=0), DRAWING, step=0)) == 8


def test_batches_are_alike_whoever_fetches_them_and_wherever_one_begins() -> None:
    from types import SimpleNamespace

    fabric = SimpleNamespace(global_rank=0, world_size=1, device="cpu")
    films = _films()
    alone = list(batches(films, DRAWING, steps=range(4), fabric=fabric))
    later = list(batches(films, DRAWING, steps=range(2, 4), fabric=fabric, loaders=1))
    for one, other in zip(alone[2:], later, strict=True):
        assert all(torch.equal(one[name].nan_to_num(-9), other[name].nan_to_num(-9)) for name in one)
    assert alone[0]["shown"].shape == (8, 2, 1, 32, 32)
    assert alone[0]["dense"].shape == (8, 2, 2, 32, 32)
    assert alone[0]["dense"][:6].isnan().all()
    assert not alone[0]["dense"][6:].isnan().any()
    assert not torch.equal(alone[0]["shown"][:, 0], alone[0]["shown"][:, 1])


def test_a_mask_moves_with_its_film() -> None:
    film = np.zeros((64, 64), np.float32)
    film[20:40, 10:30] = 1
    for seed in range(10):
        varied = vary(film, variation=STRONG, seed=seed)
        assert np.array_equal(varied.mask(film > 0.5), varied.clean)
        assert varied.shown.min() >= 0
        assert varied.shown.max() <= 1
