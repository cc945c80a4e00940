"""A group of commands whose help shows names and sentences whole, however narrow the terminal."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

WHOLE = 10_000  # letters of a command's first sentence: click would cut it to the line


class Commands(TyperGroup):
    """Commands with their first sentence, wrapped and never cut.

    Rich's panels are left out with it (`rich_markup_mode=None`): at 80 columns they cut long names of options.
    """

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """One entry a command, in the order in which they were entered."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, command.get_short_help_str(WHOLE)) for name, command in found if command and not command.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
