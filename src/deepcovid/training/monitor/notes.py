"""What the batches of an epoch show: losses, classes in truth and as called, and how well the scores tell them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from deepcovid.training.monitor.course import binary_entropy, entropy, log10_pure

if TYPE_CHECKING:
    from deepcovid.training.recipe import Recipe

Side = Literal["train", "val"]
NAMES: dict[Side, str] = {"train": "training", "val": "validation"}
SMALLEST = 1e-12  # probability below which a film's loss is cut off: ln 1e-12 = -27.6


def shares_of(truth: np.ndarray, *, classes: int) -> np.ndarray:
    """Targets as shares of classes, float (N, K); an unknown finding is NaN."""
    return np.eye(classes)[truth.astype(int)] if truth.ndim == 1 else truth.astype(float)


def _called(probabilities: np.ndarray, *, several: bool) -> np.ndarray:
    """Calls as (N, K) of 0 and 1: the likeliest class, or every finding above a half."""
    if several:
        return (probabilities > 0.5).astype(float)
    return np.eye(probabilities.shape[1])[probabilities.argmax(axis=1)]


def _right(called: np.ndarray, shares: np.ndarray, *, several: bool) -> float:
    """Films called right; of several findings the mean over those that are known."""
    if several:
        known = ~np.isnan(shares)
        right = ((called > 0.5) == (np.nan_to_num(shares) > 0.5)) & known
        return float(right.sum() / max(known.sum(), 1) * len(shares))
    return float((called.argmax(axis=1) == shares.argmax(axis=1)).sum())


def film_losses(p: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Each film's loss (N,) at probabilities (N, K): cross-entropy; of several findings the mean over those known."""
    if np.isnan(shares).any() or not np.allclose(shares.sum(axis=1), 1):
        known, wanted = ~np.isnan(shares), np.nan_to_num(shares)
        each = -(wanted * np.log(np.maximum(p, SMALLEST)) + (1 - wanted) * np.log(np.maximum(1 - p, SMALLEST)))
        several: np.ndarray = (each * known).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        return several
    one: np.ndarray = -(shares * np.log(np.maximum(p, SMALLEST))).sum(axis=1)
    return one


