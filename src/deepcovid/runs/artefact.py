"""The detector folder of a run: written from what was trained, and held against the scores that were evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcovid.datasets.columns import group_ids
from deepcovid.errors import DetectorError
from deepcovid.export.onnx import with_facts
from deepcovid.imaging.readers import read_radiograph
from deepcovid.models.detector import Description, Detector, OperatingPoint, write_detector
from deepcovid.models.zoo import architecture
from deepcovid.runs.data import Prepared
from deepcovid.runs.trained import Trained
from deepcovid.training.recipe import Recipe

if TYPE_CHECKING:
    from deepcovid.models.weights import WeightsUsed

SAME = 1e-4  # the largest difference of a score that rounding explains


def write_artefact(
    folder: Path, trained: Trained, *, recipe: Recipe, evaluation: dict[str, Any], weights: WeightsUsed
) -> Detector:
    """Write the detector folder; its first operating point is the one chosen on validation.

    Args:
        folder: where.
        trained: graph, weights, films and scores.
        recipe: what it was trained by.
        evaluation: whose operating points it carries.
        weights: what it started from.

    Raises:
        DetectorError: what was written scores films otherwise than the training did.
    """
    prepared = trained.prepared
    points = [_operating_point(point, prepared) for point in evaluation["operating_points"]]
    description = Description(
        network=recipe.network,
        neck=recipe.neck or architecture(recipe.network).neck,
        classes=prepared.classes,
        positive=prepared.positive,
        preprocessing=recipe.preprocessing,
        activation=prepared.activation,
        head=recipe.head,
        output=recipe.output,
        hidden_activation=recipe.activation,
        calibration=trained.calibration,
        operating_points=tuple(sorted(points, key=lambda point: point.chosen_on != "validation")),
        training={
            "recipe": recipe.to_dict(),
            # names without folders: the detector's hash must not depend on where a file lay
            "weights": {"name": Path(weights.name).name, "sha256": weights.sha256},
            "table_hash": prepared.table.hash,
            "films_hash": trained.facts["films_hash"],
            "label_column": prepared.label_column,
            "counts": prepared.counts["sides"],
        },
    )
    graph = with_facts(trained.graph, preprocessing=recipe.preprocessing.to_dict(), classes=prepared.classes)
    detector = write_detector(folder, description=description, graph=graph, weights=trained.weights)
    _require_same_scores(detector, trained)
    return detector


def _require_same_scores(detector: Detector, trained: Trained) -> None:
    """Score some films again with the folder that was written: the surest, and the nearest to the threshold."""
    order = np.argsort(np.abs(trained.scores - detector.operating_point.threshold), kind="stable")
    for row in {*order[:2].tolist(), int(trained.scores.argmin()), int(trained.scores.argmax())}:
        path = trained.prepared.table.image_path(trained.prepared.frame["image"][row])
        again = detector.score(read_radiograph(path).pixels)
        if not abs(again - trained.scores[row]) <= SAME:
            raise DetectorError(
                f"model.onnx scores {path.name} {again:.6f}, the training {trained.scores[row]:.6f}",
                path=detector.folder,
                mend="delete the cache folder (see `deepcovid doctor`) and train again; if it stays so, report it",
            )


def _operating_point(point: dict[str, Any], prepared: Prepared) -> OperatingPoint:
    note: str = point["note"] or ""
    found: dict[str, Any] = {}
    if point["chosen_on"] == "validation":
        found = validation_facts(prepared)
        note = f"{found['positive']} positive of {found['films']} films"
    return OperatingPoint(
        name=point["name"], threshold=point["threshold"], chosen_on=point["chosen_on"], note=note, chosen_with=found
    )


def validation_facts(prepared: Prepared) -> dict[str, Any]:
    """How many films, positives and patients stand on the validation side (None: no patient is known), and its rows' hash."""
    rows = prepared.rows("val")
    frame = prepared.frame.iloc[rows].reset_index(drop=True)
    known = "patient" in frame and frame["patient"].notna().any()
    return {
        "films": len(rows),
        "positive": int(prepared.is_positive[rows].sum()),
        "patients": int(group_ids(frame).nunique()) if known else None,
        "rows_hash": prepared.table.with_frame(frame).content_hash(columns=["image", "patient", prepared.label_column]),
    }
