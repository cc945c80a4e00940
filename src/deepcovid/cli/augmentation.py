"""The command that shows augmentation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepcovid.cli.console import console, refuse_overwriting
from deepcovid.errors import printable

MOST = 40  # films on a sheet


def augment(
    paths: Annotated[list[str], typer.Argument(help="Films, folders or globs.")],
    recipe: Annotated[
        str, typer.Option(help="Recipe name (see `deepcovid recipes`) or .toml file.")
    ] = "deepcovid-resnet18",
    out: Annotated[Path, typer.Option(help="The sheet to write (PNG).")] = Path("augmentation.png"),
    draws: Annotated[int, typer.Option(min=1, max=20, help="Variants of each film.")] = 5,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the recipe's.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write what was drawn here ('-': print it).")] = None,
) -> None:
    """Show what a recipe's augmentation does to films: a sheet of each film and its variants, nothing is trained."""
    from deepcovid.errors import DeepCovidError
    from deepcovid.imaging.finding import look_for_films
    from deepcovid.runs.augment import augment as run
    from deepcovid.training.recipe import load_recipe

    films = look_for_films(paths).films
    if len(films) > MOST:
        raise DeepCovidError(f"{len(films)} films are too many for one sheet", mend=f"name at most {MOST}")
    if out.suffix.lower() != ".png":
        raise DeepCovidError("a sheet is written as .png", path=out, mend="name it so")
    refuse_overwriting([out, json_file], inputs=films)
    varied = run(films, recipe=load_recipe(recipe).changed(seed=seed), out=out, draws=draws)
    _tell([one.to_dict() for one in varied], recipe, json_file)
    console(error=True).print(f"written: {printable(out)}", markup=False)


def _tell(found: list[dict], recipe: str, json_file: Path | None) -> None:
    import json

    from deepcovid.storage import write_json

    whole = {"recipe": recipe, "films": found}
    if json_file is not None and str(json_file) != "-":
        write_json(json_file, whole)
    elif json_file is not None:
        typer.echo(json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        for film in found:
            console().print(printable(film["image"]), markup=False)
            for number, draw in enumerate(film["draws"], 1):
                console().print(f"  {number}  {' · '.join(draw['words']) or 'as it is'}", markup=False)
