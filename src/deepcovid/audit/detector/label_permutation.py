"""Test 9: do heads learn as much where labels were dealt to patients at random?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deepcovid.audit.detector.areas import words
from deepcovid.audit.detector.detector_test import AuditResult, Case, Verdict, detector_test
from deepcovid.audit.detector.picture import Bars
from deepcovid.audit.detector.within import area_within
from deepcovid.audit.prediction import ENOUGH_FILMS, ENOUGH_PATIENTS, FOLDS, patient_folds
from deepcovid.evaluation.intervals import Interval, normal_quantile

PERMUTATIONS = 999
ALPHA = 0.05
MARGIN = 0.02  # how far the mean over permutations may lie from chance
BATCH = 200  # permutations at once
RULE = (
    f"The labels of the tested films are dealt to their patients at random, {PERMUTATIONS} times; each time a ridge regression "
    f"on the detector's features is trained anew ({FOLDS} folds by patient) and asked of other patients. PASS: at most "
    f"{ALPHA:.0%} of the deals reach the AUC of the true labels (p, the true ones counted as one deal more), and the mean AUC of "
    f"the deals is 0.5 to within {MARGIN:.2f}. FAIL: that mean has a lower limit above {0.5 + MARGIN:.2f}, so that something "
    f"tells what was dealt. Else CANNOT TELL; also for fewer than {ENOUGH_FILMS} films or {ENOUGH_PATIENTS} patients of a class."
)


@dataclass(frozen=True, eq=False)
class Permuted:
    """AUCs of heads.

    Attributes:
        true: of the head that learnt the true labels, out of fold.
        auc: float (B,), of heads that learnt dealt labels, each asked of the labels it was dealt.
        own: float (B,), of the detector's own scores for the same deals.
        detector: the detector's AUC for the true labels.
    """

    true: Interval
    auc: np.ndarray
    own: np.ndarray
    detector: Interval

    @property
    def p(self) -> float:
        """The share of deals, the true one counted, that reach the AUC of the true labels."""
        return _p(self.auc, self.true)

    @property
    def detector_p(self) -> float:
        """The same for the detector's own scores."""
        return _p(self.own, self.detector)

    @property
    def mean(self) -> Interval:
        """The mean over the deals."""
        mean = float(self.auc.mean())
        half = normal_quantile() * float(self.auc.std(ddof=1)) / math.sqrt(len(self.auc))
        method = "normal, over permutations"
        return Interval(
            value=mean, low=mean - half, high=mean + half, method=method, n=len(self.auc), unit="permutation"
        )

    @property
    def spread(self) -> Interval:
        """The median of the deals and where 95 % of them lie."""
        low, middle, high = (float(value) for value in np.quantile(self.auc, [0.025, 0.5, 0.975]))
        method = "quantiles of permutations"
        return Interval(value=middle, low=low, high=high, method=method, n=len(self.auc), unit="permutation")


@detector_test(
    name="label-permutation",
    number=9,
    question="Do heads on the detector's features learn as much where labels were dealt to patients at random?",
    rule=RULE,
)
def label_permutation(case: Case) -> AuditResult:
    """The AUC of retrained heads for the true labels against that for dealt ones."""
    rows = case.rows
    positive, mixed = patient_labels(case.positive[rows], case.patient[rows])
    sides = (positive, ~positive)
    if any(side.sum() < ENOUGH_FILMS or len(np.unique(case.patient[rows][side])) < ENOUGH_PATIENTS for side in sides):
        return AuditResult("CANNOT TELL", "Too few tested films to learn from them anew.", {"films": len(rows)})
    found = permuted(case, positive, permutations=PERMUTATIONS)
    verdict = _verdict(found)
    notes = [
        f"ridge regression on standardised features, {FOLDS} folds by patient; the network itself is not trained anew"
    ]
    notes += [f"{mixed} patients have films of both classes; all theirs were given the commoner one"] if mixed else []
    figures = {
        "true": found.true.to_dict(),
        "permuted_mean": found.mean.to_dict(),
        "permuted_spread": found.spread.to_dict(),
        "p": found.p,
        "detector": found.detector.to_dict(),
        "detector_p": found.detector_p,
        "permutations": len(found.auc),
    }
    rows_shown = {
        "true labels": found.true,
        "dealt labels, 95 % of the deals": found.spread,
        "mean of the deals": found.mean,
    }
    return AuditResult(
        verdict,
        _sentence(found, verdict),
        figures,
        kinds=("leakage",) if verdict == "FAIL" else (),
        notes=tuple(notes),
        picture=Bars(rows_shown),
    )


def patient_labels(positive: np.ndarray, patient: np.ndarray) -> tuple[np.ndarray, int]:
    """bool (N,), to each film the commoner class of its patient's films (positive at a tie); how many patients have both."""
    codes = np.unique(patient, return_inverse=True)[1]
    share = np.bincount(codes, positive) / np.bincount(codes)
    return (share >= 0.5)[codes], int(((share > 0) & (share < 1)).sum())


