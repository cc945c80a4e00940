"""The detector folder of a stack: all members and the combiner in one graph, held against the scores that were evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.errors import DetectorError
from deepcovid.export.onnx import with_facts
from deepcovid.export.stack import MemberGraph, stack_graph
from deepcovid.models.detector import GRAPH, STACK, WEIGHTS, Description, Detector, StackMember, write_detector
from deepcovid.models.stacking import Combiner
from deepcovid.runs.artefact import operating_points, require_same_scores
from deepcovid.runs.data import Prepared
from deepcovid.runs.stacking.members import Member
from deepcovid.training.recipe import Recipe

SHARED = ("table_hash", "films_hash", "label_column", "counts")  # facts of the films, alike in all members


def write_stack(
    folder: Path,
    members: Sequence[Member],
    combiner: Combiner,
    films: Prepared,
    scores: np.ndarray,
    *,
    recipe: Recipe,
    evaluation: dict[str, Any],
) -> Detector:
    """Write the detector folder: the members' own detectors, trained on the training side, and the combiner on top.

    Args:
        folder: where.
        members: in the order of the combiner's inputs.
        combiner: fitted on out-of-fold scores.
        films: all films, the out-of-fold ones as `val`; some of the side `test` are scored anew.
        scores: the stack's scores of all rows.
        recipe: members, combiner, folds.
        evaluation: whose operating points it carries.

    Raises:
        DetectorError: what was written scores test films otherwise than the stack did, or the members are too large.
    """
    told = tuple(_told(member) for member in members)
    description = Description(
        network=STACK,
        neck="",
        classes=films.classes,
        positive=films.positive,
        preprocessing=None,
        members=told,
        operating_points=operating_points(evaluation, films),
        training={
            "recipe": recipe.to_dict(),
            "combiner": combiner.sentence,
            **{key: members[0].detector.description.training[key] for key in SHARED},
        },
    )
    graphs = [MemberGraph((one.detector.folder / GRAPH).read_bytes(), one.detector.preprocessing) for one in members]
    graph = with_facts(
        stack_graph(graphs, combiner),
        classes=films.classes,
        preprocessing=None,
        members=[{"name": one.name, "preprocessing": one.preprocessing.to_dict()} for one in told],
    )
    detector = write_detector(folder, description=description, graph=graph, weights=_weights(members, combiner))
    require_same_scores(detector, films, scores, rows=films.rows("test"))
    return detector


def _told(member: Member) -> StackMember:
    one = member.detector.description
    if one.preprocessing is None or not one.neck or list(one.classes) != [f"not {one.positive}", one.positive]:
        raise DetectorError(
            f"its classes are {list(one.classes)}, not one against the rest",
            path=member.folder,
            mend="stack runs of two classes",
        )
    return StackMember(
        name=member.name,
        detector=member.detector.hash,
        network=one.network,
        neck=one.neck,
        preprocessing=one.preprocessing,
        head=one.head,
        output=one.output,
        hidden_activation=one.hidden_activation,
    )


def _weights(members: Sequence[Member], combiner: Combiner) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    found = {f"combiner.{name}": array for name, array in combiner.to_tensors().items()}
    for member in members:
        arrays = load_file(member.detector.folder / WEIGHTS)
        found |= {f"{member.name}/{name}": array for name, array in arrays.items()}
    return found
