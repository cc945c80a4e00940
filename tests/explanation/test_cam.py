from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from deepcovid.explanation.cam import grad_cam, linear_importance, on_film, scaled
from deepcovid.imaging.preprocessing import IMAGENET, Preprocessing
from deepcovid.models.activations import ACTIVATIONS
from deepcovid.models.heads import HeadShape
from deepcovid.models.torchvision_import import import_torchvision

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module", autouse=True)
def _torchvision() -> None:
    """grad-cam imports torchvision, which needs the mend where its compiled operators are absent."""
    import_torchvision("testing")


def library_cam(network: torch.nn.Module, film: torch.Tensor, *, score: Callable) -> np.ndarray:
    """Golden: jacobgil's grad-cam, by autograd, of `score` (of the raw outputs (N, U)), clipped at 0."""
    from pytorch_grad_cam import GradCAM

    class Raw(torch.nn.Module):
        def __init__(self, network: torch.nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, film: torch.Tensor) -> torch.Tensor:
            return self.network.raw(film)[0]

    with GradCAM(Raw(network), [network.target_layer]) as cam:
        cam.outputs = cam.activations_and_grads(film)
        cam.model.zero_grad()
        score(cam.outputs[0]).backward()
        seen = cam.activations_and_grads
        image = cam.get_cam_image(
            film, network.target_layer, [score], seen.activations[0].numpy(), seen.gradients[0].numpy(), False
        )
    return np.maximum(image[0], 0)


def built(name: str, **choices: object) -> tuple[torch.nn.Module, torch.Tensor]:
    from deepcovid.models.zoo import build_network

    torch.manual_seed(3)
    network = build_network(name, size=(64, 64), **choices).eval()
    return network, torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize(
    ("name", "neck"),
    [("resnet18", "pool"), ("squeezenet1_1", "pool"), ("vgg16", "flatten"), ("darkcovidnet", "flatten")],
)
@pytest.mark.parametrize("target", [0, 1])
def test_closed_form_equals_the_grad_cam_library(name: str, neck: str, target: int) -> None:
    network, film = built(name, classes=2, neck=neck)
    with torch.no_grad():
        feature_map = network(film)[1][0].numpy()
    weight = network.head.weight.detach().numpy()
    importance = linear_importance(weight, target=target, neck=neck, shape=feature_map.shape)
    theirs = library_cam(network, film, score=lambda raw: raw[target])
    np.testing.assert_allclose(
        grad_cam(feature_map, importance=importance), theirs, rtol=1e-4, atol=1e-5 * np.abs(feature_map).max()
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("neck", ["pool", "flatten"])
def test_hidden_layers_equal_the_grad_cam_library(activation: str, neck: str) -> None:
    """The gradient that goes into the graph as forward operations, against autograd."""
    shape = HeadShape(hidden=(7, 5, 6), activation=activation, dropout=0.3)
    network, film = built("darkcovidnet", classes=3, neck=neck, head=shape)
    with torch.no_grad():
        feature_map = network(film)[1]
        importance = network.importance(feature_map)[0].numpy()
    for target in range(3):
        theirs = library_cam(network, film, score=lambda raw, target=target: raw[target])
        ours = grad_cam(feature_map[0].numpy(), importance=importance[target])
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5 * np.abs(feature_map.numpy()).max())


@pytest.mark.parametrize("hidden", [(), (6, 4)])
def test_one_sigmoid_explains_the_positive_class_too(hidden: tuple[int, ...]) -> None:
    """Its logits are (raw, 0): the log-odds of the second class are -raw, though its logit never moves."""
    network, film = built("squeezenet1_1", classes=2, head=HeadShape(hidden=hidden), output="one-sigmoid")
    with torch.no_grad():
        feature_map = network(film)[1]
        importance = network.importance(feature_map)[0].numpy()
    highest = 0.0
    for target, sign in ((0, 1), (1, -1)):
        theirs = library_cam(network, film, score=lambda raw, sign=sign: sign * raw[0])
        ours = grad_cam(feature_map[0].numpy(), importance=importance[target])
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * feature_map.max().item())
        highest = max(highest, theirs.max())
        if not hidden:
            weight = network.head.weight.detach().numpy()
            shape = tuple(feature_map.shape[1:])
            alone = linear_importance(weight, target=target, neck="pool", shape=shape, output="one-sigmoid")
            np.testing.assert_allclose(alone, importance[target], rtol=1e-6)
    assert highest > 0


def test_scaling_as_the_library_does() -> None:
    from pytorch_grad_cam.utils.image import scale_cam_image

    heat = np.random.default_rng(0).random((7, 5)).astype(np.float32) * 3
    np.testing.assert_allclose(scaled(heat), scale_cam_image(heat[None])[0], rtol=1e-6)
    assert not scaled(np.zeros((3, 3), dtype=np.float32)).any()


def test_the_map_lies_where_the_network_looked() -> None:
    heat = np.zeros((8, 8), dtype=np.float32)
    heat[0, 0] = 1
    stretched = on_film(heat, shape=(400, 200), preprocessing=IMAGENET)
    assert stretched.shape == (400, 200)
    assert np.unravel_index(stretched.argmax(), stretched.shape) < (60, 30)


@pytest.mark.parametrize("fit", ["crop", "pad"])
@pytest.mark.parametrize("shape", [(400, 200), (150, 310)])
def test_a_spot_comes_back_to_its_place(fit: str, shape: tuple[int, int]) -> None:
    """A film with one bright spot near its middle, resized as the network sees it, gives a map that peaks on the spot."""
    preprocessing = Preprocessing(size=(64, 64), fit=fit, mean=(0.5,) * 3, std=(0.5,) * 3)
    film = np.zeros(shape, dtype=np.float32)
    spot = (shape[0] // 2 + 30, shape[1] // 2 - 30)
    film[spot[0] - 8 : spot[0] + 8, spot[1] - 8 : spot[1] + 8] = 1
    back = on_film(preprocessing.resize_film(film), shape=shape, preprocessing=preprocessing)
    rows, columns = np.nonzero(back > 0.5 * back.max())
    assert abs(rows.mean() - spot[0]) < 5
    assert abs(columns.mean() - spot[1]) < 5
