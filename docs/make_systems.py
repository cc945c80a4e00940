"""docs/systems.md: every recipe with its network in numbers, what it trains, and what was published of it.

    python docs/make_systems.py
    python docs/make_systems.py --time          # first measures the networks that docs/systems-speed.csv does not have
    python docs/make_systems.py --time --anew   # measures all of them again

A test fails where the page differs from the recipes and from that table.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path

import pandas as pd

from deepcovid.models.stacking import HIDDEN
from deepcovid.models.zoo import architecture
from deepcovid.runs.layers import table_of_recipe
from deepcovid.storage import write_text
from deepcovid.training.recipe import Recipe, load_recipe, member_recipes, recipe_names

PAGE = Path(__file__).resolve().parent / "systems.md"
SPEED = PAGE.with_name("systems-speed.csv")
ENGINES = ("torch", "onnxruntime")
CLASSES = {"darkcovidnet-3-class": 3, "covidaid": 4, "coronet": 4}
HEAD = """# Systems

Every recipe that comes with the package (`deepcovid recipes`; `deepcovid recipes NAME` tells one whole, `deepcovid models
show NAME` its layers), made by `python docs/make_systems.py`. Parameters, megabytes (float32, with BatchNorm's statistics)
and GFLOPs (a multiplication and an addition are two) are counted on the network as the recipe builds it, with two classes
unless another number stands behind the name. Published figures are the publications' own, on their films; none of them can be
compared with another, nor with what a recipe gives on yours (`deepcovid reproduce` sets them beside ours). What a publication
leaves open stands in the recipe's file.
"""
COLUMNS = (
    "recipe", "network", "film", "trained", "parameters", "of them trained", "MB", "GFLOPs", "torch, films/s", "ONNX, films/s",
    "starts from", "published",
)  # fmt: skip
FOOT = """
A stack's numbers are those of its members together, and of what [stacks](stack.md) them.

Films a second, and in brackets as a multiple of ResNet18's, by `python docs/make_systems.py --time`: {machine}.
Each network ran in five turns between two of ResNet18, each turn at least half a second; films have the network's size, so that
nothing is read or resized. `torch` is eager, {batch} films a call; `ONNX` is `model.onnx` in ONNX Runtime, one film a call, as
`deepcovid predict` runs it. Seconds are of the processor, not of the clock, since other work shared the machine; it still slows
a network down by its share of caches and memory, so trust the multiples (medians of the turns, whose ends lie {usual} apart, at
most {most}), and measure on your own machine what it takes there.
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
        *speeds([recipe]),
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
        *speeds(members),
        " or ".join(dict.fromkeys(start(member) for member in members)),
        figures(recipe),
    )
    return f"| {' | '.join(cells)} |"


def network_key(recipe: Recipe) -> str:
    """What the speed depends on: network, neck and film; heads are too small to count."""
    height, width = recipe.preprocessing.size
    film = f"{height}x{width}x{recipe.preprocessing.channels}"
    return " ".join(part for part in (recipe.network, recipe.neck, film) if part)


def speeds(networks: list[Recipe]) -> list[str]:
    """Films a second by either engine, and the multiple of ResNet18's; one network after another where there are several."""
    known = measured()
    keys = [network_key(recipe) for recipe in networks]
    if not set(keys) <= set(known.index):
        return ["not measured"] * len(ENGINES)
    rows = known.loc[keys]
    return [f"{_digits(rows[name], 3)} ({_digits(rows[f'{name}_ratio'], 2)})" for name in ENGINES]


def _digits(speeds: pd.Series, digits: int) -> str:
    return f"{1 / (1 / speeds).sum():#.{digits}g}".removesuffix(".")


def measured() -> pd.DataFrame:
    """What was measured, by network."""
    return pd.read_csv(SPEED).set_index("network")


def foot() -> str:
    """What stands below the table: how films a second were measured, and on what."""
    known = measured()
    columns = ("processor", "cores", "torch_version", "onnxruntime_version")
    machines = known[list(columns)].drop_duplicates().itertuples(index=False)
    told = [
        f"one thread of a machine of {one.cores} {one.processor} cores, torch {one.torch_version}, "
        f"ONNX Runtime {one.onnxruntime_version}"
        for one in machines
    ]
    spread = pd.concat([known[f"{n}_ratio_high"] / known[f"{n}_ratio_low"] - 1 for n in ENGINES])
    return FOOT.format(
        machine="; ".join(told),
        batch=known["batch"].iloc[0],
        usual=f"{spread.median():.0%}",
        most=f"{spread.max():.0%}",
    )


def figures(recipe: Recipe) -> str:
    """What was published, in words."""
    told = (f"{key.replace('_', ' ')} {100 * value:.4g} %" for key, value in recipe.published.figures.items())
    return ", ".join(told) or "–"


def start(recipe: Recipe) -> str:
    """What the network starts from, in words."""
    if recipe.weights == "none":
        return "random numbers"
    if recipe.weights == "xray":
        return "deepcovid's own"
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
    head = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n"
    return HEAD + "\n" + head + "\n".join(row(load_recipe(name)) for name in recipe_names()) + "\n" + foot()


def main() -> None:
    """Measure where that is asked for, and write the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--time", action="store_true", help="measure films a second of networks not measured yet")
    options.add_argument("--anew", action="store_true", help="with --time: of all networks")
    chosen = options.parse_args()
    if chosen.time:
        from time_systems import measure_all  # beside this file

        loaded = [recipe for recipe in map(load_recipe, recipe_names()) if not recipe.members]
        measure_all({network_key(recipe): recipe for recipe in loaded}, SPEED, anew=chosen.anew)
    write_text(PAGE, page())


if __name__ == "__main__":
    main()
