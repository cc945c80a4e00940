"""Commands on tables of films."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepcovid.cli import data_build, data_check, data_dicom, data_fetch, data_sources
from deepcovid.cli.console import console, refuse_overwriting
from deepcovid.cli.groups import Commands

OUTSIDE = "Allow films outside the table's folder."
app = typer.Typer(
    cls=Commands, help="Tables of films: make them, check and mend them, split them.", no_args_is_help=True
)
app.command()(data_check.check)
app.command()(data_check.fix)
app.command()(data_fetch.fetch)
app.command("import-dicom")(data_dicom.import_dicom)
app.add_typer(data_build.app, name="build")


app.command("import")(data_sources.import_)
app.command("list")(data_sources.list_)
app.command("info")(data_sources.info)


@app.command()
def split(
    table: Annotated[Path, typer.Argument(help="Table of films.")],
    out: Annotated[Path, typer.Option(help="The table to write.")],
    train: Annotated[float, typer.Option(min=0, max=1, help="Share of films to train on.")] = 0.7,
    val: Annotated[float, typer.Option(min=0, max=1, help="Share of films to choose thresholds on.")] = 0.1,
    test: Annotated[float, typer.Option(min=0, max=1, help="Share of films to report on.")] = 0.2,
    label_column: Annotated[str, typer.Option(help="The column that holds the label.")] = "label",
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another split.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a split that the table has.")] = False,
    allow_outside: Annotated[bool, typer.Option("--allow-outside", help=OUTSIDE)] = False,
) -> None:
    """Split a table into train, val and test by patient, alike in label and source."""
    import pandas as pd

    from deepcovid.datasets.splits import split_table
    from deepcovid.datasets.table import load_table, save_table

    refuse_overwriting([out], inputs=[table])
    whole = load_table(table, label_column=label_column, allow_outside=allow_outside)
    fractions = {"train": train, "val": val, "test": test}
    done = split_table(whole, fractions=fractions, label_column=label_column, seed=seed, overwrite=overwrite)
    save_table(done, out, allow_outside=allow_outside)
    screen = console()
    counts = pd.crosstab(done.frame[label_column].fillna("(unknown)"), done.frame["split"])
    screen.print(counts.reindex(columns=[side for side in fractions if side in counts]).to_string(), markup=False)
    for note in done.notes:
        screen.print(f"! {note}", style="yellow", markup=False)
    screen.print(f"written: {out}", markup=False)
