"""The course of a training, as the rules see it: one observation an epoch, and what was planned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

Counts = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Rectified units of one layer: how many there are, are zero for every film, and were not so at the start."""

    units: int
    dead: int
    died: int


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen in one epoch; a film is called the class that the loop's accuracy takes it for.

    Attributes:
        epoch: from 1.
        train_loss, val_loss: means over films; None without a validation side.
        train_true, train_called, val_true, val_called: films a class (K,), in truth and as called.
        chance: the loss of the best constant guess on this epoch's training labels (their entropy, weighted as the loss).
        first_loss, highest_loss: of the steps of this epoch.
        steps: how many there were.
        mixed_chance: log10 of the probability that shuffling gave as many training batches of one class; 0: ordinary.
        separation: for each class how often a validation film of it outscores one of the others (its AUC).
        separation_p: the probability of as much without any relation (Mann-Whitney, one-sided).
        train_separation_p: the same of the training films, each scored before its step.
        moved: mean distance of the validation probabilities from those before the first step; None: not known.
        rise, rise_error: by how much the validation films' mean loss is above that of the best epoch so far, paired, and
            its standard error.
        best_epoch, best_loss: that epoch, and the films' mean loss then (unweighted).
        spread: lowest and highest probability of the first class on validation.
        layers: rectified units by layer name.
        train_films, val_films, train_right, val_right: films, and those called right.
        rate: the learning rate of the last step.
        weights_moved: distance of the weights from the start, as a share of their length then.
    """

    epoch: int
    train_loss: float
    val_loss: float | None
    train_true: Counts
    train_called: Counts
    val_true: Counts
    val_called: Counts
    chance: float
    first_loss: float
    highest_loss: float
    steps: int
    mixed_chance: float = 0.0
    separation: tuple[float, ...] = ()
    separation_p: tuple[float, ...] = ()
    train_separation_p: tuple[float, ...] = ()
    moved: float | None = None
    rise: float = 0.0
    rise_error: float = 0.0
    best_epoch: int = 0
    best_loss: float = 0.0
    spread: tuple[float, float] = (0.0, 1.0)
    layers: Mapping[str, Layer] = field(default_factory=dict)
    train_films: int = 0
    val_films: int = 0
    train_right: float = 0.0
    val_right: float = 0.0
    rate: float = 0.0
    weights_moved: float = 1.0

    @property
    def train_accuracy(self) -> float:
        """Share of the training films that were called what they are."""
        return self.train_right / self.train_films

    @property
    def val_accuracy(self) -> float:
        """Share of the validation films that were called what they are."""
        return self.val_right / self.val_films

    @property
    def one_call(self) -> int | None:
        """The class that every validation film was called; None where there were several, or no films."""
        called = [k for k, count in enumerate(self.val_called) if count]
        return called[0] if len(called) == 1 else None

    def to_dict(self) -> dict[str, Any]:
        """In JSON's types; `seen_from` reads it back."""
        return asdict(self)


def seen_from(values: Mapping[str, Any]) -> Seen:
    """An observation from what `to_dict` gave, or from that as JSON."""
    tuples = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    layers = {name: Layer(**layer) for name, layer in values["layers"].items()}
    return Seen(**{**values, **tuples, "layers": layers})


@dataclass(frozen=True, kw_only=True)
class Course:
    """A training so far.

    Attributes:
        seen: the epochs, from the first.
        planned: how many epochs the recipe has.
        first_val_loss: mean loss of the first validation films before the first step; 0: not known.
        warm_up: epochs in which the schedule still raises the learning rate.
        rate: the recipe's learning rate.
        several: whether a film may be of several classes at once.
        collects: whether the network has BatchNorm that collects statistics.
        over: whether the training has ended.
    """

    seen: Sequence[Seen]
    planned: int
    first_val_loss: float = 0.0
    warm_up: float = 0.0
    rate: float = 1e-3
    several: bool = False
    collects: bool = False
    over: bool = False

    @property
    def last(self) -> Seen:
        """The newest epoch."""
        return self.seen[-1]

    @property
    def start(self) -> float:
        """The loss before anything moved: of the first step, or of the first validation films if that is higher."""
        return max(self.seen[0].first_loss, self.first_val_loss)

    @property
    def steps(self) -> int:
        """Steps so far."""
        return sum(one.steps for one in self.seen)

    def last_of(self, number: int) -> Sequence[Seen]:
        """The last `number` epochs."""
        return self.seen[-number:]


def mean(numbers: Sequence[float]) -> float:
    """Their mean."""
    return float(np.mean(numbers))


def trailing(seen: Sequence[Seen], holds: Any) -> int:
    """How many epochs at the end show something without a gap."""
    count = 0
    for one in reversed(seen):
        if not holds(one):
            break
        count += 1
    return count


def entropy(weights: np.ndarray) -> float:
    """The entropy in nats of non-negative weights (K,), brought to a sum of 1: the loss of the best constant guess."""
    shares = weights[weights > 0] / weights.sum()
    return float(-(shares * np.log(shares)).sum()) + 0.0


def binary_entropy(shares: np.ndarray, weights: np.ndarray | None) -> float:
    """The mean over classes of the loss of the best constant probability, for shares (K,) and weights of the present."""
    told = []
    for place, share in enumerate(np.clip(shares, 0, 1)):
        present = share * (1.0 if weights is None else float(weights[place]))
        total = present + 1 - share
        told.append(total * entropy(np.array([present, 1 - share])))
    return mean(told)


def log10_pure(sizes: Sequence[int], shares: np.ndarray) -> float:
    """log10 of the probability that batches of `sizes`, shuffled, hold one class each; classes have `shares` (K,)."""
    chances = [float((shares**size).sum()) for size in sizes]
    return sum(math.log10(max(chance, 1e-300)) for chance in chances)