class TrainNotes:
    """Notes of a training epoch, batch after batch."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self._sizes: list[int] = []
        self._pure: list[bool] = []
        self._true: Any = 0.0
        self._known: Any = 0.0
        self._called: Any = 0.0
        self._right = 0.0
        self._scores: list[np.ndarray] = []
        self._shares: list[np.ndarray] = []

    @property
    def steps(self) -> int:
        """Batches so far."""
        return len(self.losses)

    def add(self, probabilities: np.ndarray, truth: np.ndarray, loss: float, *, several: bool) -> None:
        """Note a batch: probabilities (N, K), targets (N,) or (N, K), its loss."""
        shares = shares_of(truth, classes=probabilities.shape[1])
        called = _called(probabilities, several=several)
        self.losses.append(loss)
        self._sizes.append(len(shares))
        self._pure.append(not several and bool((shares.max(axis=0) > 0).sum() == 1))
        self._true = self._true + np.nansum(shares, axis=0)
        self._known = self._known + (~np.isnan(shares)).sum(axis=0)
        self._called = self._called + called.sum(axis=0)
        self._right += _right(called, shares, several=several)
        self._scores.append(probabilities)
        self._shares.append(shares)

    def summary(self, weights: np.ndarray | None, *, recipe: Recipe) -> dict[str, Any]:
        """What `Seen` holds of the training side."""
        films = sum(self._sizes)
        shares = self._true / np.maximum(self._known, 1)
        chance = constant_guess(self._true, self._known, recipe=recipe, weights=weights)
        # batches of one film are of one class by necessity
        sizes = [size for size in self._sizes if size > 1]
        pure = [one for size, one in zip(self._sizes, self._pure, strict=True) if size > 1]
        mixed = log10_pure(sizes, shares) if pure and all(pure) and (self._true > 0).sum() > 1 else 0.0
        return {
            "train_true": tuple(float(count) for count in self._true),
            "train_called": tuple(float(count) for count in self._called),
            "train_films": films,
            "train_right": self._right,
            "chance": chance,
            "first_loss": self.losses[0],
            "highest_loss": max(self.losses),
            "steps": self.steps,
            "mixed_chance": mixed,
            "train_separation_p": tuple(chance for _, chance in _separations(self._scores, self._shares)),
        }


def constant_guess(true: np.ndarray, known: np.ndarray, *, recipe: Recipe, weights: np.ndarray | None) -> float:
    """The loss of the best constant guess on films of which `true` (K,) are of each class, and of `known` (K,) it is known.

    Args:
        true, known: counts.
        recipe: its task, output and loss.
        weights: (K,) of the loss, or None.
    """
    weighted = 1 if weights is None else weights
    if recipe.task == "multi-label":
        return binary_entropy(true / np.maximum(known, 1), weights)
    if recipe.loss == "binary-cross-entropy" and recipe.output == "sigmoids":
        return binary_entropy(true / np.maximum(known, 1) * weighted, None)
    return entropy(true * weighted)


class ValNotes:
    """Notes of a validation pass."""

    def __init__(self) -> None:
        self._probabilities: list[np.ndarray] = []
        self._shares: list[np.ndarray] = []

    @property
    def probabilities(self) -> np.ndarray | None:
        """All films' probabilities (N, K), or None without films."""
        return np.concatenate(self._probabilities) if self._probabilities else None

    def add(self, probabilities: np.ndarray, truth: np.ndarray, *, several: bool) -> None:
        """Note a batch: probabilities (N, K), targets (N,) or (N, K)."""
        self._probabilities.append(probabilities)
        self._shares.append(shares_of(truth, classes=probabilities.shape[1]))

    @property
    def film_losses(self) -> np.ndarray | None:
        """Each film's own loss (N,), without weights; None without films."""
        if not self._probabilities:
            return None
        return film_losses(np.concatenate(self._probabilities), np.concatenate(self._shares))

    def summary(self, *, several: bool) -> dict[str, Any]:
        """What `Seen` holds of the validation side; nothing of an empty one."""
        if not self._probabilities:
            return {"val_true": (), "val_called": ()}
        p, shares = np.concatenate(self._probabilities), np.concatenate(self._shares)
        called = _called(p, several=several)
        told = _separations(self._probabilities, self._shares)
        return {
            "val_true": tuple(float(count) for count in np.nansum(shares, axis=0)),
            "val_called": tuple(float(count) for count in called.sum(axis=0)),
            "val_films": len(p),
            "val_right": _right(called, shares, several=several),
            "separation": tuple(area for area, _ in told),
            "separation_p": tuple(chance for _, chance in told),
            "spread": (float(p[:, 0].min()), float(p[:, 0].max())),
        }


def _separations(scores: Sequence[np.ndarray], shares: Sequence[np.ndarray]) -> list[tuple[float, float]]:
    """For each class `_separation` of an epoch's batches."""
    p, share = np.concatenate(scores), np.concatenate(shares)
    if p.shape[1] == 2 and np.allclose(p.sum(axis=1), 1):
        return [_separation(p[:, 1], share[:, 1])] * 2  # the same pairs, the other way round
    return [_separation(p[:, k], share[:, k]) for k in range(p.shape[1])]


def _separation(score: np.ndarray, share: np.ndarray) -> tuple[float, float]:
    """How often a film of the class outscores one of the others, and how probable as much is by chance."""
    from scipy.stats import mannwhitneyu

    known = ~np.isnan(share)
    inside, outside = score[known & (share > 0.5)], score[known & (share <= 0.5)]
    if not len(inside) or not len(outside):
        return 0.5, 1.0
    if np.ptp(score[known]) == 0:
        return 0.5, 1.0
    done = mannwhitneyu(inside, outside, alternative="greater", method="asymptotic")
    return float(done.statistic / (len(inside) * len(outside))), float(done.pvalue)
