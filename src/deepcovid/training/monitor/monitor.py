"""Watches a training: notes what every batch shows, asks every rule after every epoch, and warns once for each symptom."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcovid.models.outputs import link
from deepcovid.progress import Progress
from deepcovid.training.monitor.course import Course, Seen, seen_from
from deepcovid.training.monitor.finding import Finding, TrainingFailed, finding_from
from deepcovid.training.monitor.labels import refuse_labels
from deepcovid.training.monitor.loss_not_finite import Broken, broken_loss
from deepcovid.training.monitor.notes import Side, TrainNotes, ValNotes, film_losses, shares_of
from deepcovid.training.monitor.symptom import symptoms
from deepcovid.training.monitor.units import Units

if TYPE_CHECKING:
    import torch

    from deepcovid.training.recipe import Recipe

SAMPLED = 1000  # weights of each tensor that are compared with the start


class Monitor:
    """The observer of one training.

    Args:
        model: what is trained.
        recipe: how.
        progress: warned of every symptom, once.
        weights: (K,) of the loss, or None.
        frozen: parts that stay as they are.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        *,
        recipe: Recipe,
        progress: Progress,
        weights: np.ndarray | None = None,
        frozen: Sequence[torch.nn.Module] = (),
    ) -> None:
        self.model, self.recipe, self.progress, self.weights = model, recipe, progress, weights
        self.findings: list[Finding] = []
        self.units = Units(model, frozen=frozen)
        self.collects = _collects_statistics(model, frozen, recipe)
        self._seen: list[Seen] = []
        self._texts: list[str] = []  # the same as JSON, each written once: a long training writes them every epoch
        self._best: tuple[int, np.ndarray] | None = None
        self._start_alive: dict[str, torch.Tensor] = {}
        self._start_probabilities: np.ndarray | None = None
        self._first_val_loss = 0.0
        self._start_weights = _sample(model)
        self._train = TrainNotes()
        self._val = ValNotes()
        self._side: Side = "train"

    @property
    def course(self) -> Course:
        """The training so far."""
        schedule = self.recipe.schedule
        return Course(
            seen=tuple(self._seen),
            planned=self.recipe.epochs,
            first_val_loss=self._first_val_loss,
            warm_up=schedule.warm_up * self.recipe.epochs if schedule.name == "one-cycle" else 0.0,
            rate=self.recipe.optimiser.learning_rate,
            several=self.recipe.task == "multi-label",
            collects=self.collects,
        )

    def begin(self, raw_of: Callable[[torch.Tensor], torch.Tensor], batches: Iterable[Any]) -> None:
        """Look at the untrained model on the first of some validation batches; may be given none."""
        import torch

        self.model.eval()
        with torch.inference_mode(), self.units.watching():
            for inputs, targets in batches:
                raw = raw_of(inputs)
                self._side = "val"
                self.labels(raw, targets)
                self._start_probabilities = p = self._probabilities(raw)
                self._first_val_loss = float(film_losses(p, shares_of(_array(targets), classes=p.shape[1])).mean())
                break
        self._start_alive = self.units.alive

    def side(self, side: Side) -> None:
        """What comes next is of this side; its notes begin anew."""
        self._side = side
        if side == "train":
            self._train = TrainNotes()
        else:
            self._val = ValNotes()

    def labels(self, raw: torch.Tensor, targets: torch.Tensor) -> None:
        """Look at a batch's labels before the loss does.

        Raises:
            TrainingFailed: labels that no loss of this recipe can take.
        """
        epoch = len(self._seen) + 1
        found = refuse_labels(
            tuple(raw.shape),
            _array(targets),
            recipe=self.recipe,
            side=self._side,
            epoch=epoch,
            whole=not targets.is_floating_point(),
        )
        if found is None:
            return
        finding, fatal = found
        self._add(finding)
        if fatal:
            raise TrainingFailed(finding.evidence, mend=finding.tries[0], findings=self.findings)

    def step(
        self, inputs: torch.Tensor, raw: torch.Tensor, targets: torch.Tensor, loss: float, *, rate: float | None = None
    ) -> None:
        """Note a batch that has gone through the loss.

        Raises:
            TrainingFailed: the loss is no number.
        """
        if not np.isfinite(loss):
            self._break(inputs, raw, loss)
        probabilities, truth = self._probabilities(raw), _array(targets)
        if self._side == "train":
            self._train.add(probabilities, truth, loss, several=self.course.several)
        else:
            self.units.begin_batch()
            self._val.add(probabilities, truth, several=self.course.several)

    def epoch(self, row: Mapping[str, float]) -> None:
        """End an epoch: its row of the history is made."""
        one = self._observed(row)
        self._seen.append(one)
        self._texts.append(json.dumps(one.to_dict()))
        self._ask(self.course)

    def end(self) -> tuple[Finding, ...]:
        """Ask the rules that wait for the end; every finding, in the order of the report."""
        if self._seen:
            self._ask(replace(self.course, over=True))
        places = {one.name: one.place for one in symptoms()}
        return tuple(sorted(self.findings, key=lambda one: (places[one.name], one.since)))

    def memory(self) -> dict[str, Any]:
        """All that a resumed training must know of the epochs before, in JSON's types."""
        best = None if self._best is None else [self._best[0], self._best[1].tolist()]
        return {
            "seen": list(self._texts),
            "findings": [one.to_dict() for one in self.findings],
            "best": best,
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up what `memory` gave."""
        if memory:
            self._texts = list(memory["seen"])
            self._seen = [seen_from(json.loads(text)) for text in self._texts]
            self.findings = [finding_from(one) for one in memory["findings"]]
            best = memory["best"]
            self._best = None if best is None else (best[0], np.array(best[1]))

    def _ask(self, course: Course) -> None:
        known = {finding.name for finding in self.findings}
        for one in symptoms():
            if one.name not in known:
                finding = one.look(course)
                if finding is not None:
                    self._add(finding)

    def _add(self, finding: Finding) -> None:
        if finding.name not in {one.name for one in self.findings}:
            self.findings.append(finding)
            self.progress.warn(f"epoch {max(len(self._seen), 1)}: {finding.sentence}")

    def _break(self, inputs: torch.Tensor, raw: torch.Tensor, loss: float) -> None:
        import torch

        broken = Broken(
            epoch=len(self._seen) + 1,
            side=self._side,
            step=self._train.steps + 1 if self._side == "train" else 0,
            loss=loss,
            films_finite=bool(torch.isfinite(inputs).all()),
            weights_finite=all(bool(torch.isfinite(one).all()) for one in self.model.parameters()),
            before=tuple(self._train.losses[-8:]),
            first=self._seen[0].first_loss if self._seen else (self._train.losses or [float("nan")])[0],
            rate=self.recipe.optimiser.learning_rate,
        )
        finding = broken_loss(broken)
        self._add(finding)
        raise TrainingFailed(
            f"the loss is no longer a number in epoch {broken.epoch}: {finding.evidence}",
            mend=f"{finding.tries[0]}; or {finding.tries[1]}",
            findings=self.findings,
        )

    def _probabilities(self, raw: torch.Tensor) -> np.ndarray:
        import torch

        with torch.no_grad():
            if self.recipe.task == "multi-label":
                return _array(torch.sigmoid(raw.detach().double()))
            return _array(torch.softmax(link(raw.detach(), output=self.recipe.output).double(), dim=1))

    def _observed(self, row: Mapping[str, float]) -> Seen:
        epoch = len(self._seen) + 1
        val = self._val.summary(several=self.course.several)
        rise: dict[str, Any] = {}
        losses = self._val.film_losses
        if losses is not None and len(losses):
            if self._best is None or losses.mean() < self._best[1].mean():
                self._best = (epoch, losses)
            gap = losses - self._best[1]
            rise = {
                "rise": float(gap.mean()),
                "rise_error": float(gap.std(ddof=1) / np.sqrt(len(gap))) if len(gap) > 1 else 0.0,
                "best_epoch": self._best[0],
                "best_loss": float(self._best[1].mean()),
            }
        return Seen(
            epoch=epoch,
            train_loss=float(row["train_loss"]),
            val_loss=float(row["val_loss"]) if "val_loss" in row else None,
            rate=float(row["learning_rate"]),
            moved=self._moved(),
            weights_moved=self._weights_moved(),
            layers=self.units.layers(self._start_alive),
            **self._train.summary(self.weights, recipe=self.recipe),
            **val,
            **rise,
        )

    def _moved(self) -> float | None:
        now = self._val.probabilities
        if self._start_probabilities is None or now is None or len(now) < len(self._start_probabilities):
            return None
        return float(np.abs(now[: len(self._start_probabilities)] - self._start_probabilities).mean())

    def _weights_moved(self) -> float:
        now = _sample(self.model)
        length = float(np.sqrt((self._start_weights**2).sum()))
        return float(np.sqrt(((now - self._start_weights) ** 2).sum())) / max(length, 1e-12)


def _array(tensor: torch.Tensor) -> np.ndarray:
    array: np.ndarray = tensor.detach().cpu().numpy()
    return array


def _sample(model: torch.nn.Module) -> np.ndarray:
    """Some of the numbers of every parameter that moves, float64, in one row."""
    parts = []
    for parameter in model.parameters():
        if parameter.requires_grad:
            flat = parameter.detach().flatten()
            parts.append(_array(flat[:: max(1, len(flat) // SAMPLED)].double()))
    return np.concatenate(parts) if parts else np.zeros(1)


def _collects_statistics(model: torch.nn.Module, frozen: Sequence[torch.nn.Module], recipe: Recipe) -> bool:
    """Whether some BatchNorm of the model goes on collecting, so that validation lags behind training at first."""
    from torch.nn.modules.batchnorm import _BatchNorm

    still = {id(part) for parent in frozen for part in parent.modules()} if recipe.batchnorm == "frozen" else set()
    return any(isinstance(part, _BatchNorm) and id(part) not in still for part in model.modules())
