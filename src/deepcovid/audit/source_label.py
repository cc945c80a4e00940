"""Does the source alone tell the label? Then no detector trained on the table can be shown to read disease."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import group_ids, text_column

Verdict = Literal["PASS", "FAIL", "CANNOT TELL"]

LIMIT = 0.60  # AUC up to which the source is said to tell too little to matter; the limit of the blacked-out test
RULE = (
    f"FAIL: positives and negatives share no source, or the source's AUC has a lower limit above {LIMIT:.2f} and is "
    f"higher than in 97.5 % of tables whose patients are dealt to the sources at random. PASS: its upper limit is at "
    f"most {LIMIT:.2f}. Else CANNOT TELL; also where a class or the source of more than half of a class is unknown."
)
NOTE = (
    "Every film's score is the share of positives in its source, counted on these same films (nothing is held out), "
    "so that many small sources raise the AUC by chance; the entry “chance” says how far."
)


@dataclass(frozen=True, eq=False)
class SourceLabelResult:
    """What the source alone says about the label.

    Attributes:
        verdict: by `RULE`.
        warns: whether the report must open with `sentence`.
        sentence: the finding in one sentence.
        auc: of the source's prevalence as a score for the label, in [0.5, 1]; None where it cannot be had.
        low, high: its 95 % limits (bootstrap over patients).
        chance: the 97.5 % quantile of that AUC when patients are dealt to the sources at random.
        n: films counted. n_patients: patients counted (a film without a patient counts as one).
        counts: a row a source: source, positives, negatives (films), prevalence.
        shared_sources: sources with both classes.
        positives_shared, negatives_shared: the share of each class that stands in a shared source, in [0, 1].
        unknown_source: labelled films without a source, left out of the counts.
        notes: how the figures were made and what was left out.
    """

    verdict: Verdict
    warns: bool
    sentence: str
    counts: pd.DataFrame
    auc: float | None = None
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    n: int = 0
    n_patients: int = 0
    shared_sources: tuple[str, ...] = ()
    positives_shared: float = 0.0
    negatives_shared: float = 0.0
    unknown_source: int = 0
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The result in JSON's types; `auc` is an interval with its method, n and unit."""
        interval = {"value": self.auc, "low": self.low, "high": self.high, "method": "patient bootstrap"}
        return {
            "test": "source-label",
            "verdict": self.verdict,
            "warns": self.warns,
            "sentence": self.sentence,
            "rule": RULE,
            "auc": None if self.auc is None else {**interval, "n": self.n_patients, "unit": "patient"},
            "chance": self.chance,
            "n": self.n,
            "sources": self.counts.to_dict("records"),
            "shared_sources": list(self.shared_sources),
            "positives_shared": self.positives_shared,
            "negatives_shared": self.negatives_shared,
            "unknown_source": self.unknown_source,
            "notes": list(self.notes),
        }


def source_label(
    frame: pd.DataFrame, *, positive: str, label_column: str = "label", resamples: int = 1000, seed: int = 0
) -> SourceLabelResult:
    """Test whether positives and negatives can be told apart by the source of the film alone.

    Args:
        frame: a table's rows; those without a label are left out.
        positive: the label of the positive class; every other label is negative.
        label_column: the column that holds the class.
        resamples: bootstrap samples of patients, and as many deals by chance.
        seed: of both.
    """
    labelled = frame[text_column(frame, label_column).notna()]
    known = labelled[text_column(labelled, "source").notna()]
    is_positive = (known[label_column] == positive).to_numpy() if len(known) else np.zeros(0, dtype=bool)
    everyone = (labelled[label_column] == positive).to_numpy() if len(labelled) else np.zeros(0, dtype=bool)
    counts = _counts(known, is_positive)
    doubt = _doubt(everyone, is_positive, positive)
    if doubt:
        return SourceLabelResult(
            "CANNOT TELL", True, doubt, counts, n=len(known), unknown_source=len(labelled) - len(known), notes=(NOTE,)
        )
    return _measured(known, is_positive, counts, unknown=len(labelled) - len(known), resamples=resamples, seed=seed)


def prevalence_auc(positives: np.ndarray, negatives: np.ndarray) -> float:
    """AUC of each source's share of positives as a score for its films, ties counted half.

    Args:
        positives: films of the positive class by source, (sources,).
        negatives: films of the negative class by source, (sources,).
    """
    films = positives + negatives
    share = np.divide(positives, films, out=np.zeros(len(films)), where=films > 0)
    _, place = np.unique(share, return_inverse=True)
    p, q = np.bincount(place, positives), np.bincount(place, negatives)
    below = np.cumsum(q) - q
    return float((p * (below + q / 2)).sum() / (p.sum() * q.sum()))


def _counts(known: pd.DataFrame, is_positive: np.ndarray) -> pd.DataFrame:
    source = text_column(known, "source").astype("str")
    rows = pd.DataFrame(
        {"source": source, "positives": is_positive.astype(int), "negatives": (~is_positive).astype(int)}
    )
    counts = rows.groupby("source", sort=True)[["positives", "negatives"]].sum().reset_index()
    return counts.assign(prevalence=counts["positives"] / (counts["positives"] + counts["negatives"]))


