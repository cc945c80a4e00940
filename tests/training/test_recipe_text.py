from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from deepcovid.training.recipe import Published, load_recipe, recipe_from, recipe_names
from deepcovid.training.recipe_text import recipe_toml


@pytest.mark.parametrize("name", recipe_names())
def test_what_is_written_reads_back_as_the_same_recipe(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe_from(tomllib.loads(recipe_toml(recipe)), where=name) == recipe


def test_odd_letters_survive_and_a_comment_opens_the_file(tmp_path: Path) -> None:
    odd = replace(
        load_recipe("small"), title='a "quote", \\ and \x7f\n\ttab é 中', published=Published(figures={"a b": 1.0})
    )
    path = tmp_path / "odd.toml"
    path.write_text(recipe_toml(odd, comment="first\nsecond"), encoding="utf-8")
    assert path.read_text(encoding="utf-8").startswith("# first\n# second\nname = ")
    assert load_recipe(path) == odd
