"""What a training run is told besides table and recipe."""

from __future__ import annotations

from dataclasses import dataclass

from deepcovid.evaluation.rules import Rule


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a training run is told besides table and recipe.

    Attributes:
        positive, normal, label_column: which labels mean what.
        classes: several classes: the labels that count, in order; empty: all labels of the table (films of others are
            left out and counted).
        rules: by which operating points are chosen on validation, besides a sensitivity of 97.5 %.
        weights: overrides the recipe's: "imagenet", "xray", "none" or a path.
        allow_random_backbone: whether a frozen backbone may hold random numbers.
        device: "auto", "cpu", "cuda" or "mps", as Lightning Fabric names them.
        devices: processes that train side by side, one a device; only `pretrain` can have several.
        workers: films decoded or run side by side; 0: as many as there are cores.
        loaders: processes that fetch films while a whole network trains.
        threads: torch's threads while a whole network trains; 0: as many as torch takes. Their number decides the last bits.
        resume: go on with the run in the folder.
        command: the command line, for the record.
    """

    positive: str = "covid"
    normal: str = "normal"
    label_column: str = "label"
    classes: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    weights: str | None = None
    allow_random_backbone: bool = False
    device: str = "auto"
    devices: int = 1
    workers: int = 0
    loaders: int = 0
    threads: int = 0
    resume: bool = False
    command: str = ""
