"""The command that evaluates scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from deepcovid.cli.console import Spoken, console, names_of, refuse_overwriting
from deepcovid.errors import ScoresError


def evaluate(
    scores: Annotated[
        list[Path],
        typer.Argument(help="Scores (CSV or Parquet) with a label and a score, or run folders; several: compared."),
    ],
    positive: Annotated[
        str | None, typer.Option(help="The positive label; default: covid, or 1 where labels are 0 and 1.")
    ] = None,
    normal: Annotated[
        str | None, typer.Option(help="The label of healthy films, shown apart in histograms; default: normal.")
    ] = None,
    label_column: Annotated[str | None, typer.Option(help="The column that holds the label; default: label.")] = None,
    score_column: Annotated[str, typer.Option(help="The column that holds the score.")] = "score",
    external: Annotated[
        list[Path] | None,
        typer.Option(
            help="A table that a run's detector has never seen: scored, and set beside its test films; may be repeated."
        ),
    ] = None,
    allow_outside: Annotated[
        bool, typer.Option("--allow-outside", help="Allow films outside the external table's folder.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    classes: Annotated[
        str | None,
        typer.Option(help="Several classes with a column score_CLASS each, such as normal,pneumonia,covid."),
    ] = None,
    threshold: Annotated[list[float] | None, typer.Option(help="A threshold to report at; may be repeated.")] = None,
    target_sensitivity: Annotated[float, typer.Option(min=0, max=1, help="For the threshold chosen by rule.")] = 0.975,
    rule: Annotated[
        list[str] | None,
        typer.Option(help="A further rule: youden, cost=20, net-benefit=0.05, sensitivity=0.9; may be repeated."),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the evaluation here ('-': print it).")] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="Write a page here.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
) -> None:
    """Evaluate scores, of deepcovid or of any program: intervals, thresholds, ROC, confusion matrices."""
    from deepcovid.cli.tables import evaluation_lines
    from deepcovid.evaluation.rules import parse_rule
    from deepcovid.reporting.report import write_evaluation_report
    from deepcovid.runs.evaluate import evaluate_files, notices_of
    from deepcovid.storage import write_json

    refuse_overwriting([json_file, html_file], inputs=[*scores, *(external or ())])
    alike: dict[str, Any] = {
        "thresholds": threshold or [],
        "target_sensitivity": target_sensitivity,
        "rules": [parse_rule(text) for text in rule or ()],
        "seed": seed,
    }
    if external:
        _refuse_beside_external(scores, [positive, normal, label_column, classes], score_column=score_column)
        from deepcovid.runs.external import How, evaluate_external

        evaluated = evaluate_external(
            scores[0], external, how=How(**alike), allow_outside=allow_outside, progress=Spoken(quiet=quiet)
        )
    else:
        evaluated = evaluate_files(
            scores,
            positive=positive,
            normal=normal,
            label_column=label_column,
            score_column=score_column,
            classes=names_of(classes),
            **alike,
        )
    evaluations, warnings = {name: one.evaluation for name, one in evaluated.items()}, notices_of(evaluated)
    whole = next(iter(evaluations.values())) if len(evaluations) == 1 else {"models": evaluations}
    if html_file is not None:
        title = f"{next(iter(evaluations.values()))['positive']}: {' and '.join(evaluations)}"
        write_evaluation_report(evaluations, html_file, title=title, warnings=warnings)
    if json_file is not None and str(json_file) == "-":
        import json

        typer.echo(json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False))
        return
    screen = console()
    for name, evaluation in evaluations.items():
        if len(evaluations) > 1:
            screen.print(f"\n{name}", style="bold", markup=False)
        for line in evaluation_lines(evaluation):
            screen.print(line, markup=False)
        for note in evaluation["notes"]:
            screen.print(f"! {note}", style="yellow", markup=False)
    for warning in warnings:
        screen.print(f"! {warning.sentence}", style="bold red", markup=False)
    if json_file is not None:
        write_json(json_file, whole)
    for path in (json_file, html_file):
        if path is not None:
            screen.print(f"written: {path}", markup=False)


def _refuse_beside_external(scores: list[Path], named: list[str | None], *, score_column: str) -> None:
    """The run says what is positive and where labels stand; nothing else can be meant.

    Raises:
        ScoresError: several runs, or an option that the run decides.
    """
    if len(scores) != 1:
        raise ScoresError(f"--external is of one run, and {len(scores)} were given", mend="name one run folder")
    if any(named) or score_column != "score":
        raise ScoresError(
            "with --external the run decides labels, classes and scores",
            mend="leave out --positive, --normal, --label-column, --score-column and --classes",
        )
