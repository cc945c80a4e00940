"""The command that says how many films a study needs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from deepcovid.cli.console import console

READINGS = {
    "expected": "in the mean of all outcomes",
    "assured": "with a probability of 90 %",
    "whatever_comes": "whatever comes out",
}


class IntervalMethod(StrEnum):
    """How the interval of a share is made."""

    WILSON = "wilson"
    CLOPPER_PEARSON = "clopper-pearson"
    PAPER = "paper"


def plan(
    sensitivity: Annotated[float | None, typer.Option(help="The sensitivity that is expected, such as 0.975.")] = None,
    specificity: Annotated[float | None, typer.Option(help="The specificity that is expected.")] = None,
    auc: Annotated[float | None, typer.Option(help="The AUC that is expected.")] = None,
    halfwidth: Annotated[float, typer.Option(help="Half of the 95 % interval that is wanted.")] = 0.05,
    prevalence: Annotated[
        float | None, typer.Option(help="Share of positives among the people enrolled; default: classes apart.")
    ] = None,
    method: Annotated[
        IntervalMethod, typer.Option(help="How the interval is made; paper: Deep-COVID's Eq. 3.")
    ] = IntervalMethod.WILSON,
    films_per_patient: Annotated[float, typer.Option(help="Films of one patient, in the mean.")] = 1.0,
    icc: Annotated[
        float, typer.Option(help="How alike the outcomes of one patient's films are: 0 not at all, 1 equal.")
    ] = 1.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the plan here ('-': print it).")] = None,
) -> None:
    """How many films it takes to know a sensitivity, a specificity or an AUC to ± so much."""
    from deepcovid.evaluation.study import plan_study
    from deepcovid.storage import write_json

    planned = plan_study(
        sensitivity=sensitivity,
        specificity=specificity,
        auc=auc,
        halfwidth=halfwidth,
        prevalence=prevalence,
        method=method.value,
        films_per_patient=films_per_patient,
        icc=icc,
    )
    if json_file is not None and str(json_file) == "-":
        import json

        typer.echo(json.dumps(planned, indent=2, ensure_ascii=False, allow_nan=False))
        return
    screen = console()
    for line in plan_lines(planned):
        screen.print(line, markup=False)
    for note in planned["notes"]:
        screen.print(f"! {note}", style="yellow", markup=False)
    if json_file is not None:
        write_json(json_file, planned)
        screen.print(f"written: {json_file}", markup=False)


def plan_lines(planned: dict[str, Any]) -> list[str]:
    """The plan as lines for a terminal."""
    lines: list[str] = []
    for key, side, name in (("positives", "positive", "sensitivity"), ("negatives", "negative", "specificity")):
        if planned[key]:
            lines += [*_need_lines(planned[key], side=side, name=name), ""]
    if planned["auc"]:
        lines += [*_auc_lines(planned["auc"]), ""]
    if planned["people"]:
        lines += _people_lines(planned)
    return lines[:-1] if lines and not lines[-1] else lines


def _need_lines(need: dict[str, Any], *, side: str, name: str) -> list[str]:
    paper, half = need["paper"], f"± {100 * need['halfwidth']:.3g}"
    method = {"paper": "the paper's (Eq. 3)"}.get(need["method"], need["method"].title().replace("-P", "–P"))
    lines = [f"A {name} of {100 * need['share']:.4g} % to {half} points (95 % interval, {method}):"]
    for key, words in READINGS.items():
        at_itself = need["method"] == "paper" and key == "expected"
        lines.append(f"  {_films(need[key], side):<44} {'if just that comes out' if at_itself else words}")
    covered = (
        ""
        if paper["coverage"] is None
        else f", and such an interval holds the truth in {100 * paper['coverage']:.0f} %"
    )
    lines.append(f"  {paper['films']} by Deep-COVID's Eq. 3 (± {100 * paper['halfwidth']:.1f}){covered}")
    return lines


def _films(count: dict[str, int], side: str) -> str:
    films = f"{count['films']:,} {side} films"
    return films if count["patients"] == count["films"] else f"{films} of {count['patients']:,} patients"


def _auc_lines(auc: dict[str, Any]) -> list[str]:
    lines = [f"An AUC of {auc['auc']:.3g} to ± {auc['halfwidth']:.3g} (95 % interval):"]
    for key, name in (("newcombe", "by Newcombe's interval"), ("hanley_mcneil", "by Hanley and McNeil's formula")):
        found = auc[key]
        both = f"{_films(found['positives'], 'positive')} and {_films(found['negatives'], 'negative')}"
        lines.append(f"  {both:<44} {name}")
    return lines


def _people_lines(planned: dict[str, Any]) -> list[str]:
    share = f"where {100 * planned['prevalence']:g} in 100 are positive, so that with 90 % both classes suffice:"
    people = planned["people"]
    if planned["positives"] is None and planned["negatives"] is None:  # an AUC has one reading
        return [f"People to enrol {share}", f"  {people['expected']:,}"]
    return [f"People to enrol {share}", *(f"  {people[key]:<44,} {words}" for key, words in READINGS.items())]
