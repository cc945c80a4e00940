"""The command that predicts."""

from __future__ import annotations

import enum
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepcovid.cli.console import Spoken, console, refuse_overwriting
from deepcovid.errors import printable

if TYPE_CHECKING:
    from deepcovid.runs.named import Named
    from deepcovid.runs.prediction import Prediction, Predictions
    from deepcovid.runs.scorers import Scorer

SHOWN = 20  # films told one by one; of more, the most certain
LISTED = 50  # films told that were refused or could not be scored
NAMED = 5  # files told that were left out, of each reason


class Style(enum.StrEnum):
    """How a heat map looks."""

    uniform = "uniform"
    rawat = "rawat"


def predict(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="[DETECTOR] FILMS",
            help="Detector or run folder, then films, folders or globs; without one: deepcovid's own.",
        ),
    ],
    heatmap: Annotated[Path | None, typer.Option(help="Write a heat map for each film into this folder.")] = None,
    heatmap_class: Annotated[
        str | None, typer.Option("--class", help="Class that heat maps are of; default: the positive one.")
    ] = None,
    style: Annotated[Style, typer.Option(help="uniform, or rawat: jet at 0.4 over the film.")] = Style.uniform,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the results here ('-': print them).")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write a table here ('-': print it).")] = None,
    next_step: Annotated[
        str | None, typer.Option(envvar="DEEPCOVID_NEXT_STEP", help="What your site says after a positive call.")
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Films side by side; 0: as many as there are cores.")] = 0,
    frame: Annotated[int | None, typer.Option(min=1, help="Of films with several frames or pages, this one.")] = None,
    no_gate: Annotated[
        bool, typer.Option("--no-gate", help="Score also what does not look like one frontal chest film.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Score films with a detector: call at its operating point, heat map, time. Needs no PyTorch.

    With films alone deepcovid's own detectors are used, a demonstration for research: normal or abnormal chest film. The
    age in a DICOM header chooses that of children (under 18) or of adults; for other films of children name
    normal-or-abnormal-children.
    """
    from deepcovid.models.detector import FILES
    from deepcovid.models.engine import cores
    from deepcovid.runs.named import named
    from deepcovid.runs.predict import Wishes
    from deepcovid.runs.predict import predict as run

    which = named(paths)
    loaded, looked = which.detector, which.looked
    films = looked.films
    if heatmap is not None:  # maps of an earlier call are no films
        films = [film for film in films if Path(os.path.realpath(heatmap)) not in Path(os.path.realpath(film)).parents]
        looked = replace(looked, films=films)
    refuse_overwriting([json_file, csv_file], inputs=[*films, *(loaded.folder / name for name in FILES)])
    wishes = Wishes(
        heatmaps=heatmap,
        heat_class=heatmap_class,
        style=style.value,
        next_step=next_step or _next_step(which),
        workers=workers or cores(),
        gate=not no_gate,
        frame=frame,
    )
    _announce(which)
    found = run(which.scoring, looked, wishes=wishes, progress=Spoken(quiet=quiet or len(films) == 1))
    _announce_used(found)
    _write(found, json_file=json_file, csv_file=csv_file)
    if "-" not in {str(json_file), str(csv_file)}:
        _show(found)
        for path in (csv_file, json_file):
            if path is not None:
                typer.echo(f"written: {path}")
    for sentence in found.age_notes:
        console(error=True).print(sentence, style="bold yellow", markup=False)
    _tell_left_out(found)
    _tell_refused(found)
    _tell_failures(found)
    if found.failed or found.refused:
        raise typer.Exit(1 if found.done or found.refused else 2)


def _next_step(which: Named) -> str:
    from deepcovid.models.abnormal.words import NEXT_STEP as OWN
    from deepcovid.runs.predict import NEXT_STEP

    return OWN if which.own or which.unasked else NEXT_STEP


def _announce(which: Named) -> None:
    """Which detector of deepcovid's own scores the films: on standard error, so that output to a program stays whole."""
    from deepcovid.models.abnormal.words import BY_AGE

    told = (BY_AGE,) if which.unasked else which.own.announcement() if which.own else ()
    for line in told:
        console(error=True).print(line, style="bold yellow", markup=False)


def _announce_used(found: Predictions) -> None:
    """What the audits of those say that the films' ages chose: before the first score, after which it is known."""
    for scorer in found.scorers if found.by_age else ():
        if scorer.own:
            console(error=True).print(scorer.own.verdict, style="bold yellow", markup=False)


def _which(scorer: Scorer, found: Predictions) -> dict[str, Any]:
    """Which detector it was, with what its audit says; null where no audit of it lies beside it."""
    from deepcovid.explanation.trust import audit_beside, not_passed

    detector = scorer.detector
    audit = audit_beside(detector)
    return {
        "name": scorer.name,
        "hash": detector.hash,
        "positive": detector.description.positive,
        "audit": audit
        and {"verdict": audit.get("verdict"), "sentence": audit.get("sentence"), "tests": not_passed(audit)},
        "about": list(scorer.own.about) if scorer.own else [],
        "films": sum(one.detector_name == scorer.name for one in found.done),
    }


def _whole(found: Predictions) -> dict[str, Any]:
    from deepcovid.runs.prediction import NOTICE

    return {
        "detectors": [_which(scorer, found) for scorer in found.scorers],
        "gate": {"hash": found.gate},
        "notice": NOTICE,
        "notes": found.age_notes,
        "summary": found.summary,
        "predictions": [prediction.to_dict() for prediction in found.done],
        "failed": [{"image": str(path), "error": reason} for path, reason in found.failed.items()],
        "refused": [{"image": str(path), **verdict.to_dict()} for path, verdict in found.refused.items()],
        "left_out": [{"file": str(path), "reason": reason} for path, reason in found.left_out.items()],
    }


def _write(found: Predictions, *, json_file: Path | None, csv_file: Path | None) -> None:
    if csv_file is not None and str(csv_file) == "-":
        from deepcovid.runs.prediction import csv_text

        typer.echo(csv_text(found), nl=False)
    elif csv_file is not None:
        from deepcovid.runs.prediction import csv_text
        from deepcovid.storage import write_text

        write_text(csv_file, csv_text(found))
    if json_file is None:
        return
    if str(json_file) == "-":
        import json

        typer.echo(json.dumps(_whole(found), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        from deepcovid.storage import write_json

        write_json(json_file, _whole(found))


def _show(found: Predictions) -> None:
    from deepcovid.runs.prediction import NOTICE

    screen = console()
    shown = found.done
    if len(shown) > SHOWN:
        screen.print(f"{len(shown)} films; the {SHOWN} highest scores:", markup=False)
        shown = sorted(shown, key=lambda prediction: -prediction.score)[:SHOWN]
    for prediction in shown:
        for line in _lines(prediction):
            screen.print(line, markup=False)
    if len(found.done) > 1:
        screen.print(f"\n{_summary(found)}", markup=False)
    for scorer in found.scorers if shown else ():
        if scorer.own:
            screen.print(f"\n{scorer.own.name} (films of {scorer.own.population}):", markup=False)
            for line in scorer.own.about:
                screen.print(f"  {line}", markup=False)
    hashes = " and ".join(scorer.detector.hash[:12] for scorer in found.scorers)
    screen.print(f"\n{f'detector {hashes} · ' if hashes else ''}{NOTICE}", style="dim", markup=False)


def _summary(found: Predictions) -> str:
    counts = found.summary
    told = {"failed": "could not be scored"}
    return f"{sum(counts.values()):,} films: {', '.join(f'{n:,} {told.get(word, word)}' for word, n in counts.items())}"


def _lines(prediction: Prediction) -> list[str]:
    from deepcovid.models.abnormal import NAMES

    lines = [
        f"{prediction.score:.3f}  {printable(prediction.path)}",
        f"       {prediction.undecided or prediction.call}; {prediction.seconds:.2f} s",
    ]
    if prediction.undecided:
        lines.append(f"       the threshold alone: {prediction.call}")
    if prediction.detector_name in NAMES:
        told = "age unknown" if prediction.age_group == "unknown" else f"by its header {prediction.age_group}"
        lines.append(f"       scored by {prediction.detector_name} ({told})")
    if prediction.warning:
        lines.append(f"       warning: {prediction.warning}")
    if prediction.classes_in_words:
        lines.append(f"       {prediction.classes_in_words}")
    if prediction.members:
        each = ", ".join(f"{printable(name)} {score:.3f}" for name, score in prediction.members.items())
        lines.append(f"       members: {each}")
    if prediction.gate is not None and not prediction.gate.passes:
        lines.append(f"       warning: {prediction.gate.sentence}; scored all the same (--no-gate)")
    if prediction.next_step:
        lines.append(f"       next: {prediction.next_step}")
    if prediction.heatmap is not None:
        lines.append(f"       heat map: {printable(prediction.heatmap)}")
    return lines


def _tell_left_out(found: Predictions) -> None:
    if found.left_out:
        screen = console(error=True)
        for reason in dict.fromkeys(found.left_out.values()):
            told = [printable(path) for path, why in found.left_out.items() if why == reason]
            more = f", … and {len(told) - NAMED} more (all of them: --json)" if len(told) > NAMED else ""
            count = "1 file was" if len(told) == 1 else f"{len(told):,} files were"
            screen.print(f"{count} left out ({reason}): {', '.join(told[:NAMED])}{more}", style="dim", markup=False)


def _tell_refused(found: Predictions) -> None:
    if found.refused:
        screen = console(error=True)
        films = "1 film was" if len(found.refused) == 1 else f"{len(found.refused)} films were"
        screen.print(f"{films} refused and not scored (--no-gate scores all):", style="bold yellow", markup=False)
        for path, verdict in list(found.refused.items())[:LISTED]:
            screen.print(f"  {printable(path)}: {verdict.sentence}", style="yellow", markup=False)
        if len(found.refused) > LISTED:
            screen.print(f"  … and {len(found.refused) - LISTED} more (all of them: --csv or --json)", style="yellow")


def _tell_failures(found: Predictions) -> None:
    if found.failed:
        screen = console(error=True)
        films = "1 film" if len(found.failed) == 1 else f"{len(found.failed)} films"
        screen.print(f"{films} could not be scored:", style="bold red", markup=False)
        for reason in found.failed.values():
            screen.print(f"  {reason}", style="red", markup=False)
