"""Commands that tell what is there: the installation, weights."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from deepcovid.cli.console import Spoken, console
from deepcovid.cli.groups import Commands

weights_app = typer.Typer(
    cls=Commands, help="Published weights: what is cached, and how to get the rest.", no_args_is_help=True
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def doctor(as_json: JsonOption = False) -> None:
    """Versions, devices, cores, extras and cached weights, and what to do about what is missing."""
    from deepcovid.runs.doctor import examine

    found = examine()
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    screen = console()
    for section, facts in found.items():
        screen.print(f"\n{section}", style="bold", markup=False)
        for line in facts if isinstance(facts, list) else [f"{key:22} {value}" for key, value in facts.items()]:
            screen.print(f"  {line}", markup=False)


@weights_app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """Published weights by network: cached or not, size, licence; then those that come with deepcovid."""
    from deepcovid.models.weight_cache import list_weights
    from deepcovid.models.xray import shipped_weights, xray_networks

    rows = list_weights()
    if as_json:
        typer.echo(
            json.dumps(
                [vars(row) | {"path": str(row.path) if row.path else None} for row in rows], indent=2, default=str
            )
        )
        return
    for row in rows:
        state = f"cached, {row.megabytes:.0f} MB" if row.cached else "not cached"
        console().print(f"{row.name:24} {state:18} {row.licence}", markup=False)
    for name in xray_networks():
        size = f"{shipped_weights(name).path.stat().st_size / 1e6:.1f} MB"
        console().print(f"{name:24} {size:18} --weights xray: deepcovid's own, learnt from chest films", markup=False)


@weights_app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A network, such as resnet18.")],
    source: Annotated[
        str | None, typer.Option("--from", help="A folder or an address that holds the published file.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Download ImageNet weights of a network, check them and keep them."""
    from deepcovid.models.weight_cache import fetch as run

    kept = run(name, source=source, progress=Spoken(quiet=quiet))
    console().print(f"{kept.name}: {kept.source}\nkept as {kept.path}", markup=False)
