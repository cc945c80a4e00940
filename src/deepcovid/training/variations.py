"""Settings of a recipe to try: `lr=1e-4,1e-3` and the like, as a grid or drawn at random."""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deepcovid.errors import DeepCovidError, RecipeError
from deepcovid.storage import sha256_json
from deepcovid.training.feasible import moving_parameters
from deepcovid.training.keys import full_key, value_of, with_values
from deepcovid.training.recipe import Recipe

Check = Callable[[Recipe], object]

OWN = "the recipe's own"
TRIES = 100  # draws for each setting that is wanted, before it is said that there are no more
DIGITS = 3  # of a drawn number: so many tell rates apart, and can be typed again


@dataclass(frozen=True, kw_only=True)
class Variation:
    """What one key may be: values, or a range to draw from.

    Attributes:
        name: as it was given, such as "lr".
        key: its dotted name.
        values: the values, in order; empty for a range.
        span: lowest and highest, or None.
    """

    name: str
    key: str
    values: tuple[Any, ...] = ()
    span: tuple[float, float] | None = None

    def draw(self, rng: np.random.Generator) -> Any:
        """One of the values; of a range a number, log-uniform where both ends are above 0, whole where both are whole."""
        if self.span is None:
            return self.values[int(rng.integers(len(self.values)))]
        low, high = self.span
        if isinstance(low, int) and isinstance(high, int):
            return int(rng.integers(low, high + 1))
        if low > 0:
            drawn = math.exp(rng.uniform(math.log(low), math.log(high)))
        else:
            drawn = rng.uniform(low, high)
        return min(max(float(f"{drawn:.{DIGITS}g}"), low), high)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One setting: the values of the varied keys by the names that were given, and the recipe with them."""

    values: Mapping[str, Any]
    recipe: Recipe

    @property
    def key(self) -> str:
        """Ten letters that every recipe of the same content has, whatever it is called."""
        return sha256_json(content_of(self.recipe))[:10]

    @property
    def title(self) -> str:
        """The values in words: "lr 0.001 · activation relu"."""
        return " · ".join(f"{name} {said(value)}" for name, value in self.values.items())


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be tried: the recipe's own setting first, then the others; and why combinations were left out."""

    variations: tuple[Variation, ...]
    variants: tuple[Variant, ...]
    left_out: tuple[str, ...] = field(default=())


def said(value: Any) -> str:
    """A value for a reader: numbers short, a square size as one number, what is not there as "none"."""
    if isinstance(value, list | tuple):
        square = len(value) == 2 and value[0] == value[1] and isinstance(value[0], int)
        return str(value[0]) if square else f"[{', '.join(map(said, value))}]"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).lower() if isinstance(value, bool) or value is None else str(value) or "its own"


def content_of(recipe: Recipe) -> dict[str, Any]:
    """All of a recipe that decides what comes of it, without seed and names."""
    nothing = {"name", "title", "source", "published", "seed"}
    return {key: value for key, value in recipe.to_dict().items() if key not in nothing}


def read_variation(text: str) -> Variation:
    """`KEY=v1,v2,…` or `KEY=low..high`; values as TOML has them, words without quotes.

    Raises:
        RecipeError: no such key, or no value.
    """
    name, _, given = text.partition("=")
    name = name.strip()
    if not given.strip():
        raise RecipeError(f"--vary {text!r} has no values", mend="write it as --vary lr=1e-4,1e-3")
    key = full_key(name)
    low, dots, high = given.partition("..")
    if dots:
        return Variation(name=name, key=key, span=_span(text, _parsed(low), _parsed(high)))
    values = [_parsed(part) for part in _split(given)]
    if len({repr(value) for value in values}) < len(values):
        raise RecipeError(f"--vary {text!r} names a value twice", mend="name each once")
    return Variation(name=name, key=key, values=tuple(values))


def _span(text: str, low: Any, high: Any) -> tuple[float, float]:
    if not all(isinstance(end, int | float) and not isinstance(end, bool) for end in (low, high)) or not low < high:
        raise RecipeError(f"--vary {text!r} is no range", mend="write it as --vary lr=1e-5..1e-2, the lower end first")
    return low, high


def _parsed(text: str) -> Any:
    text = text.strip()
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


