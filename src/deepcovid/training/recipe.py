"""A recipe: everything about a training but the data, as one TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal

from deepcovid.configuration import from_mapping, to_mapping
from deepcovid.errors import RecipeError, did_you_mean
from deepcovid.imaging.augmentation import Augmentation
from deepcovid.imaging.preprocessing import IMAGENET, Preprocessing
from deepcovid.models.activations import Activation
from deepcovid.models.heads import HeadShape
from deepcovid.models.outputs import Output
from deepcovid.models.stacking import CombinerKind
from deepcovid.training.combinations import refuse_combinations


def _positive(where: str, **values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise RecipeError(f"{where}: {name} is {value}", mend="give a number above 0")


@dataclass(frozen=True, kw_only=True)
class Optimiser:
    """How weights move: `name` is adam, adamw or sgd as torch has them; rates per step, decay as L2 (adamw: decoupled).

    `momentum` is sgd's; `beta2` is how slowly adam and adamw forget squared gradients; `epsilon` what they add to their root.
    """

    name: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = 1e-4
    momentum: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _positive("optimiser", learning_rate=self.learning_rate, epsilon=self.epsilon)
        if not 0 <= self.momentum < 1 or not 0 <= self.beta2 < 1 or self.weight_decay < 0:
            raise RecipeError(
                f"optimiser: momentum {self.momentum}, beta2 {self.beta2}, weight_decay {self.weight_decay}",
                mend="momentum and beta2 lie in [0, 1) and weight_decay is not negative",
            )


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How the learning rate changes: constant; one-cycle up to the optimiser's rate (Smith & Topin 2018); cosine to 0;
    step: times `factor` every `every` epochs."""

    name: Literal["constant", "one-cycle", "cosine", "step"] = "constant"
    every: int = 7
    factor: float = 0.1
    warm_up: float = 0.3

    def __post_init__(self) -> None:
        _positive("schedule", every=self.every, factor=self.factor)
        if not 0 < self.warm_up < 1:
            raise RecipeError(f"schedule: warm_up is {self.warm_up}", mend="give a share of the steps between 0 and 1")


@dataclass(frozen=True, kw_only=True)
class EarlyStopping:
    """Stop when `monitor` on validation has not improved by `min_delta` for `patience` epochs."""

    monitor: Literal["val_loss", "val_accuracy"] = "val_loss"
    patience: int = 10
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        _positive("early_stopping", patience=self.patience)
        if self.min_delta < 0:
            raise RecipeError(f"early_stopping: min_delta is {self.min_delta}", mend="give 0 or more")


@dataclass(frozen=True, kw_only=True)
class Mixing:
    """Mixing films of a batch: Beta parameters of mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019); 0: not at all."""

    mixup: float = 0.0
    cutmix: float = 0.0

    def __post_init__(self) -> None:
        if min(self.mixup, self.cutmix) < 0:
            raise RecipeError(f"mixing: mixup {self.mixup}, cutmix {self.cutmix}", mend="give 0 or more")


Document = Literal["", "deep-covid", "rawat", "reviewed", "today", "trial"]


