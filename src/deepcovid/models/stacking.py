"""The combiner of a stack: from the scores of several members to one score, by a logistic regression or a small network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

CombinerKind = Literal["logistic", "network"]
EDGE = 1e-6  # scores are kept this far from 0 and 1 before their logit is taken
LIMIT = math.log((1 - EDGE) / EDGE)
C = 1.0  # as scikit-learn's: the summed loss of all films against half the squared weights
HIDDEN = (10,)  # units of the network's hidden layer
ITERATIONS = 2000


@dataclass(frozen=True, eq=False)
class Combiner:
    """Dense layers on the members' log-odds; the last one gives the log-odds of the stack.

    Attributes:
        kind: "logistic" has one layer, "network" hidden ones with ReLU behind them.
        layers: weight float64 (out, in) and bias (out,) of each layer, the first one's `in` being the members.
    """

    kind: CombinerKind
    layers: tuple[tuple[np.ndarray, np.ndarray], ...]

    def score(self, scores: np.ndarray) -> np.ndarray:
        """The stack's probability of the positive class, float64 (N,), of the members' scores (N, M) in [0, 1]."""
        from scipy.special import expit

        values = log_odds(scores)
        *hidden, (weight, bias) = self.layers
        for inner, offset in hidden:
            values = np.maximum(values @ inner.T + offset, 0.0)
        result: np.ndarray = expit((values @ weight.T + bias)[:, 0])
        return result

    @property
    def weights(self) -> list[float] | None:
        """The weight of each member's log-odds, where the combiner is linear in them."""
        return [float(weight) for weight in self.layers[0][0][0]] if self.kind == "logistic" else None

    @property
    def sentence(self) -> str:
        """How it was fitted, in words."""
        if self.kind == "logistic":
            return "logistic regression (L2, C = 1, no negative weight) on the log-odds of out-of-fold scores"
        units = " and ".join(str(len(bias)) for _, bias in self.layers[:-1])
        return f"network with {units} hidden units (ReLU, L2 as of C = 1) on the log-odds of out-of-fold scores"

    def to_tensors(self) -> dict[str, np.ndarray]:
        """Its arrays, float32, by the names of a head's layers: hidden1.weight …, output.weight, output.bias."""
        names = [*(f"hidden{number}" for number in range(1, len(self.layers))), "output"]
        return {
            f"{name}.{part}": array.astype(np.float32)
            for name, layer in zip(names, self.layers, strict=True)
            for part, array in zip(("weight", "bias"), layer, strict=True)
        }


def log_odds(scores: np.ndarray) -> np.ndarray:
    """Scores in [0, 1] of any shape as log-odds, no further from 0 than `LIMIT`."""
    kept = scores.astype(np.float64).clip(EDGE, 1 - EDGE)
    result: np.ndarray = np.log(kept / (1 - kept))
    return result


def fit_combiner(
    scores: np.ndarray, positive: np.ndarray, *, kind: CombinerKind, hidden: tuple[int, ...] = HIDDEN, seed: int = 0
) -> Combiner:
    """Fit a combiner on scores that members gave to films on which they were not trained (Wolpert 1992).

    Args:
        scores: float (N, M) in [0, 1], a column a member.
        positive: bool (N,).
        kind: "logistic", or "network": scikit-learn's multi-layer perceptron on standardised log-odds, by L-BFGS, whose
            scale and mean are folded into the first layer.
        hidden: units of the network's hidden layers.
        seed: of the network's first numbers.
    """
    values = log_odds(scores)
    return _logistic(values, positive) if kind == "logistic" else _network(values, positive, hidden, seed)


def out_of_fold(
    scores: np.ndarray,
    positive: np.ndarray,
    folds: np.ndarray,
    *,
    kind: CombinerKind,
    hidden: tuple[int, ...] = HIDDEN,
    seed: int = 0,
) -> np.ndarray:
    """The stack's own out-of-fold scores, float64 (N,): of each fold by a combiner that was fitted on the other folds.

    Args:
        scores, positive, kind, hidden, seed: as of `fit_combiner`.
        folds: which fold each film was held out in, (N,).
    """
    result = np.empty(len(scores))
    for fold in np.unique(folds):
        held = folds == fold
        fitted = fit_combiner(scores[~held], positive[~held], kind=kind, hidden=hidden, seed=seed)
        result[held] = fitted.score(scores[held])
    return result


def _logistic(values: np.ndarray, positive: np.ndarray) -> Combiner:
    """Weights that are not negative, as Breiman asks for (Stacked regressions, Mach. Learn. 24:49, 1996).

    Where scikit-learn's logistic regression has no negative weight it is the same; else it is that of the members with one.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    signs = np.where(positive, 1.0, -1.0)

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        weights, margin = point[:-1], signs * (values @ point[:-1] + point[-1])
        slope = -signs * expit(-margin)
        value = float(np.logaddexp(0.0, -margin).sum() + weights @ weights / (2 * C))
        return value, np.append(values.T @ slope + weights / C, slope.sum())

    members = values.shape[1]
    found = minimize(
        loss,
        np.zeros(members + 1),
        jac=True,
        method="L-BFGS-B",
        bounds=[*[(0.0, None)] * members, (None, None)],
        options={"maxiter": ITERATIONS, "ftol": 1e-14, "gtol": 1e-9},
    ).x
    return Combiner("logistic", ((found[None, :-1], found[-1:]),))


def _network(values: np.ndarray, positive: np.ndarray, hidden: tuple[int, ...], seed: int) -> Combiner:
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(values)
    network = MLPClassifier(
        hidden, activation="relu", solver="lbfgs", alpha=1 / C, max_iter=ITERATIONS, random_state=seed
    ).fit(scaler.transform(values), positive)
    layers = [(weight.T, bias) for weight, bias in zip(network.coefs_, network.intercepts_, strict=True)]
    weight, bias = layers[0]
    layers[0] = weight / scaler.scale_, bias - weight @ (scaler.mean_ / scaler.scale_)
    return Combiner("network", tuple(layers))
