"""docs/systems.md: every recipe with its network in numbers, what it trains, and what was published of it.

    python docs/make_systems.py

A test fails where the page and the recipes differ.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from deepcovid.models.stacking import HIDDEN
from deepcovid.models.zoo import architecture
from deepcovid.runs.layers import table_of_recipe
from deepcovid.storage import write_text
from deepcovid.training.recipe import Recipe, load_recipe, member_recipes, recipe_names

PAGE = Path(__file__).resolve().parent / "systems.md"
CLASSES = {"darkcovidnet-3-class": 3, "covidaid": 4, "coronet": 4}
HEAD = """# Systems

Every recipe that comes with the package (`deepcovid recipes`; one whole with `deepcovid models show NAME`), made by
`python docs/make_systems.py`. Parameters, megabytes (float32, with BatchNorm's statistics) and GFLOPs (a multiplication and an
addition are two) are counted on the network as the recipe builds it, with two classes unless another number stands behind the
name. Published figures are the publications' own, on their films; none of them can be compared with another, nor with what a
recipe gives on yours (`deepcovid reproduce` sets them beside ours). What a publication leaves open stands in the recipe's file.

| recipe | network | film | trained | parameters | of them trained | MB | GFLOPs | starts from | published |
|---|---|---|---|---|---|---|---|---|---|
"""
FOOT = """
A stack's numbers are those of its members together, and of what [stacks](stack.md) them. Missing: images a second, which
were not measured yet.
"""


def row(recipe: Recipe) -> str:
    """A recipe's line of the table."""
    if recipe.members:
        return stack_row(recipe)
    classes = CLASSES.get(recipe.name, 2)
    table = table_of_recipe(recipe, classes)
    name = f"`{recipe.name}`" + (f" ({classes})" if classes != 2 else "")
    size = f"{recipe.preprocessing.size[0]} × {recipe.preprocessing.size[1]} × {recipe.preprocessing.channels}"
    cells = (
        name,
        recipe.network,
        size,
        trained(recipe),
        f"{table.parameters:,}",
        f"{table.trainable:,}",
        f"{table.megabytes:.1f}",
        f"{table.gflops:.2f}",
        start(recipe),
        figures(recipe),
    )
    return f"| {' | '.join(cells)} |"


def stack_row(recipe: Recipe) -> str:
    """A stack's line: its members' numbers together with the combiner's."""
    members = member_recipes(recipe)
    tables = [table_of_recipe(member, 2) for member in members]
    widths = [len(members), *((recipe.head.hidden or HIDDEN) if recipe.combiner == "network" else ()), 1]
    combiner = sum((inputs + 1) * outputs for inputs, outputs in pairwise(widths))
    how = "a logistic regression" if recipe.combiner == "logistic" else "a network"
    sizes = dict.fromkeys(str(member.preprocessing.size[0]) for member in members)
    cells = (
        f"`{recipe.name}`",
        "stack of " + ", ".join(f"`{name}`" for name in recipe.members),
        f"sides of {', '.join(sizes)}",
        f"{' or '.join(dict.fromkeys(trained(member) for member in members))}; {how} on out-of-fold scores",
        f"{sum(table.parameters for table in tables) + combiner:,}",
        f"{sum(table.trainable for table in tables) + combiner:,}",
        f"{sum(table.megabytes for table in tables):.1f}",
        f"{sum(table.gflops for table in tables):.2f}",
        " or ".join(dict.fromkeys(start(member) for member in members)),
        figures(recipe),
    )
    return f"| {' | '.join(cells)} |"


def figures(recipe: Recipe) -> str:
    """What was published, in words."""
    told = (f"{key.replace('_', ' ')} {100 * value:.4g} %" for key, value in recipe.published.figures.items())
    return ", ".join(told) or "–"


def start(recipe: Recipe) -> str:
    """What the network starts from, in words."""
    if recipe.weights == "none":
        return "random numbers"
    published = architecture(recipe.network).weights
    if published is None:
        return "a file of yours"
    return "ImageNet" if published.sha256 else "ImageNet, as a file"


def trained(recipe: Recipe) -> str:
    """What moves, in words."""
    if recipe.head.kind == "svm":
        return "a support vector machine on stored features"
    if recipe.trainable == "all":
        return "everything"
    if recipe.trainable == "head":
        return "head, films drawn anew" if recipe.recompute else "head, on stored features"
    return "head and the last block" if recipe.trainable == 1 else f"head and the last {recipe.trainable} blocks"


def page() -> str:
    """The page as text."""
    return HEAD + "\n".join(row(load_recipe(name)) for name in recipe_names()) + "\n" + FOOT


if __name__ == "__main__":
    write_text(PAGE, page())
