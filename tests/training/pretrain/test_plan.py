"""A plan refuses what cannot be, by name."""

from __future__ import annotations

from typing import Any

import pytest

from deepcovid.errors import DeepCovidError, RecipeError
from deepcovid.storage import sha256_json
from deepcovid.training.pretrain.plan import Plan, read_methods, usual_methods


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"network": "resnet19"}, "no network named"),
        ({"methods": (("dino", 1.0),)}, "no pretraining method named"),
        ({"methods": ()}, "the methods are none"),
        ({"methods": (("tasks", 1.0), ("tasks", 2.0))}, "tasks, tasks"),
        ({"methods": (("tasks", 0.0),)}, "weight of tasks is 0.0"),
        ({"steps": 0}, "steps is 0"),
        ({"share": 0.0}, "share is 0.0"),
        ({"phantom_share": 1.0}, "phantom_share is 1.0"),
        ({"variation": "wild"}, "variation is 'wild'"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0"),
    ],
)
def test_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(DeepCovidError, match=said):
        Plan(**values)


def test_methods_as_they_are_typed() -> None:
    assert read_methods(["tasks", "vicreg=0.5"]) == (("tasks", 1.0), ("vicreg", 0.5))
    with pytest.raises(RecipeError, match="'much'"):
        read_methods(["vicreg=much"])


def test_views_legs_and_json() -> None:
    assert Plan(methods=(("tasks", 1.0),)).views == 1
    assert Plan(methods=(("tasks", 1.0), ("simsiam", 1.0))).views == 2
    assert Plan(steps=501, every=250).legs == 3
    assert sha256_json(Plan().to_dict()) != sha256_json(Plan(seed=1).to_dict())


def test_without_phantoms_the_usual_methods_need_none() -> None:
    assert "phantoms" in dict(usual_methods(phantoms=True))
    assert Plan(phantoms=0, methods=usual_methods(phantoms=False)).phantoms == 0
    with pytest.raises(RecipeError, match="no phantom to learn from"):
        Plan(phantoms=0)
