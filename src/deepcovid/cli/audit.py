"""The command that audits a detector."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepcovid.cli.console import Spoken, console

if TYPE_CHECKING:
    from deepcovid.runs.audit import Audited

COLOURS = {"PASS": "green", "CANNOT TELL": "cyan", "FAIL": "bold red"}
FAILED = 1


def audit(
    detector: Annotated[Path, typer.Argument(help="Run folder, detector folder, or an ONNX file.")],
    table: Annotated[Path | None, typer.Argument(help="Table of films; default: the run's own.")] = None,
    preprocessing: Annotated[
        Path | None, typer.Option(help="Of an ONNX file: the JSON file that says how a film becomes its input.")
    ] = None,
    positive: Annotated[str, typer.Option(help="The positive label; default: the detector's own.")] = "",
    label_column: Annotated[str, typer.Option(help="The column that holds the label.")] = "label",
    source_column: Annotated[str, typer.Option(help="The column that holds the source.")] = "source",
    test: Annotated[list[str] | None, typer.Option(help="This test only, by name or number; may be repeated.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for audit.json, audit.html and pictures.")] = None,
    json_out: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of folds and draws.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Films side by side; 0: as many as there are cores.")] = 0,
    allow_outside: Annotated[
        bool, typer.Option("--allow-outside", help="Allow films outside the table's folder.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Ask whether a detector reads the disease, or the hospital, the marker, the age. Exit code 1 where a test fails."""
    from deepcovid.runs.audit import AuditWishes, audit_path

    wishes = AuditWishes(
        positive=positive,
        label_column=label_column,
        source_column=source_column,
        tests=tuple(test or ()),
        seed=seed,
        workers=workers,
        allow_outside=allow_outside,
    )
    audited, folder = audit_path(
        detector, table, how=preprocessing, wishes=wishes, out=out, progress=Spoken(quiet=quiet)
    )
    _tell(audited, folder, as_json=json_out)
    if audited.verdict == "FAIL":
        raise typer.Exit(FAILED)


def _tell(audited: Audited, folder: Path, *, as_json: bool) -> None:
    if as_json:
        import json

        typer.echo(json.dumps(audited.report, indent=2, ensure_ascii=False, allow_nan=False))
        return
    from deepcovid.errors import printable

    screen = console()
    for test, result in audited.results:
        _verdict(screen, result.verdict, f"{test.number}. {test.question}")
        screen.print(f"             {printable(result.sentence)}", markup=False)
    for note in audited.report["notes"]:
        screen.print(f"! {printable(note)}", style="yellow", markup=False)
    screen.print()
    _verdict(screen, audited.verdict, audited.report["sentence"])
    for name in ("audit.html", "audit.json"):
        screen.print(f"written: {folder / name}", markup=False)


def _verdict(screen: Any, verdict: str, words: str) -> None:
    from rich.text import Text

    screen.print(Text.assemble((f"{verdict:<11}  ", COLOURS[verdict]), words))
