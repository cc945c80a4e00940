"""What a sweep is told besides table and recipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from deepcovid.errors import RunError
from deepcovid.evaluation.tried import By
from deepcovid.runs.settings import Settings
from deepcovid.training.recipe import Recipe
from deepcovid.training.variations import Plan, plan_grid, plan_random, read_variation


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a sweep is told besides table and recipe.

    Attributes:
        out: the folder; settings that are finished there are taken as they are.
        vary: what is varied, as `KEY=v1,v2` or (random only) `KEY=low..high`.
        random: how many settings are drawn; 0: all combinations.
        seed: of the draws.
        seeds: trainings of every setting, from the recipe's seed on.
        by: what the best setting is chosen by, on validation.
        test: whether the chosen setting's figures on test films are made.
        settings: labels, weights, device, threads.
    """

    out: Path
    vary: tuple[str, ...]
    random: int = 0
    seed: int = 0
    seeds: int = 1
    by: By = "auc"
    test: bool = False
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        if self.random < 0 or self.seeds < 1:
            raise RunError(
                f"{self.random} random settings of {self.seeds} seeds", mend="give --random from 1 and --seeds from 1"
            )

    def plan(self, recipe: Recipe) -> Plan:
        """The settings to try; see `plan_grid` and `plan_random` for what they refuse."""
        if recipe.members:
            raise RunError(
                f"{recipe.name} is a stack of {', '.join(recipe.members)}", mend="sweep its members one by one"
            )
        variations = [read_variation(text) for text in self.vary]
        if self.settings.weights is not None and any(one.key == "weights" for one in variations):
            raise RunError("weights are varied and given as well", mend="leave out --weights, or --vary weights")
        if self.random:
            return plan_random(recipe, variations, count=self.random, seed=self.seed)
        return plan_grid(recipe, variations)

    def seeds_of(self, recipe: Recipe) -> list[int]:
        """The seeds of every setting."""
        return list(range(recipe.seed, recipe.seed + self.seeds))
