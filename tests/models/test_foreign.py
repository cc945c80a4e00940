"""A stranger's ONNX classifier: plain torchvision exported by plain torch, held against torch itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepcovid.errors import DetectorError
from deepcovid.models.foreign import ForeignInput, OnnxClassifier

torch = pytest.importorskip("torch")
IMAGENET: dict[str, Any] = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
TWO: dict[str, Any] = {"size": [64, 64], "classes": ["normal", "covid"], "positive": "covid", **IMAGENET}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """torchvision's SqueezeNet and its file, as anybody writes one."""
    from deepcovid.models.torchvision_import import import_torchvision

    torch.manual_seed(0)
    net = import_torchvision().models.squeezenet1_1(num_classes=2).eval()
    path = tmp_path_factory.mktemp("plain") / "theirs.onnx"
    program = torch.onnx.export(net, (torch.zeros(1, 3, 64, 64),), dynamo=True, verbose=False)
    program.save(str(path))
    return net, path


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    return np.random.default_rng(0).random((90, 120), dtype=np.float32)


def described(tmp_path: Path, **keys: Any) -> ForeignInput:
    path = tmp_path / "input.json"
    path.write_text(json.dumps(TWO | keys))
    return ForeignInput.load(path)


def test_scores_are_those_of_torch(plain: tuple[Any, Path], film: np.ndarray, tmp_path: Path) -> None:
    net, path = plain
    classifier = OnnxClassifier(path, described(tmp_path))
    mean, std = (torch.tensor(IMAGENET[name])[None, :, None, None] for name in ("mean", "std"))
    small = torch.nn.functional.interpolate(
        torch.from_numpy(film)[None, None], size=(64, 64), mode="bilinear", antialias=True
    )
    with torch.no_grad():
        maps = net.features((small.expand(-1, 3, -1, -1) - mean) / std)
        logits = net.classifier(maps).flatten(1)
    seen = classifier.look(film)
    assert seen.score == pytest.approx(float(torch.softmax(logits, 1)[0, 1]), abs=1e-5)
    # what the last convolution receives, averaged over positions
    assert seen.features == pytest.approx(maps.mean(dim=(2, 3))[0].numpy(), abs=1e-4)


def test_the_middle_of_a_larger_resize_is_torchvisions(film: np.ndarray, tmp_path: Path) -> None:
    how = described(tmp_path, fit="crop", shorter=72, mean=[0.0] * 3, std=[1.0] * 3)
    large = torch.nn.functional.interpolate(
        torch.from_numpy(film)[None, None], size=(72, 96), mode="bilinear", antialias=True
    )
    assert how.apply(film)[0, 0] == pytest.approx(large[0, 0, 4:68, 16:80].numpy(), abs=1e-5)


def test_ranges_layouts_and_single_channels(film: np.ndarray, tmp_path: Path) -> None:
    how = described(tmp_path, channels=1, mean=[0.0], std=[1.0], value_range=[-1024, 1024], layout="NHWC")
    given = how.apply(film)
    assert given.shape == (1, 64, 64, 1)
    assert given.min() < -500
    assert given.max() > 500


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"positive": "flu"}, "none of"),
        ({"sise": [1, 1]}, "unknown key 'sise'"),
        ({"mean": [0.5]}, "need 3 numbers"),
        ({"channels": 2}, "use 1 or 3"),
        ({"classes": ["covid"]}, "softmax of one class"),
        ({"shorter": 72}, "fit = 'crop'"),
        ({"value_range": [1, 0]}, "must rise"),
        ({"threshold": 2.0}, "from 0 to 1"),
    ],
)
def test_a_wrong_description_is_refused_in_words(tmp_path: Path, keys: dict[str, Any], words: str) -> None:
    with pytest.raises(DetectorError, match=words):
        described(tmp_path, **keys)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"classes": ["a", "b", "covid"]}, "not one finite number for each of 3"),
        ({"size": [8, 8]}, "cannot be run"),
        ({"activation": "none", "value_range": [0, 65535]}, "no probability"),
    ],
)
def test_what_the_model_cannot_do_is_said(
    plain: tuple[Any, Path], film: np.ndarray, tmp_path: Path, keys: dict[str, Any], words: str
) -> None:
    classifier = OnnxClassifier(plain[1], described(tmp_path, **keys))
    with pytest.raises(DetectorError, match=words):
        classifier.look(film)


def test_an_input_that_is_not_there_is_named(plain: tuple[Any, Path], tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="no input 'pixels'"):
        OnnxClassifier(plain[1], described(tmp_path, input="pixels"))


def test_the_hash_knows_model_and_description(plain: tuple[Any, Path], tmp_path: Path) -> None:
    one, other = (OnnxClassifier(plain[1], described(tmp_path, threshold=cut)).hash for cut in (0.5, 0.6))
    assert one != other
