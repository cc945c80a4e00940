"""The 14 observations that CheXpert's labeller takes from reports, as CheXpert and MIMIC-CXR-JPG publish them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from deepcovid.datasets.sources.findings import chosen_label
from deepcovid.datasets.sources.labels import join_findings
from deepcovid.datasets.sources.reading import Metadata

NO_FINDING = "No Finding"
OBSERVATIONS = (
    NO_FINDING, "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation",
    "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices",
)  # fmt: skip
_CODES = {"1": 1, "1.0": 1, "0": 0, "0.0": 0, "-1": -1, "-1.0": -1}
_BITS = 1 << np.arange(len(OBSERVATIONS))


@dataclass(frozen=True)
class Observed:
    """What reports say of each row: series with the metadata's index.

    Attributes:
        findings: the positive observations, joined by "|"; missing where none is.
        uncertain: the observations that the report leaves open (-1), joined alike.
        label: "normal" only where "No Finding" is positive and nothing else is positive or open; else "pneumonia" where
            that is positive, else the first positive observation; missing where nothing is positive.
    """

    findings: pd.Series
    uncertain: pd.Series
    label: pd.Series


def read_observations(metadata: Metadata) -> Observed:
    """The observations of every row; a cell that is none of 1, 0, -1 or empty is a problem of the metadata.

    The values are those of Irvin et al., CheXpert, AAAI 2019, section 3: 1 positive, 0 negative, -1 uncertain, empty
    not mentioned.
    """
    codes = np.column_stack([metadata.cells(name, _code).fillna(0).astype(np.int8) for name in OBSERVATIONS])
    positive, uncertain = (codes == 1) @ _BITS, (codes == -1) @ _BITS
    index = metadata.frame.index
    return Observed(
        findings=_named(positive, index),
        uncertain=_named(uncertain, index),
        label=_decided(positive, uncertain, index),
    )


def _code(word: str) -> int:
    if word not in _CODES:
        raise ValueError("allowed are 1, 0, -1 or an empty cell")
    return _CODES[word]


def _names(bits: int) -> list[str]:
    return [name for place, name in enumerate(OBSERVATIONS) if bits >> place & 1]


def _label(positive: int, uncertain: int) -> str | None:
    found = [name for name in _names(positive) if name != NO_FINDING]
    if found:
        return chosen_label(found)
    return "normal" if positive and not uncertain else None


def _named(bits: np.ndarray, index: pd.Index) -> pd.Series:
    return _looked_up(bits, {int(pattern): join_findings(_names(int(pattern))) for pattern in np.unique(bits)}, index)


def _decided(positive: np.ndarray, uncertain: np.ndarray, index: pd.Index) -> pd.Series:
    both = positive + (uncertain << len(OBSERVATIONS))
    low = (1 << len(OBSERVATIONS)) - 1
    labels = {int(pair): _label(int(pair) & low, int(pair) >> len(OBSERVATIONS)) for pair in np.unique(both)}
    return _looked_up(both, labels, index)


def _looked_up(keys: np.ndarray, words: Mapping[int, str | None], index: pd.Index) -> pd.Series:
    patterns, places = np.unique(keys, return_inverse=True)
    known = np.array([words[int(pattern)] for pattern in patterns], dtype=object)
    return pd.Series(known[places], index=index, dtype=object)
