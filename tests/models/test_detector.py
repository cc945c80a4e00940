from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from deepcovid.errors import DetectorError
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.detector import Description, Detector, OperatingPoint, write_detector

torch = pytest.importorskip("torch")
SMALL = Preprocessing(size=(48, 48), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    from deepcovid.export.onnx import export_network
    from deepcovid.models.network import to_tensors
    from deepcovid.models.zoo import build_network

    torch.manual_seed(0)
    network = build_network("squeezenet1_1", classes=2, preprocessing=SMALL).eval()
    description = Description(
        network="squeezenet1_1",
        neck="pool",
        classes=("not covid", "covid"),
        positive="covid",
        preprocessing=SMALL,
        operating_points=(OperatingPoint(name="default", threshold=0.5, chosen_on="given"),),
    )
    folder = tmp_path_factory.mktemp("run") / "detector"
    return write_detector(folder, description=description, graph=export_network(network), weights=to_tensors(network))


@pytest.fixture
def copy(detector: Detector, tmp_path: Path) -> Path:
    return Path(shutil.copytree(detector.folder, tmp_path / "detector"))


def test_a_folder_is_loaded_as_it_was_written(detector: Detector, copy: Path) -> None:
    again = Detector.load(copy)
    assert again.description == detector.description
    assert again.hash == detector.hash
    assert Detector.load(copy.parent).folder == copy, "a run folder's own detector is found"


def test_the_graph_and_the_network_agree(detector: Detector) -> None:
    film = np.random.default_rng(0).random((200, 150), dtype=np.float32)
    seen = detector.see(film)
    with torch.no_grad():
        logits, feature_map = detector.network()(torch.from_numpy(film)[None, None])
    np.testing.assert_allclose(seen.probabilities, torch.softmax(logits, 1)[0].numpy(), atol=1e-5)
    np.testing.assert_allclose(seen.feature_map, feature_map[0].numpy(), atol=1e-3)
    assert detector.score(film) == seen.probabilities[1]


def _edit(folder: Path, **changes: object) -> None:
    path = folder / "detector.json"
    values = json.loads(path.read_text())
    for key, value in changes.items():
        if value is None:
            del values[key]
        else:
            values[key] = value
    path.write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda f: (f / "model.onnx").write_bytes(b"x"), "was altered"),
        (lambda f: (f / "model.onnx").unlink(), "model.onnx is missing"),
        (lambda f: (f / "weights.safetensors").unlink(), "weights.safetensors is missing"),
        (lambda f: (f / "detector.json").unlink(), "no detector.json here"),
        (lambda f: _edit(f, preprocessing=None), "preprocessing is not stated"),
        (lambda f: _edit(f, preprocessing={"size": [48, 48]}), "missing: channels"),
        (lambda f: _edit(f, format=99), "the format is 99"),
        (lambda f: _edit(f, mood="good"), "unknown key 'mood'"),
        (lambda f: _edit(f, positive="flu"), "'flu' is none of"),
        (lambda f: _edit(f, operating_points=[]), "without an operating point"),
    ],
)
def test_a_damaged_folder_is_refused_by_name(copy: Path, damage: object, words: str) -> None:
    damage(copy)  # type: ignore[operator]
    with pytest.raises(DetectorError, match=words) as caught:
        Detector.load(copy)
    assert caught.value.mend


def test_the_hash_follows_every_file(detector: Detector, copy: Path) -> None:
    _edit(copy, licence="CC0")
    assert Detector.load(copy).hash != detector.hash


@pytest.mark.parametrize("changes", [{"classes": ["covid", "not covid"]}, {"operating_points": "nan"}])
def test_an_edited_description_is_held_against_the_graph(detector: Detector, copy: Path, changes: dict) -> None:
    from deepcovid.export.onnx import with_facts
    from deepcovid.storage import sha256_bytes

    told = with_facts(
        (copy / "model.onnx").read_bytes(), preprocessing=SMALL.to_dict(), classes=detector.description.classes
    )
    (copy / "model.onnx").write_bytes(told)
    files = detector.description.files | {"model.onnx": sha256_bytes(told)}
    if changes.get("operating_points") == "nan":
        _edit(copy, files=files, operating_points=[{"name": "x", "threshold": float("nan"), "chosen_on": "given"}])
        with pytest.raises(DetectorError, match="the threshold of 'x' is nan"):
            Detector.load(copy)
        return
    _edit(copy, files=files, **changes)
    with pytest.raises(DetectorError, match="differ in classes"):
        Detector.load(copy).score(np.zeros((48, 48), dtype=np.float32))


def test_a_detector_with_hidden_layers_is_rebuilt_and_explained(tmp_path: Path) -> None:
    """Head, output and activation stand in detector.json; the heat map from the graph alone is torch's."""
    from deepcovid.explanation.cam import grad_cam
    from deepcovid.explanation.heatmap import explain
    from deepcovid.export.onnx import export_network
    from deepcovid.models.heads import HeadShape
    from deepcovid.models.network import to_tensors
    from deepcovid.models.zoo import build_network

    torch.manual_seed(2)
    small = Preprocessing(size=(64, 64), mean=(0.0,) * 3, std=(1.0,) * 3)
    choices = {"head": HeadShape(hidden=(6, 5), activation="silu", dropout=0.5), "output": "one-sigmoid"}
    network = build_network("darkcovidnet", classes=2, preprocessing=small, activation="gelu", **choices).eval()
    description = Description(
        network="darkcovidnet",
        neck="flatten",
        classes=("normal", "covid"),
        positive="covid",
        preprocessing=small,
        operating_points=(OperatingPoint(name="default", threshold=0.5, chosen_on="given"),),
        hidden_activation="gelu",
        **choices,  # type: ignore[arg-type]
    )
    detector = write_detector(
        tmp_path, description=description, graph=export_network(network), weights=to_tensors(network)
    )
    film = np.random.default_rng(0).random((64, 64), dtype=np.float32)
    seen = Detector.load(tmp_path).see(film)
    with torch.no_grad():
        logits, maps = detector.network()(torch.from_numpy(film)[None, None])
        importance = network.importance(maps)[0]
    np.testing.assert_allclose(seen.probabilities, torch.softmax(logits, 1)[0].numpy(), atol=1e-6)
    assert seen.importance is not None
    np.testing.assert_allclose(seen.importance, importance.numpy(), rtol=1e-3, atol=1e-6)
    assert grad_cam(seen.feature_map, importance=seen.importance[0]).shape == seen.feature_map.shape[1:]
    assert explain(detector, film).shape == film.shape


def test_a_folder_from_before_heads_and_links_is_linear_and_softmax(copy: Path) -> None:
    _edit(copy, head=None, output=None, hidden_activation=None)
    told = Detector.load(copy).description
    assert (told.head.hidden, told.output, told.hidden_activation) == ((), "softmax", "")
