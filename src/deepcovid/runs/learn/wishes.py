"""What `learn` is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from deepcovid.errors import RunError
from deepcovid.runs.settings import Settings

TARGETS = (0.80, 0.90, 0.95)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What `learn` is asked for.

    Attributes:
        out: the folder for everything; folds that are finished there are not computed again.
        minutes: the budget, for all of it.
        network: the backbone of probe and fine-tuning.
        size: side of the film that it sees, in pixels; 0: the network's own.
        targets: AUCs whose need of films is asked.
        width: of the 95 % interval of an AUC, whose need of films is asked.
        seed: of folds, draws and trainings.
        settings: labels, weights, device, threads.
    """

    out: Path
    minutes: float = 15.0
    network: str = "resnet18"
    size: int = 0
    targets: tuple[float, ...] = TARGETS
    width: float = 0.10
    seed: int = 0
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        if not self.minutes > 0:
            raise RunError(f"the budget is {self.minutes} minutes", mend="give a number above 0")
        wrong = [target for target in self.targets if not 0.5 < target < 1]
        if wrong or not 0 < self.width < 1:
            raise RunError(
                f"the target AUCs are {', '.join(map(str, self.targets))} and the width is {self.width}",
                mend="give AUCs between 0.5 and 1, and a width between 0 and 1",
            )
