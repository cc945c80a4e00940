"""The command that stacks runs."""

from __future__ import annotations

import enum
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from deepcovid.cli.console import Spoken, command_line, console


class Combiner(enum.StrEnum):
    """What is learned on the members' scores."""

    logistic = "logistic"
    network = "network"


def stack(
    runs: Annotated[list[Path], typer.Argument(help="Folders of two or more finished runs of one table.")],
    out: Annotated[
        Path,
        typer.Option(help="The run folder to write; finished folds in the members' folders are taken as they are."),
    ] = Path("runs/stack"),
    combiner: Annotated[
        Combiner,
        typer.Option(help="logistic: a weight a member; network: ten hidden units, as integrated stacking has."),
    ] = Combiner.logistic,
    folds: Annotated[int, typer.Option(min=2, help="Of the training and validation films, by patient.")] = 5,
    weights: Annotated[
        str | None, typer.Option(help="What the folds' networks start from; default: what each run's did.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    threads: Annotated[int, typer.Option(min=0, help="torch's threads; 0: all.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The account as JSON on standard output.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Stack runs on out-of-fold scores, and hold the stack against its best member by a paired test."""
    from deepcovid.cli.tables import evaluation_lines
    from deepcovid.runs.settings import Settings
    from deepcovid.runs.stacking.stack import stack as run
    from deepcovid.storage import read_json

    settings = Settings(weights=weights, device=device, threads=threads, command=command_line())
    stacked = run(runs, out=out, combiner=combiner.value, folds=folds, settings=settings, progress=Spoken(quiet=quiet))
    if as_json:
        typer.echo(json.dumps(stacked.record, indent=2, ensure_ascii=False))
        return
    screen = console()
    screen.print(stacked.sentence, style="bold", markup=False)
    screen.print(stacked.record["sentence_out_of_fold"], markup=False)
    for line in _members(stacked.record):
        screen.print(line, markup=False)
    for line in evaluation_lines(read_json(out / "evaluation.json")):
        screen.print(line, markup=False)
    screen.print(f"\nreport    {out / 'report.html'}\ndetector  {out / 'detector'}", markup=False)
    screen.print(f"next      deepcovid predict {out / 'detector'} FILM…", markup=False)


def _members(record: dict[str, Any]) -> list[str]:
    lines = [f"stacked by a {record['stacker']}; AUC on test films and out of fold:"]
    for member in record["members"]:
        weight = "" if member["weight"] is None else f", weight {member['weight']:+.2f}"
        lines.append(f"  {member['name']} ({member['recipe']}): {_areas(member)}{weight}")
    return [*lines, f"  the stack: {_areas(record)}"]


def _areas(told: dict[str, Any]) -> str:
    return ", ".join(
        f"{area['value']:.3f} ({area['low']:.3f} to {area['high']:.3f}; {area['method']}, {area['n']} {area['unit']}s)"
        for area in (told["test_auc"], told["out_of_fold_auc"])
    )
