"""`tasks`: everything that is told of a film at once, what is unknown left out; lungs and lesions place by place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcovid.training.pretrain.method import Batch, Seen, Surroundings, register_method

if TYPE_CHECKING:
    import torch

SMALLEST = 3  # rows and columns of a feature map on which places can be told
AGE_UNIT = 0.1  # of a century: errors beyond ten years count linearly
AGE_WEIGHT = 0.1  # with 1, a year pulls ten times as hard as a finding


@register_method(
    "tasks",
    paper="Caruana, Multitask learning, Machine Learning 28:41 (1997); linear heads, unknown targets masked",
)
def tasks(around: Surroundings) -> torch.nn.Module:
    """Linear heads for findings, view, sex and age on the mean of the maps, and for lung and lesion at every place."""
    from torch import nn

    class Tasks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.told = nn.Linear(around.maps, len(around.told) + 1)  # the last output is the age
            self.dense = nn.Conv2d(around.maps, 2, 1) if min(around.grid) >= SMALLEST else None

        def forward(self, seen: Seen, batch: Batch) -> torch.Tensor:
            losses = []
            for view, (maps, features) in enumerate(zip(seen.maps, seen.features, strict=True)):
                outputs = self.told(features)
                age = age_loss(outputs[:, -1], batch["age"])
                losses.append(told_loss(outputs[:, :-1], batch["told"]) + AGE_WEIGHT * age)
                if self.dense is not None:
                    losses.append(dense_loss(self.dense(maps), batch["dense"][:, view]))
            return sum(losses[1:], losses[0]) / len(seen.maps)

    return Tasks()


def told_loss(logits: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
    """The mean over targets of the mean cross-entropy of the films of which the target is known; (N, B) both."""
    import torch

    known = ~told.isnan()
    terms = torch.nn.functional.binary_cross_entropy_with_logits(logits, told.nan_to_num(), reduction="none") * known
    counts = known.sum(dim=0)
    return (terms.sum(dim=0) / counts.clamp(min=1)).sum() / (counts > 0).sum().clamp(min=1)


def age_loss(outputs: torch.Tensor, age: torch.Tensor) -> torch.Tensor:
    """Huber's loss of the ages that are known, in units of ten years; (N,) both."""
    import torch

    known = ~age.isnan()
    terms = torch.nn.functional.smooth_l1_loss(
        outputs / AGE_UNIT, (age - 0.5).nan_to_num() / AGE_UNIT, reduction="none"
    )
    return (terms * known).sum() / known.sum().clamp(min=1)


def dense_loss(logits: torch.Tensor, dense: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of the share of lung and of lesion at each place, where known: (N, 2, h', w') against (N, 2, h, w)."""
    import torch

    known = ~dense[:, :, 0, 0].isnan()
    share = torch.nn.functional.adaptive_avg_pool2d(dense.nan_to_num(), logits.shape[-2:])
    terms = torch.nn.functional.binary_cross_entropy_with_logits(logits, share, reduction="none").mean(dim=(2, 3))
    return (terms * known).sum() / known.sum().clamp(min=1)
