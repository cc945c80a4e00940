"""`deepcovid recipes`: which there are, and one of them whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepcovid.cli.console import console
from deepcovid.errors import MissingPackageError

if TYPE_CHECKING:
    from deepcovid.training.recipe import Document, Recipe

DOCUMENTS: Mapping[Document, str] = {
    "deep-covid": "Deep-COVID (Minaee et al. 2020), and what follows from it",
    "rawat": "Rawat's own four (2022)",
    "reviewed": "Systems that Rawat reviews",
    "today": "Baselines of today",
    "trial": "To try things out",
    "": "Others",
}
SHOWN_APART = ("name", "title", "source", "published", "network", "neck", "preprocessing", "head", "activation")
MATTER = {  # what of an optimiser or a schedule has an effect
    "adam": ("learning_rate", "beta2", "epsilon", "weight_decay"),
    "adamw": ("learning_rate", "beta2", "epsilon", "weight_decay"),
    "sgd": ("learning_rate", "momentum", "weight_decay"),
    "constant": (),
    "one-cycle": ("warm_up",),
    "cosine": (),
    "step": ("every", "factor"),
}
ALWAYS = ("trainable", "weights", "task", "output", "loss", "optimiser", "epochs", "batch_size", "keep")


def recipes(
    name: Annotated[str | None, typer.Argument(help="One of them, or a .toml file: tell all of it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The recipes that come with deepcovid, by document; or one of them: source, published facts, network, training."""
    from deepcovid.training.recipe import load_recipe, recipe_names

    if name is not None:
        _show(name, as_json=as_json)
        return
    loaded = [load_recipe(known) for known in recipe_names()]
    if as_json:
        typer.echo(json.dumps([recipe.to_dict() for recipe in loaded], indent=2))
        return
    for document, heading in DOCUMENTS.items():
        members = [recipe for recipe in loaded if recipe.published.document == document]
        if members:
            console().print(f"{heading}", style="bold", markup=False)
        for recipe in members:
            console().print(f"  {recipe.name:28} {recipe.title}", markup=False)


def _show(name: str, *, as_json: bool) -> None:
    from deepcovid.training.recipe import load_recipe, recipe_comment

    recipe, comment = load_recipe(name), recipe_comment(name)
    counted = _counted(recipe)
    if as_json:
        typer.echo(json.dumps(recipe.to_dict() | {"comment": comment, "counted": counted}, indent=2))
        return
    screen = console()
    screen.print(f"{recipe.name}: {recipe.title}", style="bold", markup=False)
    if comment:
        screen.print(f"\n{comment}", markup=False)
    sections = {"published": _published(recipe), "network": _network(recipe, counted), "training": _training(recipe)}
    for heading, lines in sections.items():
        screen.print(f"\n{heading}", style="bold", markup=False)
        for key, value in lines:
            screen.print(f"  {key:22} {value}", markup=False)


def _counted(recipe: Recipe) -> dict[str, Any] | None:
    """Parameters, size and work with two classes, of a stack those of its members together; None without torch."""
    from deepcovid.runs.layers import table_of_recipe
    from deepcovid.training.recipe import member_recipes

    try:
        tables = [table_of_recipe(one, 2) for one in (member_recipes(recipe) if recipe.members else [recipe])]
    except MissingPackageError:
        return None
    names = ("parameters", "trainable", "frozen", "statistics", "megabytes", "gflops")
    return {name: sum(getattr(table, name) for table in tables) for name in names}


def _published(recipe: Recipe) -> Iterator[tuple[str, str]]:
    told = recipe.published
    yield "document", DOCUMENTS[told.document]
    yield "source", recipe.source or "not told"
    for name, value in told.figures.items():
        yield name.replace("_", " "), f"{100 * value:.4g} %"
    if told.data:
        yield "measured on", told.data
    yield "left open", told.left_open or "nothing is told"


def _network(recipe: Recipe, counted: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    if recipe.members:
        yield "stack of", ", ".join(recipe.members)
    else:
        yield from _own_network(recipe)
    if counted is None:
        yield "parameters", "counting them needs PyTorch: pip install 'deepcovid[train]'"
        return
    whose = "of its members together, " if recipe.members else ""
    yield "parameters", f"{counted['parameters']:,}, {whose}of them {counted['trainable']:,} trained (two classes)"
    yield "size", f"{counted['megabytes']:,.1f} MB as float32"
    yield "work", f"{counted['gflops']:,.2f} GFLOPs for one film"


def _own_network(recipe: Recipe) -> Iterator[tuple[str, str]]:
    film, head = recipe.preprocessing, recipe.head
    yield "name", recipe.network
    yield "film", f"{film.size[0]} × {film.size[1]} × {film.channels}, {film.fit}" + ", equalised" * film.equalise
    yield "neck", recipe.neck or "the network's own"
    hidden = ", ".join(map(str, head.hidden))
    layers = f"dense {hidden} with {head.activation}" if hidden else "one linear layer"
    dropout = f", dropout {head.dropout:g}" if head.dropout else ""
    yield "head", "a linear support vector machine" if head.kind == "svm" else layers + dropout
    if recipe.activation:
        yield "activation", recipe.activation


def _training(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """The keys that are always of interest, and those that are not at their default."""
    from deepcovid.training.combinations import IGNORED_BY_AN_SVM, ONLY_OF_A_STACK
    from deepcovid.training.recipe import Recipe

    if recipe.members:
        for key in ONLY_OF_A_STACK:
            yield key, _words(getattr(recipe, key), None)
        if recipe.head.hidden:
            yield "hidden units", ", ".join(map(str, recipe.head.hidden))
        return
    plain = Recipe(name=recipe.name).to_dict()
    hidden = {*SHOWN_APART, *(IGNORED_BY_AN_SVM if recipe.head.kind == "svm" else ())}
    for key, value in recipe.to_dict().items():
        if key not in hidden and (key in ALWAYS or value != plain[key]):
            yield key.replace("_", " "), _words(value, plain[key])


def _words(value: Any, plain: Any) -> str:
    """A value as it is said; of a section without a name, the keys that differ from `plain`."""
    if isinstance(value, Mapping) and value.get("name") in MATTER:
        told = {key: value[key] for key in MATTER[value["name"]] if key in value}
        return ", ".join([value["name"], *(f"{key.replace('_', ' ')} {one:g}" for key, one in told.items())])
    if isinstance(value, Mapping):
        told = {key: one for key, one in value.items() if not isinstance(plain, Mapping) or one != plain.get(key)}
        return ", ".join(f"{key.replace('_', ' ')} {_words(one, None)}" for key, one in told.items())
    if isinstance(value, list):
        return " to ".join(map(str, value)) if len(value) == 2 else ", ".join(map(str, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
