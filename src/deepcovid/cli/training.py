"""Commands that train."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    recipe: Annotated[
        str, typer.Option(help="Recipe name (see `deepcovid recipes`) or .toml file.")
    ] = "deepcovid-resnet18",
    weights: Annotated[
        str | None,
        typer.Option(help="What the backbone starts from: imagenet, none, or a file; default: the recipe's."),
    ] = None,
    positive: Annotated[
        str, typer.Option(help="The label that counts as positive; all others are negative.")
    ] = "covid",
    normal: Annotated[str, typer.Option(help="The label of healthy films, shown apart in histograms.")] = "normal",
    label_column: Annotated[str, typer.Option(help="The column that holds the label.")] = "label",
    task: Annotated[
        Task | None,
        typer.Option(
            help="Instead of the recipe's: binary, multi-class (one label of several), multi-label (findings)."
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(help="Several classes: the labels that count, such as normal,pneumonia,covid; default: all."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; default: runs/<time>-<recipe>.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the unfinished run in --out.")] = False,
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Instead of the recipe's.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the recipe's.")] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            help="A further rule for an operating point: youden, cost=20, net-benefit=0.05, sensitivity=0.9; may be repeated."
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    workers: Annotated[int, typer.Option(min=0, help="Films side by side; 0: as many as there are cores.")] = 0,
    threads: Annotated[
        int,
        typer.Option(min=0, help="torch's threads while a whole network trains; 0: all. 1 is best on a busy machine."),
    ] = 0,
    loaders: Annotated[int, typer.Option(min=0, help="Processes that fetch films while a whole network trains.")] = 0,
    allow_random_backbone: Annotated[
        bool, typer.Option("--allow-random-backbone", help="Allow --weights none with a frozen backbone.")
    ] = False,
    allow_outside: Annotated[
        bool, typer.Option("--allow-outside", help="Allow films outside the table's folder.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
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
