"""Our backbones against torchvision's own models, with the same random numbers."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from deepcovid.errors import RecipeError, WeightsError
from deepcovid.models.architecture import ARCHITECTURES
from deepcovid.models.torchvision_import import import_torchvision
from deepcovid.models.weights import load_backbone_weights
from deepcovid.models.zoo import backbone_shapes, build_network

PUBLISHED = [
    name
    for name in ARCHITECTURES
    if ARCHITECTURES[name].weights is not None and "torchvision" in ARCHITECTURES[name].licence
]


def maps_of(model: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
    """The last feature map as torchvision's own forward has it."""
    if hasattr(model, "layer4"):
        seen = []
        model.layer4.register_forward_hook(lambda *step: seen.append(step[2]))
        model(pixels)
        return seen[0]
    maps = model.features(pixels)
    return functional.relu(maps) if type(model).__name__ == "DenseNet" else maps


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "densenet121"])
def test_torchvisions_state_dict_gives_torchvisions_feature_map(name, tmp_path):
    torch.manual_seed(11)
    theirs = getattr(import_torchvision().models, name)(weights=None).eval()
    torch.save(theirs.state_dict(), tmp_path / f"{name}.pth")
    network = build_network(name, classes=2, size=(96, 96)).eval()
    used = load_backbone_weights(network, tmp_path / f"{name}.pth", seed=0)
    film = torch.rand(1, 1, 96, 96)
    with torch.no_grad():
        expected = maps_of(theirs, network.prepare(film))
        torch.testing.assert_close(network(film)[1], expected, rtol=0, atol=0)
    assert not used.head_loaded
    assert "of another task" in used.sentence


@pytest.mark.parametrize("name", PUBLISHED)
def test_torchvisions_names_and_shapes_are_ours(name):
    weights = ARCHITECTURES[name].weights
    with torch.device("meta"):
        state = getattr(import_torchvision().models, name)(weights=None).state_dict()
    renamed = {
        key.removeprefix(weights.prefix): tuple(tensor.shape)
        for key, tensor in state.items()
        if not key.startswith(weights.dropped)
    }
    assert renamed == backbone_shapes(name)


@pytest.mark.parametrize("name", PUBLISHED)
def test_addresses_are_torchvisions_and_digests_begin_as_their_file_names(name):
    weights = ARCHITECTURES[name].weights
    models = import_torchvision().models
    enum, member = weights.enum.split(".")
    assert getattr(getattr(models, enum), member).url == weights.url
    assert re.fullmatch(r"[0-9a-f]{8}([0-9a-f]{56})?", weights.sha256)
    assert weights.file.endswith(f"-{weights.sha256[:8]}.pth")


def test_squeezenet_is_torchvisions_up_to_its_clipping():
    """torchvision: mean(ReLU(1×1 convolution)); ours without the ReLU: equal wherever no score is negative."""
    torch.manual_seed(4)
    theirs = import_torchvision().models.squeezenet1_1(num_classes=2).eval()
    network = build_network("squeezenet1_1", classes=2, size=(64, 64)).eval()
    network.backbone.load_state_dict(theirs.features.state_dict())
    convolution = theirs.classifier[1]
    network.head.load_state_dict({"weight": convolution.weight[:, :, 0, 0], "bias": convolution.bias + 50})
    convolution.bias.data += 50  # no score is negative now
    film = torch.rand(2, 1, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(network(film)[0], theirs(network.prepare(film)), rtol=1e-5, atol=1e-4)


def test_torchxrayvisions_names_are_read(tmp_path):
    """Their DenseNet121 is torchvision's on one channel, with a classifier of 18 findings and its thresholds beside it."""
    torch.manual_seed(5)
    theirs = import_torchvision().models.densenet121(num_classes=18).eval()
    theirs.features.conv0 = torch.nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
    state = theirs.state_dict() | {"op_threshs": torch.full((18,), 0.5)}
    torch.save(state, tmp_path / "xrv.pt")
    network = build_network("densenet121-xrv", classes=2, size=(64, 64)).eval()
    used = load_backbone_weights(network, tmp_path / "xrv.pt", seed=0)
    film = torch.rand(1, 1, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(network(film)[1], maps_of(theirs, film * 2048 - 1024))
    assert "of another task" in used.sentence


def test_torchxrayvisions_range_is_asked_for():
    three = replace(build_network("darkcovidnet", classes=2).preprocessing, size=(64, 64))
    with pytest.raises(RecipeError, match=r"takes 1 channel, .* value_range = \[-1024\.0, 1024\.0\]"):
        build_network("densenet121-xrv", classes=2, preprocessing=three)


def test_a_pickled_whole_model_is_refused_with_two_lines_that_convert_it(tmp_path):
    torch.save(import_torchvision().models.squeezenet1_1(), tmp_path / "nih.pt")
    with pytest.raises(WeightsError, match="never run") as caught:
        load_backbone_weights(build_network("squeezenet1_1", classes=2, size=(64, 64)), tmp_path / "nih.pt", seed=0)
    first, second = re.findall("`([^`]+)`", caught.value.mend)
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        exec(f"{first}\n{second}", {})  # the file was made here
    finally:
        os.chdir(before)
    assert load_backbone_weights(
        build_network("squeezenet1_1", classes=2, size=(64, 64)), tmp_path / "nih.safetensors", seed=0
    ).sha256
