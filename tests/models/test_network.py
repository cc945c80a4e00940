"""Film to features: the same pixels as everywhere else in deepcovid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from deepcovid.imaging.preprocessing import IMAGENET
from deepcovid.models.network import backbone_hash, fit_films, hash_tensors, to_tensors
from deepcovid.models.zoo import build_network


def films(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(5))


def test_a_film_at_the_networks_size_is_left_alone_to_the_bit(network_of):
    network = network_of("squeezenet1_1")
    film = films(2, 1, 224, 224)
    by_hand = (film.expand(-1, 3, -1, -1) - network.mean) / network.std
    assert torch.equal(network.prepare(film), by_hand)


@pytest.mark.parametrize("shape", [(300, 260), (100, 400), (224, 224)])
def test_prepared_films_equal_the_preprocessing(network_of, shape):
    network = network_of("squeezenet1_1")
    film = films(1, 1, *shape)
    resized = network.preprocessing.resize_film(film[0, 0].numpy())
    np.testing.assert_allclose(network.prepare(film).numpy(), network.preprocessing.normalise(resized[None]), atol=5e-5)


def test_the_value_range_comes_before_mean_and_deviation():
    scaled = replace(IMAGENET, size=(32, 32), value_range=(-1.0, 1.0), mean=(0.0,) * 3, std=(0.5,) * 3)
    network = build_network("squeezenet1_1", classes=2, preprocessing=scaled)
    film = films(1, 1, 32, 32)
    torch.testing.assert_close(network.prepare(film)[:, :1], (film * 2 - 1) / 0.5)


def test_three_channels_are_no_film(network_of):
    with pytest.raises(ValueError, match=r"\(N, 1, H, W\), not \(1, 3, 8, 8\)"):
        network_of("squeezenet1_1")(films(1, 3, 8, 8))


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
@given(
    shape=st.tuples(st.integers(20, 150), st.integers(20, 150)),
    size=st.tuples(st.integers(20, 80), st.integers(20, 80)),
)
@settings(max_examples=60, deadline=None)
def test_films_are_fitted_as_the_preprocessing_fits_them(fit, shape, size):
    """No side shrinks to one pixel here: torch 2.13 interpolates down a single column wrongly (0, 1 → 0, 0, 0)."""
    film = films(1, 1, *shape)
    expected = replace(IMAGENET, size=size, fit=fit).resize_film(film[0, 0].numpy())
    np.testing.assert_allclose(fit_films(film, size=size, fit=fit)[0, 0].numpy(), expected, atol=3e-5)


@pytest.mark.slow
@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_cropped_and_padded_films_are_fitted_inside_the_exported_graph(fit):
    import onnxruntime

    class Fit(torch.nn.Module):
        def forward(self, film):
            return fit_films(film, size=(48, 40), fit=fit)

    axes = {0: torch.export.Dim("n"), 2: torch.export.Dim("h"), 3: torch.export.Dim("w")}
    program = torch.onnx.export(
        Fit().eval(),
        (films(2, 1, 70, 60),),
        dynamo=True,
        dynamic_shapes={"film": axes},
        opset_version=20,
        verbose=False,
    )
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    preprocessing = replace(IMAGENET, size=(48, 40), fit=fit)
    for shape in [(48, 40), (33, 100), (200, 90)]:
        film = films(1, 1, *shape).numpy()
        (fitted,) = session.run(None, {session.get_inputs()[0].name: film})
        np.testing.assert_allclose(fitted[0, 0], preprocessing.resize_film(film[0, 0]), atol=1e-4)


def test_the_necks_average_or_keep_all(network_of):
    feature_map = films(2, 512, 3, 4)
    pooled = network_of("squeezenet1_1").gather(feature_map)
    torch.testing.assert_close(pooled, functional.adaptive_avg_pool2d(feature_map, 1).flatten(1))
    assert torch.equal(network_of("vgg16").gather(feature_map), feature_map.reshape(2, -1))


def test_gradients_reach_head_and_first_convolution():
    network = build_network("squeezenet1_1", classes=2, size=(32, 32))
    functional.cross_entropy(network(films(2, 1, 40, 40))[0], torch.tensor([0, 1])).backward()
    assert network.head.weight.grad.abs().sum() > 0
    assert network.backbone[0].weight.grad.abs().sum() > 0


def test_the_state_holds_only_what_is_learned(network_of):
    names = to_tensors(network_of("resnet18"))
    assert {"head.weight", "head.bias", "backbone.conv1.weight"} <= set(names)
    assert all(name.startswith(("backbone.", "head.")) for name in names)


def test_the_backbone_hash_follows_its_numbers_and_nothing_else():
    network = build_network("squeezenet1_1", classes=2, size=(64, 64))
    first = backbone_hash(network)
    with torch.no_grad():
        network.head.weight.add_(1)
        assert backbone_hash(network) == first
        network.backbone[0].bias[3] += 1e-3
    assert backbone_hash(network) != first


def test_hashes_tell_shapes_apart_and_ignore_batchnorm_tallies():
    flat, square = np.arange(4.0), np.arange(4.0).reshape(2, 2)
    assert hash_tensors({"a": flat}) != hash_tensors({"a": square})
    assert hash_tensors({"a": flat, "b.num_batches_tracked": np.array(3)}) == hash_tensors({"a": flat})
