"""The ways to train that `learn` compares, for which data each is considered, and what one training of it is thought to cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.zoo import architecture
from deepcovid.runs.settings import Settings
from deepcovid.training.recipe import Optimiser, Recipe, Schedule, load_recipe

PARTIAL_FROM, FULL_FROM = 16, 31  # positive patients; 31 is what Deep-COVID trained on
TUNED_EPOCHS = 12
# one training film and epoch, in forward passes of the frozen backbone on one core; backward costs about two forwards
PASSES = {"partial": 1.6, "full": 3.5, "small": 0.6}
ON_GPU = 0.05  # of the seconds on a CPU, roughly
START = 4.0  # seconds to build a network, hash the films and write what a fold leaves


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to train.

    Attributes:
        name: "probe", "partial", "full" or "small".
        title: in words.
        recipe: how.
        settings: weights and device of its trainings.
        reason: why the data let it be considered, or not.
        considered: whether they do.
    """

    name: str
    title: str
    recipe: Recipe
    settings: Settings
    reason: str
    considered: bool = True

    def to_dict(self) -> dict[str, Any]:
        """What the result says of it."""
        return {
            "name": self.name,
            "title": self.title,
            "network": self.recipe.network,
            "trainable": self.recipe.trainable,
            "epochs": self.recipe.epochs,
            "considered": self.considered,
            "reason": self.reason,
        }


def candidates_for(
    positives: int, *, network: str, size: int, weights: str, seed: int, settings: Settings
) -> list[Candidate]:
    """All candidates, cheapest first, each with whether so many positive patients let it be considered.

    Args:
        positives: positive patients.
        network: the backbone.
        size: side of the film in pixels; 0: the network's own.
        weights: what the backbone starts from.
        seed: of all trainings.
        settings: of the run.
    """
    seen = _preprocessing(network, size)
    base = Recipe(
        name="learn-probe",
        title=f"{network}: a linear head on frozen features, chosen by learn",
        network=network,
        trainable="head",
        weights=weights,
        preprocessing=seen,
        balance="class-weights",
        epochs=100,
        batch_size=32,
        optimiser=Optimiser(name="adamw", learning_rate=1e-3, weight_decay=1e-2),
        seed=seed,
    )
    tuned = replace(base, epochs=TUNED_EPOCHS, batch_size=16, schedule=Schedule(name="cosine"))
    partial = replace(tuned, name="learn-partial", title=f"{network}: its last block trained, by learn", trainable=1)
    full = replace(tuned, name="learn-full", title=f"{network}: all layers trained, by learn", trainable="all")
    full = full.changed(learning_rate=1e-4)
    small = _small(seed, size)
    alone = replace(settings, weights=None)  # a small network has no weights to start from
    return [
        Candidate(
            name="probe",
            title="linear probe",
            recipe=base,
            settings=settings,
            reason=f"{positives} positive patients: a head on frozen features is considered with any number",
        ),
        _from("small", "a small network", small, alone, positives, FULL_FROM),
        _from("partial", "partial fine-tuning", partial, settings, positives, PARTIAL_FROM),
        _from("full", "full fine-tuning", full, settings, positives, FULL_FROM),
    ]


def seconds_of(candidate: Candidate, *, films: int, forward: float, device: str) -> float:
    """What one training on `films` films is thought to take, from one forward pass of the backbone in seconds."""
    if candidate.name == "probe":
        return START + films * (0.002 + 5e-5 * candidate.recipe.epochs)
    passes = films * candidate.recipe.epochs * PASSES[candidate.name] * forward
    return START + passes * (1.0 if device == "cpu" else ON_GPU)


def _from(name: str, title: str, recipe: Recipe, settings: Settings, positives: int, least: int) -> Candidate:
    enough = positives >= least
    word = "which are there" if enough else f"and there are {positives}"
    return Candidate(
        name=name,
        title=title,
        recipe=recipe,
        settings=settings,
        reason=f"it moves the layers themselves: considered from {least} positive patients on, {word}",
        considered=enough,
    )


def _small(seed: int, size: int) -> Recipe:
    small = load_recipe("small").changed(seed=seed, keep="last", name="learn-small", balance="class-weights")
    side = min(size, 128) if size else 128
    return replace(
        small,
        title="a small network (DarkCovidNet) trained from random numbers, chosen by learn",
        source="",
        early_stopping=None,
        preprocessing=replace(small.preprocessing, size=(side, side)),
    )


def _preprocessing(network: str, size: int) -> Preprocessing:
    own = architecture(network)
    seen = own.preprocessing
    return replace(seen, size=(size, size)) if size else replace(seen, size=own.size)
