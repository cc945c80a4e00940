"""Over-sampling of the rarer class, as Deep-COVID augments its 31 films to 496."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from deepcovid.datasets.table import Table
from deepcovid.runs.data import Prepared
from deepcovid.runs.head import draws_for
from deepcovid.training.recipe import load_recipe


def prepared(positives: int, negatives: int) -> Prepared:
    labels = ["covid"] * positives + ["normal"] * negatives
    frame = pd.DataFrame({"label": labels, "split": "train"})
    frame["image"] = [f"{number}.png" for number in range(len(frame))]
    return Prepared(Table(frame, folder=Path("films")), "label", ("not covid", "covid"), ())


@pytest.mark.parametrize(("films", "count"), [(31, 496), (30, 496), (84, 420)])
def test_positives_become_as_many_as_the_recipe_says(films: int, count: int) -> None:
    recipe = dataclasses.replace(load_recipe("deepcovid-resnet18"), minority_count=count)
    wanted = draws_for(prepared(films, 50), recipe)
    sizes = [len(draws) for row, draws in wanted.items() if row < films]
    assert sum(sizes) == count
    assert max(sizes) - min(sizes) <= 1  # in turn: 31 films, 16 of each
    assert all(len(draws) == 1 for row, draws in wanted.items() if row >= films)


def test_every_copy_has_a_draw_of_its_own_and_the_film_itself_stays() -> None:
    wanted = draws_for(prepared(31, 5), load_recipe("deepcovid-resnet18"))
    for row in range(31):
        first, *others = wanted[row]
        assert first is None
        assert max(Counter(map(repr, others)).values()) == 1
