"""How the last layer's numbers become class probabilities: the link from raw outputs to logits.

Probabilities are the softmax of the logits, whatever the output; only those of "multi-label" are read by a sigmoid each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from deepcovid.errors import RecipeError, did_you_mean

if TYPE_CHECKING:
    from torch import Tensor

Output = Literal["softmax", "sigmoids", "one-sigmoid", "multi-label"]
OUTPUTS: tuple[Output, ...] = get_args(Output)


def units(classes: int, *, output: str) -> int:
    """How many numbers the last layer gives for so many classes.

    Raises:
        RecipeError: no classes, an unknown output, or one sigmoid for other than two classes.
    """
    if classes < 1:
        raise RecipeError(f"a network cannot have {classes} classes", mend="give at least 1")
    if output not in OUTPUTS:
        raise RecipeError(
            f"there is no output {output!r}", mend=f"{did_you_mean(output, OUTPUTS)}choose one of: {', '.join(OUTPUTS)}"
        )
    if output != "one-sigmoid":
        return classes
    if classes != 2:
        raise RecipeError(
            f"one sigmoid tells two classes apart, not {classes}", mend='give output = "softmax" or "sigmoids"'
        )
    return 1


def link(raw: Tensor, *, output: Output) -> Tensor:
    """Raw outputs (N, U) → logits (N, K), in torch.

    softmax: the raw numbers themselves.
    sigmoids: log σ(raw), so that the softmax is every sigmoid divided by their sum, which is what Keras' categorical
        cross-entropy makes of them ("scale preds so that the class probas of each sample sum to 1", keras/backend.py).
    one-sigmoid: the only number is the log-odds of the first class, the one that is not positive (Rawat's last layer
        gives the probability of normal): logits (raw, 0).
    multi-label: the raw numbers, for a sigmoid each.
    """
    import torch

    if output == "sigmoids":
        return -torch.nn.functional.softplus(-raw)
    if output == "one-sigmoid":
        return torch.cat([raw, torch.zeros_like(raw)], dim=1)
    return raw


def link_array(raw: np.ndarray, *, output: Output) -> np.ndarray:
    """As `link`, in NumPy: raw outputs (N, U) → logits (N, K) of the same type."""
    if output == "sigmoids":
        logits: np.ndarray = -np.logaddexp(0, -raw)
        return logits
    return np.concatenate([raw, np.zeros_like(raw)], axis=1) if output == "one-sigmoid" else raw


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities, float64 (N, K), of logits (N, K)."""
    logits = logits.astype(np.float64)
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: np.ndarray = shifted / shifted.sum(axis=1, keepdims=True)
    return result


def probabilities_of(logits: np.ndarray, *, activation: Literal["softmax", "sigmoid"]) -> np.ndarray:
    """Probabilities, float64 (N, K), of logits (N, K): of classes that exclude one another, or each on its own."""
    from scipy.special import expit

    if activation == "softmax":
        return softmax(logits)
    result: np.ndarray = expit(logits.astype(np.float64))
    return result
