from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deepcovid.errors import RecipeError
from deepcovid.features.store import FeatureStore, Request
from deepcovid.imaging.augmentation import Augmentation
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.training.checkpoint import Checkpoint
from deepcovid.training.finetune import FilmData, epoch_order, finetune, set_trainable, split_batches
from deepcovid.training.recipe import Optimiser, Recipe

torch = pytest.importorskip("torch")
SMALL = Preprocessing(size=(32, 32), mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))


def _store(tmp_path: Path, count: int = 20) -> tuple[FeatureStore, FilmData]:
    """Films of which the bright ones are positive."""
    rng = np.random.default_rng(0)
    targets = np.arange(count) % 2
    requests = []
    for number in range(count):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(bytes([number]))
        requests.append(Request(path))

    def compute(path: Path, draws: object) -> list[np.ndarray]:
        number = path.read_bytes()[0]
        film = rng.uniform(0, 0.4, (32, 32)) + 0.5 * targets[number]
        return [film.astype(np.float32)]

    store = FeatureStore({"films": str(tmp_path)}, folder=tmp_path / "store")
    kept = store.ensure(requests, compute=compute)
    return store, FilmData([key for key in kept.keys if key], targets)


def _train(tmp_path: Path, store: FeatureStore, films: FilmData, recipe: Recipe, *, workers: int = 0) -> tuple:
    import lightning_fabric

    from deepcovid.models.zoo import build_network

    torch.manual_seed(0)
    network = build_network("resnet18", classes=2, preprocessing=SMALL)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    fitted = finetune(
        network,
        store=store,
        train=films,
        val=films,
        recipe=recipe,
        checkpoint=Checkpoint(tmp_path, identity="x"),
        fabric=lightning_fabric.Fabric(accelerator="cpu", devices=1),
        workers=workers,
    )
    return before, network.state_dict(), fitted


def _recipe(**values: object) -> Recipe:
    base = Recipe(
        name="t", trainable="all", epochs=3, batch_size=8, preprocessing=SMALL, optimiser=Optimiser(learning_rate=1e-3)
    )
    return base.changed(**values)


def test_a_whole_network_learns_and_worker_processes_change_nothing(tmp_path: Path) -> None:
    store, films = _store(tmp_path)
    recipe = _recipe(augmentation=Augmentation(flip=0.5, rotation=(-5.0, 5.0)))
    _, alone, fitted = _train(tmp_path / "a", store, films, recipe)
    _, helped, _ = _train(tmp_path / "b", store, films, recipe, workers=2)
    assert all(torch.equal(alone[name], helped[name]) for name in alone)
    assert fitted.history[-1]["train_loss"] < fitted.history[0]["train_loss"]


def test_frozen_blocks_do_not_move_not_even_their_batch_statistics(tmp_path: Path) -> None:
    store, films = _store(tmp_path)
    before, after, _ = _train(tmp_path, store, films, _recipe(trainable=1, epochs=1))
    moved = {
        name.split(".")[1]
        for name in before
        if name.startswith("backbone") and not torch.equal(before[name], after[name])
    }
    assert len(moved) == 1
    assert not torch.equal(before["head.weight"], after["head.weight"])


def test_too_many_blocks_are_refused_with_the_number_there_is() -> None:
    from deepcovid.models.zoo import build_network

    with pytest.raises(RecipeError, match="backbone has 5 blocks") as caught:
        set_trainable(build_network("resnet18", classes=2, preprocessing=SMALL), 99)
    assert "from 1 to 5" in caught.value.mend


def test_the_sampler_draws_classes_alike() -> None:
    targets = np.array([1] * 5 + [0] * 95)
    order = epoch_order(targets, recipe=_recipe(balance="sampler", steps_per_epoch=100), epoch=0)
    assert 0.4 < targets[order].mean() < 0.6


def test_a_lone_last_film_joins_the_batch_before() -> None:
    places = [(n, n) for n in range(9)]
    assert [len(batch) for batch in split_batches(places, 4)] == [4, 5]
    assert [len(batch) for batch in split_batches(places[:1], 4)] == [1]
    assert [place for batch in split_batches(places, 4) for place in batch] == places
