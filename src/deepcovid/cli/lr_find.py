"""The command that looks for a learning rate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from deepcovid.cli import options
from deepcovid.cli.console import Spoken, command_line, console, names_of, require_folder


def lr_find(
    table: Annotated[Path, typer.Argument(help="Table of films (CSV or Parquet); only its training side is used.")],
    recipe: options.Recipe = "deepcovid-resnet18",
    min_lr: Annotated[float, typer.Option(help="The lowest rate tried.")] = 1e-7,
    max_lr: Annotated[
        float, typer.Option(help="The highest; the test ends before it where the loss flies off.")
    ] = 10.0,
    steps: Annotated[int, typer.Option(help="Steps from the one to the other.")] = 100,
    passes: Annotated[
        int, typer.Option(help="So many tests from the same weights on other batches: their spread.")
    ] = 3,
    weights: options.Weights = None,
    positive: options.Positive = "covid",
    normal: options.Normal = "normal",
    label_column: options.LabelColumn = "label",
    classes: options.Classes = None,
    out: Annotated[Path | None, typer.Option(help="Folder; default: runs/lr-find-<recipe>.")] = None,
    batch_size: options.BatchSize = None,
    seed: options.Seed = None,
    device: options.Device = "auto",
    workers: options.Workers = 0,
    threads: options.Threads = 0,
    loaders: options.Loaders = 0,
    allow_random_backbone: options.AllowRandomBackbone = False,
    allow_outside: options.AllowOutside = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Look for a learning rate: a range test on training films. No weights are kept."""
    from deepcovid.datasets.table import load_table
    from deepcovid.runs.lr_find import find_rate
    from deepcovid.runs.settings import Settings
    from deepcovid.training.range_test import Span
    from deepcovid.training.recipe import load_recipe

    require_folder(out)
    chosen = load_recipe(recipe).changed(batch_size=batch_size, seed=seed)
    settings = Settings(
        positive=positive,
        normal=normal,
        label_column=label_column,
        classes=names_of(classes),
        weights=weights,
        allow_random_backbone=allow_random_backbone,
        device=device,
        workers=workers,
        threads=threads,
        loaders=loaders,
        command=command_line(),
    )
    span = Span(lowest=min_lr, highest=max_lr, steps=steps)
    labelled = chosen.task != "multi-label"  # findings may stand in columns of their own
    films = load_table(table, label_column=label_column, required_labels=labelled, allow_outside=allow_outside)
    found = find_rate(films, recipe=chosen, span=span, passes=passes, settings=settings, progress=Spoken(quiet=quiet))
    paths = found.write(out or Path("runs") / f"lr-find-{chosen.name}")
    if as_json:
        typer.echo(json.dumps(found.told, indent=2, ensure_ascii=False, allow_nan=False))
        return
    for line in rate_lines(found.told):
        console().print(line, markup=False)
    console().print(f"\nfigure    {paths['png']}\nsteps     {paths['csv']}", markup=False)


def rate_lines(told: dict[str, Any]) -> list[str]:
    """The range test for a terminal."""
    patients = "" if told["patients"] is None else f" of {told['patients']} patients"
    lines = [
        f"{told['recipe']}: {told['films']} training films{patients}, {told['positive_films']} positive; {told['passes']} × "
        f"{told['span']['steps']} steps of {told['batch_size']} films, {told['optimiser']}",
        "",
        told["sentence"],
        "",
    ]
    for key in ("suggestion", "tenth"):
        if told[key] is not None:
            lines.append(f"{told[key]['rule']:<42} {_rate(told[key])}")
    for key, name in (("begins", "the loss begins to fall at"), ("lowest", "the loss is lowest at")):
        if told[key] is not None:
            lines.append(f"{name:<42} {_rate(told[key])}")
    return [*lines, *(f"  - {note}" for note in told["notes"])]


def _rate(figure: dict[str, Any]) -> str:
    if figure["n"] == 1:
        return f"{figure['value']:.1e}  ({figure['method']})"
    return f"{figure['value']:.1e}  ({figure['low']:.1e} to {figure['high']:.1e}; {figure['n']} passes)"
