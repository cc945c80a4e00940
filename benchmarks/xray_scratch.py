"""A network trained from random numbers with labels, on the films that a pretraining learns from; with its rate chosen there.

    python benchmarks/xray_scratch.py runs/xray/table.csv --network squeezenet1_1 --out runs/xray/scratch-squeezenet

Normal against abnormal of NIH and Kermany. `--rate` leaves the choice out. It writes weights.safetensors and films.csv as
`deepcovid pretrain` does, and scratch.json with the rates that were tried: `xray_probe.py --scratch` and
`xray_shortcuts.py --supervised` read that folder.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.datasets.table import Table, load_table
from deepcovid.features.store import FeatureStore
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.imaging.readers import film_hash
from deepcovid.models.zoo import architecture
from deepcovid.runs.pretrain.pretrain import LISTED, WEIGHTS, backbone_tensors
from deepcovid.storage import sha256_file, write_json, write_table, write_tensors
from deepcovid.training.threads import threads
from xray.arguments import pretraining_parser, where_of
from xray.scratch import RATES, SCRATCH, logits_of, recipe_of, trained
from xray.tasks import Task, films_at, learnt_from, rows_of, task_of

SOURCES = ("nih-chestxray14", "kermany-paediatric")
REPORT = "scratch.json"


def labelled(table: Table) -> Task:
    """Normal against abnormal of NIH and Kermany; its first fold is what rates are tried on."""
    frame = table.frame
    asked = frame["source"].isin(SOURCES) & frame["label"].isin(["normal", "other"])
    return task_of(frame, "abnormal against normal", rows=asked, answers=frame["label"] == "other", divisions=1)


def tried(
    task: Task, store: FeatureStore, keys: list[str], *, given: argparse.Namespace, preprocessing: Preprocessing
) -> list[dict[str, Any]]:
    """For each rate the AUC on the films that were learnt from, and on a fifth of the patients that were not."""
    mine = [keys[row] for row in task.rows]
    fold = task.folds[0]
    train, val = np.flatnonzero(fold != fold.min()), np.flatnonzero(fold == fold.min())
    sides = {"learnt": train, "kept": val}
    found = []
    for rate in RATES:
        began = time.process_time()
        recipe = recipe_of(given.network, preprocessing, rate=rate, epochs=given.epochs)
        network = trained(
            store, [mine[row] for row in train], task.positive[train], recipe=recipe, where=where_of(given)
        )
        told: dict[str, Any] = {"rate": rate, "seconds": round(time.process_time() - began, 1)}
        for name, rows in sides.items():
            part = replace(task, rows=task.rows[rows], positive=task.positive[rows], patient=task.patient[rows])
            told[name] = part.area(logits_of(network, store, [mine[row] for row in rows]))
        found.append(told)
        print(
            f"  rate {rate:g}: AUC learnt {told['learnt']['value']:.3f}, kept {told['kept']['value']:.3f}, {told['seconds']} s",
            flush=True,
        )
    return found


def main() -> None:
    given = _arguments()
    whole = load_table(given.table, allow_outside=True)
    table = rows_of(whole, learnt_from(whole.frame, licences=given.licences, share=given.share))
    preprocessing = replace(architecture(given.network).preprocessing, size=(given.size, given.size))
    task = labelled(table)
    store, keys = films_at(table, preprocessing)
    with threads(1):
        rates = [] if given.rate else tried(task, store, keys, given=given, preprocessing=preprocessing)
        rate = given.rate or max(rates, key=lambda one: one["kept"]["value"])["rate"]
        recipe = recipe_of(given.network, preprocessing, rate=rate, epochs=given.epochs)
        network = trained(store, [keys[row] for row in task.rows], task.positive, recipe=recipe, where=where_of(given))
        learnt = task.area(logits_of(network, store, [keys[row] for row in task.rows]))
    path = write_tensors(
        given.out / WEIGHTS, backbone_tensors(network, half=False), metadata={"network": given.network}
    )
    write_table(given.out / LISTED, _listed(table, task))
    told = {
        "network": given.network, "size": given.size, "share": given.share, "licences": given.licences, "rate": rate,
        "epochs": given.epochs, "device": given.device, "rates": rates, "sha256": sha256_file(path), **task.counts,
        "learnt": learnt,
    }  # fmt: skip
    write_json(given.out / REPORT, told)
    print(f"rate {rate:g}; AUC on the {len(task.rows)} films that were learnt from {learnt['value']:.3f}")


def _listed(table: Table, task: Task) -> pd.DataFrame:
    told = table.frame.iloc[task.rows]
    hashes = [film_hash(table.image_path(image)) for image in told["image"]]
    return pd.DataFrame({"sha256": hashes, "source": told["source"].to_numpy()}).sort_values("sha256")


def _arguments() -> argparse.Namespace:
    parser = pretraining_parser(__doc__)
    parser.add_argument("--epochs", type=int, default=SCRATCH.epochs)
    parser.add_argument("--rate", type=float, help="the highest of the cycle; default: the best of several")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
