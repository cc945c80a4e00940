from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest

from deepcovid.configuration import from_mapping, to_mapping
from deepcovid.errors import RecipeError


@dataclass(frozen=True, kw_only=True)
class Inner:
    rate: float = 0.1
    pair: tuple[int, int] = (1, 2)


@dataclass(frozen=True, kw_only=True)
class Outer:
    name: str
    kind: Literal["a", "b"] | int = "a"
    inner: Inner = field(default_factory=Inner)
    maybe: Inner | None = None
    many: tuple[float, ...] = ()


def test_nested_values_are_built_and_written_back() -> None:
    values = {"name": "x", "kind": 3, "inner": {"rate": 1, "pair": [3, 4]}, "maybe": {}, "many": [1, 2.5]}
    built = from_mapping(Outer, values, where="here")
    assert built == Outer(name="x", kind=3, inner=Inner(rate=1.0, pair=(3, 4)), maybe=Inner(), many=(1.0, 2.5))
    assert from_mapping(Outer, to_mapping(built), where="here") == built


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "x", "iner": {}}, "here has the unknown key 'iner' → did you mean 'inner'?"),
        ({"name": "x", "inner": {"rat": 1}}, "here, inner has the unknown key 'rat'"),
        ({"name": 3}, "here, name is 3 → give a value of type str"),
        ({"name": "x", "kind": "c"}, "here, kind is 'c' → choose one of: a, b"),
        ({"name": "x", "inner": 3}, "here, inner is 3, not a table of keys"),
        ({"name": "x", "inner": {"pair": [1]}}, "here, inner, pair has 1 values → give 2"),
        ({"name": "x", "inner": {"rate": True}}, "rate is True"),
        ({"name": "x", "many": 3}, "many is 3 → give a list"),
        ({}, "here is incomplete"),
    ],
)
def test_problems_are_named_with_their_place(values: dict[str, object], words: str) -> None:
    with pytest.raises(RecipeError) as caught:
        from_mapping(Outer, values, where="here")
    assert words in str(caught.value)
