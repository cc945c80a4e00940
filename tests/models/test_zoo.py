"""One contract for every registered network."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from deepcovid.errors import RecipeError, UnknownNameError
from deepcovid.imaging.preprocessing import IMAGENET
from deepcovid.models.heads import HeadShape
from deepcovid.models.network import to_tensors
from deepcovid.models.outputs import link
from deepcovid.models.weights import load_backbone_weights
from deepcovid.models.zoo import architecture, build_network, feature_map_shape, network_names
from deepcovid.storage import write_tensors

EVERY = pytest.mark.parametrize("name", network_names())


def test_the_networks_of_both_documents_are_there():
    wanted = {"resnet18", "resnet50", "squeezenet1_0", "squeezenet1_1", "densenet121", "densenet161", "vgg16"}
    wanted |= {"darkcovidnet", "rawat-cnn", "rawat-cnn-local-maxima", "covid-xnet"}
    assert wanted | {"resnet101", "resnet152", "resnext50_32x4d", "densenet121-xrv"} <= set(network_names())


@EVERY
def test_parameters_are_as_stated(name, network_of):
    assert sum(numbers.numel() for numbers in network_of(name).parameters()) == architecture(name).parameters


@EVERY
def test_films_of_any_size_give_logits_and_feature_map(name, network_of):
    network, known = network_of(name), architecture(name)
    films = torch.rand(2, 1, 90, 70, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        logits, feature_map = network(films)
        features = network.features(films)
    assert logits.shape == (2, 2)
    maps, height, width = feature_map_shape(name, classes=2, preprocessing=network.preprocessing)
    assert feature_map.shape == (2, maps, height, width)
    assert features.shape == (2, known.features)
    torch.testing.assert_close(link(network.head(features), output=network.output), logits, rtol=1e-5, atol=1e-5)
    assert network.preprocessing.size == known.size


@EVERY
def test_the_last_convolution_is_where_it_is_said_to_be(name, network_of):
    network = network_of(name)
    found = [path for path, part in network.backbone.named_modules() if isinstance(part, torch.nn.Conv2d)]
    assert found[-1] == architecture(name).last_convolution
    assert network.target_layer is network.backbone


@EVERY
def test_state_survives_safetensors(name, network_of, tmp_path):
    network = network_of(name)
    path = write_tensors(tmp_path / "weights.safetensors", to_tensors(network))
    other = build_network(name, classes=2).eval()
    used = load_backbone_weights(other, path, seed=0)
    assert used.head_loaded, used.sentence
    film = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        for ours, theirs in zip(network(film), other(film), strict=True):
            assert torch.equal(ours, theirs)


def test_rawat_head_has_the_parameters_of_the_document(network_of):
    """Rawat 2022: 50,178 trainable of 14,764,866 for VGG-16; 200,706 for ResNet-50 with all values of its maps."""
    vgg16 = network_of("vgg16")
    assert sum(numbers.numel() for numbers in vgg16.head.parameters()) == 50_178
    assert sum(numbers.numel() for numbers in vgg16.parameters()) == 14_764_866
    resnet50 = build_network("resnet50", classes=2, neck="flatten")
    assert sum(numbers.numel() for numbers in resnet50.head.parameters()) == 200_706


def test_the_seed_alone_decides_the_numbers():
    def built() -> torch.Tensor:
        torch.manual_seed(3)
        return build_network("squeezenet1_1", classes=2).backbone[0].weight

    assert torch.equal(built(), built())


def test_size_comes_from_the_preprocessing_unless_given():
    assert build_network("squeezenet1_1", classes=2, size=(96, 64)).preprocessing.size == (96, 64)
    small = replace(IMAGENET, size=(80, 80))
    network = build_network("squeezenet1_1", classes=3, preprocessing=small, neck="flatten")
    assert (network.preprocessing, network.classes) == (small, 3)
    assert network.head.in_features == 512 * 4 * 4


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"classes": 0}, "at least 1"),
        ({"classes": 2, "size": (8, 8)}, "too small for squeezenet1_1"),
        ({"classes": 2, "neck": "pol"}, "pool, flatten"),
        ({"classes": 3, "output": "one-sigmoid"}, "two classes apart, not 3"),
        ({"classes": 2, "activation": "tanh"}, "squeezenet1_1 has its paper's activation, .* darkcovidnet, rawat-cnn"),
    ],
)
def test_what_cannot_be_built_is_said(arguments, part):
    with pytest.raises(RecipeError, match=part):
        build_network("squeezenet1_1", **arguments)


def test_one_channel_is_refused_where_weights_have_three():
    grey = replace(IMAGENET, channels=1, mean=(0.5,), std=(0.2,))
    with pytest.raises(RecipeError, match="channels = 1"):
        build_network("resnet18", classes=2, preprocessing=grey)
    assert build_network("darkcovidnet", classes=2, preprocessing=grey).backbone[0][0].in_channels == 1


def test_a_network_is_built_with_head_output_and_activation():
    head = HeadShape(hidden=(5,), activation="silu", dropout=0.5)
    network = build_network(
        "darkcovidnet", classes=2, size=(64, 64), head=head, output="one-sigmoid", activation="tanh"
    )
    film = torch.rand(3, 1, 64, 64)
    raw, maps = network.eval().raw(film)
    assert (raw.shape, network(film)[0].shape, network.classes) == ((3, 1), (3, 2), 2)
    assert network.importance(maps).shape == (3, 2, 2)
    assert any(isinstance(part, torch.nn.Tanh) for part in network.backbone.modules())
    assert not any(isinstance(part, torch.nn.LeakyReLU) for part in network.backbone.modules())


def test_random_numbers_of_a_chosen_head_come_from_the_seed():
    head = HeadShape(hidden=(6,))
    pair = [build_network("darkcovidnet", classes=2, size=(64, 64), head=head, activation="elu") for _ in range(2)]
    for network in pair:
        load_backbone_weights(network, "none", seed=4)
    for ours, theirs in zip(pair[0].parameters(), pair[1].parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_an_unknown_network_lists_the_choices():
    with pytest.raises(UnknownNameError, match="did you mean 'resnet18'"):
        build_network("resnet81", classes=2)


def test_the_list_of_networks_needs_no_torch():
    code = (
        "import sys; from deepcovid.models import weights, zoo; zoo.network_names(); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'torchvision')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
