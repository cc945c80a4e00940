"""The command for a new disease without a recipe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepcovid.cli import options
from deepcovid.cli.console import Spoken, command_line, console

if TYPE_CHECKING:
    from deepcovid.datasets.table import Table


def learn(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE_OR_FOLDER", help="Table of films, or a folder of class folders.")
    ],
    positive: options.Positive = "covid",
    normal: options.Normal = "normal",
    label_column: options.LabelColumn = "label",
    minutes: Annotated[float, typer.Option(help="The time that all of it may take.")] = 15.0,
    weights: Annotated[
        str | None, typer.Option(help="What the backbone starts from: imagenet (default), xray, none, or a file.")
    ] = None,
    network: Annotated[str, typer.Option(help="The backbone of probe and fine-tuning.")] = "resnet18",
    size: Annotated[int, typer.Option(min=0, help="Side of the film in pixels; 0: the network's own.")] = 0,
    target_auc: Annotated[
        list[float] | None,
        typer.Option(help="How many films until this AUC? May be repeated; default: 0.8, 0.9, 0.95."),
    ] = None,
    target_width: Annotated[
        float, typer.Option(help="How many patients until the AUC's 95 % interval is this narrow?")
    ] = 0.10,
    out: Annotated[
        Path | None, typer.Option(help="Folder; folds that are finished there are taken as they are.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of folds, draws and trainings.")] = 0,
    device: options.Device = "auto",
    workers: options.Workers = 0,
    threads: Annotated[int, typer.Option(min=0, help="torch's threads; 0: all.")] = 0,
    allow_random_backbone: options.AllowRandomBackbone = False,
    allow_outside: options.AllowOutside = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Choose a way to train by the data and within a time, train, and tell how many more films are needed."""
    from deepcovid.runs.learn import Wishes
    from deepcovid.runs.learn import learn as run
    from deepcovid.runs.learn.wishes import TARGETS
    from deepcovid.runs.settings import Settings

    settings = Settings(
        positive=positive,
        normal=normal,
        label_column=label_column,
        weights=weights,
        allow_random_backbone=allow_random_backbone,
        device=device,
        workers=workers,
        threads=threads,
        command=command_line(),
    )
    wishes = Wishes(
        out=out or Path("runs") / f"learn-{positive}",
        minutes=minutes,
        network=network,
        size=size,
        targets=tuple(target_auc or TARGETS),
        width=target_width,
        seed=seed,
        settings=settings,
    )
    learnt = run(
        _films(table, label_column=label_column, outside=allow_outside), wishes=wishes, progress=Spoken(quiet=quiet)
    )
    if as_json:
        typer.echo(json.dumps(learnt.told, indent=2, ensure_ascii=False))
        return
    for line in learn_lines(learnt.told):
        console().print(line, markup=False)
    console().print(f"\npage      {learnt.page}\ndetector  {learnt.runs[0].folder / 'detector'}", markup=False)


def learn_lines(told: dict[str, Any]) -> list[str]:
    """The result for a terminal; what must be known first comes first."""
    from deepcovid.reporting.learn_report import answers, interval_words

    chosen = told["chosen"]
    lines = [f"! {warning}" for warning in told["warnings"]]
    lines += [
        f"{told['positive_films']} {told['positive']} films among {told['films']}, of {told['positive_patients']} positive and "
        f"{told['other_patients']} other patients",
        "",
        f"chosen   {chosen['title']}",
        f"why      {chosen['why']}",
        f"AUC      {interval_words(chosen['nested_auc'])}; {chosen['outer_folds']} outer folds, choosing included",
        "",
        "positive films → AUC of linear probes on patients held out",
    ]
    lines += [f"  {row['n']:>5}  {interval_words(row['auc'])}" for row in told["curve"]["points"]]
    lines += ["", *answers(told["curve"])]
    budget = told["budget"]
    lines += ["", f"time     {budget['used_seconds'] / 60:.1f} of {budget['minutes']:g} minutes"]
    return lines + [f"  - {sentence}" for sentence in budget["left_out"]]


def _films(place: Path, *, label_column: str, outside: bool) -> Table:
    from deepcovid.datasets.folder import import_folder
    from deepcovid.datasets.table import load_table

    if place.is_dir():
        return import_folder(place, allow_outside=outside)
    return load_table(place, label_column=label_column, allow_outside=outside)
