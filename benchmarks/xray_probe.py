"""Linear probes on weights that have seen chests, against random frozen ones and training from nothing, on three real tasks.

    python benchmarks/xray_films.py ../shared/data/cxr-512 --out runs/xray/table.csv
    python benchmarks/xray_probe.py runs/xray/table.csv --weights runs/xray/tasks/weights.safetensors --out runs/xray/probe.json

Tasks: covid against other diseases (covid-chestxray alone), normal against abnormal (NIH alone), view AP against PA
(covid-chestxray alone). Only patients none of whose films was learnt from (`--licences`, `--share`: those of the
pretraining) are measured on, and a weights file whose list of films says otherwise is refused. Every score is of a
probe that has not seen the patient: five folds by patient, divided `--divisions` times, the decision values averaged.
Differences have the interval of a paired bootstrap over patients. `--scratch` also trains the whole network from random
numbers in each fold of the first division. `--curve` adds probes on 8, 16 and 31
positives.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import group_ids
from deepcovid.datasets.licences import permitted
from deepcovid.datasets.patient_hash import patient_shares
from deepcovid.datasets.splits import cross_validation_folds
from deepcovid.datasets.table import Table, load_table
from deepcovid.evaluation.clustered import clustered_auc
from deepcovid.evaluation.comparison import compare_pair
from deepcovid.evaluation.matching import Matched
from deepcovid.features.extraction import FilmExtractor
from deepcovid.features.store import FeatureStore, Request
from deepcovid.imaging.augmentation import Augmentation
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.imaging.readers import film_hash
from deepcovid.models.weights import load_backbone_weights
from deepcovid.models.zoo import architecture, build_network
from deepcovid.runs.learn.curve import Features, measure, probe_scores
from deepcovid.runs.pretrain.looking import features_of
from deepcovid.runs.pretrain.material import PURPOSE
from deepcovid.storage import sha256_file, write_json
from deepcovid.training.checkpoint import Checkpoint
from deepcovid.training.finetune import FilmData, finetune
from deepcovid.training.recipe import Optimiser, Recipe, Schedule
from deepcovid.training.threads import threads

FOLDS = 5
FEW = (8, 16, 31)  # positives
# from nothing on a few hundred films: rates as for `learn`'s small network, mild variation
SCRATCH = Recipe(
    name="scratch", trainable="all", weights="none", epochs=30, batch_size=32, balance="class-weights",
    optimiser=Optimiser(name="adamw", learning_rate=1e-3, weight_decay=1e-4),
    schedule=Schedule(name="one-cycle"), augmentation=Augmentation(rotation=(-10.0, 10.0), crop=(0.8, 1.0), contrast=0.2),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Task:
    """A question, the rows of the table that it is asked of, the answers, and folds by patient, one array a division."""

    name: str
    rows: np.ndarray
    positive: np.ndarray
    patient: np.ndarray
    folds: tuple[np.ndarray, ...]

    def out_of_fold(self, score: Callable[[np.ndarray, np.ndarray], np.ndarray], *, divisions: int) -> np.ndarray:
        """Scores (Q,), each by what was fitted without the patient, the mean over divisions."""
        total = np.zeros(len(self.rows))
        for fold in self.folds[:divisions]:
            for number in np.unique(fold):
                train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
                total[test] += score(train, test)
        return total / divisions

    def area(self, scores: np.ndarray) -> dict[str, Any]:
        """The AUC with its interval over patients."""
        patients = len(np.unique(self.patient))
        return clustered_auc(self.positive, score=scores, patient=self.patient, patients=patients).interval.to_dict()

    def apart(self, first: np.ndarray, second: np.ndarray) -> dict[str, Any]:
        """First minus second: the difference of AUCs with its paired interval and p."""
        known = np.ones(len(self.rows), dtype=bool)
        films = Matched(positive=self.positive, patient=self.patient, patient_known=known, first=first, second=second)
        (entry,) = compare_pair(films)
        return {key: entry[key] for key in ("difference", "p", "p_method")}


def held_out(frame: pd.DataFrame, *, licences: str, share: float) -> np.ndarray:
    """Rows of patients none of whose films was learnt from, bool (N,)."""
    learnt = permitted(frame, licences=licences).to_numpy() & (patient_shares(frame, purpose=PURPOSE) < share)
    people = group_ids(frame)
    return ~people.isin(set(people[learnt])).to_numpy()


def tasks_of(frame: pd.DataFrame, *, divisions: int) -> list[Task]:
    """The three tasks on the rows of `frame`."""
    cohen, nih = frame["source"] == "covid-chestxray", frame["source"] == "nih-chestxray14"
    view = frame["view"].fillna("").str.upper()
    asked = (
        ("covid against other diseases", cohen & frame["label"].isin(["covid", "other"]), frame["label"] == "covid"),
        ("abnormal against normal", nih & frame["label"].isin(["normal", "other"]), frame["label"] == "other"),
        ("view AP against PA", cohen & (view.str.startswith("AP") | (view == "PA")), view.str.startswith("AP")),
    )
    return [_task(frame, name, np.flatnonzero(rows), answers.to_numpy(), divisions) for name, rows, answers in asked]


def _task(frame: pd.DataFrame, name: str, rows: np.ndarray, answers: np.ndarray, divisions: int) -> Task:
    positive = answers[rows]
    told = frame.iloc[rows].reset_index(drop=True).assign(answer=np.where(positive, "yes", "no"))
    table = Table(frame=told, folder=Path())
    folds = [
        cross_validation_folds(table, n_folds=FOLDS, seed=seed, label_column="answer").to_numpy()
        for seed in range(divisions)
    ]
    return Task(name, rows, positive, pd.factorize(group_ids(told))[0], tuple(folds))


def films_at(table: Table, preprocessing: Preprocessing) -> tuple[FeatureStore, list[str], np.ndarray]:
    """The films at a size: the store with their keys, and uint8 (N, h, w)."""
    extractor = FilmExtractor(preprocessing)
    store = FeatureStore(extractor.space)
    kept = store.ensure([Request(table.image_path(image)) for image in table.frame["image"]], compute=extractor)
    if kept.failures:
        raise SystemExit("\n".join(kept.failures.values()))
    keys = [key for key in kept.keys if key is not None]
    return store, keys, np.stack([np.rint(store.array(key) * 255).astype(np.uint8) for key in keys])


def refuse_seen(weights: Path, table: Table) -> None:
    """Stop where the list beside a weights file names a film that is measured on."""
    listed = weights.parent / "films.csv"
    if not listed.exists():
        raise SystemExit(f"{listed} is missing: nothing shows which films {weights} was learnt from")
    seen = set(pd.read_csv(listed)["sha256"])
    both = sum(film_hash(table.image_path(image)) in seen for image in table.frame["image"])
    if both:
        raise SystemExit(
            f"{weights} was learnt from {both} of the films that are measured on: check --share, --licences"
        )


def probe(task: Task, features: np.ndarray, *, divisions: int) -> np.ndarray:
    """Out-of-fold decision values of linear probes on features of all films."""
    values = features[task.rows]
    return task.out_of_fold(
        lambda train, test: probe_scores(values[train], positive=task.positive[train], others=values[test]),
        divisions=divisions,
    )


def from_nothing(task: Task, store: FeatureStore, keys: list[str], *, recipe: Recipe) -> np.ndarray:
    """Out-of-fold scores of whole networks that were trained from random numbers in each fold of the first division."""
    import lightning_fabric
    import torch

    fabric = lightning_fabric.Fabric(accelerator="cpu", devices=1)
    mine, targets = [keys[row] for row in task.rows], task.positive.astype(np.int64)

    def score(train: np.ndarray, test: np.ndarray) -> np.ndarray:
        network = build_network(recipe.network, classes=2, preprocessing=recipe.preprocessing)
        load_backbone_weights(network, "none", seed=recipe.seed)
        counts = np.bincount(targets[train])
        with tempfile.TemporaryDirectory() as folder:
            finetune(
                network,
                store=store,
                train=FilmData([mine[row] for row in train], targets[train]),
                val=FilmData([], targets[:0]),
                recipe=recipe,
                checkpoint=Checkpoint(Path(folder), identity=task.name),
                fabric=fabric,
                class_weights=len(train) / (2 * counts),
            )
        with torch.inference_mode():
            films = torch.from_numpy(np.stack([store.array(mine[row]) for row in test]))[:, None]
            logits = torch.cat([network(part)[0] for part in films.split(32)]).numpy()
        apart: np.ndarray = logits[:, 1] - logits[:, 0]
        return apart

    return task.out_of_fold(score, divisions=1)


def few(task: Task, features: np.ndarray) -> dict[str, Any]:
    """The mean AUC of probes on few positives, over twelve draws in each fold, the rarer class being the positive one."""
    positive = task.positive if task.positive.mean() <= 0.5 else ~task.positive
    films = Features(values=features[task.rows], positive=positive, patient=task.patient)
    folds = [(np.flatnonzero(task.folds[0] != n), np.flatnonzero(task.folds[0] == n)) for n in range(FOLDS)]
    return {str(point.n): round(point.auc, 4) for point in measure(films, folds=folds).points if point.n in FEW}


def main() -> None:
    given = _arguments()
    whole = load_table(given.table, allow_outside=True)
    rows = held_out(whole.frame, licences=given.licences, share=given.share)
    table = whole.with_frame(whole.frame[rows].reset_index(drop=True))
    preprocessing = replace(architecture(given.network).preprocessing, size=(given.size, given.size))
    tasks = tasks_of(table.frame, divisions=given.divisions)
    store, keys, pixels = films_at(table, preprocessing)
    for path in given.weights:
        refuse_seen(path, table)
    named = {f"none, seed {seed}": ("none", seed) for seed in range(given.seeds)}
    named |= {path.parent.name: (str(path), 0) for path in given.weights}
    told: dict[str, Any] = {
        "network": given.network, "size": given.size, "share": given.share, "licences": given.licences,
        "films": len(table.frame), "weights": {path.parent.name: sha256_file(path) for path in given.weights}, "tasks": {},
    }  # fmt: skip
    with threads(1):
        features = {
            name: _features(given.network, preprocessing, *start, pixels=pixels) for name, start in named.items()
        }
        for task in tasks:
            told["tasks"][task.name] = _measured(task, features, store, keys, given=given, preprocessing=preprocessing)
            if given.out:
                write_json(given.out, told)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path, help="of xray_films.py")
    parser.add_argument(
        "--weights", type=Path, action="append", default=[], help="of `deepcovid pretrain`; may be repeated"
    )
    parser.add_argument("--network", default="squeezenet1_1")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--share", type=float, default=0.5, help="of the pretraining")
    parser.add_argument("--licences", default="free", help="of the pretraining")
    parser.add_argument("--seeds", type=int, default=3, help="random backbones to compare with")
    parser.add_argument("--divisions", type=int, default=3)
    parser.add_argument("--scratch", action="store_true", help="train whole networks from nothing too")
    parser.add_argument("--curve", action="store_true", help="probes on few positives too")
    parser.add_argument("--out", type=Path, help="JSON to write")
    return parser.parse_args()


def _features(network: str, preprocessing: Preprocessing, weights: str, seed: int, *, pixels: np.ndarray) -> np.ndarray:
    built = build_network(network, classes=2, preprocessing=preprocessing)
    load_backbone_weights(built, weights, seed=seed)
    return features_of(built.eval(), pixels)


def _measured(
    task: Task,
    features: dict[str, np.ndarray],
    store: FeatureStore,
    keys: list[str],
    *,
    given: argparse.Namespace,
    preprocessing: Preprocessing,
) -> dict[str, Any]:
    scores = {name: probe(task, values, divisions=given.divisions) for name, values in features.items()}
    if given.scratch:
        began = time.process_time()
        recipe = replace(SCRATCH, network=given.network, preprocessing=preprocessing)
        scores["from scratch"] = from_nothing(task, store, keys, recipe=recipe)
        print(f"from scratch: {(time.process_time() - began) / 60:.1f} minutes of processor time", flush=True)
    baselines = [name for name in scores if name.startswith("none") or name == "from scratch"]
    told: dict[str, Any] = {
        "films": len(task.rows), "positive": int(task.positive.sum()), "patients": len(np.unique(task.patient)),
    }  # fmt: skip
    print(f"\n{task.name}: {told['films']} films, {told['positive']} positive, {told['patients']} patients", flush=True)
    for name, values in scores.items():
        told[name] = {"auc": task.area(values)}
        if name not in baselines:
            told[name]["against"] = {other: task.apart(values, scores[other]) for other in baselines}
        if given.curve and name in features:
            told[name]["few"] = few(task, features[name])
        print(_line(name, told[name]), flush=True)
    return told


def _line(name: str, told: dict[str, Any]) -> str:
    parts = [f"  {name:<22} {_interval(told['auc'])}"]
    parts += [
        f"against {other} {_interval(one['difference'], sign='+')}" for other, one in told.get("against", {}).items()
    ]
    parts += [f"{n} positives {area:.3f}" for n, area in told.get("few", {}).items()]
    return "; ".join(parts)


def _interval(one: dict[str, Any], *, sign: str = "") -> str:
    return f"{one['value']:{sign}.3f} ({one['low']:{sign}.3f} to {one['high']:{sign}.3f})"


if __name__ == "__main__":
    main()
