"""`deepcovid`: the commands together, and the one place where errors become sentences."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from deepcovid.cli import data, describe, evaluation, prediction, training
from deepcovid.cli.console import say_error
from deepcovid.errors import DeepCovidError, printable

NOTICE = "For research and teaching; no medical device and no diagnosis."
DEBUG = "DEEPCOVID_DEBUG"
STOPPED = 130  # what typer exits with after Ctrl-C

app = typer.Typer(
    name="deepcovid",
    help=f"Train a detector of a new chest disease from its first few X-rays, with numbers you can defend. {NOTICE}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(training.train)
app.command()(evaluation.evaluate)
app.command()(prediction.predict)
app.command()(training.demo)
app.command()(describe.doctor)
app.command()(describe.recipes)
app.add_typer(data.app, name="data")
app.add_typer(describe.weights_app, name="weights")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"deepcovid {version('deepcovid')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; exit codes: 0 done, 1 done but not for every film, 2 an error to mend, 3 a fault in deepcovid."""
    try:
        app()
    except DeepCovidError as error:
        say_error(str(error))
        sys.exit(error.exit_code)
    except OSError as error:
        place = f"{printable(error.filename)}: " if error.filename else ""
        say_error(f"{place}{error.strerror or error} → check the path, its permissions and the space on the disk")
        sys.exit(DeepCovidError.exit_code)
    except SystemExit as stop:
        if stop.code == STOPPED:
            say_error("stopped by the keyboard; what was finished is kept, and a training goes on with --resume")
        raise
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        say_error(
            f"a fault in deepcovid ({type(error).__name__}: {str(error)[:300]}) → please report it with the output of "
            f"`deepcovid doctor`; {DEBUG}=1 shows where it happened"
        )
        sys.exit(3)
