from __future__ import annotations

import pytest

from deepcovid.errors import RecipeError
from deepcovid.training.keys import SHORT, full_key, recipe_keys, value_of, with_values
from deepcovid.training.recipe import load_recipe, recipe_names


def test_short_names_stand_for_keys_that_are_there() -> None:
    assert set(SHORT.values()) <= set(recipe_keys())
    assert full_key("lr") == full_key("optimiser.learning_rate") == "optimiser.learning_rate"
    assert full_key("augmentation.rotation") in recipe_keys()


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_with_its_own_values_is_itself(name: str) -> None:
    recipe = load_recipe(name)
    there = {key: value_of(recipe, key) for key in recipe_keys() if value_of(recipe, key) is not None}
    assert with_values(recipe, there) == recipe


def test_values_reach_into_sections_and_are_checked() -> None:
    demo = load_recipe("small")
    changed = with_values(
        demo, {"optimiser.learning_rate": 0.1, "preprocessing.size": 96, "early_stopping.patience": 3}
    )
    assert changed.optimiser.learning_rate == 0.1
    assert changed.preprocessing.size == (96, 96)
    assert changed.early_stopping.patience == 3
    with pytest.raises(RecipeError, match="learning_rate is -1"):
        with_values(demo, {"optimiser.learning_rate": -1.0})
    with pytest.raises(RecipeError, match="give a value of type int"):
        with_values(demo, {"epochs": "many"})


def test_unknown_and_fixed_keys_list_the_choices() -> None:
    with pytest.raises(RecipeError, match=r"no key 'learning_rat'.*did you mean 'learning_rate'.*lr \(optimiser"):
        full_key("learning_rat")
    with pytest.raises(RecipeError, match=r"'seed' cannot be varied.*--seeds"):
        full_key("seed")
    with pytest.raises(RecipeError, match="'calibration' cannot be varied: it is fitted after the training"):
        full_key("calibration")
    with pytest.raises(RecipeError, match=r"'published.data' cannot be varied"):
        full_key("published.data")
