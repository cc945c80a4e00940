"""The commands that check a table of films, and mend what can be mended safely."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepcovid.cli.console import Spoken, console, refuse_overwriting

if TYPE_CHECKING:
    from rich.console import Console

    from deepcovid.audit.data_test import DataResult, DataTest
    from deepcovid.runs.check import Checked

OUTSIDE = "Allow films outside the table's folder."
COLOURS = {"PASS": "green", "CANNOT TELL": "cyan", "WARN": "yellow", "FAIL": "bold red"}
FAILED = 1
LISTED = 12  # findings of a test that the terminal shows; the JSON has all


def check(
    table: Annotated[Path, typer.Argument(help="Table of films (CSV, TSV or Parquet).")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the findings here ('-': print them).")] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", help="Write a page with the suspected pairs here.")
    ] = None,
    label_column: Annotated[str, typer.Option(help="The column that holds the label.")] = "label",
    positive: Annotated[
        list[str] | None,
        typer.Option(help="A class to ask about; may be repeated. Default: every class with enough films."),
    ] = None,
    no_gate: Annotated[bool, typer.Option("--no-gate", help="Do not ask whether each image is a chest film.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of folds and draws.")] = 0,
    allow_outside: Annotated[bool, typer.Option("--allow-outside", help=OUTSIDE)] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Ask of a table what makes results wrong: leaks, duplicates, shortcuts. Exit code 1 where a test fails."""
    from deepcovid.runs.check import check_table
    from deepcovid.storage import write_json, write_text

    refuse_overwriting([json_file, html_file], inputs=[table])
    checked = check_table(
        table,
        label_column=label_column,
        positives=positive or (),
        allow_outside=allow_outside,
        gate=not no_gate,
        seed=seed,
        progress=Spoken(quiet=quiet),
    )
    printed = json_file is not None and str(json_file) == "-"
    try:  # files before words, for a pipe that closes; words even where a file cannot be written
        if json_file is not None and not printed:
            write_json(json_file, checked.report)
        if html_file is not None:
            from deepcovid.runs.check_page import check_page

            write_text(html_file, check_page(checked))
    finally:
        _tell(checked, as_json=printed)
    for path in () if printed else (json_file, html_file):
        if path is not None:
            console().print(f"written: {path}", markup=False)
    if checked.verdict == "FAIL":
        raise typer.Exit(FAILED)


def fix(
    table: Annotated[Path, typer.Argument(help="Table of films; it is not changed.")],
    out: Annotated[Path, typer.Option(help="The table to write; a log is written beside it.")],
    resplit: Annotated[
        bool,
        typer.Option("--resplit", help="Split anew, by patient, where patients that were joined stand on two sides."),
    ] = False,
    label_column: Annotated[str, typer.Option(help="The column that holds the label.")] = "label",
    seed: Annotated[int, typer.Option(min=0, help="Of the new split.")] = 0,
    allow_outside: Annotated[bool, typer.Option("--allow-outside", help=OUTSIDE)] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Write a new table in which duplicates are of one patient and exact copies stand once; nothing else is changed."""
    from deepcovid.runs.fix import fix_table, log_path

    refuse_overwriting([out, log_path(out)], inputs=[table])
    fixed = fix_table(
        table,
        out=out,
        resplit=resplit,
        label_column=label_column,
        allow_outside=allow_outside,
        seed=seed,
        progress=Spoken(quiet=quiet),
    )
    screen = console()
    for sentence in fixed.said:
        screen.print(sentence, markup=False)
    for sentence in fixed.left:
        screen.print(f"! {sentence}", style="yellow", markup=False)
    for path in (out, log_path(out)):
        screen.print(f"written: {path}", markup=False)


def _tell(checked: Checked, *, as_json: bool) -> None:
    if as_json:
        import json

        typer.echo(json.dumps(checked.report, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _print(checked.results, checked.report)


def _print(results: tuple[tuple[DataTest, DataResult], ...], report: dict[str, Any]) -> None:
    import shlex

    from deepcovid.errors import printable

    screen = console()
    for test, result in results:
        _verdict(screen, result.verdict, test.question)
        screen.print(f"             {printable(result.sentence)}", markup=False)
        for finding in result.findings[:LISTED]:
            screen.print(f"             - {printable(finding)}", markup=False, style="dim")
        if len(result.findings) > LISTED:
            screen.print(f"             … and {len(result.findings) - LISTED} more (--json has all)", style="dim")
    looks = [entry for entry in report["pairs"] if entry["verdict"] == "look"]
    if looks:
        pairs = "1 pair" if len(looks) == 1 else f"{len(looks)} pairs"
        screen.print(f"\nTo be looked at ({pairs}; --html shows them side by side):", markup=False)
    for entry in looks:
        a, b = (printable(film["patient"] or film["image"]) for film in entry["films"])
        screen.print(f"  {a} and {b}: correlation {entry['correlation']:.3f}", markup=False, style="dim")
    for note in report["notes"]:
        screen.print(f"! {printable(note)}", style="yellow", markup=False)
    screen.print()
    _verdict(screen, report["verdict"], report["sentence"])
    if any(entry["verdict"] == "duplicate" for entry in report["pairs"]):
        table = printable(shlex.quote(report["table"]))
        screen.print(
            f"next: deepcovid data fix {table} --out NEW.csv (puts films that are one under one patient)", markup=False
        )


def _verdict(screen: Console, verdict: str, words: str) -> None:
    from rich.text import Text

    screen.print(Text.assemble((f"{verdict:<11}  ", COLOURS[verdict]), words))
