"""`deepcovid models`: what is listed and shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deepcovid.cli.application import app
from deepcovid.errors import RecipeError
from deepcovid.models.xray import xray_networks
from deepcovid.models.zoo import network_names


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["models", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_every_network_is_listed() -> None:
    listed = json.loads(said("list", "--json"))
    assert [one["name"] for one in listed] == network_names()
    lines = said("list").splitlines()
    others = [name for name in xray_networks() if name not in network_names()]
    assert [line.split()[0] for line in lines] == network_names() + others
    assert [one["name"] for one in listed if one["xray"]] + others == xray_networks()
    assert sum("--weights xray" in line for line in lines) == len(xray_networks())
    assert "64 × 64 × 3       1,348,641" in next(line for line in lines if line.startswith("rawat-cnn-local-maxima"))


def test_a_network_is_shown_layer_by_layer() -> None:
    page = said("show", "rawat-cnn")
    assert [line.split()[-1] for line in page.splitlines() if "head.output" in line] == ["17"]
    assert "parameters  40,317,025: 40,317,025 trainable, 0 frozen" in page
    assert "161.3 MB" in page


def test_a_recipe_says_what_is_frozen() -> None:
    table = json.loads(said("show", "rawat-vgg16", "--json"))
    assert (table["trainable"], table["parameters"]) == (50_178, 14_764_866)
    page = said("show", "rawat-vgg16")
    assert sum(line.endswith("frozen") for line in page.splitlines()[:-6]) == 13


def test_classes_are_chosen() -> None:
    assert json.loads(said("show", "darkcovidnet", "--classes", "3", "--json"))["parameters"] == 1_167_586


def test_a_recipe_of_ones_own_is_read(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('network = "resnet18"\ntrainable = 1\n[head]\nhidden = [8]\n')
    table = json.loads(said("show", str(own), "--json"))
    assert table["rows"][-1]["layer"] == "head.output"
    assert table["trainable"] == 8_393_728 + 512 * 8 + 8 + 8 * 2 + 2  # the last of ResNet18's stages, and the head


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(RecipeError, match="no network and no recipe named 'rawat'"):
        said("show", "rawat")
