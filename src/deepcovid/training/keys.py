"""The keys of a recipe by dotted name (`optimiser.learning_rate`), their short names, and a recipe with some of them changed."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from deepcovid.errors import RecipeError, did_you_mean
from deepcovid.training.recipe import Recipe, recipe_from

SHORT = {
    "lr": "optimiser.learning_rate",
    "learning_rate": "optimiser.learning_rate",
    "optimiser": "optimiser.name",
    "momentum": "optimiser.momentum",
    "weight_decay": "optimiser.weight_decay",
    "schedule": "schedule.name",
    "size": "preprocessing.size",
    "fit": "preprocessing.fit",
    "equalise": "preprocessing.equalise",
    "hidden": "head.hidden",
    "dropout": "head.dropout",
    "mixup": "mixing.mixup",
    "cutmix": "mixing.cutmix",
    "patience": "early_stopping.patience",
}
# they decide nothing that a sweep sees, or make another task of it
FIXED = {
    "name": "it decides nothing",
    "title": "it decides nothing",
    "source": "it decides nothing",
    "published": "it decides nothing",
    "members": "it is of a stack",
    "changes": "it is of a stack",
    "combiner": "it is of a stack",
    "folds": "it is of a stack",
    "calibration": "it is fitted after the training, and settings are judged before it",
    "task": "another task has other figures, which are not to be compared",
    "seed": "ask for several seeds of every setting instead (--seeds)",
}


def recipe_keys() -> list[str]:
    """All keys that may be changed, by dotted name, in the recipe's order."""
    return [key for key in _leaves(Recipe, "") if key.partition(".")[0] not in FIXED]


def _leaves(kind: type, before: str) -> Iterator[str]:
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        inner = _section(hints[field.name])
        if inner is None:
            yield f"{before}{field.name}"
        else:
            yield from _leaves(inner, f"{before}{field.name}.")


def _section(hint: Any) -> type | None:
    """The dataclass that a key holds, also where it may be absent."""
    kinds = [
        kind for kind in (hint, *typing.get_args(hint)) if isinstance(kind, type) and dataclasses.is_dataclass(kind)
    ]
    return kinds[0] if kinds else None


def full_key(name: str) -> str:
    """The dotted name of a key that is given by it or by its short name.

    Raises:
        RecipeError: no such key, or one that cannot be varied; the choices are listed.
    """
    known = recipe_keys()
    key = SHORT.get(name, name)
    if key in known:
        return key
    top = key.partition(".")[0]
    if top in FIXED:
        raise RecipeError(f"{name!r} cannot be varied: {FIXED[top]}", mend=_choices(known))
    raise RecipeError(f"a recipe has no key {name!r}", mend=did_you_mean(name, [*SHORT, *known]) + _choices(known))


def _choices(known: list[str]) -> str:
    short = ", ".join(f"{name} ({key})" for name, key in SHORT.items() if name != key)
    return f"the keys are: {', '.join(known)}; in short: {short}"


def value_of(recipe: Recipe, key: str) -> Any:
    """What a recipe has under a dotted name; None where its section is absent."""
    value: Any = recipe
    for part in key.split("."):
        value = getattr(value, part, None)
    return list(value) if isinstance(value, tuple) else value


def with_values(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with values by dotted name, checked as a recipe file is; one number as a size means a square.

    Raises:
        RecipeError: a value of the wrong type, out of range, or that does not fit the other keys.
    """
    told = recipe.to_dict()
    for key, value in values.items():
        section, _, name = key.rpartition(".")
        place = told if not section else _opened(told, section)
        place[name or key] = [value, value] if key == "preprocessing.size" and isinstance(value, int) else value
    if told["early_stopping"] is None:
        del told["early_stopping"]
    return recipe_from(told, where=f"recipe {recipe.name}")


def _opened(told: dict[str, Any], section: str) -> dict[str, Any]:
    if told[section] is None:
        told[section] = {}
    place: dict[str, Any] = told[section]
    return place
