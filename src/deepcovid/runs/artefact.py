"""The detector folder of a run: written from what was trained, and held against the scores that were evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcovid.datasets.columns import group_ids
from deepcovid.errors import DetectorError
from deepcovid.evaluation.conformal import Conformal, fit_conformal
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
        conformal=_conformal(trained),
        operating_points=operating_points(evaluation, prepared),
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
    require_same_scores(detector, prepared, trained.scores, rows=np.arange(len(prepared.frame)))
    return detector


def require_same_scores(detector: Detector, prepared: Prepared, scores: np.ndarray, *, rows: np.ndarray) -> None:
    """Score some films again with the folder that was written: the surest, and the nearest to the threshold.

    Args:
        detector: as written.
        prepared: films.
        scores: of its rows, as evaluated.
        rows: which of them the detector itself must score so.

    Raises:
        DetectorError: it scores one otherwise.
    """
    order = rows[np.argsort(np.abs(scores[rows] - detector.operating_point.threshold), kind="stable")]
    surest = rows[scores[rows].argmin()], rows[scores[rows].argmax()]
    for row in {*order[:2].tolist(), *(int(place) for place in surest)}:
        path = prepared.table.image_path(prepared.frame["image"][row])
        again = detector.score(read_radiograph(path).pixels)
        if not abs(again - scores[row]) <= SAME:
            raise DetectorError(
                f"model.onnx scores {path.name} {again:.6f}, the training {scores[row]:.6f}",
                path=detector.folder,
                mend="delete the cache folder (see `deepcovid doctor`) and train again; if it stays so, report it",
            )


def operating_points(evaluation: dict[str, Any], prepared: Prepared) -> tuple[OperatingPoint, ...]:
    """The operating points of an evaluation, those chosen on validation first."""
    points = [_operating_point(point, prepared) for point in evaluation["operating_points"]]
    return tuple(sorted(points, key=lambda point: point.chosen_on != "validation"))


def _operating_point(point: dict[str, Any], prepared: Prepared) -> OperatingPoint:
    note: str = point["note"] or ""
    found: dict[str, Any] = {}
    if point["chosen_on"] == "validation":
        found = validation_facts(prepared)
        note = f"{found['positive']} positive of {found['films']} films"
    return OperatingPoint(
        name=point["name"], threshold=point["threshold"], chosen_on=point["chosen_on"], note=note, chosen_with=found
    )


def _conformal(trained: Trained) -> Conformal | None:
    """The rule of the validation films; None for findings that do not exclude one another, and with too few patients."""
    prepared = trained.prepared
    if prepared.task == "multi-label":
        return None
    rows = prepared.rows("val")
    rule = fit_conformal(
        trained.probabilities[rows],
        truth=prepared.targets[rows],
        patient=np.unique(group_ids(prepared.frame).to_numpy()[rows], return_inverse=True)[1],
        fitted_on=validation_facts(prepared),
    )
    return rule if rule.can_decide else None


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
