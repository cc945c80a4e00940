"""The command that puts runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepcovid.cli.console import Spoken, console, refuse_overwriting

if TYPE_CHECKING:
    from deepcovid.reporting.tables import Table


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or scores (CSV or Parquet); from one on.")],
    positive: Annotated[
        str | None, typer.Option(help="The positive label; default: the runs' own, else covid.")
    ] = None,
    label_column: Annotated[str | None, typer.Option(help="The column that holds the label.")] = None,
    score_column: Annotated[str, typer.Option(help="The column that holds the score.")] = "score",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures here ('-': print them).")] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="Write a page with tables and curves here.")] = None,
    latex_file: Annotated[Path | None, typer.Option("--latex", help="Write the tables here, for \\input{}.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write every figure here, one a row.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Put runs side by side: training, size, test figures with intervals, and paired tests on the same films."""
    from deepcovid.reporting.comparison_report import render_comparison
    from deepcovid.reporting.comparison_tables import COLUMNS, comparison_tables, long_rows
    from deepcovid.reporting.latex import latex_tables
    from deepcovid.runs.compare import compare_runs
    from deepcovid.storage import write_json, write_table, write_text

    outputs = [json_file, html_file, latex_file, csv_file]
    refuse_overwriting(outputs, inputs=[*runs, *(run / "scores.parquet" for run in runs)])
    Spoken(quiet=quiet).say(f"Comparing {len(runs)} {'run' if len(runs) == 1 else 'runs'} …")
    compared = compare_runs(runs, positive=positive, label_column=label_column, score_column=score_column, seed=seed)
    told, tables = compared.told, comparison_tables(compared.told)
    if json_file is not None and str(json_file) == "-":
        import json

        typer.echo(json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _print(tables, [*_untested(told), *told["notes"]])
    if json_file is not None and str(json_file) != "-":
        write_json(json_file, told)
    if html_file is not None:
        page = render_comparison(told, evaluations=compared.evaluations, histories=compared.histories)
        write_text(html_file, page)
    if latex_file is not None:
        write_text(latex_file, latex_tables(tables))
    if csv_file is not None:
        import pandas as pd

        write_table(csv_file, pd.DataFrame(long_rows(told), columns=list(COLUMNS)))
    for path in outputs:
        if path is not None and str(path) != "-":
            console(error=str(json_file) == "-").print(f"written: {path}", markup=False)


def _untested(told: dict) -> list[str]:
    return [f"{pair['first']} and {pair['second']}: {pair['note']}" for pair in told["pairs"] if pair["note"]]


def _print(tables: list[Table], notes: list[str]) -> None:
    """A line a row, every figure with its name: a terminal is narrower than the tables."""
    screen = console()
    for table in tables:
        screen.print(f"\n{table.caption}", style="bold", markup=False)
        for row in table.rows:
            told = [f"{name} {cell.text}" for name, cell in zip(table.head[1:], row[1:], strict=True) if cell.text]
            screen.print(f"{row[0].text}: {' · '.join(told)}", markup=False)
        if table.note:
            screen.print(table.note, style="dim", markup=False)
    for note in notes:
        screen.print(f"! {note}", style="yellow", markup=False)