@dataclass(frozen=True, kw_only=True)
class Published:
    """What was published of a system: figures by name (fractions), the data they were measured on, what is left open.

    `document` is which of the documents has it: Deep-COVID, Rawat's own networks, the systems that he reviews, or none of
    them (a baseline of "today", a "trial" of how things work).
    """

    document: Document = ""
    figures: dict = field(default_factory=dict)
    data: str = ""
    left_open: str = ""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One way to train a detector.

    Attributes:
        name: the recipe's name, as on the command line.
        title: one line for the report.
        source: where it was published.
        network: a name of the network registry.
        neck: "pool" or "flatten"; empty means the network's own.
        trainable: "head" (linear layer on frozen features), "all", or the number of last backbone blocks.
        weights: "imagenet", "xray", "none" or a path; the command line's --weights comes first.
        preprocessing: what happens between the film and the network.
        augmentation: how training films are varied.
        draws: head only: augmented draws of every training film, beside the film itself.
        minority_count: head only: the positive class (and no other) is augmented offline to this many films (0: not at all).
        balance: how unequal classes are weighed.
        epochs, batch_size: passes over the training films; films a step.
        steps_per_epoch: steps after which an epoch ends (0: when the films do).
        keep: the epoch that becomes the detector: the last, or the best by `early_stopping.monitor`.
        early_stopping: when to stop before the last epoch; absent: never.
        seed: of everything random.
        task: "binary" (the positive class against the rest), "multi-class" (one of several labels), "multi-label" (any
            number of findings).
        output: how the last layer's numbers become probabilities: "softmax"; "sigmoids" (one a class, divided by their
            sum, as Keras' categorical cross-entropy does); "one-sigmoid" (a single output, the probability of the
            first class, binary tasks only); "multi-label" (one sigmoid a finding, on its own).
        loss: "cross-entropy" of the class probabilities, or "binary-cross-entropy" of every sigmoid on its own.
        head: hidden layers, dropout, or a support vector machine.
        activation: of the network's own hidden units; empty: the paper's (networks that let it be chosen only).
        recompute: head only: run the backbone in every epoch on films drawn anew, in place of stored features.
        batchnorm: with `recompute` or some blocks: whether frozen BatchNorm keeps its statistics or goes on collecting.
        mixing: mixup and CutMix (whole networks and `recompute`).
        calibration: what is fitted on validation after the training, so that scores are probabilities: "none", "temperature"
            (logits divided by one number) or "isotonic" (a rising function; binary tasks only).
        members: of a stack, the recipes of the networks that it is learned on; of the other keys only those below, `seed`
            and, with a network, `head.hidden` mean something then.
        changes: of a stack, what is changed in every member's recipe, such as `trainable`, by keys as they stand there.
        combiner: of a stack, what is learned on the members' out-of-fold scores: a logistic regression, or a network.
        folds: of a stack, how many divisions by patient those scores come from.
        published: what its authors report.
    """

    name: str
    title: str = ""
    source: str = ""
    network: str = "resnet18"
    neck: Literal["", "pool", "flatten"] = ""
    trainable: Literal["head", "all"] | int = "head"
    weights: str = "imagenet"
    preprocessing: Preprocessing = IMAGENET
    augmentation: Augmentation = field(default_factory=Augmentation)
    draws: int = 0
    minority_count: int = 0
    balance: Literal["none", "class-weights", "sampler"] = "none"
    epochs: int = 100
    batch_size: int = 20
    steps_per_epoch: int = 0
    optimiser: Optimiser = field(default_factory=Optimiser)
    schedule: Schedule = field(default_factory=Schedule)
    keep: Literal["last", "best"] = "last"
    early_stopping: EarlyStopping | None = None
    seed: int = 0
    task: Literal["binary", "multi-class", "multi-label"] = "binary"
    output: Output = "softmax"
    loss: Literal["cross-entropy", "binary-cross-entropy"] = "cross-entropy"
    head: HeadShape = field(default_factory=HeadShape)
    activation: Literal[""] | Activation = ""
    recompute: bool = False
    batchnorm: Literal["frozen", "training"] = "frozen"
    mixing: Mixing = field(default_factory=Mixing)
    calibration: Literal["none", "temperature", "isotonic"] = "none"
    members: tuple[str, ...] = ()
    changes: dict = field(default_factory=dict)
    combiner: CombinerKind = "logistic"
    folds: int = 5
    published: Published = field(default_factory=Published)

    def __post_init__(self) -> None:
        _positive("recipe", epochs=self.epochs, batch_size=self.batch_size)
        if isinstance(self.trainable, int) and self.trainable < 1:
            raise RecipeError(f"trainable is {self.trainable}", mend='give "head", "all" or a number of blocks from 1')
        if min(self.draws, self.minority_count, self.steps_per_epoch, self.seed) < 0:
            raise RecipeError("draws, minority_count, steps_per_epoch or seed is negative", mend="give 0 or more")
        refuse_combinations(self)

    @property
    def stored_features(self) -> bool:
        """Whether a head is trained on features that were computed once."""
        return self.trainable == "head" and not self.recompute

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON-able values; `recipe_from` reads them back."""
        return to_mapping(self)

    def changed(self, **values: Any) -> Recipe:
        """The recipe with some values replaced; `learning_rate` reaches into the optimiser; None means unchanged.

        Of a stack, `epochs`, `batch_size`, `learning_rate` and `seed` are those of its members.
        """
        given = {key: value for key, value in values.items() if value is not None}
        if self.members:
            return self._with_members_changed(given)
        rate = given.pop("learning_rate", None)
        if rate is not None:
            given["optimiser"] = replace(self.optimiser, learning_rate=rate)
        return replace(self, **given)

    def _with_members_changed(self, given: dict[str, Any]) -> Recipe:
        theirs: dict[str, Any] = {key: given.pop(key) for key in ("epochs", "batch_size") if key in given}
        if "learning_rate" in given:
            theirs["optimiser"] = {"learning_rate": given.pop("learning_rate")}
        if "seed" in given:
            theirs["seed"] = given["seed"]
        return replace(self, changes=_merged(self.changes, theirs), **given)

    def for_task(self, task: str) -> Recipe:
        """The recipe for another task; for several findings with a sigmoid each, and from them with a softmax again."""
        values: dict[str, Any] = {"task": task}
        if task == "multi-label":
            values |= {"output": "multi-label", "loss": "binary-cross-entropy"}
        elif self.output == "multi-label":
            values |= {"output": "softmax", "loss": "cross-entropy"}
        return replace(self, **values)


