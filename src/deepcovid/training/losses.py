"""What a step minimises: the loss of a batch's raw outputs, and how many of its calls were right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deepcovid.models.outputs import link

if TYPE_CHECKING:
    import torch

    from deepcovid.training.recipe import Recipe


class Judged(NamedTuple):
    """A batch's loss, how many calls were right, and of how many (films; of several findings: those that are known)."""

    loss: torch.Tensor
    right: int
    calls: int


@dataclass(frozen=True, kw_only=True)
class Objective:
    """From raw outputs (N, U) and targets to a loss.

    Targets are classes, int (N,); or shares of them, float (N, K), where films were mixed; of a multi-label task 1, 0, or
    NaN where a finding is unknown, float (N, K).

    Attributes:
        recipe: its `task`, `output` and `loss`.
        weights: (K,) on the device, or None. Of one class a film: what each class's films weigh; a batch's loss is
            divided by the sum of its weights, as in torch's CrossEntropyLoss. Of several findings: what each present
            finding weighs against an absent one.
    """

    recipe: Recipe
    weights: torch.Tensor | None = None

    def __call__(self, raw: torch.Tensor, targets: torch.Tensor) -> Judged:
        """The mean loss of a batch, and its right calls."""
        import torch

        if self.recipe.task == "multi-label":
            return self._several_findings(raw, targets)
        logits = link(raw, output=self.recipe.output)
        if self.recipe.loss == "binary-cross-entropy":
            loss = self._of_every_sigmoid(raw, targets, classes=logits.shape[1])
        else:
            loss = torch.nn.functional.cross_entropy(logits, targets, weight=self.weights)
        # where films were mixed, the class with the larger share counts as the right one
        classes = targets if targets.ndim == 1 else targets.argmax(1)
        return Judged(loss, int((logits.argmax(1) == classes).sum()), len(targets))

    def _of_every_sigmoid(self, raw: torch.Tensor, targets: torch.Tensor, *, classes: int) -> torch.Tensor:
        """Mean over sigmoids, then over films by their weights; one sigmoid alone is the first class's."""
        import torch
        from torch.nn import functional

        shares = functional.one_hot(targets, classes) if targets.ndim == 1 else targets
        shares = shares.to(raw.dtype)
        wanted = shares[:, : raw.shape[1]]
        losses = functional.binary_cross_entropy_with_logits(raw, wanted, reduction="none").mean(dim=1)
        if self.weights is None:
            return losses.mean()
        weights = shares @ self.weights
        return torch.sum(losses * weights) / weights.sum()

    def _several_findings(self, raw: torch.Tensor, targets: torch.Tensor) -> Judged:
        """Mean over the findings that are known."""
        import torch
        from torch.nn import functional

        known = ~torch.isnan(targets)
        wanted = torch.where(known, targets, 0.0).to(raw.dtype)
        losses = functional.binary_cross_entropy_with_logits(raw, wanted, reduction="none", pos_weight=self.weights)
        calls = int(known.sum())
        right = ((raw > 0) == (wanted > 0.5)) & known
        return Judged((losses * known).sum() / max(calls, 1), int(right.sum()), calls)


def class_weights(targets: np.ndarray, *, classes: int) -> np.ndarray:
    """What classes weigh, float64 (K,), so that a rare one counts as much as a frequent one.

    Of classes, int (N,): films / (K × films of the class), scikit-learn's `balanced`. Of findings, float (N, K) with NaN
    where unknown: absent / present, the weight of a present one (torch's `pos_weight`).

    Args:
        targets: of the training films; every class is among them.
        classes: K.
    """
    if targets.ndim == 2:
        weights: np.ndarray = (targets == 0).sum(axis=0) / (targets == 1).sum(axis=0)
        return weights
    counts = np.bincount(targets, minlength=classes)
    weights = counts.sum() / (len(counts) * counts)
    return weights
