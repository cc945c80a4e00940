"""The command that runs published systems again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepcovid.cli.console import Spoken, command_line, console, require_folder
from deepcovid.errors import TableError

if TYPE_CHECKING:
    from deepcovid.datasets.table import Table

OUTSIDE = "Allow films outside the table's folder."


def reproduce(
    document: Annotated[str, typer.Argument(help="deep-covid, rawat, darkcovidnet or literature.")],
    table: Annotated[Path | None, typer.Option(help="Table of films (literature goes without).")] = None,
    covid: Annotated[
        Path | None, typer.Option(help="deep-covid: a copy of covid-chestxray at commit 2a99173, in place of --table.")
    ] = None,
    negatives: Annotated[Path | None, typer.Option(help="deep-covid: with --covid, a table of other films.")] = None,
    negative_source: Annotated[
        str | None, typer.Option(help="deep-covid: with --negatives, films of this source only.")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(help="imagenet, none, a file, or a folder with one file for each network; default: the recipes'."),
    ] = None,
    label_column: Annotated[str | None, typer.Option(help="The column that holds the label.")] = None,
    positive: Annotated[str, typer.Option(help="The label that counts as positive.")] = "covid",
    normal: Annotated[str, typer.Option(help="The label of healthy films.")] = "normal",
    classes: Annotated[list[int] | None, typer.Option(help="darkcovidnet: 2 or 3; default: both.")] = None,
    grouping: Annotated[
        list[str] | None, typer.Option(help="darkcovidnet: folds by image or patient; default: both.")
    ] = None,
    fold: Annotated[
        list[int] | None, typer.Option(min=1, help="darkcovidnet: this fold only; may be repeated.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="This recipe only; may be repeated.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of the published ones.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A smoke run: two epochs, one fold.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder; what is finished there is taken as it is.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    threads: Annotated[int, typer.Option(min=0, help="torch's threads; 0: all.")] = 0,
    allow_random_backbone: Annotated[
        bool, typer.Option("--allow-random-backbone", help="Allow --weights none with a frozen backbone.")
    ] = False,
    allow_outside: Annotated[bool, typer.Option("--allow-outside", help=OUTSIDE)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON on standard output.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Run a publication's systems and set every printed figure beside ours, with what differs."""
    from deepcovid.reporting.reproduction_report import render_reproduction
    from deepcovid.runs.reproduction import Wishes
    from deepcovid.runs.reproduction import reproduce as run
    from deepcovid.runs.settings import Settings
    from deepcovid.storage import write_json, write_text

    require_folder(out)
    column = label_column or ("darkcovidnet" if document == "darkcovidnet" else "label")
    settings = Settings(
        positive=positive,
        normal=normal,
        label_column=column,
        device=device,
        threads=threads,
        allow_random_backbone=allow_random_backbone,
        command=command_line(),
    )
    wishes = Wishes(
        table=table,
        out=out or Path("runs") / f"reproduce-{document}",
        weights=weights,
        quick=quick,
        epochs=epochs,
        folds=tuple(fold or ()),
        groupings=tuple(grouping or ("image", "patient")),
        classes=tuple(classes or (2, 3)),
        recipes=tuple(only or ()),
        settings=settings,
    )
    films = _films(table, covid, negatives, negative_source, column=column, positive=positive, outside=allow_outside)
    reproduced = run(document, films, wishes=wishes, progress=Spoken(quiet=quiet))
    told = reproduced.to_dict()
    write_json(wishes.out / "reproduction.json", told)
    page = write_text(wishes.out / "reproduction.html", render_reproduction(told, figures=reproduced.figures))
    if as_json:
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    _tell(told)
    console().print(f"\nwritten: {page}", markup=False)
    if not told["runs"]:
        console().print("nothing was run; give films with --table", style="yellow", markup=False)


def _films(
    table: Path | None,
    covid: Path | None,
    negatives: Path | None,
    source: str | None,
    *,
    column: str,
    positive: str,
    outside: bool,
) -> Table | None:
    from deepcovid.datasets.table import load_table
    from deepcovid.runs.reproduction.films import snapshot_with_negatives

    if table is not None:
        return load_table(table, label_column=column, allow_outside=outside)
    if (covid is None) != (negatives is None):
        raise TableError("--covid and --negatives belong together", mend="give both, or --table")
    if covid is None or negatives is None:
        return None
    return snapshot_with_negatives(covid, negatives, source=source, positive=positive)


def _tell(told: dict[str, Any]) -> None:
    from deepcovid.reporting.reproduction_report import row_of

    screen = console()
    for warning in told["warnings"]:
        screen.print(f"! {warning}", style="yellow", markup=False)
    screen.print(f"\n{told['title']}, run again", style="bold", markup=False)
    screen.print(f"films    {told['same_data']}\nweights  {told['same_weights']}\n", markup=False)
    for row in map(row_of, told["lines"]):
        place = f"{row['place']}, " if row["place"] else ""
        screen.print(f"{place}{row['system']}: {row['metric']}", markup=False)
        screen.print(f"    printed {row['published']}\n    here    {row['ours']}  [{row['how']}]", markup=False)
    for name, sentences in (("what differs", told["differences"]), ("to know", told["to_know"])):
        if sentences:
            screen.print(f"\n{name}:", markup=False)
            for sentence in sentences:
                screen.print(f"  - {sentence}", markup=False)
