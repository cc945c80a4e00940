"""`--weights imagenet|none|PATH`: what a network starts from, and the record of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from deepcovid.errors import WeightsError
from deepcovid.imaging.preprocessing import RAWAT
from deepcovid.models.network import backbone_hash, to_tensors
from deepcovid.models.weights import load_backbone_weights, require_trained_backbone
from deepcovid.models.zoo import build_network
from deepcovid.storage import sha256_file, write_tensors


def state_of(network) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def same(first, second) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_imagenet_is_the_published_backbone_with_a_head_from_the_seed(tiny, tiny_checkpoint):
    published = torch.load(tiny_checkpoint, weights_only=True)
    states = []
    for seed in (1, 1, 2):
        network = build_network("tiny", classes=2)
        used = load_backbone_weights(network, "imagenet", seed=seed)
        states.append(state_of(network))
        assert torch.equal(network.backbone[0].weight, published["features.0.weight"])
    assert same(states[0], states[1])
    assert not torch.equal(states[0]["head.weight"], states[2]["head.weight"])
    assert (used.name, used.sha256, used.source) == ("imagenet", sha256_file(tiny_checkpoint), tiny.weights.url)
    assert not used.random
    assert f"the head from random numbers (seed {2})" in used.sentence
    assert json.loads(json.dumps(used.to_dict()))["sha256"] == used.sha256


def test_another_normalisation_than_the_weights_learned_with_is_said(tiny):
    network = build_network("tiny", classes=2, preprocessing=replace(RAWAT, size=(16, 16)))
    assert "films come otherwise here" in load_backbone_weights(network, "imagenet", seed=0).sentence
    usual = build_network("tiny", classes=2)
    assert "otherwise" not in load_backbone_weights(usual, "imagenet", seed=0).sentence


def test_imagenet_that_cannot_be_had_stops_and_changes_nothing(tiny, web):
    web.files.clear()
    network = build_network("tiny", classes=2)
    before = state_of(network)
    with pytest.raises(WeightsError, match=r"weights fetch tiny --from DIR_OR_URL.*--weights PATH"):
        load_backbone_weights(network, "imagenet", seed=0)
    assert same(before, state_of(network))


@pytest.mark.parametrize("name", ["squeezenet1_1", "darkcovidnet"])
def test_none_is_random_by_its_seed_and_says_so(name):
    first, second = build_network(name, classes=3), build_network(name, classes=3)
    generator = torch.get_rng_state()
    used = load_backbone_weights(first, "none", seed=5)
    load_backbone_weights(second, "none", seed=5)
    assert torch.equal(generator, torch.get_rng_state())
    assert same(state_of(first), state_of(second))
    load_backbone_weights(second, "none", seed=6)
    assert backbone_hash(first) != backbone_hash(second)
    assert (used.random, used.sha256, used.source) == (True, None, "seed 5")
    assert "random numbers (seed 5): it has learned nothing" in used.sentence


def test_random_numbers_can_be_forbidden():
    with pytest.raises(WeightsError, match="--allow-random-backbone"):
        load_backbone_weights(build_network("squeezenet1_1", classes=2), "none", seed=0, allow_random=False)


@pytest.mark.parametrize("trainable", ["head", 2])
def test_a_frozen_random_backbone_is_refused_unless_allowed(trainable):
    with pytest.raises(WeightsError, match=r"frozen backbone at random numbers.*→ .*--allow-random-backbone"):
        require_trained_backbone("none", trainable=trainable, allow_random=False)
    require_trained_backbone("none", trainable=trainable, allow_random=True)
    require_trained_backbone("none", trainable="all", allow_random=False)
    require_trained_backbone("imagenet", trainable=trainable, allow_random=False)


def test_a_file_of_ours_brings_backbone_and_head(tiny, tmp_path):
    donor, network = build_network("tiny", classes=2), build_network("tiny", classes=2)
    path = write_tensors(tmp_path / "w.safetensors", to_tensors(donor))
    used = load_backbone_weights(network, str(path), seed=0)
    assert same(state_of(donor), state_of(network))
    assert used.head_loaded
    assert (used.name, used.sha256) == (str(path), sha256_file(path))
    assert used.sentence.endswith("; the head too.")


def test_a_head_of_other_classes_is_left_out_with_a_line(tiny, tmp_path):
    donor, network = build_network("tiny", classes=3), build_network("tiny", classes=2)
    write_tensors(tmp_path / "weights.safetensors", to_tensors(donor))
    used = load_backbone_weights(network, tmp_path, seed=0)
    assert backbone_hash(network) == backbone_hash(donor)
    assert not used.head_loaded
    assert "since the file's is (3, 6), not (2, 6)" in used.sentence


def test_a_file_without_head_is_enough(tiny, tmp_path):
    donor, network = build_network("tiny", classes=2), build_network("tiny", classes=2)
    kept = {name: array for name, array in to_tensors(donor).items() if not name.startswith("head.")}
    used = load_backbone_weights(network, write_tensors(tmp_path / "w.safetensors", kept), seed=0)
    assert backbone_hash(network) == backbone_hash(donor)
    assert "since the file holds none" in used.sentence


def test_files_of_another_network_change_nothing(tiny, tmp_path):
    network = build_network("tiny", classes=2)
    before = state_of(network)
    path = write_tensors(tmp_path / "w.safetensors", to_tensors(build_network("squeezenet1_1", classes=2)))
    with pytest.raises(WeightsError, match=r"w\.safetensors: these weights are not of tiny"):
        load_backbone_weights(network, path, seed=0)
    assert same(before, state_of(network))