def _split(text: str) -> list[str]:
    """At commas outside brackets: "[-5,5],[-10,20]" are two values."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def plan_grid(recipe: Recipe, variations: Sequence[Variation], *, check: Check = moving_parameters) -> Plan:
    """Every combination of the values, the last key changing fastest; those that do not fit together are left out.

    Args:
        recipe: the others are this one with values changed.
        variations: what is varied.
        check: called with every recipe; what it raises leaves the combination out.

    Raises:
        RecipeError: nothing is varied, a range, a key twice, a value that fits in no combination, or nothing but the
            recipe's own setting.
    """
    _check(variations)
    for one in variations:
        if one.span is not None:
            raise RecipeError(f"{one.name} is a range, from which a grid takes nothing", mend="add --random N")
    rows = itertools.product(*(one.values for one in variations))
    plan = _planned(recipe, variations, rows, wanted=None, check=check)
    if len(plan.variants) == 1:
        raise RecipeError(f"the only setting is {OWN}", mend="give other values: --vary KEY=v1,v2")
    return plan


def plan_random(
    recipe: Recipe, variations: Sequence[Variation], *, count: int, seed: int, check: Check = moving_parameters
) -> Plan:
    """`count` settings drawn one after another, each only once; more of the same seed begin with the same ones.

    Args:
        recipe: the others are this one with values changed.
        variations: what is varied.
        count: how many besides the recipe's own.
        seed: of the draws.
        check: called with every recipe; what it raises leaves the combination out, and another is drawn.

    Raises:
        RecipeError: nothing is varied, a key twice, fewer settings than asked for, or a value that fits in no draw.
    """
    _check(variations)
    rng = np.random.default_rng(seed)
    rows = (tuple(one.draw(rng) for one in variations) for _ in range(TRIES * count))
    plan = _planned(recipe, variations, rows, wanted=count, check=check)
    found = len(plan.variants) - 1
    if found < count:
        raise RecipeError(
            f"{count} random settings were asked for, and there are {found} besides {OWN}",
            mend="ask for fewer, give more values, or leave out --random for all of them",
        )
    return plan


def _check(variations: Sequence[Variation]) -> None:
    if not variations:
        raise RecipeError(
            "nothing is varied",
            mend="say what: --vary lr=1e-4,1e-3 --vary activation=relu,elu --vary trainable=head,1,all --vary size=128,224",
        )
    keys = [one.key for one in variations]
    for one in variations:
        if keys.count(one.key) > 1:
            raise RecipeError(f"{one.key} is varied twice", mend="give all its values at once: --vary KEY=v1,v2")


def _planned(
    recipe: Recipe, variations: Sequence[Variation], rows: Iterable[Sequence[Any]], *, wanted: int | None, check: Check
) -> Plan:
    """The recipe's own setting and those of `rows` that are other ones, until `wanted` are there."""
    own = Variant(values={one.name: value_of(recipe, one.key) for one in variations}, recipe=recipe)
    check(recipe)
    found, refused = {own.key: own}, _Refused(variations)
    for row in rows:
        try:
            changed = with_values(recipe, {one.key: value for one, value in zip(variations, row, strict=True)})
            check(changed)
        except DeepCovidError as error:
            refused.add(row, error)
            continue
        refused.fits(row)
        variant = Variant(values={one.name: value_of(changed, one.key) for one in variations}, recipe=changed)
        found.setdefault(variant.key, variant)
        if wanted is not None and len(found) > wanted:
            break
    refused.raise_for_values()
    return Plan(variations=tuple(variations), variants=tuple(found.values()), left_out=refused.sentences())


class _Refused:
    """Combinations that are refused; a value that no combination takes is the user's mistake."""

    def __init__(self, variations: Sequence[Variation]) -> None:
        self.variations = variations
        self.rows: dict[str, tuple[Sequence[Any], DeepCovidError]] = {}
        self.fitting: set[tuple[int, str]] = set()

    def add(self, row: Sequence[Any], error: DeepCovidError) -> None:
        self.rows.setdefault(repr(row), (row, error))

    def fits(self, row: Sequence[Any]) -> None:
        self.fitting |= {(place, repr(value)) for place, value in enumerate(row)}

    def raise_for_values(self) -> None:
        for place, one in enumerate(self.variations):
            for value in one.values:
                if (place, repr(value)) not in self.fitting:
                    self._raise_for(place, value)
        if self.rows and not self.fitting:  # of ranges alone
            raise next(iter(self.rows.values()))[1]

    def _raise_for(self, place: int, value: Any) -> None:
        """With the reason of a row that would fit but for this value, where there is one."""
        named = [pair for pair in self.rows.values() if repr(pair[0][place]) == repr(value)]
        named.sort(key=lambda pair: self._others(pair[0], place), reverse=True)
        for _, error in named[:1]:
            raise RecipeError(f"{self.variations[place].name}={said(value)}: {error.problem}", mend=error.mend)

    def _others(self, row: Sequence[Any], place: int) -> int:
        return sum((other, repr(cell)) in self.fitting for other, cell in enumerate(row) if other != place)

    def sentences(self) -> tuple[str, ...]:
        return tuple(f"{self._title(row)}: {error.problem}" for row, error in self.rows.values())

    def _title(self, row: Sequence[Any]) -> str:
        return " · ".join(f"{one.name} {said(cell)}" for one, cell in zip(self.variations, row, strict=True))
