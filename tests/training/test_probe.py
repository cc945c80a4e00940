from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deepcovid.errors import RunError
from deepcovid.training.checkpoint import Checkpoint
from deepcovid.training.loop import best_epoch
from deepcovid.training.probe import Head, HeadData, epoch_rows, train_head
from deepcovid.training.recipe import EarlyStopping, Optimiser, Recipe

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def fabric() -> object:
    import lightning_fabric

    return lightning_fabric.Fabric(accelerator="cpu", devices=1)


@pytest.fixture
def data() -> HeadData:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, 90)
    features = (rng.normal(size=(90, 5)) + 0.5 * targets[:, None]).astype(np.float32)
    return HeadData(features[:60], targets[:60], [[row] for row in range(60)], features[60:], targets[60:])


def _recipe(**values: object) -> Recipe:
    return Recipe(name="t", epochs=30, batch_size=10, optimiser=Optimiser(learning_rate=0.02)).changed(**values)


def test_the_head_approaches_logistic_regression(data: HeadData, fabric: object, tmp_path: Path) -> None:
    """Golden: scikit-learn's unpenalised LogisticRegression minimises the same loss."""
    from sklearn.linear_model import LogisticRegression

    head, fitted = train_head(
        data, recipe=_recipe(epochs=400), classes=2, checkpoint=Checkpoint(tmp_path, identity="x"), fabric=fabric
    )
    # the classes overlap, so that the best weights are finite
    expected = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(data.features, data.targets)
    ours = head.logits(data.val_features)
    np.testing.assert_allclose(ours[:, 1] - ours[:, 0], expected.decision_function(data.val_features), atol=0.2)
    assert len(fitted.history) == 400


def test_the_head_starts_where_it_is_told(data: HeadData, fabric: object, tmp_path: Path) -> None:
    start = Head(
        {
            "weight": np.arange(10, dtype=np.float32).reshape(2, 5),
            "bias": np.array([1.0, -1.0], dtype=np.float32),
        }
    )
    recipe, checkpoint = _recipe(epochs=1, learning_rate=1e-12), Checkpoint(tmp_path, identity="x")
    head, _ = train_head(data, recipe=recipe, classes=2, checkpoint=checkpoint, fabric=fabric, start=start)
    np.testing.assert_allclose(head.tensors["weight"], start.tensors["weight"], atol=1e-6)


def test_same_seed_same_bits_another_seed_others(data: HeadData, fabric: object, tmp_path: Path) -> None:
    weights = []
    for number, seed in enumerate((3, 3, 4)):
        checkpoint = Checkpoint(tmp_path / str(number), identity="x")
        head, _ = train_head(data, recipe=_recipe(seed=seed), classes=2, checkpoint=checkpoint, fabric=fabric)
        weights.append(head.tensors["weight"])
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


@pytest.mark.parametrize("broken_at", [1, 13, 29])
def test_going_on_from_a_checkpoint_gives_the_same_bits(
    data: HeadData, fabric: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken_at: int
) -> None:
    recipe = _recipe(keep="best")
    whole, unbroken = train_head(
        data, recipe=recipe, classes=2, checkpoint=Checkpoint(tmp_path / "a", identity="x"), fabric=fabric
    )
    save = Checkpoint.save_last

    def save_and_die(self: Checkpoint, model: object, optimiser: object, history: list) -> None:
        save(self, model, optimiser, history)
        if len(history) == broken_at:
            raise KeyboardInterrupt

    checkpoint = Checkpoint(tmp_path / "b", identity="x")
    monkeypatch.setattr(Checkpoint, "save_last", save_and_die)
    with pytest.raises(KeyboardInterrupt):
        train_head(data, recipe=recipe, classes=2, checkpoint=checkpoint, fabric=fabric)
    monkeypatch.setattr(Checkpoint, "save_last", save)
    parts, resumed = train_head(data, recipe=recipe, classes=2, checkpoint=checkpoint, fabric=fabric)
    np.testing.assert_array_equal(whole.tensors["weight"], parts.tensors["weight"])
    assert resumed == unbroken


def test_a_checkpoint_of_another_training_is_refused(data: HeadData, fabric: object, tmp_path: Path) -> None:
    train_head(data, recipe=_recipe(), classes=2, checkpoint=Checkpoint(tmp_path, identity="x"), fabric=fabric)
    with pytest.raises(RunError, match="another data set or recipe"):
        train_head(data, recipe=_recipe(), classes=2, checkpoint=Checkpoint(tmp_path, identity="y"), fabric=fabric)


def test_early_stopping_waits_patiently_and_keeps_the_best(data: HeadData, fabric: object, tmp_path: Path) -> None:
    from dataclasses import replace

    rule = EarlyStopping(monitor="val_loss", patience=4, min_delta=0.0)
    recipe = replace(_recipe(epochs=200, learning_rate=0.3), early_stopping=rule, keep="best")
    _, fitted = train_head(data, recipe=recipe, classes=2, checkpoint=Checkpoint(tmp_path, identity="x"), fabric=fabric)
    losses = [row["val_loss"] for row in fitted.history]
    assert fitted.stopped_early
    assert fitted.kept_epoch == int(np.argmin(losses)) + 1 == best_epoch(fitted.history, recipe)
    assert len(losses) == fitted.kept_epoch + 4


def test_a_loss_that_is_no_number_stops_with_a_mend(data: HeadData, fabric: object, tmp_path: Path) -> None:
    data.features[3] = np.nan
    with pytest.raises(RunError, match="no longer a number in epoch 1") as caught:
        train_head(data, recipe=_recipe(), classes=2, checkpoint=Checkpoint(tmp_path, identity="x"), fabric=fabric)
    assert "lower the learning rate" in caught.value.mend


def test_an_epoch_takes_one_draw_of_each_film(data: HeadData) -> None:
    from dataclasses import replace

    slots = [[0, 1, 2], [3], [4, 5]]
    rows = epoch_rows(replace(data, slots=slots), recipe=_recipe(), epoch=0)
    assert sorted(next(n for n, slot in enumerate(slots) if row in slot) for row in rows) == [0, 1, 2]
    more = epoch_rows(replace(data, slots=slots), recipe=replace(_recipe(), steps_per_epoch=2), epoch=0)
    assert len(more) == 20
