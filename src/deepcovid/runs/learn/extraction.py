"""The films as the frozen backbone gives them, once for probes and curve, and how long one film takes here."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from deepcovid.datasets.columns import group_ids
from deepcovid.errors import ImageError, TableError, printable
from deepcovid.features.store import FeatureStore, Request
from deepcovid.models.engine import cores
from deepcovid.models.weights import WeightsUsed
from deepcovid.progress import Progress, Silent
from deepcovid.runs.data import Prepared
from deepcovid.runs.fitting import start_network
from deepcovid.runs.head import backbone_graph
from deepcovid.runs.learn.budget import Budget
from deepcovid.runs.learn.candidates import Candidate
from deepcovid.runs.learn.curve import Features

TIMED = 4  # films


@dataclass(frozen=True, eq=False)
class Backbone:
    """The frozen backbone, its store, what it started from, and seconds a film on one core."""

    store: FeatureStore
    compute: object
    weights: WeightsUsed
    seconds: float


def time_backbone(prepared: Prepared, candidate: Candidate, *, progress: Progress) -> Backbone:
    """Make the backbone and run a few films through it.

    Raises:
        WeightsError: its weights cannot be had, or are random without permission.
    """
    every = prepared.table.with_frame(prepared.frame.drop(columns="split", errors="ignore"))  # all are held out in turn
    network, weights = start_network(candidate.recipe, settings=candidate.settings, progress=progress, films=every)
    _, extractor = backbone_graph(network)
    paths = [prepared.table.image_path(image) for image in prepared.frame["image"][: TIMED + 1]]
    took = []
    for path in paths:
        began = time.monotonic()
        try:
            extractor(path, [None])
        except ImageError:  # an unreadable film is told of when all are read
            continue
        took.append(time.monotonic() - began)
    return Backbone(FeatureStore(extractor.space), extractor, weights, float(np.median(took)) if took else 0.1)


def extract(
    prepared: Prepared, backbone: Backbone, *, workers: int, budget: Budget, progress: Progress
) -> tuple[Prepared, Features, list[str]]:
    """Features of all films; the films that can be read; a sentence on each that cannot."""
    requests = [Request(prepared.table.image_path(image)) for image in prepared.frame["image"]]
    began = budget.now()
    kept = backbone.store.ensure(requests, compute=backbone.compute, workers=workers or cores(), progress=progress)  # type: ignore[arg-type]
    progress.say(
        f"Features: {kept.computed} computed, {kept.reused} taken from the store, in {budget.now() - began:.0f} s."
    )
    readable = [row for row, key in enumerate(kept.keys) if key is not None]
    lost = sorted(str(reason) for reason in kept.failures.values())
    if len(readable) < len(requests):
        prepared = rows_of(prepared, np.array(readable, dtype=int))
    if not readable:
        raise TableError("no film could be read", path=prepared.table.path, mend=printable(lost[0]) if lost else "")
    values = backbone.store.stacked([key for key in kept.keys if key is not None])
    patient = group_ids(prepared.frame).to_numpy(dtype=str)
    return prepared, Features(values=values, positive=prepared.is_positive, patient=patient), lost


def rows_of(prepared: Prepared, rows: np.ndarray) -> Prepared:
    """Some of the films, in their order."""
    return replace(prepared, table=prepared.table.with_frame(prepared.frame.iloc[rows].reset_index(drop=True)))


def quiet() -> Progress:
    """For work whose every line would be too much."""
    return Silent()
