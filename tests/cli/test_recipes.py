"""`deepcovid recipes`: the list by document, and one recipe whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deepcovid.cli.application import app
from deepcovid.cli.recipes import DOCUMENTS
from deepcovid.errors import RecipeError
from deepcovid.training.recipe import load_recipe, recipe_names


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["recipes", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def facts(page: str) -> dict[str, str]:
    """What a page says, by the words before the column."""
    return {line[2:24].strip(): line[25:] for line in page.splitlines() if line.startswith("  ")}


def test_every_recipe_is_listed_once_under_its_document() -> None:
    lines = said().splitlines()
    headings = [line for line in lines if not line.startswith(" ")]
    assert headings == [heading for document, heading in DOCUMENTS.items() if document]
    assert sorted(line.split()[0] for line in lines if line.startswith(" ")) == recipe_names()
    own = lines[lines.index(DOCUMENTS["rawat"]) + 1 : lines.index(DOCUMENTS["reviewed"])]
    names = [line.split()[0] for line in own]
    assert names == ["rawat-cnn", "rawat-cnn-local-maxima", "rawat-resnet50", "rawat-vgg16"]


def test_one_recipe_is_told_whole() -> None:
    page = said("rawat-vgg16")
    told = facts(page)
    assert told["source"] == load_recipe("rawat-vgg16").source
    assert told["validation accuracy"] == "97.92 %"
    assert told["left open"] == "the learning rate (Keras' Adam starts at 1e-3)"
    assert (told["name"], told["film"], told["neck"]) == ("vgg16", "224 × 224 × 3, stretch", "flatten")
    assert told["parameters"] == "14,764,866, of them 50,178 trained (two classes)"
    assert told["optimiser"] == "adam, learning rate 0.001, beta2 0.999, epsilon 1e-08, weight decay 0"
    assert told["early stopping"] == "monitor val_accuracy, patience 3, min delta 0.01"
    assert told["augmentation"] == "flip 0.5, zoom 0.8 to 1.2, shear 0.2"
    assert (told["output"], told["loss"]) == ("sigmoids", "cross-entropy")
    assert "Not as in the document: his films are drawn anew at each step" in page


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_can_be_told(name: str) -> None:
    told = facts(said(name))
    assert told["document"] in DOCUMENTS.values()
    assert told["left open"]


def test_a_stack_is_told_by_its_members() -> None:
    told = facts(said("instacovnet19"))
    assert told["stack of"] == "inception-v3, mobilenet-v2, resnet101, nasnet, xception"
    assert told["parameters"] == "172,059,624, of its members together, of them 172,059,624 trained (two classes)"
    assert told["changes"] == "trainable all, epochs 20, batch size 16, optimiser adam, learning rate 0.0001"
    assert (told["combiner"], told["folds"], told["hidden units"]) == ("network", "5", "10")
    assert "weights" not in told


def test_what_an_svm_ignores_is_not_said() -> None:
    told = facts(said("mobilenet-svm"))
    assert told["head"] == "a linear support vector machine"
    assert {"epochs", "optimiser", "keep"}.isdisjoint(told)
    assert told["weights"] == "imagenet"


def test_the_pages_json_twin_has_the_recipe_and_what_was_counted() -> None:
    told = json.loads(said("rawat-cnn", "--json"))
    assert told["counted"]["parameters"] == told["counted"]["trainable"] == 40_317_025
    assert told["comment"].startswith("Rawat's own network (Covid-19 Detection")
    assert told["published"] == load_recipe("rawat-cnn").to_dict()["published"]


def test_a_recipe_of_ones_own_is_told_too(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('# Mine.\nnetwork = "squeezenet1_0"\ntrainable = 1\n[head]\nhidden = [8]\ndropout = 0.5\n')
    page = said(str(own))
    told = facts(page)
    assert page.splitlines()[2] == "Mine."
    assert (told["document"], told["trainable"]) == ("Others", "1")
    assert told["head"] == "dense 8 with relu, dropout 0.5"


def test_an_unknown_recipe_is_refused() -> None:
    with pytest.raises(RecipeError, match="no recipe named 'rawat'"):
        said("rawat")
