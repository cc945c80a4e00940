"""What a pretraining is: network, methods and their weights, films, steps, rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from deepcovid.errors import RecipeError
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.zoo import architecture
from deepcovid.training.pretrain import METHODS
from deepcovid.training.pretrain.varying import VARIATIONS
from deepcovid.training.recipe import Optimiser, Recipe, Schedule

WARM_UP = 0.1
DECAY = 1e-4
USUAL = (
    ("vicreg", 1.0),
    ("restoration", 1.0),
    ("phantoms", 2.0),
    ("tasks", 1.0),
)  # what did best (docs/log.md, 2026-11-26)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a pretraining is.

    Attributes:
        network: of the registry.
        methods: names of `METHODS` with the weight of each in the sum.
        size: side of the film that the network sees, in pixels.
        weights: what the backbone starts from, as for a training.
        steps, batch_size: how long, and films a step.
        every: steps between two checkpoints, each with its linear probes.
        learning_rate: the highest, of one cycle with AdamW.
        variation: of `VARIATIONS`: "strong" changes greys, borders and lettering too, "mild" hardly.
        phantoms: how many are drawn; 0: none.
        phantom_share: of each batch.
        share: share of the patients that films are taken from, by a hash of the patient; the others are kept for measuring.
        licences: "any", "free", or the licences themselves.
        seed: of everything random.

    Raises:
        RecipeError: a number out of range, no method, or one given twice.
        UnknownNameError: no such network or method.
    """

    network: str = "squeezenet1_1"
    methods: tuple[tuple[str, float], ...] = USUAL
    size: int = 128
    weights: str = "none"
    steps: int = 2000
    batch_size: int = 32
    every: int = 250
    learning_rate: float = 1e-3
    variation: str = "mild"
    phantoms: int = 2000
    phantom_share: float = 0.5
    share: float = 1.0
    licences: str = "any"
    seed: int = 0

    def __post_init__(self) -> None:
        architecture(self.network)
        names = [name for name, _ in self.methods]
        for name, weight in self.methods:
            _ = METHODS[name]
            _between(f"the weight of {name}", weight, above=0.0, most=1e6)
        if not names or len(set(names)) < len(names):
            raise RecipeError(
                f"the methods are {', '.join(names) or 'none'}",
                mend=f"name each once, of {', '.join(METHODS)}",
            )
        for name, value, least in (
            ("steps", self.steps, 1),
            ("batch_size", self.batch_size, 2),
            ("every", self.every, 1),
            ("phantoms", self.phantoms, 0),
            ("seed", self.seed, 0),
            ("size", self.size, 32),
        ):
            if value < least:
                raise RecipeError(f"{name} is {value}", mend=f"give {least} or more")
        if self.variation not in VARIATIONS:
            raise RecipeError(f"variation is {self.variation!r}", mend=f"choose one of: {', '.join(VARIATIONS)}")
        _between("share", self.share, above=0.0, most=1.0)
        _between("learning_rate", self.learning_rate, above=0.0, most=10.0)
        if not 0 <= self.phantom_share < 1:
            raise RecipeError(f"phantom_share is {self.phantom_share}", mend="give a share from 0 to below 1")
        if "phantoms" in names and not (self.phantoms and self.phantom_share):
            raise RecipeError(
                "the method phantoms has no phantom to learn from", mend="allow some, or name other methods"
            )

    @property
    def views(self) -> int:
        """Ways to see each film: as many as the method that wants most."""
        return max(METHODS[name].views for name, _ in self.methods)

    @property
    def legs(self) -> int:
        """Stretches that end with a checkpoint."""
        return -(-self.steps // self.every)

    @property
    def preprocessing(self) -> Preprocessing:
        """The network's own, at the plan's size."""
        return replace(architecture(self.network).preprocessing, size=(self.size, self.size))

    @property
    def recipe(self) -> Recipe:
        """The same as a recipe, for what is shared with other trainings: optimiser, schedule, seed."""
        return Recipe(
            name="pretrain",
            network=self.network,
            trainable="all",
            weights=self.weights,
            preprocessing=self.preprocessing,
            augmentation=VARIATIONS[self.variation].augmentation,
            epochs=1,
            steps_per_epoch=self.steps,
            batch_size=self.batch_size,
            optimiser=Optimiser(name="adamw", learning_rate=self.learning_rate, weight_decay=DECAY),
            schedule=Schedule(name="one-cycle", warm_up=WARM_UP),
            seed=self.seed,
        )

    def to_dict(self) -> dict[str, Any]:
        """Every field, JSON-safe, with what is fixed: augmentation, optimiser, schedule."""
        told = dict(vars(self)) | {"methods": dict(self.methods), "spoiling": VARIATIONS[self.variation].spoiling}
        fixed = self.recipe.to_dict()
        return told | {key: fixed[key] for key in ("preprocessing", "augmentation", "optimiser", "schedule")}


def usual_methods(*, phantoms: bool) -> tuple[tuple[str, float], ...]:
    """The methods where none is named: without phantoms, those that need none."""
    return tuple(one for one in USUAL if phantoms or one[0] != "phantoms")


def read_methods(texts: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Methods as on the command line: "tasks" or "vicreg=0.5".

    Raises:
        RecipeError: a weight that is no number.
    """
    found = []
    for text in texts:
        name, _, weight = text.partition("=")
        try:
            found.append((name.strip(), float(weight or 1)))
        except ValueError as error:
            raise RecipeError(
                f"the weight of {name} is {weight!r}", mend="give a number, such as vicreg=0.5"
            ) from error
    return tuple(found)


def _between(name: str, value: float, *, above: float, most: float) -> None:
    if not above < value <= most:
        raise RecipeError(f"{name} is {value}", mend=f"give a number above {above:g}, at most {most:g}")
