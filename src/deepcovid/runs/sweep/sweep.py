"""The sweep itself: every setting trained in turn, judged on validation, and written as table, figure and page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from deepcovid.datasets.table import Table
from deepcovid.errors import RunError
from deepcovid.progress import Progress, Silent
from deepcovid.reporting.figures.style import figure_png, figure_svg
from deepcovid.reporting.figures.sweep import sweep_figure
from deepcovid.reporting.sweep_report import render_sweep
from deepcovid.reporting.sweep_tables import sweep_rows
from deepcovid.runs.data import Prepared, prepare_for
from deepcovid.runs.sweep.judging import Judged, judge, notes, sentences
from deepcovid.runs.sweep.setting import Place, place_of, train_setting
from deepcovid.runs.sweep.wishes import Wishes
from deepcovid.storage import lock, write_bytes, write_json, write_table, write_text
from deepcovid.training.feasible import moving_parameters
from deepcovid.training.recipe import Recipe
from deepcovid.training.recipe_text import recipe_toml
from deepcovid.training.variations import OWN, Plan, Variant

FORMAT = 1
WORTH_A_LINE = 2.0  # seconds that a setting must take to be told of
NAMES = {
    "json": "sweep.json",
    "csv": "sweep.csv",
    "page": "sweep.html",
    "svg": "figures/sweep.svg",
    "png": "figures/sweep.png",
    "recipe": "chosen.toml",
}


@dataclass(frozen=True, eq=False)
class Swept:
    """A finished sweep: its folder, and what sweep.json holds."""

    folder: Path
    told: dict[str, Any]

    def path(self, kind: str) -> Path:
        """A file of it: json, csv, page, svg, png, or recipe (the chosen one)."""
        return self.folder / NAMES[kind]


def sweep(table: Table, *, recipe: Recipe, wishes: Wishes, progress: Progress | None = None) -> Swept:
    """Train every setting on the same films and sides, judge them on validation, and write what came of it.

    Features of a frozen backbone and decoded films are shared by all settings through the store. A setting that fails
    is listed with its error, and the others go on; a killed sweep goes on where it was.

    Args:
        table: films; where it has no split, the one that `train` makes with the recipe's seed is made, once for all.
        recipe: what is varied.
        wishes: what is varied how, and everything else.
        progress: told what happens.

    Raises:
        RecipeError: a key or value that no recipe has, before anything is trained.
        RunError: no setting could be trained, or the folder holds settings of other films.
    """
    progress = progress or Silent()
    plan = wishes.plan(recipe)
    prepared = prepare_for(table, recipe=recipe, settings=wishes.settings, progress=progress)
    seeds = wishes.seeds_of(recipe)
    places = [[place_of(wishes.out, variant, seed) for seed in seeds] for variant in plan.variants]
    progress.say(_begin(plan, seeds))
    with lock(wishes.out):
        _train(prepared, places, wishes, progress)
        account = _account(prepared, plan, places, recipe=recipe, wishes=wishes)
        _write(wishes.out, account, recipe=plan.variants[account["settings"][0]["number"]].recipe)
    return Swept(wishes.out, account)


def _begin(plan: Plan, seeds: Sequence[int]) -> str:
    left = f"; {len(plan.left_out)} combinations do not fit and are left out" if plan.left_out else ""
    each = f" of {len(seeds)} seeds" if len(seeds) > 1 else ""
    return f"{len(plan.variants)} settings{each}, the first is {OWN}{left}."


def _train(prepared: Prepared, places: Sequence[Sequence[Place]], wishes: Wishes, progress: Progress) -> None:
    everything = [place for seeds in places for place in seeds]
    tracked = progress.track(everything, description="settings", total=len(everything))
    for number, place in enumerate(tracked, 1):
        began = time.monotonic()
        train_setting(place, prepared, settings=wishes.settings, progress=progress)
        record, seconds = place.record, time.monotonic() - began
        if record["status"] == "failed":
            progress.warn(f"{place.variant.title}: {record['error']}")
        elif seconds > WORTH_A_LINE:  # what is finished already takes no time
            seed = f", seed {place.seed}" if wishes.seeds > 1 else ""
            progress.say(f"{number} of {len(everything)}: {place.variant.title}{seed} took {seconds:.0f} s.")


def _account(
    prepared: Prepared, plan: Plan, places: Sequence[Sequence[Place]], *, recipe: Recipe, wishes: Wishes
) -> dict[str, Any]:
    done = [number for number, seeds in enumerate(places) if not _errors(seeds)]
    failed: list[dict[str, Any]] = [
        {"number": number, "title": plan.variants[number].title, "errors": _errors(seeds)}
        for number, seeds in enumerate(places)
        if _errors(seeds)
    ]
    if not done:
        raise RunError(
            f"none of {len(places)} settings could be trained; the first: {failed[0]['errors'][0]}",
            path=wishes.out,
            mend="mend that, and give the same command again",
        )
    judged = judge(prepared, [places[n] for n in done], side="val", own=_own(done), by=wishes.by)
    rows = [
        _row(prepared, plan.variants[number], places[number], number, figures)
        for number, figures in zip(done, judged.told["settings"], strict=True)
    ]
    told: dict[str, Any] = {
        "format": FORMAT,
        "recipe": recipe.name,
        "positive": prepared.positive,
        "varied": [
            {"name": one.name, "key": one.key, "values": list(one.values), "span": one.span and list(one.span)}
            for one in plan.variations
        ],
        "search": {"kind": "random", "count": wishes.random, "seed": wishes.seed}
        if wishes.random
        else {"kind": "grid"},
        "seeds": wishes.seeds_of(recipe),
        "by": wishes.by,
        "data": prepared.counts,
        "validation": judged.counts,
        "settings": _best_first(rows, done[judged.told["best"]], by=wishes.by),
        "tied": [done[place] for place in judged.told["tied"]],
        "corrected": judged.told["corrected"],
        "failed": failed,
        "left_out": list(plan.left_out),
        "store": _store(places),
    }
    told["test"] = _test(prepared, told, places, wishes) if wishes.test else None
    keeps_best = any(one.recipe.keep == "best" or one.recipe.early_stopping is not None for one in plan.variants)
    told["sentences"] = sentences(told)
    cautions = dict.fromkeys(place.record.get("caution", "") for seeds in places for place in seeds)
    said = [caution for caution in cautions if caution]
    return told | {"notes": [*said, *notes(told, recipe=recipe, keeps_best=keeps_best)]}


def _errors(seeds: Sequence[Place]) -> list[str]:
    records = [(place, place.record) for place in seeds]
    several = len(seeds) > 1
    return [
        f"seed {place.seed}: {record['error']}" if several else record["error"]
        for place, record in records
        if record["status"] == "failed"
    ]


def _own(done: Sequence[int]) -> int | None:
    """The recipe's own setting is the first, unless it failed."""
    return 0 if done[0] == 0 else None