def recipe_from(values: Mapping[str, Any], *, where: str) -> Recipe:
    """A recipe from plain values (of a TOML file or a run.json); unknown keys are refused."""
    return from_mapping(Recipe, values, where=where)


def member_recipes(recipe: Recipe) -> list[Recipe]:
    """The recipes of a stack's members, as the stack changes them.

    Raises:
        RecipeError: no such recipe, one that is a stack itself, or a change that does not fit it.
    """
    found = []
    for name in recipe.members:
        member = load_recipe(name)
        if member.members:
            raise RecipeError(f"{recipe.name} has the member {name}, which is a stack", mend="name its members instead")
        changed = _merged(member.to_dict(), recipe.changes)
        found.append(recipe_from(changed, where=f"{recipe.name}, changes of {name}"))
    return found


def _merged(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with `changes` in their place, section by section."""
    merged = dict(values)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def recipe_names() -> list[str]:
    """The recipes that come with deepcovid."""
    return sorted(
        entry.name[:-5] for entry in files("deepcovid").joinpath("recipes").iterdir() if entry.name.endswith(".toml")
    )


def load_recipe(name_or_file: str | Path) -> Recipe:
    """A recipe by its name, or from a TOML file.

    Raises:
        RecipeError: no such recipe or file, no valid TOML, an unknown key, a value out of range.
    """
    text, where, stem = _recipe_text(name_or_file)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise RecipeError(f"{where} is no valid TOML: {problem}", mend="mend the line that is named") from problem
    return recipe_from({"name": stem, **values}, where=where)


def recipe_comment(name_or_file: str | Path) -> str:
    """What stands above the first key of a recipe's file: what it follows, and where it departs from that."""
    lines = _recipe_text(name_or_file)[0].splitlines()
    said = takewhile(lambda line: line.startswith("#"), lines)
    return " ".join(line.removeprefix("#").strip() for line in said)


def _recipe_text(name_or_file: str | Path) -> tuple[str, str, str]:
    path = Path(name_or_file)
    if str(name_or_file) in recipe_names():
        entry = files("deepcovid").joinpath("recipes", f"{name_or_file}.toml")
        return entry.read_text(encoding="utf-8"), f"recipe {name_or_file}", str(name_or_file)
    if path.suffix == ".toml" and path.is_file():
        return path.read_text(encoding="utf-8"), f"recipe {path}", path.stem
    raise RecipeError(
        f"there is no recipe named {str(name_or_file)!r}",
        mend=f"{did_you_mean(str(name_or_file), recipe_names())}give a .toml file or one of: {', '.join(recipe_names())}",
    )
