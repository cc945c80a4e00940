"""The sentences that stand beside the figures, and when they do not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepcovid.evaluation.notes import data_notes, delong_note
from deepcovid.evaluation.scores import Scores, read_scores


def scored(n: int, **columns: object) -> Scores:
    label = (np.arange(n) % 2).astype(int)
    base: dict[str, object] = {"label": label, "score": np.linspace(0, 1, n)}
    return read_scores(pd.DataFrame(base | columns), positive="1")


def text(scores: Scores) -> str:
    return " ".join(data_notes(scores))


def test_clean_data_needs_no_note() -> None:
    scores = scored(200, patient=np.arange(200), source="A")
    assert data_notes(scores) == []
    assert delong_note(scores, auc=0.8) == []


def test_classes_of_different_sources() -> None:
    assert "no source has both" in text(scored(200, source=np.where(np.arange(200) % 2, "A", "B")))
    mixed = np.where(np.arange(200) % 2, "A", np.where(np.arange(200) < 20, "A", "B"))
    assert "100 % of the positives and 10 % of the negatives" in text(scored(200, source=mixed))
    assert "source" not in text(scored(200, source=np.where(np.arange(200) < 100, "A", "B")))


def test_patients_and_numbers() -> None:
    assert "No patient is named" in text(scored(200))
    assert "200 films are of 100 patients" in text(scored(200, patient=np.arange(200) // 2))
    some: list[object] = [None] * 20 + list(range(180))
    assert "without a patient id count as a patient each: 20" in text(scored(200, patient=some))
    assert "Only 10 positive films" in text(scored(20))


def test_dropped_rows() -> None:
    score = np.linspace(0, 1, 200)
    score[:3] = np.nan
    assert "Left out for want of a label or a score: 3 rows." in data_notes(scored(200, score=score))


def test_short_auc_intervals() -> None:
    assert "Newcombe" in delong_note(scored(80), auc=0.98)[0]
    assert delong_note(scored(400), auc=0.9) == []
