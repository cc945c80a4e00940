"""`--weights xray`: our own file, checked, or an error that lists the networks that have one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from deepcovid.errors import WeightsError
from deepcovid.models.weights import load_backbone_weights
from deepcovid.models.xray import shipped, shipped_weights, xray_networks
from deepcovid.models.zoo import build_network
from deepcovid.storage import sha256_file, write_json, write_tensors, write_text


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with weights of the smallest network, in half precision, as a release would have them."""
    torch.manual_seed(5)
    state = build_network("squeezenet1_1", classes=2, size=(64, 64)).backbone.state_dict()
    path = tmp_path / "squeezenet1_1.safetensors"
    write_tensors(path, {f"backbone.{name}": array.half().numpy() for name, array in state.items()})
    write_text(tmp_path / "squeezenet1_1.md", "# card")
    told = {"squeezenet1_1": {"sha256": sha256_file(path), "size": 64}}
    write_json(tmp_path / "xray.json", {"format": 1, "networks": told})
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    return tmp_path


def test_the_backbone_is_the_file_and_the_head_is_of_the_seed(ours: Path) -> None:
    network = build_network("squeezenet1_1", classes=2, size=(96, 96))
    used = load_backbone_weights(network, "xray", seed=3)
    torch.manual_seed(5)
    wanted = build_network("squeezenet1_1", classes=2, size=(64, 64)).backbone.state_dict()
    for name, tensor in network.backbone.state_dict().items():
        assert torch.equal(tensor, wanted[name].half().float())
    assert (used.name, used.sha256, used.random) == ("xray", sha256_file(ours / "squeezenet1_1.safetensors"), False)
    assert "64 × 64" in used.sentence
    assert "squeezenet1_1.md" in used.sentence


def test_another_network_is_refused_with_those_that_have_some(ours: Path) -> None:
    with pytest.raises(
        WeightsError, match="no xray weights of resnet18; this version has them of squeezenet1_1"
    ) as caught:
        load_backbone_weights(build_network("resnet18", classes=2, size=(64, 64)), "xray", seed=0)
    assert "deepcovid pretrain" in caught.value.mend


def test_an_altered_file_is_refused(ours: Path) -> None:
    path = ours / "squeezenet1_1.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(WeightsError, match="SHA-256"):
        shipped_weights("squeezenet1_1")
    path.unlink()
    with pytest.raises(WeightsError, match="missing"):
        shipped_weights("squeezenet1_1")


@pytest.mark.parametrize("text", ["{", '{"format": 9, "networks": {}}', '{"format": 1, "networks": {"a": {}}}', "[]"])
def test_a_damaged_description_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "xray.json").write_text(text)
    with pytest.raises(WeightsError, match=r"damaged|format"):
        xray_networks(tmp_path)


def test_what_comes_with_deepcovid_is_whole_and_small() -> None:
    for name in xray_networks():
        one = shipped_weights(name)
        assert one.path.stat().st_size <= 5_000_000
        load_backbone_weights(build_network(name, classes=2, size=(one.size, one.size)), "xray", seed=0)


def test_where_there_are_none_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="this version has none of any network"):
        shipped_weights("resnet18", folder=tmp_path)
