"""Do view, sex, age and the file's form alone tell the label?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepcovid.audit.data_test import DataResult, Subject, data_test
from deepcovid.audit.prediction import RULE, areas_of, by_trees, result_of, untested

CATEGORIES = 12  # the commonest words of a column that are told apart
METHOD = "100 extremely randomised trees"
USED = "view, sex, age, height, width, bytes a pixel, format, mode, bit depth, JPEG quality"


@data_test(
    name="metadata-alone", question="Do view, sex, age and the file's form alone tell the label?", rule=RULE, place=80
)
def metadata_alone(subject: Subject) -> DataResult:
    """AUC for each class of trees that see no pixel."""
    known = np.array([facts is not None for facts in subject.films.facts])
    labelled = subject.labels.notna().to_numpy()
    areas = areas_of(subject, metadata_features(subject), known=known, learn=by_trees)
    n_known = int((known & labelled).sum())
    result = result_of(
        areas,
        what="metadata",
        method=f"{METHOD} on {USED}",
        n_known=n_known,
        n=int(labelled.sum()),
        untested=untested(subject, areas),
    )
    return DataResult(result.verdict, result.sentence, {**result.figures, "used": USED}, notes=result.notes)


def metadata_features(subject: Subject) -> np.ndarray:
    """Numbers, and 0 or 1 for each common word: float (N, F); what is unknown is −1 or a word of its own."""
    films = subject.films.facts
    numbers = {
        "height": [f.height if f else -1 for f in films],
        "width": [f.width if f else -1 for f in films],
        "aspect": [f.width / f.height if f else -1 for f in films],
        "bytes a pixel": [f.size / (f.width * f.height) if f else -1 for f in films],
        "bit depth": [f.bit_depth if f else -1 for f in films],
        "quality": [(f.quality or -1) if f else -1 for f in films],
        "age": pd.to_numeric(subject.column("age"), errors="coerce").fillna(-1).tolist(),
    }
    words = {
        "view": subject.column("view"),
        "sex": subject.column("sex"),
        "format": pd.Series([f.format if f else None for f in films]),
        "mode": pd.Series([f.mode if f else None for f in films]),
    }
    columns = [np.asarray(values, dtype=float)[:, None] for values in numbers.values()]
    return np.hstack([*columns, *(_one_hot(cells) for cells in words.values())])


def _one_hot(cells: pd.Series) -> np.ndarray:
    text = cells.astype("str").fillna("(unknown)")
    common = text.value_counts().index[:CATEGORIES]
    return np.stack([(text == word).to_numpy(dtype=float) for word in common], axis=1)
