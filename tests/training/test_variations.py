from __future__ import annotations

import numpy as np
import pytest

from deepcovid.errors import RecipeError
from deepcovid.training.recipe import Recipe, load_recipe
from deepcovid.training.variations import Plan, Variation, plan_grid, plan_random, read_variation, said


def unchecked(recipe: Recipe) -> None:
    """Nothing is built."""


def grid(*texts: str, recipe: str = "small") -> Plan:
    return plan_grid(load_recipe(recipe), [read_variation(text) for text in texts], check=unchecked)


def test_values_are_read_as_toml_has_them() -> None:
    assert read_variation("lr=1e-4, 1e-3").values == (1e-4, 1e-3)
    assert read_variation("trainable=head,2,all").values == ("head", 2, "all")
    assert read_variation("equalise=true,false").values == (True, False)
    assert read_variation("augmentation.rotation=[-5,5],[-10,20]").values == ([-5, 5], [-10, 20])
    assert read_variation("lr=1e-5..1e-2").span == (1e-5, 1e-2)
    assert [said(value) for value in (1e-4, [128, 128], [-5.0, 5.0], True, "", None)] == [
        "0.0001", "128", "[-5, 5]", "true", "its own", "none",
    ]  # fmt: skip


def test_a_grid_is_every_combination_with_the_recipes_own_first() -> None:
    plan = grid("lr=1e-3,3e-3", "epochs=5,16,30")
    demo = load_recipe("small")
    assert plan.variants[0].recipe == demo
    pairs = [(one.recipe.optimiser.learning_rate, one.recipe.epochs) for one in plan.variants]
    assert sorted(pairs) == [(lr, epochs) for lr in (1e-3, 3e-3) for epochs in (5, 16, 30)]
    assert len({one.key for one in plan.variants}) == 6
    assert plan.variants[1].title == "lr 0.001 · epochs 5"
    # another name or seed makes no other setting of it
    named = plan_grid(demo.changed(seed=4), [read_variation("lr=1e-3,3e-3")], check=unchecked)
    assert named.variants[0].key == plan.variants[0].key


def test_random_draws_are_the_same_again_and_a_longer_search_begins_with_a_shorter_one() -> None:
    variations = [read_variation("lr=1e-5..1e-1"), read_variation("epochs=5..50"), read_variation("keep=best,last")]
    draw = {
        count: plan_random(load_recipe("small"), variations, count=count, seed=1, check=unchecked).variants
        for count in (5, 200)
    }
    assert [one.key for one in draw[200][:6]] == [one.key for one in draw[5]]
    drawn = [one.recipe for one in draw[200][1:]]
    logs = np.log10([one.optimiser.learning_rate for one in drawn])
    assert np.histogram(logs, bins=4, range=(-5, -1))[0] == pytest.approx([50] * 4, abs=20)  # uniform in the logarithm
    assert {one.epochs for one in drawn} <= set(range(5, 51))
    assert {one.keep for one in drawn} == {"best", "last"}
    assert Variation(name="x", key="x", span=(0.0, 1.0)).draw(np.random.default_rng(0)) <= 1.0


def test_combinations_that_do_not_fit_are_left_out_and_said() -> None:
    plan = grid("balance=none,sampler", "trainable=head,all")
    assert len(plan.variants) == 3
    (sentence,) = plan.left_out
    assert sentence.startswith("balance sampler · trainable head: balance is 'sampler', which a head")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "nothing is varied"),
        (["lr"], "has no values"),
        (["lr=1e-3,1e-3"], "names a value twice"),
        (["lr=1e-3", "learning_rate=1e-4"], r"optimiser\.learning_rate is varied twice"),
        (["lr=1e-3..1e-2"], r"is a range.*--random"),
        (["lr=1e-2..1e-3"], "is no range"),
        (["lr=0,1e-3"], "lr=0: optimiser: learning_rate is 0"),
        (["trainable=head,all", "lr=fast,1e-3"], r"lr=fast: .*give a value of type float"),
        (["draws=2", "trainable=all"], "draws and minority_count are for trainable = 'head'"),
    ],
)
def test_what_cannot_be_tried_is_refused_before_any_training(texts: list[str], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        grid(*texts)


def test_fewer_settings_than_asked_for_are_said() -> None:
    variations = [read_variation("keep=best,last")]
    with pytest.raises(RecipeError, match="3 random settings were asked for, and there are 1"):
        plan_random(load_recipe("small"), variations, count=3, seed=0, check=unchecked)
    with pytest.raises(RecipeError, match=r"epochs is .* give a value of type int"):
        plan_random(load_recipe("small"), [read_variation("epochs=1.5..2.5")], count=2, seed=0, check=unchecked)
