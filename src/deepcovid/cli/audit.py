"""The command that audits a detector."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepcovid.cli.console import Spoken, console, refuse_overwriting, require_folder
from deepcovid.errors import DetectorError

if TYPE_CHECKING:
    from deepcovid.runs.audit import Audited

COLOURS = {"PASS": "green", "CANNOT TELL": "cyan", "FAIL": "bold red"}
FAILED = 1


def audit(
    detector: Annotated[
        Path | None,
        typer.Argument(help="Run folder, detector folder, ONNX file, or deepcovid's own by name."),
    ] = None,
    table: Annotated[Path | None, typer.Argument(help="Table of films; default: the run's own.")] = None,
    preprocessing: Annotated[
        Path | None, typer.Option(help="Of an ONNX file: the JSON file that says how a film becomes its input.")
    ] = None,
    positive: Annotated[str, typer.Option(help="The positive label; default: the detector's own.")] = "",
    label_column: Annotated[
        str, typer.Option(help="The column that holds the label; of a run's own table, default: the run's.")
    ] = "label",
    source_column: Annotated[str, typer.Option(help="The column that holds the source.")] = "source",
    control_source: Annotated[
        list[str] | None, typer.Option(help="A source all of whose films are older than the disease; may be repeated.")
    ] = None,
    before: Annotated[str, typer.Option(help="Day before which no film can be positive, as 2019-12-01.")] = "",
    test: Annotated[list[str] | None, typer.Option(help="This test only, by name or number; may be repeated.")] = None,
    no_lungs: Annotated[
        bool, typer.Option("--no-lungs", help="Do not look for lungs: tests that need them are not asked.")
    ] = False,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train a run's network anew without each source that test 5 holds out.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for audit.json, audit.html and pictures.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the findings here ('-': print them).")] = None,
    self_test: Annotated[
        bool,
        typer.Option("--self-test", help="Audit phantom detectors whose shortcut is known, in place of a detector."),
    ] = False,
    kind: Annotated[
        list[str] | None, typer.Option(help="Self-test: this kind of shortcut only; may be repeated.")
    ] = None,
    strength: Annotated[
        list[float] | None, typer.Option(help="Self-test: a strength of the shortcuts, to 1; may be repeated.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Self-test: detectors of each kind and strength.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Of folds and draws.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Films side by side; 0: as many as there are cores.")] = 0,
    allow_outside: Annotated[
        bool, typer.Option("--allow-outside", help="Allow films outside the table's folder.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Ask whether a detector reads the disease, or the hospital, the marker, the age. Exit code 1 where a test fails.

    It takes test films of 8 patients with the positive label and of 8 without; with fewer nothing is asked.
    """
    from deepcovid.runs.audit import AuditWishes, audit_path

    require_folder(out)
    refuse_overwriting([json_file], inputs=[path for path in (table, preprocessing) if path])
    if self_test:
        _self_test(out or Path("audit-self-test"), kind, strength, seeds, tuple(test or ()), workers, quiet, json_file)
        return
    if detector is None:
        raise DetectorError("no detector was given", mend="give a run folder, a detector folder or an ONNX file")
    detector, out = _own(detector, table, out, label_column=label_column, allow_outside=allow_outside)
    wishes = AuditWishes(
        positive=positive,
        label_column=label_column,
        source_column=source_column,
        controls=tuple(control_source or ()),
        before=before,
        tests=tuple(test or ()),
        seed=seed,
        workers=workers,
        allow_outside=allow_outside,
        lungs=not no_lungs,
        retrain=retrain,
    )
    audited, folder = audit_path(
        detector, table, how=preprocessing, wishes=wishes, out=out, progress=Spoken(quiet=quiet)
    )
    _write_json(json_file, audited.report)
    if str(json_file) != "-":
        _tell(audited, folder)
    if audited.verdict == "FAIL":
        raise typer.Exit(FAILED)


def _own(
    detector: Path, table: Path | None, out: Path | None, *, label_column: str, allow_outside: bool
) -> tuple[Path, Path | None]:
    """The folder of deepcovid's own detector where its name was given, and a place for its audit outside the package."""
    from deepcovid.models.abnormal import shipped_detector
    from deepcovid.runs.named import is_shipped_name

    if not is_shipped_name(detector):
        return detector, out
    own = shipped_detector(str(detector))
    if table is not None:
        from deepcovid.datasets.table import load_table

        films = load_table(table, label_column=label_column, allow_outside=allow_outside)
        learnt = own.learnt(films.image_path(name) for name in films.frame["image"])
        if learnt:
            Spoken().warn(
                f"{own.name} learnt from {learnt:,} of the {len(films.frame):,} films: figures on them flatter it"
            )
    return own.detector.folder, out or Path(f"{own.name}.audit")


def _self_test(
    out: Path,
    kinds: list[str] | None,
    strengths: list[float] | None,
    seeds: int,
    tests: tuple[str, ...],
    workers: int,
    quiet: bool,
    json_file: Path | None,
) -> None:
    from deepcovid.runs.self_test.bench import BenchWishes, self_test
    from deepcovid.storage import write_json

    asked: dict[str, Any] = {"seeds": seeds, "tests": tests, "workers": workers}
    asked |= {"kinds": tuple(kinds)} if kinds else {}
    asked |= {"strengths": tuple(strengths)} if strengths else {}
    told = self_test(out, wishes=BenchWishes(**asked), progress=Spoken(quiet=quiet))
    write_json(out / "self-test.json", told)
    _write_json(json_file, told)
    if str(json_file) != "-":
        _tell_bench(told)
        console().print(f"written: {out / 'self-test.json'}", markup=False)


def _tell_bench(told: dict[str, Any]) -> None:
    screen = console()
    for name, figure in (
        ("caught by name", told["caught"]),
        ("clean detectors with any FAIL", told["false_alarms"]),
        ("PASS of what could be told of clean ones", told["passed"]),
        ("caught, kinds kept out of tuning", told["kept_out"]["caught"]),
        ("false alarms, kinds kept out of tuning", told["kept_out"]["false_alarms"]),
    ):
        screen.print(f"{name:<42} {_interval(figure)}", markup=False)
    screen.print(f"{'did not learn its shortcut':<42} {told['not_learned']} detectors", markup=False)
    for row in told["kinds"]:
        fall = "" if row["fall"] is None else f"clean AUC down by {row['fall']:.2f}; "
        screen.print(
            f"  {row['kind']:<20} strength {row['strength']:.2f}: {fall}named {_interval(row['named'])}; "
            f"any FAIL {_interval(row['any_fail'])} {', '.join(row['by'])}",
            markup=False,
        )


def _interval(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return f"unknown (no {figure['unit']})"
    return f"{figure['value']:.0%} ({figure['low']:.0%} to {figure['high']:.0%}; {figure['n']} {figure['unit']}s)"


def _write_json(path: Path | None, told: dict[str, Any]) -> None:
    if path is None:
        return
    if str(path) == "-":
        import json

        typer.echo(json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        from deepcovid.storage import write_json

        write_json(path, told)


def _tell(audited: Audited, folder: Path) -> None:
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