def _row(
    prepared: Prepared, variant: Variant, seeds: Sequence[Place], number: int, figures: dict[str, Any]
) -> dict[str, Any]:
    records = [place.record for place in seeds]
    return {
        "number": number,
        "title": variant.title,
        "own": number == 0,
        "values": dict(variant.values),
        "parameters": moving_parameters(variant.recipe, classes=len(prepared.classes)),
        "epochs": [record["epochs"] for record in records],
        "kept_epochs": [record["kept_epoch"] for record in records],
        "findings": sorted({finding["name"] for record in records for finding in record["findings"]}),
        "seconds": round(sum(record["seconds"] for record in records), 1),
        "folders": [f"settings/{place.folder.parent.name}/{place.folder.name}" for place in seeds],
        **figures,
    }


def _best_first(rows: Sequence[dict[str, Any]], best: int, *, by: str) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["number"] != best, -row[by]["value"], row["number"]))


def _store(places: Sequence[Sequence[Place]]) -> dict[str, int]:
    """Features and films that were computed for this sweep, and taken from the store, over all trainings."""
    records = [place.record.get("store", {}) for seeds in places for place in seeds]
    return {name: sum(record.get(name, 0) for record in records) for name in ("computed", "reused")}


def _test(
    prepared: Prepared, told: dict[str, Any], places: Sequence[Sequence[Place]], wishes: Wishes
) -> dict[str, Any]:
    """The chosen setting and the recipe's own on test films."""
    chosen = told["settings"][0]["number"]
    own = next((row["number"] for row in told["settings"] if row["own"]), None)
    shown = list(dict.fromkeys(number for number in (chosen, own) if number is not None))
    judged: Judged = judge(
        prepared,
        [places[number] for number in shown],
        side="test",
        own=shown.index(own) if own is not None else None,
        by=wishes.by,
    )
    titles = {row["number"]: row["title"] for row in told["settings"]}
    rows = [
        {"number": number, "title": titles[number], "own": number == own, **figures}
        for number, figures in zip(shown, judged.told["settings"], strict=True)
    ]
    return judged.counts | {"settings": rows}


def _write(folder: Path, told: dict[str, Any], *, recipe: Recipe) -> None:
    paths = {kind: folder / name for kind, name in NAMES.items()}
    figure = sweep_figure(told)
    write_text(paths["svg"], figure_svg(figure))
    write_bytes(paths["png"], figure_png(figure))
    write_text(paths["page"], render_sweep(told))
    write_table(paths["csv"], pd.DataFrame(sweep_rows(told)))
    comment = f"Chosen by deepcovid sweep on validation, from {len(told['settings'])} settings: {told['settings'][0]['title']}."
    write_text(paths["recipe"], recipe_toml(recipe, comment=comment))
    write_json(paths["json"], told)