def _doubt(everyone: np.ndarray, with_source: np.ndarray, positive: str) -> str:
    """Why nothing can be said, or an empty string."""
    for name, all_of_it, known in (
        (f"film labelled {positive}", everyone.sum(), with_source.sum()),
        (f"film with a label other than {positive}", (~everyone).sum(), (~with_source).sum()),
    ):
        if all_of_it == 0:
            return f"There is no {name}, so nothing can be said about what tells the classes apart."
        if known < all_of_it / 2:
            return (
                "The source of the films is unknown: whether a detector reads disease or the place that a film "
                "comes from cannot be told."
            )
    return ""


def _measured(
    known: pd.DataFrame, is_positive: np.ndarray, counts: pd.DataFrame, *, unknown: int, resamples: int, seed: int
) -> SourceLabelResult:
    by_source = counts[["positives", "negatives"]].to_numpy()
    shared = np.asarray((by_source > 0).all(axis=1))
    share = by_source[shared].sum(axis=0) / by_source.sum(axis=0)
    auc = prevalence_auc(by_source[:, 0], by_source[:, 1])
    patients = _patients(known, is_positive)
    low, high = np.quantile(_bootstrap(patients, resamples, seed), [0.025, 0.975]).tolist()
    chance = float(np.quantile(_dealt(patients, resamples, seed), 0.975))
    verdict = _verdict(bool(shared.any()), auc, low, high, chance)
    notes = [NOTE] + ([f"{unknown} labelled films have no source and were left out"] if unknown else [])
    return SourceLabelResult(
        verdict,
        verdict == "FAIL",
        _sentence(verdict, counts, shared, share, (auc, low, high)),
        counts,
        auc=auc,
        low=low,
        high=high,
        chance=chance,
        n=len(known),
        n_patients=len(patients),
        shared_sources=tuple(counts.loc[shared, "source"]),
        positives_shared=float(share[0]),
        negatives_shared=float(share[1]),
        unknown_source=unknown,
        notes=tuple(notes),
    )


def _verdict(any_shared: bool, auc: float, low: float, high: float, chance: float) -> Verdict:
    if not any_shared or (low > LIMIT and auc > chance):
        return "FAIL"
    return "PASS" if high <= LIMIT else "CANNOT TELL"


def _sentence(
    verdict: Verdict, counts: pd.DataFrame, shared: np.ndarray, share: np.ndarray, auc: tuple[float, float, float]
) -> str:
    if not shared.any():
        positives = _named(counts["source"][counts["positives"] > 0].tolist())
        negatives = _named(counts["source"][counts["negatives"] > 0].tolist())
        return (
            f"Positives and negatives come from different sources ({positives}; {negatives}): "
            "this detector cannot be shown to read disease rather than the source."
        )
    figures = "AUC {:.2f}, 95 % interval {:.2f} to {:.2f}".format(*auc)
    if verdict == "PASS":
        return f"Positives and negatives share their sources: the source alone says little about the label ({figures})."
    overlap = (
        f"{share[0]:.0%} of the positives and {share[1]:.0%} of the negatives stand in a source that has both classes"
    )
    if verdict == "FAIL":
        return (
            f"The source alone predicts the label ({figures}; {overlap}): "
            "a detector's figures on these films cannot be told from reading the source."
        )
    return f"Whether the source predicts the label cannot be told from these films ({figures}; {overlap})."


def _named(sources: list[str]) -> str:
    more = f" and {len(sources) - 5} more" if len(sources) > 5 else ""
    return ", ".join(sources[:5]) + more


def _patients(known: pd.DataFrame, is_positive: np.ndarray) -> np.ndarray:
    """int (patients, 3): the number of the source, positive films, negative films."""
    source = known["source"].astype("str")
    rows = pd.DataFrame({"id": group_ids(known).to_numpy(), "source": pd.factorize(source, sort=True)[0]})
    rows = rows.assign(positives=is_positive.astype(int), negatives=(~is_positive).astype(int))
    return rows.groupby(["id", "source"])[["positives", "negatives"]].sum().reset_index().drop(columns="id").to_numpy()


def _bootstrap(patients: np.ndarray, resamples: int, seed: int) -> list[float]:
    """AUCs of samples of patients drawn with replacement; samples without one of the classes are left out."""
    rng = np.random.default_rng(seed)
    draws = (patients[rng.integers(0, len(patients), len(patients))] for _ in range(resamples))
    return [_auc_of(draw) for draw in draws if draw[:, 1].any() and draw[:, 2].any()]


def _dealt(patients: np.ndarray, resamples: int, seed: int) -> list[float]:
    """AUCs of tables whose patients keep their films and are dealt to the sources at random."""
    rng = np.random.default_rng(seed)
    dealt = patients.copy()
    aucs = []
    for _ in range(resamples):
        dealt[:, 0] = rng.permutation(patients[:, 0])
        aucs.append(_auc_of(dealt))
    return aucs


def _auc_of(patients: np.ndarray) -> float:
    positives = np.bincount(patients[:, 0], patients[:, 1])
    return prevalence_auc(positives, np.bincount(patients[:, 0], patients[:, 2]))
