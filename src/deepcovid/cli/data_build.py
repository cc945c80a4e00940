"""`deepcovid data build`: published data sets made again from their sources."""

from __future__ import annotations

import typer

app = typer.Typer(help="Make a published data set again from its sources.", no_args_is_help=True)