def permuted(case: Case, positive: np.ndarray, *, permutations: int) -> Permuted:
    """Heads for the true labels of the tested films, and for `permutations` deals of them to patients.

    Args:
        case: with the tested films.
        positive: bool (tested,), equal for a patient's films.
        permutations: how many deals.
    """
    rows = case.rows
    frame = case.frame.iloc[rows].reset_index(drop=True).assign(_class=np.where(positive, "positive", "negative"))
    folds = patient_folds(frame, seed=case.seed)
    features = case.looks.features(rows).astype(np.float64)
    codes, scores = np.unique(case.patient[rows], return_inverse=True)[1], case.looks.scores(rows)
    truth = positive[:, None].astype(float)
    true = area_within(positive, score=_scored(features, truth, folds)[:, 0], patient=case.patient[rows])
    auc, own = [], []
    for dealt in _deals(positive, codes, permutations, case.seed):
        auc.append(areas(dealt, _scored(features, dealt, folds)))
        own.append(areas(dealt, np.repeat(scores[:, None], dealt.shape[1], axis=1)))
    detector = area_within(positive, score=scores, patient=case.patient[rows])
    return Permuted(true, np.concatenate(auc), np.concatenate(own), detector)


def areas(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """AUCs, float (B,), of scores (N, B) for labels (N, B) of 0 and 1; ties count half."""
    from scipy.stats import rankdata

    ranks, n1 = rankdata(scores, axis=0), labels.sum(axis=0)
    n0 = len(labels) - n1
    found: np.ndarray = ((ranks * labels).sum(axis=0) - n1 * (n1 + 1) / 2) / (n1 * n0)
    return found


def _deals(positive: np.ndarray, codes: np.ndarray, permutations: int, seed: int) -> Iterator[np.ndarray]:
    """Labels (N, b) of 0 and 1, those of patients dealt to them anew in each column; batch by batch."""
    first = np.unique(codes, return_index=True)[1]
    of_patient, rng = positive[first].astype(float), np.random.default_rng(seed)
    for start in range(0, permutations, BATCH):
        count = min(BATCH, permutations - start)
        yield np.stack([rng.permutation(of_patient)[codes] for _ in range(count)], axis=1)


def _scored(features: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Out-of-fold scores (N, B) of ridge regressions of labels (N, B) on standardised features (N, D).

    The penalty is the number of films, so that a direction counts as far as it varies by more than one feature alone. A
    label's mean in the films learnt from is taken out and not put back: it lies below the mean of the films asked exactly
    where theirs is high, and would order films of different folds the wrong way round.
    """
    scores = np.zeros(labels.shape)
    for fold in np.unique(folds):
        learnt, asked = folds != fold, folds == fold
        mean, spread = features[learnt].mean(axis=0), np.maximum(features[learnt].std(axis=0), 1e-3)
        known, new = (features[learnt] - mean) / spread, (features[asked] - mean) / spread
        target, n = labels[learnt] - labels[learnt].mean(axis=0), int(learnt.sum())
        if known.shape[1] <= n:
            scores[asked] = new @ np.linalg.solve(known.T @ known + n * np.eye(known.shape[1]), known.T @ target)
        else:
            scores[asked] = new @ (known.T @ np.linalg.solve(known @ known.T + n * np.eye(n), target))
    return np.round(scores, 9)  # rounding errors of one and the same score must not order films


def _p(dealt: np.ndarray, true: Interval) -> float:
    return float((1 + (dealt >= (true.value or 0.0) - 1e-9).sum()) / (1 + len(dealt)))


def _verdict(found: Permuted) -> Verdict:
    mean = found.mean
    if mean.low > 0.5 + MARGIN:
        return "FAIL"
    fair = abs((mean.value or 0.0) - 0.5) <= MARGIN
    return "PASS" if found.p <= ALPHA and fair else "CANNOT TELL"


def _sentence(found: Permuted, verdict: Verdict) -> str:
    mean = f"{len(found.auc)} deals of labels give {words(found.mean, digits=3)} in the mean"
    dealt = f"{mean}, 95 % of them {_range(found.spread)}"
    true = f"heads trained on the true labels reach an AUC of {words(found.true)}"
    if verdict == "FAIL":
        return f"Labels dealt at random can be told from the features of other patients: {dealt}. Something leaks."
    if verdict == "PASS":
        return f"What heads learn is not there by chance: {true}; {dealt} (p = {found.p:.3f})."
    return f"Heads on these films learn no more than chance may give: {true}; {dealt} (p = {found.p:.3f})."


def _range(figure: Interval) -> str:
    return f"{figure.low:.2f} to {figure.high:.2f}"
