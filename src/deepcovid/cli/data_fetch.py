"""`deepcovid data fetch`: a published collection brought here, file by file verified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepcovid.cli.console import Spoken, console
from deepcovid.errors import DeepCovidError

if TYPE_CHECKING:
    from deepcovid.datasets.fetching import Failure, Fetched
    from deepcovid.datasets.manifest import Manifest

LISTED = 20  # files of one problem that are spelt out; --json has all


def fetch(
    name: Annotated[str, typer.Argument(help="A collection (see `deepcovid data list`), or a manifest FILE.json.")],
    to: Annotated[Path | None, typer.Option(help="The folder for its files; default: NAME-VERSION here.")] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", help="A folder with a copy, or the address of a mirror.", metavar="DIR_OR_URL"),
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Hash every file anew, also those verified before.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there and are others.")
    ] = False,
    unpinned: Annotated[
        bool, typer.Option("--unpinned", help="Bring the files whose content is not pinned, too, as they come.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Files at once.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON on standard output.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Fetch a published collection: side by side, resumable, every file verified; again: verify, and fetch what is missing.

    Exit code 1 where files failed (the others are kept), 2 where the collection must be asked for by hand.
    """
    from deepcovid.datasets.fetching import fetch_collection

    manifest = _manifest(name)
    folder = to or Path(f"{manifest.name}-{manifest.version}")
    spoken = Spoken(quiet=quiet)
    spoken.say(
        f"{manifest.title or manifest.name}, {manifest.version}: {len(manifest.files)} files, "
        f"{manifest.size / 1e6:.1f} MB, from {from_ or manifest.address} to {folder}"
    )
    if manifest.licence:
        spoken.say(f"licence: {manifest.licence}")
    done = fetch_collection(
        manifest,
        folder=folder,
        origin=from_,
        verify=verify,
        overwrite=overwrite,
        unpinned=unpinned,
        workers=workers,
        progress=spoken,
    )
    if as_json:
        typer.echo(json.dumps(done.to_dict(), indent=2, ensure_ascii=False))
    else:
        _tell(done)
    if done.failed:
        raise typer.Exit(1)


def _manifest(name: str) -> Manifest:
    """The pinned files of a collection; for others, how a person gets them.

    Raises:
        DeepCovidError: it is not pinned here; the message holds the steps.
    """
    from deepcovid.datasets.manifest import load_manifest, manifest_names

    if name.endswith(".json") or name in manifest_names():
        return load_manifest(name)
    from deepcovid.datasets.sources import SOURCES

    source = SOURCES[name]
    why = {
        "open": "open to anyone, but its files are not pinned here, so that a copy could not be verified",
        "registration": "given after registration and cannot be fetched for you",
        "request": "to be asked for; it cannot be fetched for you",
    }[source.access]
    steps = source.steps or (f"get it from {source.home}",)
    numbered = "".join(f"\n  {number}. {step}" for number, step in enumerate(steps, 1))
    last = (
        ""
        if "data import" in steps[-1]
        else f"make a table of it: deepcovid data import DIR --source {name} --out TABLE"
    )
    raise DeepCovidError(
        f"{source.title}: {why}; its home is {source.home}, its licence: {source.licence}{numbered}", mend=last
    )


def _tell(done: Fetched) -> None:
    screen = console()
    there = len(done.kept) + len(done.fetched) + len(done.replaced)
    parts = [f"{len(done.fetched)} fetched", f"{len(done.kept)} were there already"]
    parts += [f"{len(done.replaced)} had changed and were brought anew"] if done.replaced else []
    screen.print(
        f"{there} of {len(done.manifest.files)} files are in {done.folder}, verified ({', '.join(parts)})", markup=False
    )
    for path, digest in done.unpinned.items():
        screen.print(f"! {path}: not pinned, taken as it came, SHA-256 {digest}", style="yellow", markup=False)
    if done.absent:
        screen.print(
            f"! {len(done.absent)} files of the collection are not there: {', '.join(done.absent)}. "
            f"{done.manifest.why_left_out} To take them as they come: --unpinned",
            style="yellow",
            markup=False,
        )
    _tell_failures(done)
    if not done.failed and _is_source(done.manifest.name):
        rest = " --allow-absent" if done.absent else ""
        line = (
            f"deepcovid data import {done.folder} --source {done.manifest.name} --out {done.folder / 'table.csv'}{rest}"
        )
        screen.print(f"next: {line}", markup=False)


def _is_source(name: str) -> bool:
    from deepcovid.datasets.sources import SOURCES

    return name in SOURCES


def _tell_failures(done: Fetched) -> None:
    """Failures with one reason together."""
    if not done.failed:
        return
    groups: dict[tuple[str, str], list[Failure]] = {}
    for failure in done.failed:
        reason = failure.problem.replace(failure.path, "…")
        groups.setdefault((reason, failure.mend), []).append(failure)
    screen = console()
    count = "1 file" if len(done.failed) == 1 else f"{len(done.failed)} files"
    screen.print(f"{count} failed:", style="bold red", markup=False)
    for (_, mend), failures in groups.items():
        for failure in failures[:LISTED]:
            screen.print(f"  {failure.path}: {failure.problem}", markup=False)
        if len(failures) > LISTED:
            screen.print(f"  … and {len(failures) - LISTED} more with the same reason", markup=False)
        screen.print(f"  → {mend}", markup=False)
