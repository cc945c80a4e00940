"""Linear probes on weights that have seen chests, against random frozen ones and training from nothing, on three real tasks.

    python benchmarks/xray_films.py ../shared/data/cxr-512 --out runs/xray/table.csv
    python benchmarks/xray_scratch.py runs/xray/table.csv --out runs/xray/scratch-squeezenet
    python benchmarks/xray_probe.py runs/xray/table.csv --weights runs/xray/squeezenet/weights.safetensors --curve \\
        --scratch runs/xray/scratch-squeezenet --out runs/xray/squeezenet-probe.json

Tasks: covid against other diseases (covid-chestxray alone), normal against abnormal (NIH alone), view AP against PA
(covid-chestxray alone). Only patients none of whose films was learnt from (`--licences`, `--share`: those of the
pretraining) are measured on, and a weights file whose list of films says otherwise is refused. Every score is of a
probe that has not seen the patient: five folds by patient, divided `--divisions` times, the decision values averaged.
Differences have the interval of a paired bootstrap over patients: to each random backbone, and to the mean AUC of all.
`--scratch` also trains the whole network from random numbers in each fold of the first division, by the rate that
`xray_scratch.py` chose on other films, and holds probes of that division alone against it. `--curve` adds probes on 8,
16 and 31 positives.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.datasets.table import load_table
from deepcovid.models.zoo import architecture
from deepcovid.storage import read_json, sha256_file, write_json
from deepcovid.training.recipe import Recipe
from deepcovid.training.threads import threads
from xray.areas import Drawn, drawn, mean_of
from xray.arguments import measuring_parser, where_of
from xray.few import few
from xray.scratch import from_nothing, recipe_of
from xray.tasks import Task, features_by, films_at, held_out, pixels_of, refuse_seen, rows_of, task_of

NONE, MEAN, SCRATCH = "none, seed", "none, the mean", "from scratch"


def tasks_of(frame: pd.DataFrame, *, divisions: int) -> list[Task]:
    """The three tasks on the rows of `frame`."""
    cohen, nih = frame["source"] == "covid-chestxray", frame["source"] == "nih-chestxray14"
    view = frame["view"].fillna("").str.upper()
    asked = (
        ("covid against other diseases", cohen & frame["label"].isin(["covid", "other"]), frame["label"] == "covid"),
        ("abnormal against normal", nih & frame["label"].isin(["normal", "other"]), frame["label"] == "other"),
        ("view AP against PA", cohen & (view.str.startswith("AP") | (view == "PA")), view.str.startswith("AP")),
    )
    return [task_of(frame, name, rows=rows, answers=answers, divisions=divisions) for name, rows, answers in asked]


def measured(
    task: Task, features: Mapping[str, np.ndarray], *, curve: bool, scratch: tuple[np.ndarray, list[str]] | None
) -> dict[str, Any]:
    """A task's figures: of each weights, of the mean of the random ones, and of the scores of training from nothing."""
    told: dict[str, Any] = dict(task.counts)
    scores = {name: task.probe(values) for name, values in features.items()}
    areas = {name: drawn(task.positive, score=one, patient=task.patient) for name, one in scores.items()}
    baselines = [name for name in features if name.startswith(NONE)]
    areas[MEAN] = mean_of([areas[name] for name in baselines])
    told |= {name: {"auc": task.area(one)} for name, one in scores.items()} | {MEAN: {"auc": areas[MEAN].interval()}}
    for name in set(features) - set(baselines):
        told[name]["against"] = {other: task.apart(scores[name], scores[other]) for other in baselines}
        told[name]["against"][MEAN] = (areas[name] - areas[MEAN]).difference()
        if scratch is not None:
            once = task.probe(features[name], divisions=1)
            told[name] |= {"auc_one_division": task.area(once)}
            told[name]["against"][SCRATCH] = task.apart(once, scratch[0])
    if scratch is not None:
        told[SCRATCH] = {"auc": task.area(scratch[0]), "devices": scratch[1]}
    for name, points in (few_of(task, features, baselines) if curve else {}).items():
        told[name]["few"] = points
    return told


