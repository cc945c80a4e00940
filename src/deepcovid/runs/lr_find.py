"""Which learning rate suits a recipe on these films: a range test on the training side; nothing that it trains is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import group_ids
from deepcovid.datasets.table import Table
from deepcovid.errors import RecipeError
from deepcovid.models.engine import cores
from deepcovid.progress import Progress, Silent
from deepcovid.reporting.figures.rates import rates_figure
from deepcovid.reporting.figures.style import figure_png, figure_svg
from deepcovid.runs.data import Prepared, prepare_for
from deepcovid.runs.fitting import start_fabric, start_network
from deepcovid.runs.settings import Settings
from deepcovid.storage import write_bytes, write_json, write_table, write_text
from deepcovid.training.losses import class_weights
from deepcovid.training.monitor.notes import constant_guess, shares_of
from deepcovid.training.range_test import RatePass, Span, range_test
from deepcovid.training.rates import STEEPEST, TENTH, Reading, judge, pooled, read_pass, smoothed, spread
from deepcovid.training.recipe import Recipe
from deepcovid.training.threads import threads

if TYPE_CHECKING:
    import lightning_fabric

    from deepcovid.models.network import FilmNetwork
    from deepcovid.training.material import Material

FORMAT = 1
NOTHING = 0.97  # of the best constant guess's loss: above it nothing was learned but the classes' shares
NAMES = {"json": "lr-find.json", "csv": "lr-find.csv", "svg": "figures/lr-find.svg", "png": "figures/lr-find.png"}


@dataclass(frozen=True, eq=False)
class FoundRate:
    """A range test: what it says (JSON-safe), and every step (`pass`, `step`, `learning_rate`, `loss`, `smoothed`)."""

    told: dict[str, Any]
    steps: pd.DataFrame

    def write(self, folder: Path) -> dict[str, Path]:
        """Write figures, table and JSON into `folder`; their paths."""
        paths = {kind: folder / name for kind, name in NAMES.items()}
        figure = rates_figure(self.told, self.steps)
        write_text(paths["svg"], figure_svg(figure))
        write_bytes(paths["png"], figure_png(figure))
        write_table(paths["csv"], self.steps)
        write_json(paths["json"], self.told)
        return paths


def find_rate(
    table: Table,
    *,
    recipe: Recipe,
    span: Span | None = None,
    passes: int = 3,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> FoundRate:
    """Test learning rates for `recipe` on the training side of `table`, by its own loss, optimiser and augmentation.

    Args:
        table: films; where it has no split, the one that `train` would make is made.
        recipe: what would be trained; its schedule is left out.
        span: the rates.
        passes: how often, each from the same weights and on other batches; 1 is the least.
        settings: labels, weights, device, threads.
        progress: told what happens.

    Raises:
        RecipeError: the recipe's head is a support vector machine, which has no learning rate.
        DeepCovidError: what `train` refuses, this refuses.
    """
    settings, progress, span = settings or Settings(), progress or Silent(), span or Span()
    _refuse(recipe, passes)
    films = _training_side(table, recipe, settings, progress)
    network, weights = start_network(recipe, settings=settings, progress=progress, classes=len(films.classes))
    fabric = start_fabric(settings, progress=progress, recipe=recipe)
    films, material, chance = _material(films, network, fabric, recipe=recipe, settings=settings, progress=progress)
    with threads(1 if recipe.stored_features else settings.threads):
        done = range_test(material, recipe=recipe, fabric=fabric, span=span, passes=passes, progress=progress)
    told = _facts(films, recipe, span, weights.name) | _findings(recipe, span, done, chance=chance)
    return FoundRate(told, _steps(done, span))


def _refuse(recipe: Recipe, passes: int) -> None:
    if recipe.head.kind == "svm":
        raise RecipeError(
            f"the recipe {recipe.name} has no learning rate: its head is a support vector machine, fitted without steps",
            mend="train it as it is (deepcovid train), or give head.kind = 'network'",
        )
    if passes < 1:
        raise RecipeError(f"{passes} passes over the rates", mend="ask for one at least")


def _training_side(table: Table, recipe: Recipe, settings: Settings, progress: Progress) -> Prepared:
    """The films that a training would move weights by, and no others."""
    prepared = prepare_for(table, recipe=recipe, settings=settings, progress=progress)
    frame = prepared.frame.iloc[prepared.rows("train")].reset_index(drop=True)
    return replace(prepared, table=prepared.table.with_frame(frame))


def _material(
    films: Prepared,
    network: FilmNetwork,
    fabric: lightning_fabric.Fabric,
    *,
    recipe: Recipe,
    settings: Settings,
    progress: Progress,
) -> tuple[Prepared, Material, float]:
    """What a training of the recipe would run on, stored features for a head, else films; the best constant guess's loss."""
    from deepcovid.runs.head import head_films
    from deepcovid.runs.whole import whole_films
    from deepcovid.training.finetune import film_material
    from deepcovid.training.probe import head_material, head_of

    workers = settings.workers or cores()
    weights = class_weights(films.targets, classes=len(films.classes)) if recipe.balance == "class-weights" else None
    options: dict[str, Any] = {"recipe": recipe, "fabric": fabric, "class_weights": weights}
    if recipe.stored_features:
        laid = head_films(network, films, recipe=recipe, workers=workers, progress=progress)
        start = head_of(network.head, shape=recipe.head, output=recipe.output)
        material = head_material(laid.data, classes=len(films.classes), start=start, **options)
        seen = laid.data.targets[[rows[0] for rows in laid.data.slots]]
        return laid.prepared, material, _chance(seen, films, recipe, weights)
    whole = whole_films(network, films, workers=workers, progress=progress)
    material = film_material(
        network,
        store=whole.store,
        train=whole.side("train"),
        val=whole.side("val"),
        workers=settings.loaders,
        **options,
    )
    return whole.prepared, material, _chance(whole.side("train").targets, films, recipe, weights)


