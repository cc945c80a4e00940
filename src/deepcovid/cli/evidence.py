"""The commands that bundle a run's evidence, and check a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepcovid.cli.console import console

ALTERED = 1


def bundle(run: Annotated[Path, typer.Argument(help="Run folder.")]) -> None:
    """Write a run's evidence anew: model card, CLAIM, TRIPOD+AI, data sheet, licences, environment, hashes; folder and zip."""
    from deepcovid.runs.evidence import ZIP, write_evidence

    folder = write_evidence(run)
    for path in (folder, run / ZIP):
        console().print(f"written: {path}", markup=False)


def verify(
    bundle: Annotated[Path, typer.Argument(help="evidence.zip, an evidence folder, or a run folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check that a bundle is whole: every file by its hash, all of one detector. Exit code 1 where it is not."""
    import json

    from deepcovid.errors import printable
    from deepcovid.runs.evidence import verify_bundle

    found = verify_bundle(bundle)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2))
    else:
        screen = console()
        for problem in found.problems:
            screen.print(f"! {printable(problem)}", style="bold red", markup=False)
        verdict = "not whole" if found.problems else "whole"
        screen.print(f"{verdict}: {found.files} files, detector {found.detector[:16]}", markup=False)
    if found.problems:
        raise typer.Exit(ALTERED)
