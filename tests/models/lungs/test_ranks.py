from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from deepcovid.models.lungs.ranks import SIDE, network_input, ranked


def test_ranks_are_those_of_scipy() -> None:
    film = (np.random.default_rng(0).integers(0, 200, (40, 30)) / 199).astype(np.float32)
    wanted = 2 * (rankdata(film).reshape(film.shape) - 0.5) / film.size - 1
    assert np.abs(ranked(film) - wanted).max() < 1e-6


def test_a_rising_curve_changes_little() -> None:
    film = np.random.default_rng(1).random((50, 50), dtype=np.float32)
    assert np.abs(ranked(film) - ranked((film**1.5).astype(np.float32))).max() < 0.02


def test_a_blank_film_is_zero_and_the_size_is_the_networks() -> None:
    assert (network_input(np.full((70, 20), 0.4, np.float32)) == 0).all()
    assert network_input(np.random.default_rng(2).random((300, 41), dtype=np.float32)).shape == (SIDE, SIDE)