def _chance(targets: np.ndarray, films: Prepared, recipe: Recipe, weights: np.ndarray | None) -> float:
    shares = shares_of(targets, classes=len(films.classes))
    if recipe.balance == "sampler":  # every class equally often
        shares = np.eye(len(films.classes))
    return constant_guess(np.nansum(shares, axis=0), (~np.isnan(shares)).sum(axis=0), recipe=recipe, weights=weights)


def _facts(films: Prepared, recipe: Recipe, span: Span, weights: str) -> dict[str, Any]:
    known = "patient" in films.frame and films.frame["patient"].notna().any()
    return {
        "format": FORMAT,
        "recipe": recipe.name,
        "learning_rate": recipe.optimiser.learning_rate,
        "optimiser": recipe.optimiser.name,
        "schedule": recipe.schedule.name,
        "trainable": recipe.trainable,
        "weights": weights,
        "seed": recipe.seed,
        "batch_size": recipe.batch_size,
        "films": len(films.frame),
        "positive_films": int(films.is_positive.sum()),
        "patients": int(group_ids(films.frame).nunique()) if known else None,
        "span": {"lowest": span.lowest, "highest": span.highest, "steps": span.steps},
    }


def _findings(recipe: Recipe, span: Span, done: Sequence[RatePass], *, chance: float) -> dict[str, Any]:
    together = read_pass(pooled(done, steps=span.steps), span=span)
    single = [read_pass(one, span=span) for one in done]

    def told(pick: Callable[[Reading], float | None]) -> dict[str, Any] | None:
        return spread(pick(together), [pick(one) for one in single])

    found: dict[str, Any] = {
        "passes": len(done),
        "fell": sum(one.lowest is not None for one in single),
        "diverged": sum(one.diverged for one in done),
        "suggestion": _rule(STEEPEST, told(lambda reading: reading.steepest)),
        "tenth": _rule(TENTH, told(lambda reading: reading.tenth)),
        "begins": told(lambda reading: reading.begins),
        "lowest": told(lambda reading: reading.lowest),
        "loss": {"start": together.start, "least": together.least, "constant_guess": chance},
        "verdict": judge(recipe.optimiser.learning_rate, together),
    }
    rate = recipe.optimiser.learning_rate
    return found | {"sentence": _sentence(found, rate), "notes": _notes(found, recipe, span)}


def _rule(name: str, figure: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if figure is None else {"rule": name, **figure}


def _sentence(found: dict[str, Any], rate: float) -> str:
    if found["suggestion"] is None:
        start, least = found["loss"]["start"], found["loss"]["least"]
        return (
            f"The loss did not fall at any of the rates that were tried (from {start:.3f} to {least:.3f} at best), so that no "
            "learning rate is suggested."
        )
    low, high = found["begins"]["value"], found["lowest"]["value"]
    place = {
        "below": f"below the range in which the loss falls ({low:.1e} to {high:.1e}): steps so short change little",
        "within": f"within the range in which the loss falls ({low:.1e} to {high:.1e})",
        "above": f"above the range in which the loss falls ({low:.1e} to {high:.1e}): the loss rises there",
    }[found["verdict"]]
    return f"The recipe's learning rate of {rate:g} is {place}, {_times(rate, found['suggestion']['value'])}."


def _times(rate: float, suggested: float) -> str:
    factor = rate / suggested
    if 1 / 1.5 < factor < 1.5:
        return f"about the {suggested:.1e} that is suggested"
    word = "above" if factor > 1 else "below"
    return f"{max(factor, 1 / factor):.2g} times {word} the {suggested:.1e} that is suggested"


def _notes(found: dict[str, Any], recipe: Recipe, span: Span) -> list[str]:
    notes = []
    if found["suggestion"] is None:
        notes.append(
            "Either the rates are too low or too high (--min-lr, --max-lr), the test is too short (--steps), or there is "
            "nothing in the films that these layers can learn."
        )
    elif found["fell"] < found["passes"]:
        notes.append(f"Taken alone, the loss fell in {found['fell']} of {found['passes']} passes only.")
    least, chance = found["loss"]["least"], found["loss"]["constant_guess"]
    if found["suggestion"] is not None and least > NOTHING * chance:
        notes.append(
            f"The lowest loss ({least:.3f}) is that of the best constant guess ({chance:.3f}): what fell is how frequent the "
            "classes are, and no film was told from another yet. The suggestion is then rather too low; more --steps tell more."
        )
    if found["lowest"] is not None and not found["diverged"] and found["lowest"]["high"] > span.highest / 2:
        notes.append(f"The loss still falls at the highest rate tried ({span.highest:g}): raise --max-lr.")
    if found["begins"] is not None and found["begins"]["low"] < span.lowest * 3:
        notes.append(f"The loss falls from the lowest rate on ({span.lowest:g}): give a lower --min-lr.")
    if recipe.schedule.name != "constant":
        notes.append(
            f"The schedule ({recipe.schedule.name}) was left out: compare the highest rate that it reaches, which is the "
            "optimiser's."
        )
    return [*notes, "A range test looks at a few steps of training films: validation decides, by deepcovid sweep."]


def _steps(done: Sequence[RatePass], span: Span) -> pd.DataFrame:
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "pass": number,
                    "step": np.arange(1, len(one.losses) + 1),
                    "learning_rate": one.rates,
                    "loss": one.losses,
                    "smoothed": smoothed(one.losses, steps=span.steps),
                }
            )
            for number, one in enumerate(done, start=1)
        ],
        ignore_index=True,
    )
