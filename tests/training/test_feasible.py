from __future__ import annotations

from dataclasses import replace

import pytest

from deepcovid.errors import DeepCovidError, RecipeError
from deepcovid.training.feasible import moving_parameters
from deepcovid.training.keys import with_values
from deepcovid.training.recipe import load_recipe

pytest.importorskip("torch")


def test_parameters_that_move_are_counted_without_numbers() -> None:
    assert moving_parameters(load_recipe("rawat-cnn-local-maxima")) == 1_348_641  # Rawat, Table 9
    demo = load_recipe("small")
    assert moving_parameters(replace(demo, trainable="head")) == 326
    assert moving_parameters(replace(demo, trainable=1)) < moving_parameters(demo)


def test_what_a_network_cannot_do_is_said() -> None:
    with pytest.raises(RecipeError, match="8 × 8 pixels is too small"):
        moving_parameters(with_values(load_recipe("deepcovid-squeezenet-script"), {"preprocessing.size": 8}))
    with pytest.raises(RecipeError, match="the backbone has"):
        moving_parameters(replace(load_recipe("small"), trainable=99))
    with pytest.raises(DeepCovidError, match="activation"):
        moving_parameters(replace(load_recipe("deepcovid-squeezenet-script"), activation="elu"))
