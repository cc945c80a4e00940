"""Does the learning curve say what comes? On phantoms, of which there is no end, forecast against outcome.

    python benchmarks/learning_curve_phantoms.py [--positives 62] [--draws 20] [--films 1600] [--network resnet18]

In every draw `--positives` positive patients and as many others are taken, a curve is measured on them alone by five folds, and
its 80 % interval for the AUC at twice the films is written down. Then a probe is trained on twice as many films of other
patients and scored on all films that are left. Backbone weights are random (the same in both); one film a patient.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from deepcovid.datasets.phantom import make_phantoms
from deepcovid.datasets.table import load_table
from deepcovid.evaluation.intervals import wilson
from deepcovid.evaluation.learning_curve import fit_learning_curve
from deepcovid.evaluation.metrics import auc
from deepcovid.features.store import FeatureStore, Request
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.weights import load_backbone_weights
from deepcovid.models.zoo import build_network
from deepcovid.runs.head import backbone_graph
from deepcovid.runs.learn.curve import Features, measure, probe_scores

LABELS = {"covid": 0.5, "normal": 0.25, "other": 0.25}
FOLDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--positives", type=int, default=62)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--films", type=int, default=1600)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--network", default="resnet18")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--features", type=Path, help="keep features here (.npz), or take them from here")
    options = parser.parse_args()
    films = _features(options)
    inside, started = 0, time.monotonic()
    for draw in range(options.draws):
        told = forecast_and_outcome(films, positives=options.positives, seed=options.seed + draw)
        inside += told["inside"]
        print(json.dumps({"draw": draw, **told}), flush=True)
    share = wilson(inside, n=options.draws)
    print(
        json.dumps(
            {
                "inside": inside,
                "draws": options.draws,
                "share": share.to_dict(),
                "films": len(films.positive),
                "seconds": round(time.monotonic() - started, 1),
            }
        )
    )


def forecast_and_outcome(films: Features, *, positives: int, seed: int) -> dict[str, float | bool]:
    """The forecast of one draw, the AUC that came, and whether it lies inside."""
    generator = np.random.default_rng([99, seed])
    mixed = [generator.permutation(np.flatnonzero(films.positive == side)) for side in (True, False)]
    ours = np.concatenate([rows[:positives] for rows in mixed])
    later = np.concatenate([rows[positives : 3 * positives] for rows in mixed])
    left = np.concatenate([rows[3 * positives :] for rows in mixed])
    mine = Features(values=films.values[ours], positive=films.positive[ours], patient=films.patient[ours])
    parts = np.concatenate([np.arange(positives) % FOLDS, np.arange(positives) % FOLDS])
    folds = [(np.flatnonzero(parts != fold), np.flatnonzero(parts == fold)) for fold in range(FOLDS)]
    measured = measure(mine, folds=folds, seed=seed)
    curve = fit_learning_curve(measured.points, held=measured.held)
    said = curve.predicted(2 * positives)
    scores = probe_scores(films.values[later], positive=films.positive[later], others=films.values[left])
    came = auc(films.positive[left], score=scores)
    whole = measured.points[-1]
    return {
        "now": round(whole.auc, 4),
        "forecast": round(float(said.value or 0), 4),
        "low": round(said.low, 4),
        "high": round(said.high, 4),
        "came": round(came, 4),
        "inside": bool(said.low <= came <= said.high),
    }


def _features(options: argparse.Namespace) -> Features:
    if options.features and options.features.exists():
        kept = np.load(options.features)
        return Features(values=kept["values"], positive=kept["positive"], patient=kept["patient"])
    preprocessing = Preprocessing(
        size=(options.size, options.size), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
    )
    network = build_network(options.network, classes=2, preprocessing=preprocessing)
    load_backbone_weights(network, "none", seed=0)
    _, extractor = backbone_graph(network)
    with tempfile.TemporaryDirectory() as folder:
        made = make_phantoms(
            folder, patients=options.films, films_per_patient=(1, 1), size=options.size, seed=5, labels=LABELS
        )
        table = load_table(Path(folder) / "table.csv")
        print(f"{len(made.frame)} phantoms made", flush=True)
        store = FeatureStore(extractor.space, folder=Path(folder) / "store")
        kept = store.ensure([Request(table.image_path(image)) for image in table.frame["image"]], compute=extractor)
        values = store.stacked([key for key in kept.keys if key is not None])
    films = Features(
        values=values,
        positive=(table.frame["label"] == "covid").to_numpy(),
        patient=table.frame["patient"].to_numpy(dtype=str),
    )
    if options.features:
        np.savez(options.features, values=films.values, positive=films.positive, patient=films.patient)
    return films


if __name__ == "__main__":
    main()
