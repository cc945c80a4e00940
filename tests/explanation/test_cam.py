from __future__ import annotations

import numpy as np
import pytest

from deepcovid.explanation.cam import grad_cam, on_film, scaled
from deepcovid.imaging.preprocessing import IMAGENET, Preprocessing
from deepcovid.models.torchvision_import import import_torchvision

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module", autouse=True)
def _torchvision() -> None:
    """grad-cam imports torchvision, which needs the mend where its compiled operators are absent."""
    import_torchvision("testing")


@pytest.mark.parametrize(
    ("name", "neck", "size"),
    [
        ("resnet18", "pool", 64),
        ("squeezenet1_1", "pool", 64),
        ("vgg16", "flatten", 64),
        ("darkcovidnet", "flatten", 64),
    ],
)
@pytest.mark.parametrize("target", [0, 1])
def test_closed_form_equals_the_grad_cam_library(name: str, neck: str, size: int, target: int) -> None:
    """Golden: jacobgil's grad-cam, by autograd, on the same network."""
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    from deepcovid.models.zoo import build_network

    class Logits(torch.nn.Module):
        def __init__(self, network: torch.nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, film: torch.Tensor) -> torch.Tensor:
            return self.network(film)[0]

    torch.manual_seed(3)
    network = build_network(name, classes=2, size=(size, size), neck=neck).eval()
    film = torch.rand(1, 1, size, size, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        feature_map = network(film)[1][0].numpy()
    with GradCAM(Logits(network), [network.target_layer]) as cam:
        targets = [ClassifierOutputTarget(target)]
        cam.outputs = cam.activations_and_grads(film)
        cam.model.zero_grad()
        targets[0](cam.outputs[0]).backward()
        raw = cam.get_cam_image(
            film, network.target_layer, targets,
            cam.activations_and_grads.activations[0].numpy(), cam.activations_and_grads.gradients[0].numpy(), False,
        )[0]  # fmt: skip
    ours = grad_cam(feature_map, network.head.weight.detach().numpy(), target=target, neck=neck)
    np.testing.assert_allclose(ours, np.maximum(raw, 0), rtol=1e-4, atol=1e-6 * np.abs(raw).max())


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
