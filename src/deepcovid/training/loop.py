"""The training loop, in sight: epochs, batches, validation, early stopping, a checkpoint after every epoch."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcovid.progress import Progress, Silent
from deepcovid.training.checkpoint import Checkpoint, Row
from deepcovid.training.losses import Judged, Objective
from deepcovid.training.material import Batches, Material
from deepcovid.training.monitor import Finding, Monitor
from deepcovid.training.recipe import EarlyStopping, Recipe
from deepcovid.training.schedule import learning_rate_at, momentum_at

if TYPE_CHECKING:
    import lightning_fabric
    import torch

ADAM_MOMENTUM = 0.9  # torch's and fastai's beta 1; one-cycle moves it


@dataclass(frozen=True)
class Fitted:
    """How a training went: one row an epoch, the epoch that was kept (from 1), whether it stopped before the last, and
    what the monitor found wrong."""

    history: list[Row]
    kept_epoch: int
    stopped_early: bool
    findings: tuple[Finding, ...] = ()


def epoch_seed(seed: int, *numbers: int) -> int:
    """A seed of its own for an epoch (or a film in an epoch), so that resuming needs no generator's state."""
    return int(np.random.SeedSequence([seed, *numbers]).generate_state(1, np.uint32)[0])


def build_optimiser(parameters: Iterable[torch.nn.Parameter], recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser as torch has it."""
    import torch

    options, chosen = recipe.optimiser, list(parameters)
    if options.name == "sgd":
        return torch.optim.SGD(
            chosen, lr=options.learning_rate, momentum=options.momentum, weight_decay=options.weight_decay
        )
    kind = torch.optim.AdamW if options.name == "adamw" else torch.optim.Adam
    betas = (ADAM_MOMENTUM, options.beta2)
    return kind(chosen, lr=options.learning_rate, betas=betas, eps=options.epsilon, weight_decay=options.weight_decay)


def set_up(
    material: Material, *, recipe: Recipe, fabric: lightning_fabric.Fabric
) -> tuple[torch.nn.Module, torch.optim.Optimizer, Objective]:
    """The material's model on the device, the recipe's optimiser of what moves, and its loss with the class weights."""
    import torch

    model, weights = material.model, material.class_weights
    net, optimiser = fabric.setup(model, build_optimiser([p for p in model.parameters() if p.requires_grad], recipe))
    if material.forward != "forward":
        net.mark_forward_method(material.forward)
    on_device = None if weights is None else torch.tensor(weights, dtype=torch.float32, device=fabric.device)
    return net, optimiser, Objective(recipe=recipe, weights=on_device)


WORTH_A_LINE = 2.0  # seconds that an epoch must take to be told of one by one


def _told(row: Row, recipe: Recipe) -> str:
    figures = [f"{name.replace('_', ' ')} {row[name]:.4f}" for name in row if name.endswith(("loss", "accuracy"))]
    return f"epoch {row['epoch']} of {recipe.epochs}: {', '.join(figures)}"


def fit(
    material: Material,
    *,
    recipe: Recipe,
    fabric: lightning_fabric.Fabric,
    checkpoint: Checkpoint,
    progress: Progress | None = None,
) -> Fitted:
    """Train the material's model by the recipe's loss; it ends as the epoch that the recipe keeps.

    Args:
        material: the model and its batches.
        recipe: loss, optimiser, schedule, epochs, early stopping, seed.
        fabric: device, precision and processes.
        checkpoint: written after every epoch, and resumed from when it holds epochs of this training.
        progress: told of every epoch.

    Raises:
        TrainingFailed: the loss is no longer a number, or cannot take the labels; with what the monitor found.
    """
    import torch

    speaker, model, frozen = progress or Silent(), material.model, material.frozen
    net, optimiser, objective = set_up(material, recipe=recipe, fabric=fabric)
    watch = Monitor(model, recipe=recipe, progress=speaker, weights=material.class_weights, frozen=frozen)
    step = _Forward(net, material, objective, watch)
    watch.begin(step.raw, material.val_batches())
    history = checkpoint.load_last(model, optimiser)
    watch.recall(checkpoint.memory)
    epochs = speaker.track(range(len(history), recipe.epochs), description="epochs", total=recipe.epochs - len(history))
    for epoch in epochs:
        if _should_stop(history, recipe.early_stopping):
            break
        began = time.monotonic()
        torch.manual_seed(epoch_seed(recipe.seed, epoch))
        set_training(net, frozen, batchnorm=recipe.batchnorm)
        row: Row = {"epoch": epoch + 1}
        row |= _train_epoch(step, material, optimiser, fabric, recipe, epoch)
        row |= _validate(step, material.val_batches())
        history.append(row)
        watch.epoch(row)
        if time.monotonic() - began > WORTH_A_LINE:
            speaker.say(_told(row, recipe))
        if fabric.is_global_zero:
            checkpoint.memory = watch.memory()
            _save(checkpoint, model, optimiser, history, recipe)
    kept = best_epoch(history, recipe) if recipe.keep == "best" else len(history)
    if recipe.keep == "best":
        checkpoint.load_best(model, epoch=kept)
    model.eval()
    return Fitted(history, kept, len(history) < recipe.epochs, watch.end())


def _save(
    checkpoint: Checkpoint,
    model: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    history: list[Row],
    recipe: Recipe,
) -> None:
    """The best model first: a kill between the two leaves the best of the history that is on disk."""
    best = best_epoch(history, recipe)
    if recipe.keep == "best" and best == len(history):
        checkpoint.save_best(model, epoch=best)
    checkpoint.save_last(model, optimiser, history)
    if recipe.keep == "best":
        checkpoint.forget_but(best)


def best_epoch(history: Sequence[Row], recipe: Recipe) -> int:
    """The first epoch (from 1) with the best monitored figure; without a validation figure, the last."""
    monitor = (recipe.early_stopping or EarlyStopping()).monitor
    figures = [row[monitor] for row in history if monitor in row]
    if not figures:
        return len(history)
    return int(np.argmin(figures) if monitor == "val_loss" else np.argmax(figures)) + 1


def _should_stop(history: Sequence[Row], rule: EarlyStopping | None) -> bool:
    """Keras' EarlyStopping: an improvement is a change by more than `min_delta` against the best so far."""
    if rule is None:
        return False
    sign = 1.0 if rule.monitor == "val_loss" else -1.0
    best, waited = np.inf, 0
    for row in history:
        figure = sign * row[rule.monitor]
        best, waited = (figure, 0) if figure < best - rule.min_delta else (best, waited + 1)
    return waited >= rule.patience


def set_training(net: torch.nn.Module, frozen: Sequence[torch.nn.Module], *, batchnorm: str) -> None:
    """Training mode for what moves; frozen parts are as in use, but for BatchNorm that goes on collecting."""
    import torch

    net.train()
    for part in frozen:
        part.eval()
        for module in part.modules():
            if batchnorm == "training" and isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.train()


@dataclass(frozen=True)
class _Forward:
    """From a batch to its loss, and how many were right."""

    net: torch.nn.Module
    material: Material
    objective: Objective
    watch: Monitor

    def raw(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.material.raw(self.net, inputs)

    def __call__(self, inputs: torch.Tensor, targets: torch.Tensor) -> Judged:
        raw = self.raw(inputs)
        self.watch.labels(raw, targets)
        judged = self.objective(raw, targets)
        self.watch.step(inputs, raw, targets, judged.loss.item())
        return judged


@dataclass
class _Tally:
    """The mean loss of an epoch's films so far, and the share of right calls."""

    loss: float = 0.0
    right: float = 0.0
    films: float = 0.0
    calls: float = 0.0

    def add(self, judged: Judged, *, films: int) -> None:
        self.loss, self.films = self.loss + judged.loss.item() * films, self.films + films
        self.right, self.calls = self.right + judged.right, self.calls + judged.calls

    def row(self, side: str) -> Row:
        if not self.films:
            return {}
        return {f"{side}_loss": self.loss / self.films, f"{side}_accuracy": self.right / self.calls}


def _train_epoch(
    step: _Forward,
    material: Material,
    optimiser: torch.optim.Optimizer,
    fabric: lightning_fabric.Fabric,
    recipe: Recipe,
    epoch: int,
) -> Row:
    tally, number = _Tally(), epoch * material.steps_per_epoch
    step.watch.side("train")
    for inputs, targets in material.train_batches(epoch):
        set_rates(optimiser, recipe, number, material.steps_per_epoch)
        judged = step(inputs, targets)
        optimiser.zero_grad()
        fabric.backward(judged.loss)
        optimiser.step()
        number += 1
        tally.add(judged, films=len(targets))
    return tally.row("train") | {"learning_rate": optimiser.param_groups[0]["lr"]}


def set_rates(optimiser: torch.optim.Optimizer, recipe: Recipe, step: int, steps_per_epoch: int) -> None:
    """Bring the optimiser to the recipe's learning rate and momentum of a step (from 0)."""
    momentum = momentum_at(recipe, step=step, steps_per_epoch=steps_per_epoch)
    for group in optimiser.param_groups:
        group["lr"] = learning_rate_at(recipe, step=step, steps_per_epoch=steps_per_epoch)
        if momentum is not None:
            _set_momentum(group, momentum)


def _set_momentum(group: dict[str, Any], momentum: float) -> None:
    if "betas" in group:
        group["betas"] = (momentum, group["betas"][1])
    else:
        group["momentum"] = momentum


def _validate(step: _Forward, batches: Batches) -> Row:
    import torch

    step.net.eval()
    step.watch.side("val")
    tally = _Tally()
    with torch.inference_mode(), step.watch.units.watching():
        for inputs, targets in batches:
            tally.add(step(inputs, targets), films=len(targets))
    return tally.row("val")
