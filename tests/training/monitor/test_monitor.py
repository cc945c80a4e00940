"""The observer: healthy trainings raise nothing, each symptom is said once, and a resumed training knows what was seen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from deepcovid.models.heads import HeadShape
from deepcovid.training.checkpoint import Checkpoint
from deepcovid.training.probe import HeadData, train_head
from deepcovid.training.recipe import EarlyStopping, Optimiser, Recipe, Schedule
from tests.training.monitor.making import Heard, blobs, names, network, recipe, train

pytest.importorskip("torch")


def head_data(*, count: int, val: int, noise: float = 0.0, share: float = 0.5, seed: int = 0) -> HeadData:
    rng = np.random.default_rng(seed)

    def side(films: int) -> tuple[np.ndarray, np.ndarray]:
        targets = (np.arange(films) < share * films).astype(np.int64)
        features = rng.normal(size=(films, 64)) + 0.5 * targets[:, None]
        return features.astype(np.float32), targets

    features, targets = side(count)
    val_features, val_targets = side(val)
    targets = np.where(rng.random(count) < noise, 1 - targets, targets)
    return HeadData(features, targets, [[row] for row in range(count)], val_features, val_targets)


def fit_head(data: HeadData, how: Recipe, folder: Path) -> list[str]:
    import lightning_fabric

    fabric = lightning_fabric.Fabric(accelerator="cpu", devices=1)
    _, fitted = train_head(data, recipe=how, classes=2, checkpoint=Checkpoint(folder, identity="x"), fabric=fabric)
    return names(fitted)


@pytest.mark.parametrize(
    ("data", "values"),
    [
        ({"count": 80, "val": 40}, {"epochs": 60}),
        ({"count": 80, "val": 40, "noise": 0.1}, {"epochs": 20}),
        ({"count": 16, "val": 6}, {"epochs": 30}),
        ({"count": 80, "val": 40, "share": 0.1}, {"epochs": 30}),
        ({"count": 80, "val": 40}, {"epochs": 1}),
        ({"count": 80, "val": 40}, {"epochs": 3}),
        ({"count": 80, "val": 0}, {"epochs": 20}),
        ({"count": 80, "val": 40}, {"epochs": 40, "schedule": Schedule(name="one-cycle")}),
        ({"count": 80, "val": 40}, {"epochs": 60, "early_stopping": EarlyStopping(patience=3), "keep": "best"}),
        ({"count": 80, "val": 40}, {"epochs": 20, "head": HeadShape(hidden=(32,), dropout=0.3)}),
    ],
)
def test_a_healthy_head_raises_nothing(data: dict, values: dict, tmp_path: Path) -> None:
    how = Recipe(name="t", batch_size=10, optimiser=Optimiser(learning_rate=1e-3), **values)
    assert fit_head(head_data(**data), how, tmp_path) == []


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("epochs", [1, 2, 12])
def test_a_healthy_network_raises_nothing(norm: bool, epochs: int) -> None:
    heard = Heard()
    train(network(norm=norm), recipe(epochs=epochs), train=blobs(48), val=blobs(24, seed=1), progress=heard)
    assert heard.warnings == []


def test_each_symptom_is_said_once_with_its_epoch() -> None:
    heard = Heard()
    fitted = train(network(norm=False), recipe(1e-9, epochs=9), train=blobs(48), val=blobs(24), progress=heard)
    assert len(heard.warnings) == len(fitted.findings) == len({one.name for one in fitted.findings})
    assert all(sentence.startswith("epoch ") for sentence in heard.warnings)


def test_a_resumed_training_ends_with_the_same_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    how, data = recipe(1e-9, epochs=8), {"train": blobs(48), "val": blobs(24)}
    whole = train(network(norm=False), how, folder=tmp_path / "a", **data)
    save = Checkpoint.save_last

    def save_and_die(self: Checkpoint, model: object, optimiser: object, history: list) -> None:
        save(self, model, optimiser, history)
        if len(history) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "save_last", save_and_die)
    with pytest.raises(KeyboardInterrupt):
        train(network(norm=False), how, folder=tmp_path / "b", **data)
    monkeypatch.setattr(Checkpoint, "save_last", save)
    resumed = train(network(norm=False), how, folder=tmp_path / "b", **data)
    assert whole.findings
    assert resumed == whole


def test_watching_changes_no_bit_of_what_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    from deepcovid.training.monitor import Monitor

    def weights() -> list:
        net = network()
        train(net, recipe(epochs=2), train=blobs(24), val=blobs(12))
        return [parameter.detach().numpy().copy() for parameter in net.parameters()]

    watched = weights()
    monkeypatch.setattr(Monitor, "begin", lambda self, raw_of, batches: None)
    monkeypatch.setattr(Monitor, "epoch", lambda self, row: None)
    monkeypatch.setattr(Monitor, "step", lambda self, inputs, raw, targets, loss: None)
    assert all(np.array_equal(one, other) for one, other in zip(watched, weights(), strict=True))


def test_findings_are_json() -> None:
    fitted = train(network(norm=False), recipe(1e-9, epochs=3), train=blobs(48), val=blobs(24))
    (finding,) = fitted.findings
    assert json.loads(json.dumps(finding.to_dict(), allow_nan=False))["name"] == "learning-rate-too-low"
