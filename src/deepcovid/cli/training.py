"""Commands that train."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepcovid.cli import options
from deepcovid.cli.console import Spoken, command_line, console, names_of

if TYPE_CHECKING:
    from deepcovid.runs.train import Run


class Task(enum.StrEnum):
    """What is asked of a film."""

    binary = "binary"
    multi_class = "multi-class"
    multi_label = "multi-label"


def train(
    table: Annotated[Path, typer.Argument(help="Table of films (CSV or Parquet): columns image and label at least.")],
    recipe: options.Recipe = "deepcovid-resnet18",
    weights: options.Weights = None,
    positive: options.Positive = "covid",
    normal: options.Normal = "normal",
    label_column: options.LabelColumn = "label",
    task: Annotated[
        Task | None,
        typer.Option(
            help="Instead of the recipe's: binary, multi-class (one label of several), multi-label (findings)."
        ),
    ] = None,
    classes: options.Classes = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; default: runs/<time>-<recipe>.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the unfinished run in --out.")] = False,
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Instead of the recipe's.")] = None,
    batch_size: options.BatchSize = None,
    seed: options.Seed = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            help="A further rule for an operating point: youden, cost=20, net-benefit=0.05, sensitivity=0.9; may be repeated."
        ),
    ] = None,
    device: options.Device = "auto",
    workers: options.Workers = 0,
    threads: options.Threads = 0,
    loaders: options.Loaders = 0,
    allow_random_backbone: options.AllowRandomBackbone = False,
    allow_outside: options.AllowOutside = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a detector and write its run folder: detector, scores, evaluation, report."""
    from deepcovid.datasets.table import load_table
    from deepcovid.evaluation.rules import parse_rule
    from deepcovid.runs.settings import Settings
    from deepcovid.runs.train import train as run
    from deepcovid.training.recipe import load_recipe

    chosen = load_recipe(recipe).changed(epochs=epochs, learning_rate=learning_rate, batch_size=batch_size, seed=seed)
    if task is not None:
        chosen = chosen.for_task(task.value)
    settings = Settings(
        positive=positive,
        classes=names_of(classes),
        normal=normal,
        label_column=label_column,
        rules=tuple(parse_rule(text) for text in rule or ()),
        weights=weights,
        allow_random_backbone=allow_random_backbone,
        device=device,
        workers=workers,
        threads=threads,
        loaders=loaders,
        resume=resume,
        command=command_line(),
    )
    labelled = chosen.task != "multi-label"  # findings may stand in columns of their own
    films = load_table(table, label_column=label_column, required_labels=labelled, allow_outside=allow_outside)
    show_run(run(films, recipe=chosen, out=out, settings=settings, progress=Spoken(quiet=quiet)))


def demo(
    out: Annotated[Path, typer.Option(help="Where films and run are written.")] = Path("demo"),
    patients: Annotated[int, typer.Option(min=60, help="Phantom patients.")] = 240,
    seed: Annotated[int, typer.Option(min=0, help="Of phantoms and training.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Make phantom films, train a detector on them, and write its report; no data and no network needed."""
    from deepcovid.runs.demo import demo as run

    show_run(run(out, patients=patients, seed=seed, command=command_line(), progress=Spoken(quiet=quiet)))


def show_run(run: Run) -> None:
    """The run's main figures and where to look."""
    from deepcovid.cli.tables import evaluation_lines

    screen = console()
    for line in evaluation_lines(run.evaluation):
        screen.print(line, markup=False)
    for sentence in run.warnings:
        screen.print(f"! {sentence}", style="yellow", markup=False)
    screen.print(f"\nreport    {run.report}\ndetector  {run.folder / 'detector'}", markup=False)
    screen.print(f"next      deepcovid predict {run.folder / 'detector'} FILM… --heatmap heatmaps", markup=False)
