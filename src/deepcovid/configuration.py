"""Frozen dataclasses from TOML or JSON: types checked, unknown keys refused, every problem named with its place."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from deepcovid.errors import DeepCovidError, RecipeError, did_you_mean

T = TypeVar("T")


def from_mapping(
    kind: type[T], values: Mapping[str, Any], *, where: str, error: type[DeepCovidError] = RecipeError
) -> T:
    """Build the dataclass `kind` from `values`; nested dataclasses take nested mappings, tuples take lists.

    Args:
        kind: a dataclass type.
        values: its fields by name; absent ones keep their default.
        where: what is being read, named in errors ("recipe my.toml").
        error: the error type to raise.

    Raises:
        RecipeError: an unknown key, a value of the wrong type, or one that the constructor refuses.
    """
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}  # type: ignore[arg-type]
    for key in values:
        if key not in fields:
            mend = f"{did_you_mean(key, fields)}the keys are: {', '.join(fields)}"
            raise error(f"{where} has the unknown key {key!r}", mend=mend)
    hints = typing.get_type_hints(kind)
    try:
        return kind(**{k: _converted(hints[k], v, where=f"{where}, {k}", error=error) for k, v in values.items()})
    except TypeError as problem:
        raise error(f"{where} is incomplete ({problem})", mend="give the missing keys") from problem


def to_mapping(value: Any) -> dict[str, Any]:
    """The dataclass as plain JSON-able values (tuples become lists)."""
    return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_mapping(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _converted(hint: Any, value: Any, *, where: str, error: type[DeepCovidError]) -> Any:
    origin = typing.get_origin(hint)
    if origin in {types.UnionType, typing.Union}:
        return _first_that_fits(typing.get_args(hint), value, where=where, error=error)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if isinstance(value, hint):
            return value
        if isinstance(value, Mapping):
            return from_mapping(hint, value, where=where, error=error)
        raise error(f"{where} is {value!r}, not a table of keys", mend="write it as a [section]")
    if origin is tuple:
        return _tuple(typing.get_args(hint), value, where=where, error=error)
    if origin is typing.Literal:
        if value in typing.get_args(hint):
            return value
        choices = typing.get_args(hint)
        guess = did_you_mean(value, choices) if isinstance(value, str) else ""
        raise error(f"{where} is {value!r}", mend=f"{guess}choose one of: {', '.join(map(str, choices))}")
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is type(None):
        if value is None:
            return None
    elif isinstance(value, hint) and not (isinstance(value, bool) and hint is not bool):
        return value
    raise error(f"{where} is {value!r}", mend=f"give a value of type {getattr(hint, '__name__', hint)}")


def _first_that_fits(choices: tuple[Any, ...], value: Any, *, where: str, error: type[DeepCovidError]) -> Any:
    problems = []
    nested = [choice for choice in choices if dataclasses.is_dataclass(choice)]
    # a section can only mean the nested dataclass, so its own error is the one to show
    for choice in nested if isinstance(value, Mapping) and nested else choices:
        try:
            return _converted(choice, value, where=where, error=error)
        except DeepCovidError as problem:
            problems.append(problem)
    if len(problems) == 1:
        raise problems[0]
    raise error(f"{where} is {value!r}", mend=" or ".join(dict.fromkeys(problem.mend for problem in problems)))


def _tuple(kinds: tuple[Any, ...], value: Any, *, where: str, error: type[DeepCovidError]) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise error(f"{where} is {value!r}", mend="give a list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise error(f"{where} has {len(value)} values", mend=f"give {len(kinds)}")
    return tuple(_converted(kind, item, where=where, error=error) for kind, item in zip(kinds, value, strict=True))
