"""Help at 80 columns: every name whole, every command with a sentence that is not cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer.main
from typer.testing import CliRunner

from deepcovid.cli import app


def commands(command: Any, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield names, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, *names, name)


def test_no_name_is_cut_at_80_columns() -> None:
    everything = list(commands(typer.main.get_command(app)))
    assert len(everything) > 25
    for names, command in everything:
        told = CliRunner().invoke(app, [*names, "--help"], env={"COLUMNS": "80"}, terminal_width=80).output
        assert max(map(len, told.splitlines())) <= 80
        for option in (
            word for one in command.params for word in (*one.opts, *one.secondary_opts) if word.startswith("--")
        ):
            assert re.search(rf"^  (-\w, )?(--[\w-]+ / )?{option}(?![\w-])", told, re.M), (names, option)
        for name in getattr(command, "commands", {}):
            assert re.search(rf"^  {name} +[A-Z]", told, re.M), (names, name)
        assert not re.search(r"(\.\.\.|…)$", told.partition("Commands:")[2], re.M)
