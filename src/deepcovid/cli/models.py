"""`deepcovid models`: the networks that there are, and one of them layer by layer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from deepcovid.cli.console import console
from deepcovid.cli.groups import Commands
from deepcovid.errors import RecipeError

if TYPE_CHECKING:
    from deepcovid.models.layers_table import LayerTable

app = typer.Typer(cls=Commands, help="Networks: which there are, and their layers.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """All networks: size of the film in the paper, parameters with two classes, where they are from, weights of our own."""
    from deepcovid.models.xray import xray_networks
    from deepcovid.models.zoo import architecture, network_names

    ours = xray_networks()
    known = [architecture(name) for name in network_names()]
    if as_json:
        facts = [
            {
                "name": one.name,
                "size": list(one.size),
                "channels": one.preprocessing.channels,
                "parameters": one.parameters,
                "neck": one.neck,
                "output": one.output,
                "weights": one.weights.url if one.weights else None,
                "xray": one.name in ours,
                "source": one.source,
                "licence": one.licence,
            }
            for one in known
        ]
        typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    for one in known:
        size = f"{one.size[0]} × {one.size[1]} × {one.preprocessing.channels}"
        more = "; --weights xray" if one.name in ours else ""
        line = f"{one.name:24} {size:14} {one.parameters:>12,}  {one.source}{more}"
        console().print(line, markup=False, soft_wrap=True)
    for name in sorted(set(ours) - {one.name for one in known}):
        console().print(
            f"{name:24} any network of timm goes by its name there; --weights xray", markup=False, soft_wrap=True
        )


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A network, or a recipe, which also says what is trained.")],
    classes: Annotated[int, typer.Option("--classes", min=1, help="How many classes.")] = 2,
    as_json: JsonOption = False,
) -> None:
    """The layers of a network: output shapes, parameters that move and that stay, size, work for one film."""
    table = _table(name, classes)
    if as_json:
        typer.echo(json.dumps(table.to_dict(), indent=2))
        return
    screen = console()
    widths = max(len(row.layer) for row in table.rows), max(len(row.kind) for row in table.rows)
    for row in table.rows:
        shape = " × ".join(str(number) for number in row.shape)
        still = "" if row.trainable == row.parameters else "  frozen"
        line = f"{row.layer:{widths[0]}}  {row.kind:{widths[1]}}  {shape:>17}  {row.parameters:>12,}{still}"
        screen.print(line, markup=False, soft_wrap=True)
    for line in _sums(table):
        screen.print(line, markup=False, soft_wrap=True)


def _sums(table: LayerTable) -> list[str]:
    height, width = table.size
    return [
        "",
        f"{table.network}: film of {height} × {width} × {table.channels}, {table.classes} classes, output {table.output}",
        f"parameters  {table.parameters:,}: {table.trainable:,} trainable, {table.frozen:,} frozen",
        f"beside them {table.statistics:,} means and variances of BatchNorm",
        f"size        {table.megabytes:,.1f} MB as float32",
        f"work        {table.gflops:,.2f} GFLOPs for one film (a multiplication and an addition are two)",
    ]


def _table(name: str, classes: int) -> LayerTable:
    from deepcovid.models.any_timm import PREFIX
    from deepcovid.models.layers_table import table_of
    from deepcovid.models.zoo import network_names
    from deepcovid.runs.layers import table_of_recipe
    from deepcovid.training.recipe import load_recipe, recipe_names

    if name in recipe_names() or name.endswith(".toml"):  # `darkcovidnet` is both: the recipe says more
        return table_of_recipe(load_recipe(name), classes)
    if name not in network_names() and not name.startswith(PREFIX):
        raise RecipeError(
            f"there is no network and no recipe named {name!r}",
            mend="`deepcovid models list` and `deepcovid recipes` name them; a recipe of your own ends in .toml",
        )
    return table_of(name, classes=classes)
