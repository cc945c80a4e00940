"""A linear support vector machine on frozen features, its decisions turned into probabilities, as an ordinary head."""

from __future__ import annotations

import numpy as np

from deepcovid.errors import RunError
from deepcovid.models.heads import HeadShape
from deepcovid.training.loop import Fitted
from deepcovid.training.probe import Head, HeadData, as_targets
from deepcovid.training.recipe import Recipe

PENALTY = 1.0  # scikit-learn's C, on standardised features
FOLDS = 5  # at most, for Platt's method
ITERATIONS = 10_000


def fit_svm(data: HeadData, *, recipe: Recipe, classes: int) -> tuple[Head, Fitted]:
    """Fit scikit-learn's linear SVM with Platt's probabilities; a linear head that gives just these, and one row of history.

    Features are standardised by the training rows (as an SVM's penalty asks for; Hsu, Chang & Lin 2003, section 2.2),
    and scale and mean are folded into the head's weights. Of two classes, the log-odds of the second are z = −(A·d + B): d
    the SVM's decision, A and B Platt's (1999, with his smoothed targets), fitted on decisions of SVMs that had not seen the
    row's group. Raw outputs are (0, z) for "softmax", (−z, z) for "sigmoids" and −z for "one-sigmoid": the same probability.
    Of several classes ("sigmoids") and of findings ("multi-label"), each has its own SVM and its own z against the rest,
    a finding on the rows where it is known. Every draw of a film counts as a film.

    Args:
        data: features, targets and groups.
        recipe: output, balance and seed; the same seed gives the same bits.
        classes: how many there are.

    Raises:
        RunError: a class with one group of training films, so that none can be held out.
    """
    if (recipe.output in ("sigmoids", "multi-label") and classes > 2) or recipe.output == "multi-label":
        layers = [_log_odds(data, _against_rest(data.targets, index), recipe, index) for index in range(classes)]
        weight, bias = np.stack([layer[0] for layer in layers]), np.array([layer[1] for layer in layers])
    else:
        slope, offset = _log_odds(data, _against_rest(data.targets, 1), recipe, 1)
        signs = np.array({"softmax": (0.0, 1.0), "sigmoids": (-1.0, 1.0), "one-sigmoid": (-1.0,)}[recipe.output])
        weight, bias = signs[:, None] * slope, signs * offset
    tensors = {"weight": weight.astype(np.float32), "bias": bias.astype(np.float32)}
    head = Head(tensors, HeadShape(), recipe.output)
    return head, Fitted([_row(head, data, recipe)], kept_epoch=1, stopped_early=False)


def _against_rest(targets: np.ndarray, index: int) -> np.ndarray:
    """1, 0, or NaN where unknown: float (M,)."""
    found: np.ndarray = targets[:, index] if targets.ndim == 2 else (targets == index).astype(float)
    return found


def _log_odds(data: HeadData, wanted: np.ndarray, recipe: Recipe, index: int) -> tuple[np.ndarray, float]:
    """Weight (D,) and bias of the log-odds that a row is of the class."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    known = ~np.isnan(wanted)
    features, truth = data.features[known].astype(np.float64), wanted[known].astype(int)
    groups = np.arange(len(wanted)) if data.groups is None else data.groups
    balance = "balanced" if recipe.balance == "class-weights" else None
    machine = LinearSVC(C=PENALTY, class_weight=balance, random_state=recipe.seed, max_iter=ITERATIONS)
    folds = _folds(truth, groups[known], seed=recipe.seed, index=index)
    # ensemble=False: one SVM on all rows, one sigmoid on the decisions of SVMs that did not see the row
    fitted = CalibratedClassifierCV(make_pipeline(StandardScaler(), machine), cv=folds, ensemble=False)
    (whole,) = fitted.fit(features, truth).calibrated_classifiers_
    scaler, svm = whole.estimator[0], whole.estimator[1]
    (platt,) = whole.calibrators
    slope = svm.coef_[0] / scaler.scale_
    offset = svm.intercept_[0] - slope @ scaler.mean_
    return -platt.a_ * slope, float(-platt.a_ * offset - platt.b_)


def _folds(truth: np.ndarray, groups: np.ndarray, *, seed: int, index: int) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import StratifiedGroupKFold

    fewest = min(len(np.unique(groups[truth == side])) for side in (0, 1))
    if fewest < 2:
        raise RunError(
            f"class {index} has {len(np.unique(groups[truth == 1]))} patients or films to train on, and the rest "
            f"{len(np.unique(groups[truth == 0]))}; an svm's probabilities need two of each, to hold one out",
            mend="give more films, or a head of another kind",
        )
    divider = StratifiedGroupKFold(n_splits=min(FOLDS, fewest), shuffle=True, random_state=seed)
    pairs = list(divider.split(np.zeros(len(truth)), truth, groups))
    if any(len(set(truth[train].tolist())) < 2 for train, _ in pairs):
        raise RunError(
            f"the patients of class {index} are so few, or so mixed with the rest, that a fold trains on one class alone",
            mend="give more films, or a head of another kind",
        )
    return pairs


def _row(head: Head, data: HeadData, recipe: Recipe) -> dict[str, float | int]:
    """Loss and accuracy, as of any head."""
    import torch

    from deepcovid.training.losses import Objective

    row: dict[str, float | int] = {"epoch": 1}
    for side, features, targets in (
        ("train", data.features, data.targets),
        ("val", data.val_features, data.val_targets),
    ):
        if len(targets):
            judged = Objective(recipe=recipe)(torch.from_numpy(head.raw(features)), as_targets(targets))
            row |= {f"{side}_loss": float(judged.loss), f"{side}_accuracy": judged.right / judged.calls}
    return row
