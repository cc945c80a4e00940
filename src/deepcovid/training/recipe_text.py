"""A recipe written as a TOML file that reads back as the same recipe."""

from __future__ import annotations

import json
from typing import Any

from deepcovid.training.recipe import Recipe


def recipe_toml(recipe: Recipe, *, comment: str = "") -> str:
    """The recipe with every key, sections behind.

    Args:
        recipe: what to write.
        comment: lines to open the file with.
    """
    told = {key: value for key, value in recipe.to_dict().items() if value is not None}
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    lines += [f"{key} = {_value(value)}" for key, value in told.items() if not isinstance(value, dict)]
    for key, value in told.items():
        if isinstance(value, dict):
            lines += ["", f"[{key}]", *(f"{name} = {_value(item)}" for name, item in value.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_value(item)}" for name, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        # what JSON escapes in a text, a TOML basic string escapes too; DEL is TOML's alone
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
