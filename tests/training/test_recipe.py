from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.errors import DeepCovidError, RecipeError
from deepcovid.training.recipe import load_recipe, member_recipes, recipe_from, recipe_names


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_loads_and_survives_a_round_trip(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.title
    assert recipe.source
    assert recipe_from(recipe.to_dict(), where="again") == recipe


@pytest.mark.parametrize(
    "name", ["deepcovid-resnet18", "deepcovid-resnet50", "deepcovid-squeezenet", "deepcovid-densenet121"]
)
def test_deep_covid_recipes_say_what_the_paper_says(name: str) -> None:
    recipe = load_recipe(name)
    assert (recipe.trainable, recipe.weights, recipe.epochs, recipe.batch_size) == ("head", "imagenet", 100, 20)
    assert (recipe.optimiser.name, recipe.optimiser.learning_rate, recipe.schedule.name) == ("adam", 1e-4, "constant")
    assert (recipe.preprocessing.size, recipe.minority_count, recipe.keep) == ((224, 224), 496, "last")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epoch = 3", "unknown key 'epoch' → did you mean 'epochs'?"),
        ("[optimiser]\nname = 'adamax'", "choose one of: adam, adamw, sgd"),
        ("[optimiser]\nlearning_rate = 0.0", "learning_rate is 0.0"),
        ("epochs = 0", "epochs is 0"),
        ("epochs = 'many'", "give a value of type int"),
        ("trainable = 0", "trainable is 0"),
        ("trainable = 'all'\nminority_count = 3", "are for trainable = 'head'"),
        ("[preprocessing]\nsise = [1, 1]", "sise"),
        ("[augmentation]\nflipp = 1.0", "flipp"),
        ("[early_stopping]\npatience = 0", "patience is 0"),
        ("[schedule]\nwarm_up = 2.0", "warm_up is 2.0"),
        ("[optimiser]\nbeta2 = 1.0", "beta2 1.0"),
        ("epochs = ", "no valid TOML"),
        ("balance = 'sampler'", "a head on stored features does not use"),
        ("[augmentation]\nflip = 0.5", "neither draws nor minority_count"),
        ("draws = 3", "repeat the same film"),
        ("members = ['xception']", "members has 1 recipes"),
        ("members = ['xception', 'xception', 'demo']", "xception more than once"),
        ("members = ['xception', 'demo']\nepochs = 3", "epochs is given, but a stack trains nothing"),
        ("members = ['xception', 'demo']\ntask = 'multi-class'", "a stack tells two classes apart"),
        ("members = ['xception', 'demo']\n[head]\nhidden = [4]", "the hidden units of its network alone"),
        ("members = ['xception', 'demo']\nfolds = 1", "folds is 1"),
        ("combiner = 'network'", "there are no members to stack"),
    ],
)
def test_a_bad_recipe_names_file_key_and_choices(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(DeepCovidError) as caught:
        load_recipe(path)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("members = ['xception', 'stacked-ensemble']", "stacked-ensemble, which is a stack"),
        ("members = ['xception', 'nothing']", "no recipe named 'nothing'"),
        ("members = ['xception', 'demo']\n[changes]\nepoch = 3", "changes of xception has the unknown key 'epoch'"),
    ],
)
def test_a_stacks_members_are_looked_up_with_their_changes(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "stack.toml"
    path.write_text(text)
    with pytest.raises(DeepCovidError) as caught:
        member_recipes(load_recipe(path))
    assert words in str(caught.value)


def test_an_unknown_recipe_lists_those_there_are() -> None:
    with pytest.raises(RecipeError, match="no recipe named 'deepcovid'") as caught:
        load_recipe("deepcovid")
    assert "deepcovid-resnet18" in caught.value.mend


def test_values_are_changed_where_they_stand() -> None:
    recipe = load_recipe("deepcovid-resnet18").changed(learning_rate=0.5, epochs=None, batch_size=7)
    assert (recipe.optimiser.learning_rate, recipe.epochs, recipe.batch_size) == (0.5, 100, 7)


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_the_optimiser_is_built_as_the_recipe_says(name: str) -> None:
    torch = pytest.importorskip("torch")
    from deepcovid.training.loop import build_optimiser

    told = {"name": name, "learning_rate": 0.003, "beta2": 0.99, "weight_decay": 0.01}
    recipe = recipe_from({"name": "x", "trainable": "all", "optimiser": told}, where="here")
    optimiser = build_optimiser([torch.nn.Parameter(torch.zeros(2))], recipe)
    assert type(optimiser).__name__.lower() == name
    group = optimiser.param_groups[0]
    assert (group["lr"], group["betas"], group["weight_decay"]) == (0.003, (0.9, 0.99), 0.01)


def test_darkcovidnet_is_trained_as_fastais_learner_does_by_default() -> None:
    optimiser = load_recipe("darkcovidnet").optimiser
    assert (optimiser.name, optimiser.beta2, optimiser.weight_decay) == ("adamw", 0.99, 0.01)
