"""What was measured of weights, as sentences and tables of Markdown: for their card and for docs/pretrain.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

OURS, MEAN, SCRATCH, SUPERVISED = "xray", "none, the mean", "from scratch", "supervised"
WHOLE, BLACK, SHAPE = "whole film", "chest blacked out", "shape of the lungs alone"

Told = Mapping[str, Any]


def words(one: Told, *, sign: str = "") -> str:
    """ "0.857 (0.811 to 0.891)"."""
    return f"{one['value']:{sign}.3f} ({one['low']:{sign}.3f} to {one['high']:{sign}.3f})"


def less(against: Told) -> str:
    """A difference as `words`."""
    return words(against["difference"], sign="+")


def who(told: Told) -> str:
    """ "513 (272), 348 patients"."""
    return f"{told['films']} ({told['positive']}), {told['patients']} patients"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def seeds_of(against: Told) -> list[str]:
    """The random backbones among what weights are held against."""
    return [name for name in against if name.startswith("none, seed")]


def sides(differences: Mapping[str, Told]) -> str:
    """Sentences: at which questions the weights are better, worse, and at which neither is shown."""
    better = [name for name, one in differences.items() if one["difference"]["low"] > 0]
    worse = [name for name, one in differences.items() if one["difference"]["high"] < 0]
    rest = [name for name in differences if name not in better + worse]
    parts = [("Better", better), ("Worse", worse), ("Neither is shown", rest)]
    return " ".join(f"{head}: {'; '.join(names)}." for head, names in parts if names)


def probes(figures: Told) -> str:
    """Probes on these weights and on random ones."""
    rows, apart = [], {}
    for name, told in figures["probe"]["tasks"].items():
        ours = told[OURS]
        apart[name] = ours["against"][MEAN]
        seeds = [less(ours["against"][seed]) for seed in seeds_of(ours["against"])]
        rows.append(
            [name, who(told), words(ours["auc"]), words(told[MEAN]["auc"]), less(apart[name]), "; ".join(seeds)]
        )
    head = ["question", "films (positive)", "these weights", "random, mean", "less the mean", "less each random one"]
    return f"Against random numbers, by the mean of {figures['probe']['seeds']}. {sides(apart)}\n\n{table(head, rows)}"


def scratch(figures: Told) -> str:
    """Probes on these weights and networks trained from random numbers."""
    recipe = figures["probe"]["scratch"]
    if recipe is None:
        return "Training from random numbers was not measured."
    rows, apart = [], {}
    for name, told in figures["probe"]["tasks"].items():
        apart[name] = told[OURS]["against"][SCRATCH]
        rows.append([name, words(told[OURS]["auc_one_division"]), words(told[SCRATCH]["auc"]), less(apart[name])])
    text = (
        f"Against training the whole network from random numbers in each fold ({recipe['epochs']} epochs, AdamW, one cycle up to "
        f"{recipe['rate']:g}, {_rates(recipe)}; one division into five folds; {_devices(figures)}). {sides(apart)}"
    )
    return f"{text}\n\n{table(['question', 'probe on these weights', 'from random numbers', 'difference'], rows)}"


def _devices(figures: Told) -> str:
    """Bits are promised on a processor alone, so that it is told where a fold had another device."""
    found = Counter(one for told in figures["probe"]["tasks"].values() for one in told[SCRATCH]["devices"])
    return "trained on " + " and ".join(f"{name} ({number} networks)" for name, number in sorted(found.items()))


def _rates(recipe: Told) -> str:
    if not recipe["rates"]:
        return "a rate that was given"
    tried = ", ".join(f"{one['rate']:g}: {one['kept']['value']:.3f}" for one in recipe["rates"])
    unit = recipe["rates"][0]["kept"]
    return f"the best of three on other patients, normal against abnormal: AUC {tried}, {unit['n']} {unit['unit']}s"


def few(figures: Told) -> str:
    """The learning curve."""
    rows, apart = [], {}
    for name, told in figures["probe"]["tasks"].items():
        for number, point in told[OURS]["few"].items():
            one = point["against"][MEAN]
            apart[f"{name}, {number}"] = one
            rows.append([name, number, words(point["auc"]), words(told[MEAN]["few"][number]["auc"]), less(one)])
    text = (
        "With few positives (films of the rarer class, others in proportion; twelve draws in each fold; intervals over patients "
        f"and draws). {sides(apart)}"
    )
    return f"{text}\n\n{table(['question', 'positives', 'these weights', 'random, mean', 'less the mean'], rows)}"


def beside(figures: Told) -> str:
    """Probes on films with a black chest."""
    told, rows = figures["shortcuts"], []
    for name, task in told["blacked_out"].items():
        for key, title in NAMES.items():
            if (one := task["weights"].get(key)) is None:
                continue
            apart = "" if key == OURS else less(task["weights"][OURS]["against"][key])
            cells = [words(one[WHOLE]), words(one[BLACK]), less(one["loss"]), apart]
            rows.append([f"{name}: {who(task)}", title, *cells])
        rows.append([f"{name}: {who(task)}", SHAPE, "", words(task[SHAPE]), "", ""])
    text = (
        "Beside the lungs: AUC of probes that learn from films whose chest is black, and are asked of such films (our own "
        f"segmenter; {told['without_lungs']} of {told['films']} films without lungs found are left out). Covid and normal are of "
        "different sources, so that whatever tells hospitals apart tells the label. What a probe still finds there a detector "
        "may learn in place of the disease."
    )
    head = ["question", "features", WHOLE, BLACK, "loss", "these less those, black"]
    return f"{text}\n\n{table(head, rows)}"


def sources(figures: Told) -> str:
    """Probes that tell where a film is from."""
    rows = []
    for name, told in figures["shortcuts"]["sources"].items():
        each = ", ".join(f"{one['films']} of {source}" for source, one in told["sources"].items())
        for key, title in NAMES.items():
            if (one := told["weights"].get(key)) is None:
                continue
            apart = told["weights"][OURS]["against"].get(key)
            cells = [
                words(one["balanced_accuracy"]),
                f"{told['chance']['balanced_accuracy']:.2f}",
                words(one["macro_auc"]),
            ]
            cells += [less(apart["balanced_accuracy"]), less(apart["macro_auc"])] if apart else ["", ""]
            rows.append([f"{name} ({each}), {told['patients']} patients", title, *cells])
    head = ["films", "features", "balanced accuracy", "by chance", "AUC, macro", "these less those, accuracy", "AUC"]
    return (
        "Where a film is from, read from the features of whole films of one label by a logistic regression, five folds by "
        f"patient (chance of the AUC 0.5).\n\n{table(head, rows)}"
    )


NAMES = {OURS: "these weights", MEAN: "random numbers, mean", SUPERVISED: "trained with labels from random numbers"}
INTRO = (
    "AUC of logistic regressions on the mean of the feature maps, {size} px, five folds by patient ({divisions} divisions, "
    "decision values averaged), among {films} films of patients that were not learnt from, of whatever licence; abnormal is "
    "asked within NIH, the other two within covid-chestxray, so that no source tells an answer (the probes while it trained "
    "mix sources, and flatter by that); 95 % intervals over patients, differences paired."
)


TAUGHT = (
    " **Labels of other patients' films of the same sources were learnt from** (what was told, above), so that abnormal and view "
    "are no new questions; covid is: no film of a person told it."
)


def sections(figures: Told) -> str:
    """All of it, for a card."""
    probe = figures["probe"]
    taught = TAUGHT if "tasks" in figures["command"].replace("=", " ").split() else ""
    return "\n\n".join(
        [
            "## What it is better at than random numbers, and at what not",
            INTRO.format(**{key: probe[key] for key in ("size", "divisions", "films")}) + taught,
            probes(figures),
            scratch(figures),
            few(figures),
            "## What it knows beside the lungs",
            beside(figures),
            sources(figures),
        ]
    )
