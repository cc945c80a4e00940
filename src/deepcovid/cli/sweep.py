"""The command that tries settings of a recipe."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from deepcovid.cli import options
from deepcovid.cli.console import Spoken, command_line, console, names_of, require_folder

FAILED = 1  # exit code where some settings failed


class By(enum.StrEnum):
    """What the best setting is chosen by."""

    auc = "auc"
    accuracy = "accuracy"


def sweep(
    recipe: Annotated[str, typer.Argument(help="Recipe name (see `deepcovid recipes`) or .toml file.")],
    table: Annotated[Path, typer.Option(help="Table of films (CSV or Parquet).")],
    vary: Annotated[
        list[str] | None,
        typer.Option(help="KEY=v1,v2,… or, with --random, KEY=low..high; may be repeated. An unknown KEY lists them."),
    ] = None,
    random: Annotated[int, typer.Option(min=0, help="Draw so many settings; 0: every combination.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws of --random.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of every setting, each with a seed of its own.")] = 1,
    by: Annotated[By, typer.Option(help="What the best setting is chosen by, on validation.")] = By.auc,
    test: Annotated[
        bool, typer.Option("--test", help="Show the chosen setting and the recipe's own on test films too.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder; settings finished there are taken as they are. Default: runs/sweep-<recipe>."),
    ] = None,
    weights: options.Weights = None,
    positive: options.Positive = "covid",
    normal: options.Normal = "normal",
    label_column: options.LabelColumn = "label",
    classes: options.Classes = None,
    device: options.Device = "auto",
    workers: options.Workers = 0,
    threads: options.Threads = 0,
    loaders: options.Loaders = 0,
    allow_random_backbone: options.AllowRandomBackbone = False,
    allow_outside: options.AllowOutside = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Try settings of a recipe: train each on the same films, choose on validation, and say what the best is worth."""
    from deepcovid.datasets.table import load_table
    from deepcovid.runs.settings import Settings
    from deepcovid.runs.sweep import Wishes
    from deepcovid.runs.sweep import sweep as run
    from deepcovid.training.recipe import load_recipe

    require_folder(out)
    chosen = load_recipe(recipe)
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
    wishes = Wishes(
        out=out or Path("runs") / f"sweep-{chosen.name}",
        vary=tuple(vary or ()),
        random=random,
        seed=seed,
        seeds=seeds,
        by=by.value,
        test=test,
        settings=settings,
    )
    wishes.plan(chosen)  # a wrong key is told before the films are looked at
    labelled = chosen.task != "multi-label"  # findings may stand in columns of their own
    films = load_table(table, label_column=label_column, required_labels=labelled, allow_outside=allow_outside)
    swept = run(films, recipe=chosen, wishes=wishes, progress=Spoken(quiet=quiet))
    if as_json:
        typer.echo(json.dumps(swept.told, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        for line in sweep_lines(swept.told):
            console().print(line, markup=False)
        console().print(f"\npage      {swept.path('page')}\ntable     {swept.path('csv')}", markup=False)
        again = f" --positive {positive}" if positive != Settings.positive else ""
        again += " --allow-outside" if allow_outside else ""
        console().print(f"next      deepcovid train {table} --recipe {swept.path('recipe')}{again}", markup=False)
    if swept.told["failed"]:
        raise typer.Exit(FAILED)


def sweep_lines(told: dict[str, Any]) -> Iterator[str]:
    """The sweep for a terminal: what was chosen, then a line a setting, then what failed."""
    from deepcovid.reporting import words
    from deepcovid.reporting.comparison_tables import p_value, signed_interval
    from deepcovid.reporting.sweep_tables import FIGURES, figure_words, seed_words

    by = told["by"]
    yield from told["sentences"]
    yield f"\n{FIGURES[by]} on validation, best first:"
    for place, row in enumerate(told["settings"]):
        marks = [mark for mark, holds in (("chosen", place == 0), ("the recipe's own", row["own"])) if holds]
        marked = f" [{', '.join(marks)}]" if marks else ""
        line = f"{row['title']}{marked}: {figure_words(row[by], by)}"
        if len(row["seeds"][by]) > 1:
            line += f" · {seed_words(row['seeds'][by], by)}"
        if row["difference"] is not None:
            line += f" · {signed_interval(row['difference'], as_points=by == 'accuracy')}, p (Holm) {p_value(row['p_holm'])}"
        yield f"  {line} · {words.count(row['parameters'])} parameters" + _found(row)
    yield from _test_lines(told)
    for row in told["failed"]:
        yield f"! failed: {row['title']}: {'; '.join(row['errors'])}"
    yield from (f"! left out: {sentence}" for sentence in told["left_out"])
    yield from (f"  - {note}" for note in told["notes"])


def _found(row: dict[str, Any]) -> str:
    return f" · {', '.join(row['findings'])}" if row["findings"] else ""


def _test_lines(told: dict[str, Any]) -> Iterator[str]:
    from deepcovid.reporting.comparison_tables import p_value, signed_interval
    from deepcovid.reporting.sweep_tables import figure_words

    if told["test"] is not None:
        yield f"\nOn {told['test']['films']} test films:"
        for row in told["test"]["settings"]:
            name = f"{row['title']}{' (the recipe’s own)' if row['own'] else ''}"
            apart = row["difference"]
            against = (
                f" · {signed_interval(apart, as_points=told['by'] == 'accuracy')}, p {p_value(row['p'])}"
                if apart
                else ""
            )
            yield f"  {name}: {figure_words(row[told['by']], told['by'])}{against}"
