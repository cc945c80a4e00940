"""What features know beside the lungs: probes on films whose chest is black, and probes that tell where a film is from.

    python benchmarks/xray_shortcuts.py runs/xray/table.csv --weights runs/xray/squeezenet/weights.safetensors \\
        --supervised runs/xray/scratch-squeezenet/weights.safetensors --out runs/xray/squeezenet-shortcuts.json

Features of given weights, of random backbones, and of the network that `xray_scratch.py` trained with labels on films of the
same pretraining patients; films of patients that none of them learnt from. The chest (the hull of both lungs with a margin, by
our own segmenter) is black in the films that a probe learns from and in those that it is asked of; films in which no lungs are
found are left out. Covid (covid-chestxray) against normal (NIH, Kermany) is a contrast of sources, where shortcuts live.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.datasets.table import load_table
from deepcovid.models.zoo import architecture
from deepcovid.storage import sha256_file, write_json
from deepcovid.training.threads import threads
from xray.areas import drawn, mean_of
from xray.arguments import measuring_parser
from xray.chest import Shown, shown_films
from xray.sources import FIGURES, Sources, questions_of
from xray.tasks import Task, features_by, held_out, refuse_seen, rows_of, task_of
from xray_probe import MEAN, NONE, interval_words

SUPERVISED = "supervised"
WHOLE, BLACK = "whole film", "chest blacked out"
SHAPE = "shape of the lungs alone"
WORDS = {"balanced_accuracy": "balanced accuracy", "macro_auc": "macro AUC"}


def tasks_of(frame: pd.DataFrame, found: np.ndarray, *, divisions: int) -> list[Task]:
    """The tasks, on films in which lungs were found."""
    label, source = frame["label"], frame["source"]
    covid = (source == "covid-chestxray") & (label == "covid")
    others = source.isin(["nih-chestxray14", "kermany-paediatric"]) & (label == "normal")
    nih = (source == "nih-chestxray14") & label.isin(["normal", "other"])
    asked = (
        ("covid against normal of other sources", covid | others, label == "covid"),
        ("abnormal against normal", nih, label == "other"),
    )
    return [
        task_of(frame, name, rows=rows & found, answers=answers, divisions=divisions) for name, rows, answers in asked
    ]


def measured(task: Task, features: Mapping[str, Mapping[str, np.ndarray]], shape: np.ndarray) -> dict[str, Any]:
    """AUCs of probes on whole and on blacked-out films, what the blackout costs, and differences between weights."""
    scores = {name: {side: task.probe(values) for side, values in sides.items()} for name, sides in features.items()}
    areas = {
        name: {side: drawn(task.positive, score=one, patient=task.patient) for side, one in sides.items()}
        for name, sides in scores.items()
    }
    random = [areas[name] for name in areas if name.startswith(NONE)]
    areas[MEAN] = {side: mean_of([one[side] for one in random]) for side in (WHOLE, BLACK)}
    told: dict[str, Any] = {**task.counts, SHAPE: task.area(task.probe(shape)), "weights": {}}
    for name, sides in areas.items():
        one: dict[str, Any] = {side: area.interval() for side, area in sides.items()}
        one["loss"] = (sides[WHOLE] - sides[BLACK]).difference()
        if not name.startswith("none"):
            one["against"] = {
                other: (sides[BLACK] - areas[other][BLACK]).difference() for other in baselines_of(areas, name)
            }
        told["weights"][name] = one
    return told


def asked(question: Sources, features: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, Any]:
    """How well the source is read from features of whole films, and differences between weights."""
    probes = {name: question.probe(sides[WHOLE]) for name, sides in features.items()}
    random = [probes[name] for name in probes if name.startswith(NONE)]
    probes[MEAN] = {figure: mean_of([one[figure] for one in random]) for figure in FIGURES}
    told: dict[str, Any] = {**question.counts, "weights": {}}
    for name, one in probes.items():
        found: dict[str, Any] = {figure: one[figure].interval() for figure in FIGURES}
        if not name.startswith("none"):
            found["against"] = {
                other: {figure: (one[figure] - probes[other][figure]).difference() for figure in FIGURES}
                for other in baselines_of(probes, name)
            }
        told["weights"][name] = found
    return told


def baselines_of(names: Iterable[str], name: str) -> list[str]:
    """What weights are held against: random ones, and those learnt with labels."""
    return [other for other in names if other != name and (other == SUPERVISED or other.startswith("none"))]


def main() -> None:
    given = _arguments()
    whole = load_table(given.table, allow_outside=True)
    table = rows_of(whole, held_out(whole.frame, licences=given.licences, share=given.share))
    preprocessing = replace(architecture(given.network).preprocessing, size=(given.size, given.size))
    starts = {f"{NONE} {seed}": ("none", seed) for seed in range(given.seeds)}
    if given.supervised:
        starts[SUPERVISED] = (str(given.supervised), 0)
    starts |= {path.parent.name: (str(path), 0) for path in given.weights}
    for path in [*given.weights, *([given.supervised] if given.supervised else [])]:
        refuse_seen(path, table)
    with threads(1):
        shown = shown_films(table, preprocessing)
        films = {WHOLE: shown.whole, BLACK: shown.black}
        features = {
            name: {
                side: features_by(given.network, preprocessing, weights=weights, seed=seed, pixels=pixels)
                for side, pixels in films.items()
            }
            for name, (weights, seed) in starts.items()
        }
        told = _facts(given, table.frame, shown)
        for task in tasks_of(table.frame, shown.found, divisions=given.divisions):
            told["blacked_out"][task.name] = measured(task, features, shown.shape)
            print_task(task.name, told["blacked_out"][task.name])
        for question in questions_of(table.frame):
            told["sources"][question.name] = asked(question, features)
            print_sources(question.name, told["sources"][question.name])
    if given.out:
        write_json(given.out, told)


def _facts(given: argparse.Namespace, frame: pd.DataFrame, shown: Shown) -> dict[str, Any]:
    names = {path.parent.name: sha256_file(path) for path in given.weights}
    return {
        "network": given.network, "size": given.size, "share": given.share, "licences": given.licences,
        "divisions": given.divisions, "seeds": given.seeds, "films": len(frame),
        "without_lungs": int((~shown.found).sum()), "weights": names,
        "supervised": sha256_file(given.supervised) if given.supervised else None, "blacked_out": {}, "sources": {},
    }  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = measuring_parser(__doc__)
    parser.add_argument("--supervised", type=Path, help="weights of xray_scratch.py")
    return parser.parse_args()


def print_task(name: str, told: Mapping[str, Any]) -> None:
    """The figures of a task, a line for each weights."""
    print(f"\n{name}: {told['films']} films, {told['positive']} positive, {told['patients']} patients", flush=True)
    print(f"  {SHAPE} {interval_words(told[SHAPE])}")
    for weights, one in told["weights"].items():
        parts = [f"{side} {interval_words(one[side])}" for side in (WHOLE, BLACK)]
        parts.append(f"loss {interval_words(one['loss']['difference'], sign='+')}")
        against = one.get("against", {}).items()
        parts += [f"black, less {other} {interval_words(two['difference'], sign='+')}" for other, two in against]
        print(f"  {weights}: {'; '.join(parts)}", flush=True)


def print_sources(name: str, told: Mapping[str, Any]) -> None:
    """The figures of a question about sources, a line for each weights."""
    each = ", ".join(f"{one['films']} of {source}" for source, one in told["sources"].items())
    print(f"\nsource of {name}: {told['films']} films of {told['patients']} patients ({each})", flush=True)
    for weights, one in told["weights"].items():
        parts = []
        for figure in FIGURES:
            parts.append(f"{WORDS[figure]} {interval_words(one[figure])} (chance {told['chance'][figure]:.2f})")
            against = one.get("against", {}).items()
            parts += [f"less {other} {interval_words(two[figure]['difference'], sign='+')}" for other, two in against]
        print(f"  {weights}: {'; '.join(parts)}", flush=True)


if __name__ == "__main__":
    main()
