"""The command that stacks runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from deepcovid.cli.console import Spoken, command_line, console


def stack(
    runs: Annotated[list[Path], typer.Argument(help="Folders of two or more finished runs of one table.")],
    out: Annotated[Path, typer.Option(help="The folder to write; folds finished there are taken as they are.")] = Path(
        "runs/stack"
    ),
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
    from deepcovid.runs.stack import stack as run
    from deepcovid.storage import read_json

    settings = Settings(weights=weights, device=device, threads=threads, command=command_line())
    stacked = run(runs, out=out, folds=folds, settings=settings, progress=Spoken(quiet=quiet))
    if as_json:
        typer.echo(json.dumps(stacked.record, indent=2, ensure_ascii=False))
        return
    screen = console()
    screen.print(stacked.sentence, style="bold", markup=False)
    for member in stacked.record["members"]:
        told = f"out-of-fold AUC {member['out_of_fold_auc']:.3f}, weight {member['weight']:+.2f}"
        screen.print(f"  {member['run']} ({member['recipe']}): {told}", markup=False)
    for line in evaluation_lines(read_json(out / "evaluation.json")):
        screen.print(line, markup=False)
    screen.print(f"written: {out / 'stack.json'}, {out / 'scores.parquet'}", markup=False)