def few_of(task: Task, features: Mapping[str, np.ndarray], baselines: list[str]) -> dict[str, dict[str, Any]]:
    """For each weights, the points on few positives, and differences to the random ones."""
    found = few(task, features)
    found[MEAN] = {size: mean_of([found[name][size] for name in baselines]) for size in found[baselines[0]]}
    return {
        name: {str(size): _point(size, found, name, [*baselines, MEAN]) for size in points}
        for name, points in found.items()
    }


def _point(size: int, found: Mapping[str, Mapping[int, Drawn]], name: str, baselines: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {"auc": found[name][size].interval()}
    if name in baselines:
        return told
    return told | {"against": {other: (found[name][size] - found[other][size]).difference() for other in baselines}}


def main() -> None:
    given = _arguments()
    whole = load_table(given.table, allow_outside=True)
    table = rows_of(whole, held_out(whole.frame, licences=given.licences, share=given.share))
    preprocessing = replace(architecture(given.network).preprocessing, size=(given.size, given.size))
    for path in given.weights:
        refuse_seen(path, table)
    recipe = scratch_recipe(given.scratch, given) if given.scratch else None
    tasks = tasks_of(table.frame, divisions=given.divisions)
    store, keys = films_at(table, preprocessing)
    pixels = pixels_of(store, keys)
    starts = {f"{NONE} {seed}": ("none", seed) for seed in range(given.seeds)}
    starts |= {path.parent.name: (str(path), 0) for path in given.weights}
    told: dict[str, Any] = {
        "network": given.network, "size": given.size, "share": given.share, "licences": given.licences,
        "divisions": given.divisions, "seeds": given.seeds, "films": len(table.frame),
        "scratch": read_json(given.scratch / "scratch.json") if given.scratch else None,
        "weights": {path.parent.name: sha256_file(path) for path in given.weights}, "tasks": {},
    }  # fmt: skip
    with threads(1):
        features = {
            name: features_by(given.network, preprocessing, weights=weights, seed=seed, pixels=pixels)
            for name, (weights, seed) in starts.items()
        }
        for task in tasks:
            scratch = (
                from_nothing(task, store, keys, recipe=recipe, folder=given.scratch, where=where_of(given))
                if recipe
                else None
            )
            one = measured(task, features, curve=given.curve, scratch=scratch)
            told["tasks"][task.name] = one
            print_task(task.name, one)
            if given.out:
                write_json(given.out, told)


def scratch_recipe(folder: Path, given: argparse.Namespace) -> Recipe:
    """How to train from nothing, as `xray_scratch.py` found it for this network."""
    told = read_json(folder / "scratch.json")
    for key in ("network", "size", "share", "licences"):
        if told[key] != getattr(given, key):
            raise SystemExit(
                f"{folder}: its {key} is {told[key]}, not {getattr(given, key)}: run xray_scratch.py for it"
            )
    preprocessing = replace(architecture(given.network).preprocessing, size=(given.size, given.size))
    return recipe_of(given.network, preprocessing, rate=told["rate"], epochs=told["epochs"])


def _arguments() -> argparse.Namespace:
    parser = measuring_parser(__doc__)
    parser.add_argument(
        "--scratch",
        type=Path,
        help="train whole networks too, as this folder of xray_scratch.py says; folds that lie there are used again",
    )
    parser.add_argument("--curve", action="store_true", help="probes on few positives too")
    return parser.parse_args()


def print_task(name: str, told: Mapping[str, Any]) -> None:
    """The task's figures, a line for each weights and number of positives."""
    print(f"\n{name}: {told['films']} films, {told['positive']} positive, {told['patients']} patients", flush=True)
    for weights, one in told.items():
        if not isinstance(one, dict):
            continue
        print(f"  {weights}: {_line(one)}", flush=True)
        for number, point in one.get("few", {}).items():
            print(f"    {number} positives: {_line(point)}", flush=True)


def _line(one: Mapping[str, Any]) -> str:
    apart = one.get("against", {})
    parts = [f"less {other} {interval_words(figure['difference'], sign='+')}" for other, figure in apart.items()]
    return "; ".join([interval_words(one["auc"]), *parts])


def interval_words(one: Mapping[str, Any], *, sign: str = "") -> str:
    return f"{one['value']:{sign}.3f} ({one['low']:{sign}.3f} to {one['high']:{sign}.3f})"


if __name__ == "__main__":
    main()
