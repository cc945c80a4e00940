"""Recalibration: a map from a detector's probabilities to ones that hold, fitted on films that were not trained on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from deepcovid.errors import ScoresError
from deepcovid.evaluation.logistic import FLOOR

Method = Literal["temperature", "isotonic"]
FEWEST: dict[str, int] = {"temperature": 10, "isotonic": 50}  # patients of either class
HOTTEST = 20.0  # temperatures are looked for between 1/20 and 20


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How probabilities become calibrated ones.

    Attributes:
        method: "temperature": logits are divided by one number (Guo et al., ICML 2017), which changes no order;
            "isotonic": the positive class's probability goes through a rising step-like function (Zadrozny & Elkan, KDD
            2002), which may make some films equal.
        temperature: above 1 the detector was too sure.
        scores: isotonic: rising places in [0, 1]; between them the function is linear.
        values: isotonic: the calibrated probability at each place.
        fitted_on: `films`, `positive`, `patients` of the films that it was fitted on, and `rows_hash`, where known.
    """

    method: Method
    temperature: float = 1.0
    scores: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    fitted_on: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.temperature < np.inf:
            raise ScoresError(f"the temperature is {self.temperature}", mend="give a number above 0")
        if self.method == "isotonic" and not self._rises():
            raise ScoresError(
                "the isotonic calibration holds no rising values between 0 and 1", mend="fit the calibration again"
            )

    def _rises(self) -> bool:
        x, y = np.array(self.scores, dtype=float), np.array(self.values, dtype=float)
        if len(x) != len(y) or len(x) == 0:
            return False
        within = bool(np.all((x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)))
        return within and bool(np.all(np.diff(x) > 0) and np.all(np.diff(y) >= 0))

    def apply(self, probabilities: np.ndarray, *, exclusive: bool = True, positive: int = -1) -> np.ndarray:
        """Calibrated probabilities, float64 (N, K).

        Args:
            probabilities: float (N, K) as the detector gives them.
            exclusive: whether classes exclude one another (softmax), or each is present or absent on its own (sigmoid).
            positive: isotonic: the column of the positive class; of two classes the other gets the rest.
        """
        if self.method == "isotonic":
            return self._by_steps(probabilities, positive=positive)
        if not exclusive:
            return _cooled_each(probabilities, self.temperature)
        with np.errstate(divide="ignore"):
            logits = np.log(probabilities.astype(np.float64)) / self.temperature
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        cooled: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
        return cooled

    def _by_steps(self, probabilities: np.ndarray, *, positive: int) -> np.ndarray:
        if probabilities.shape[1] != 2:
            raise ScoresError(
                f"an isotonic calibration is of two classes, and there are {probabilities.shape[1]}",
                mend="calibrate by temperature",
            )
        held = np.interp(probabilities[:, positive], self.scores, self.values)
        columns = np.stack([1 - held, 1 - held], axis=1)
        columns[:, positive] = held
        return columns

    def of_scores(self, score: np.ndarray) -> np.ndarray:
        """Calibrated probabilities (N,) of a positive class against the rest, from scores (N,)."""
        return self.apply(np.stack([1 - score, score], axis=1), positive=1)[:, 1]


def _cooled_each(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    from scipy.special import expit, logit

    cooled: np.ndarray = expit(logit(probabilities.astype(np.float64)) / temperature)
    return cooled


def fit_temperature(
    probabilities: np.ndarray, *, truth: np.ndarray, exclusive: bool = True, fitted_on: dict | None = None
) -> Calibration | None:
    """The temperature of largest likelihood.

    Args:
        probabilities: float (N, K), of films that were not trained on.
        truth: int (N,), the class of each; not `exclusive`: float (N, K), 1 present, 0 absent, NaN unknown.
        exclusive: as for `Calibration.apply`.
        fitted_on: what is written down with it.

    Returns:
        The calibration; None where no temperature between 1/20 and 20 is best, as when the classes are separated.
    """
    from scipy.optimize import minimize_scalar

    cut = np.clip(probabilities.astype(np.float64), FLOOR, 1 - FLOOR)

    def loss(log_temperature: float) -> float:
        tried = Calibration(method="temperature", temperature=float(np.exp(log_temperature)))
        return _cross_entropy(tried.apply(cut, exclusive=exclusive), truth, exclusive=exclusive)

    ends = (-np.log(HOTTEST), np.log(HOTTEST))
    found = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-9})
    if min(found.x - ends[0], ends[1] - found.x) < 1e-3:
        return None
    return Calibration(method="temperature", temperature=float(np.exp(found.x)), fitted_on=fitted_on or {})


def _cross_entropy(probabilities: np.ndarray, truth: np.ndarray, *, exclusive: bool) -> float:
    tiny = np.finfo(float).tiny
    if exclusive:
        return float(-np.mean(np.log(np.maximum(probabilities[np.arange(len(truth)), truth], tiny))))
    known = ~np.isnan(truth)
    right = np.where(truth[known] == 1, probabilities[known], 1 - probabilities[known])
    return float(-np.mean(np.log(np.maximum(right, tiny))))


def fit_isotonic(score: np.ndarray, *, positive: np.ndarray, fitted_on: dict | None = None) -> Calibration:
    """The rising function of least squares on scores (N,) and truth bool (N,), by scikit-learn."""
    from sklearn.isotonic import IsotonicRegression

    model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(score, positive.astype(float))
    return Calibration(
        method="isotonic",
        scores=tuple(float(x) for x in model.X_thresholds_),
        values=tuple(float(y) for y in model.y_thresholds_),
        fitted_on=fitted_on or {},
    )


def fit_calibration(
    method: Method, *, score: np.ndarray, positive: np.ndarray, fitted_on: dict | None = None
) -> Calibration | None:
    """`fit_temperature` or `fit_isotonic` of one class against the rest, from scores (N,)."""
    if method == "isotonic":
        return fit_isotonic(score, positive=positive, fitted_on=fitted_on)
    both = np.stack([1 - score, score], axis=1)
    return fit_temperature(both, truth=positive.astype(int), fitted_on=fitted_on)


def too_few(method: Method, *, positives: int, negatives: int) -> str | None:
    """Why so many patients of either class are too few to fit by `method`; None where they will do."""
    least = FEWEST[method]
    if min(positives, negatives) >= least:
        return None
    return f"{positives} positive and {negatives} negative patients; by {method} at least {least} of each are wanted"
