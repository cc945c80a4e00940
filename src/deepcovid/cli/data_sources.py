"""Commands on where films come from: published collections, and folders of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepcovid.cli.console import console, refuse_overwriting
from deepcovid.errors import DeepCovidError

if TYPE_CHECKING:
    from deepcovid.datasets.sources import Source
    from deepcovid.datasets.table import Table

OUTSIDE = "Allow films outside the table's folder."
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FLAGS = "--views, --all-views, --keep-ct and --allow-absent"


def import_(
    folder: Annotated[
        Path,
        typer.Argument(help="A copy of a published collection, or FOLDER/<label>/films, or FOLDER/{train,val,test}/…"),
    ],
    out: Annotated[Path, typer.Option(help="The table to write (CSV or Parquet), in FOLDER or above it.")],
    source: Annotated[
        str | None,
        typer.Option(help="A registered collection (deepcovid data list), or your hospital's name for class folders."),
    ] = None,
    views: Annotated[
        str | None, typer.Option(help="The views to keep of a registered collection; PA,AP,AP supine where not given.")
    ] = None,
    all_views: Annotated[bool, typer.Option("--all-views", help="Keep every view, laterals too.")] = False,
    keep_ct: Annotated[bool, typer.Option("--keep-ct", help="Keep CT and what else is no X-ray.")] = False,
    allow_absent: Annotated[
        bool, typer.Option("--allow-absent", help="Leave out films that the copy lacks, and say so.")
    ] = False,
    allow_outside: Annotated[bool, typer.Option("--allow-outside", help=OUTSIDE)] = False,
) -> None:
    """Make a table from a copy of a published collection, or from class folders."""
    from deepcovid.datasets.sources import import_source
    from deepcovid.datasets.sources.naming import source_named
    from deepcovid.datasets.table import save_table

    registered = source_named(source) if source else None
    if registered is None:
        _refuse_flags(views is not None or all_views or keep_ct or allow_absent)
        table = _from_folders(folder, source, allow_outside=allow_outside)
    else:
        wished = _views(views, all_views=all_views)
        table = import_source(folder, name=registered.name, views=wished, keep_ct=keep_ct, allow_absent=allow_absent)
        refuse_overwriting([out], inputs=[table.path] if table.path else [])
    _tell(save_table(table, out, allow_outside=allow_outside), out)


def list_(as_json: JsonOption = False) -> None:
    """The registered collections: name, access, films, title."""
    from deepcovid.datasets.sources import SOURCES

    sources = [SOURCES[name] for name in SOURCES]
    if as_json:
        typer.echo(json.dumps([source.to_dict() for source in sources], indent=2, ensure_ascii=False))
        return
    width = max(map(len, SOURCES), default=0) + 2
    for source in sources:
        films = f"{source.expected['images']:,} images" if "images" in source.expected else ""
        console().print(f"{source.name:{width}}{source.access:14}{films:>16}  {source.title}", markup=False)


def info(name: Annotated[str, typer.Argument(help="A registered collection.")], as_json: JsonOption = False) -> None:
    """What a collection is, its licence and citation, its counts, how to get it, and which files are looked for."""
    from deepcovid.datasets.sources import SOURCES

    source = SOURCES[name]
    if as_json:
        typer.echo(json.dumps(source.to_dict(), indent=2, ensure_ascii=False))
        return
    screen = console()
    screen.print(f"{source.name}: {source.title}", style="bold", markup=False)
    for key, lines in _facts(source).items():
        for number, line in enumerate(lines):
            screen.print(f"  {key if number == 0 else '':10}{line}", markup=False)


def _facts(source: Source) -> dict[str, list[str]]:
    from deepcovid.datasets.manifest import manifest_names
    from deepcovid.datasets.sources.counts import counts_line

    fetch = [f"deepcovid data fetch {source.name}"] if source.name in manifest_names() else []
    counts = [f"{version}: {counts_line(expected)}" for version, expected in source.versions.items() if expected]
    return {
        "home": [source.home],
        "licence": [source.licence],
        "cite": [source.citation],
        "access": [source.access],
        "get it": [*fetch, *source.steps],
        "files": source.layout.splitlines(),
        "counts": counts or ["not known"],
        "import": [f"deepcovid data import DIR --source {source.name} --out DIR/table.csv"],
    }


def _from_folders(folder: Path, source: str | None, *, allow_outside: bool) -> Table:
    from deepcovid.datasets.folder import import_folder

    table = import_folder(folder, source=source, allow_outside=allow_outside)
    if source is None:
        return table
    return table.with_note(
        f"{source!r} is no registered collection (deepcovid data list) and was taken as a plain name"
    )


def _views(views: str | None, *, all_views: bool) -> tuple[str, ...]:
    from deepcovid.datasets.sources.views import FRONTAL, VIEWS

    if all_views:
        return VIEWS
    if views is None:
        return FRONTAL
    known = {view.lower(): view for view in VIEWS}
    return tuple(known.get(word.strip().lower(), word.strip()) for word in views.split(","))


def _refuse_flags(given: bool) -> None:
    if given:
        raise DeepCovidError(
            f"{FLAGS} are for registered collections, whose metadata tell views and modalities",
            mend="name one with --source (deepcovid data list), or leave them out",
        )


def _tell(table: Table, out: Path) -> None:
    screen = console()
    for label, number in table.frame["label"].fillna("(unknown)").value_counts().sort_index().items():
        screen.print(f"{label}: {number} films", markup=False)
    for note in table.notes:
        screen.print(f"! {note}", style="yellow", markup=False)
    screen.print(f"written: {out}", markup=False)
