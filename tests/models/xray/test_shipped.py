"""`--weights xray`: our own file, checked, or an error that lists the networks that have one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from deepcovid.cli import app
from deepcovid.errors import WeightsError
from deepcovid.models.weights import load_backbone_weights, ways_out
from deepcovid.models.xray import shipped, shipped_weights, xray_networks
from deepcovid.models.zoo import build_network
from deepcovid.storage import sha256_file, write_json, write_tensors, write_text

NETWORKS = ("squeezenet1_1", "timm:regnetx_002")


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with weights of two small networks, in half precision, as a release would have them."""
    told = {}
    for name in NETWORKS:
        torch.manual_seed(5)
        network = build_network(name, classes=2, size=(64, 64))
        path = tmp_path / shipped.file_name(name)
        state = {f"backbone.{key}": array.half().numpy() for key, array in network.backbone.state_dict().items()}
        write_tensors(path, state)
        for suffix in (".md", ".films.csv", ".figures.json"):
            write_text(path.with_suffix(suffix), "something")
        told[name] = {"sha256": sha256_file(path), "preprocessing": network.preprocessing.to_dict()}
    write_json(tmp_path / "xray.json", {"format": 1, "networks": told})
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", NETWORKS)
def test_the_backbone_is_the_file_and_the_head_is_of_the_seed(ours: Path, name: str) -> None:
    network = build_network(name, classes=2, size=(96, 96))
    used = load_backbone_weights(network, "xray", seed=3)
    torch.manual_seed(5)
    wanted = build_network(name, classes=2, size=(64, 64)).backbone.state_dict()
    for key, tensor in network.backbone.state_dict().items():
        assert torch.equal(tensor, wanted[key].half().to(tensor.dtype))
    assert (used.name, used.sha256, used.random) == ("xray", sha256_file(ours / shipped.file_name(name)), False)
    assert used.sentence.endswith(" They were learnt from films of 64 × 64 pixels; films come otherwise here.")
    assert f"{shipped.file_name(name).removesuffix('.safetensors')}.md" in used.sentence


def test_where_films_come_as_they_were_learnt_from_nothing_is_said_and_else_how(ours: Path) -> None:
    as_learnt = shipped_weights("squeezenet1_1").preprocessing
    network = build_network("squeezenet1_1", classes=2, preprocessing=as_learnt)
    assert load_backbone_weights(network, "xray", seed=3).sentence.endswith("(seed 3).")
    otherwise = replace(as_learnt, mean=(0.5,) * 3, fit="pad")
    network = build_network("squeezenet1_1", classes=2, preprocessing=otherwise)
    assert load_backbone_weights(network, "xray", seed=3).sentence.endswith(
        "They were learnt with ImageNet's mean and standard deviation, with fit = stretch; films come otherwise here."
    )


def test_names_of_files_are_legal_everywhere() -> None:
    assert shipped.file_name("timm:resnet26.bt_in1k") == "timm-resnet26.bt_in1k.safetensors"


def test_where_published_weights_cannot_be_had_ours_are_named(ours: Path) -> None:
    assert "take one of four ways" in ways_out("squeezenet1_1")
    assert "or take `--weights xray`" in ways_out("squeezenet1_1")
    assert "take one of three ways" in ways_out("resnet18")
    assert "xray" not in ways_out("resnet18")


def test_the_lists_name_them(ours: Path) -> None:
    listed = CliRunner().invoke(app, ["models", "list"]).output.splitlines()
    assert [line.split()[0] for line in listed if "--weights xray" in line] == list(NETWORKS)
    listed = CliRunner().invoke(app, ["weights", "list"]).output
    assert [line.split()[:3] for line in listed.splitlines() if "--weights xray" in line] == [
        ["squeezenet1_1", "1.4", "MB"],
        ["timm:regnetx_002", "4.7", "MB"],
    ]


def test_another_network_is_refused_with_those_that_have_some(ours: Path) -> None:
    with pytest.raises(
        WeightsError, match="no xray weights of resnet18; this version has them of squeezenet1_1, timm:regnetx_002"
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
        load_backbone_weights(build_network(name, classes=2, preprocessing=one.preprocessing), "xray", seed=0)


def test_where_there_are_none_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="this version has none of any network"):
        shipped_weights("resnet18", folder=tmp_path)
