from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepcovid.datasets.table import load_table
from deepcovid.imaging.augmentation import Augmentation
from deepcovid.models.detector import Detector
from deepcovid.models.heads import HeadShape
from deepcovid.runs.settings import Settings
from deepcovid.runs.train import Run, train
from deepcovid.training.recipe import Mixing, Optimiser, Recipe, Schedule
from tests.conftest import make_table
from tests.runs.tiny import tiny_network, tiny_recipe

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("blank")
SETTINGS = Settings(device="cpu", threads=1, allow_random_backbone=True)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_table(tmp_path_factory.mktemp("films"), patients=30)


@pytest.fixture(scope="module")
def paper() -> Iterator[Recipe]:
    """The last layer alone of a network with BatchNorm in the frozen part."""
    plain = tiny_recipe(trainable="head")
    with tiny_network():
        yield replace(plain, schedule=Schedule(), augmentation=Augmentation(), balance="none")


def run(films: Path, recipe: Recipe, out: Path) -> Run:
    return train(load_table(films), recipe=recipe, out=out, settings=SETTINGS)


def buffers(run: Run) -> dict[str, np.ndarray]:
    state = Detector.load(run.folder / "detector").network().backbone.state_dict()
    return {name: tensor.numpy() for name, tensor in state.items() if "running_mean" in name}


def test_the_papers_training_and_the_scripts_both_run_and_differ(films: Path, paper: Recipe, tmp_path: Path) -> None:
    """The script that Deep-COVID's authors released: SGD, films cut anew each epoch, BatchNorm left collecting."""
    script = replace(
        paper,
        recompute=True,
        batchnorm="training",
        optimiser=Optimiser(name="sgd", learning_rate=1e-4, momentum=0.9),
        schedule=Schedule(name="step", every=7, factor=0.1),
        augmentation=Augmentation(crop=(0.08, 1.0), flip=0.5),
    )
    as_paper, as_script = run(films, paper, tmp_path / "paper"), run(films, script, tmp_path / "script")
    plain = run(films, replace(script, batchnorm="frozen"), tmp_path / "frozen")
    kept, moved = buffers(as_paper), buffers(as_script)
    assert all(np.array_equal(kept[name], value) for name, value in buffers(plain).items())
    assert any(not np.allclose(kept[name], value) for name, value in moved.items())
    networks = [Detector.load(one.folder / "detector").network() for one in (as_paper, as_script)]
    for name, tensor in networks[0].backbone.named_parameters():
        assert torch.equal(tensor, dict(networks[1].backbone.named_parameters())[name]), name


@pytest.mark.parametrize(
    "keys",
    [
        {"head": HeadShape(hidden=(8, 4), dropout=0.2), "output": "sigmoids"},
        {"head": HeadShape(hidden=(8,)), "output": "one-sigmoid", "loss": "binary-cross-entropy"},
        {"head": HeadShape(kind="svm"), "epochs": 100, "batch_size": 20, "optimiser": Optimiser()},
        {"trainable": "all", "mixing": Mixing(mixup=0.2, cutmix=1.0)},
        {"recompute": True, "head": HeadShape(hidden=(8,))},
    ],
    ids=["hidden-sigmoids", "one-sigmoid", "svm", "mixing", "recompute-hidden"],
)
def test_every_way_ends_in_a_detector_that_scores_as_the_training_did(
    films: Path, paper: Recipe, tmp_path: Path, keys: dict
) -> None:
    """`train` holds the written detector against its own scores and refuses where they differ."""
    done = run(films, replace(paper, **keys), tmp_path / "run")
    detector = done.detector
    film = np.random.default_rng(0).random((60, 50), dtype=np.float32)
    seen = detector.see(film)
    with torch.no_grad():
        logits, _ = detector.network()(torch.from_numpy(film)[None, None])
    np.testing.assert_allclose(torch.softmax(logits, 1)[0].numpy(), seen.probabilities, atol=2e-4)
