"""`deepcovid`: the commands together, and the one place where errors become sentences."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from deepcovid.cli import (
    audit,
    augmentation,
    compare,
    data,
    describe,
    evaluation,
    evidence,
    learn,
    lr_find,
    models,
    planning,
    prediction,
    pretrain,
    recipes,
    reproduce,
    stack,
    sweep,
    training,
)
from deepcovid.cli.console import say_error
from deepcovid.cli.groups import Commands
from deepcovid.errors import DeepCovidError, printable

NOTICE = "For research and teaching; no medical device and no diagnosis."
DEBUG = "DEEPCOVID_DEBUG"
STOPPED = 130  # what typer exits with after Ctrl-C
PIPE_CLOSED = 141  # what a shell shows of a program that a closed pipe ended: 128 + SIGPIPE

app = typer.Typer(
    name="deepcovid",
    cls=Commands,
    help=f"Train a detector of a new chest disease from its first few X-rays, with numbers you can defend. {NOTICE}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(training.train)
app.command()(learn.learn)
app.command()(lr_find.lr_find)
app.command()(pretrain.pretrain)
app.command()(evaluation.evaluate)
app.command()(audit.audit)
app.command()(prediction.predict)
app.command()(training.demo)
app.command()(augmentation.augment)
app.command()(reproduce.reproduce)
app.command()(compare.compare)
app.command()(planning.plan)
app.command()(stack.stack)
app.command()(sweep.sweep)
app.command()(evidence.bundle)
app.command()(evidence.verify)
app.command()(describe.doctor)
app.command()(recipes.recipes)
app.add_typer(data.app, name="data")
app.add_typer(describe.weights_app, name="weights")
app.add_typer(models.app, name="models")


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
    """Run the command line; exit codes: 0 done, 1 done but not for every film, 2 an error to mend, 3 a fault in deepcovid.

    130 after Ctrl-C, and 141 where the reader of the output went away (`| head`), without a word as other programs do.
    """
    try:
        app()
    except DeepCovidError as error:
        say_error(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        _leave_quietly()
    except OSError as error:
        place = f"{printable(error.filename)}: " if error.filename else ""
        say_error(f"{place}{error.strerror or error} → check the path, its permissions and the space on the disk")
        sys.exit(DeepCovidError.exit_code)
    except SystemExit as stop:
        if _of_a_closed_pipe(stop):
            _leave_quietly()
        if stop.code == STOPPED:
            say_error("stopped by the keyboard; no file is left half-written, and a training goes on with --resume")
        raise
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        say_error(
            f"a fault in deepcovid ({type(error).__name__}: {str(error)[:300]}) → please report it with the output of "
            f"`deepcovid doctor`; {DEBUG}=1 shows where it happened"
        )
        sys.exit(3)


def _of_a_closed_pipe(stop: SystemExit) -> bool:
    """Click and rich turn a closed pipe into an exit with code 1, which means something else here."""
    cause: BaseException | None = stop
    while cause is not None:
        if isinstance(cause, BrokenPipeError):
            return True
        cause = cause.__context__
    return False


def _leave_quietly() -> NoReturn:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered would raise at exit
    sys.exit(PIPE_CLOSED)
