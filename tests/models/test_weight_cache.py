"""Published weights: fetched once, verified, converted, found again, mended when damaged."""

from __future__ import annotations

import shutil

import pytest
import torch

from deepcovid.errors import RunError, WeightsError
from deepcovid.models.weight_cache import cached, fetch, list_weights
from deepcovid.progress import Silent
from deepcovid.storage import lock, sha256_file


def test_weights_are_fetched_once_and_then_found(tiny, tiny_checkpoint, web, cache_folder):
    assert cached("tiny") is None
    first = fetch("tiny")
    assert first.verified
    assert first.sha256 == sha256_file(tiny_checkpoint)
    assert first.source == tiny.weights.url
    assert fetch("tiny") == first == cached("tiny")
    assert len(web.ranges) == 1
    left = sorted(path.name for path in first.path.parent.iterdir() if not path.name.startswith("."))
    assert left == ["backbone.json", "backbone.safetensors"]  # not the publisher's file, with its classifier
    assert first.path.is_relative_to(cache_folder)


def test_the_cache_holds_the_backbone_under_our_names(tiny, tiny_checkpoint):
    from safetensors import safe_open

    with safe_open(fetch("tiny").path, framework="pt") as file:
        names = set(file.keys())
        assert file.metadata()["sha256"] == sha256_file(tiny_checkpoint)
        published = torch.load(tiny_checkpoint, weights_only=True)
        assert torch.equal(file.get_tensor("backbone.0.weight"), published["features.0.weight"])
    assert all(name.startswith("backbone.") for name in names)
    assert not any("classifier" in name for name in names)


@pytest.mark.parametrize("victim", ["backbone.safetensors", "backbone.json"])
def test_damaged_weights_are_noticed_and_fetched_again(tiny, web, victim):
    held = fetch("tiny")
    path = held.path.with_name(victim)
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    assert cached("tiny") is None
    warnings = []
    listener = Silent()
    listener.warn = warnings.append
    assert fetch("tiny", progress=listener) == held == cached("tiny")
    assert len(web.ranges) == 2
    assert "the cached weights of tiny are damaged" in warnings[0]


def test_a_broken_download_leaves_no_weights_and_goes_on_later(tiny, web):
    web.cuts = [700, 0, 0]
    with pytest.raises(WeightsError, match=r"kept and continued next time → .*--from DIR_OR_URL.*--weights PATH"):
        fetch("tiny")
    assert cached("tiny") is None
    assert fetch("tiny").verified
    assert web.ranges == [None, "bytes=700-", "bytes=700-", "bytes=700-"]


def test_without_network_the_three_ways_out_are_named(tiny, tiny_checkpoint, web):
    web.files.clear()
    with pytest.raises(WeightsError) as caught:
        fetch("tiny")
    message = str(caught.value)
    assert "network connection" in message
    assert "deepcovid weights fetch tiny --from DIR_OR_URL" in message
    assert tiny_checkpoint.name in message
    assert "--weights PATH" in message


def test_a_file_with_other_bytes_is_refused(tiny, tiny_checkpoint, web):
    web.files[f"/{tiny_checkpoint.name}"] = tiny_checkpoint.read_bytes() + b"!"
    with pytest.raises(WeightsError, match="came with SHA-256"):
        fetch("tiny")
    assert cached("tiny") is None


def test_from_a_folder_a_file_or_a_file_address(tiny, tiny_checkpoint, web):
    for source in (tiny_checkpoint.parent, str(tiny_checkpoint), tiny_checkpoint.parent.as_uri()):
        held = fetch("tiny", source=source)
        assert held.verified
        assert held.source == str(tiny_checkpoint)
        assert tiny_checkpoint.exists()
    assert web.ranges == []


def test_from_another_server(tiny, tiny_checkpoint, web):
    web.files = {f"/mirror/{tiny_checkpoint.name}": tiny_checkpoint.read_bytes()}
    assert fetch("tiny", source=f"{web.url}/mirror/").source == f"{web.url}/mirror/{tiny_checkpoint.name}"
    assert fetch("tiny", source=f"{web.url}/mirror/{tiny_checkpoint.name}").verified


def test_safetensors_from_elsewhere_are_taken_as_given(tiny, tiny_checkpoint, tmp_path):
    from safetensors.torch import save_file

    state = torch.load(tiny_checkpoint, weights_only=True)
    (tmp_path / "mine").mkdir()
    save_file(state, tmp_path / "mine" / "tiny.safetensors")
    held = fetch("tiny", source=tmp_path / "mine")
    assert not held.verified
    assert held.sha256 == sha256_file(tmp_path / "mine" / "tiny.safetensors")
    assert cached("tiny") == held


def test_a_checkpoint_from_elsewhere_must_be_the_published_one(tiny, tiny_checkpoint, tmp_path):
    state = torch.load(tiny_checkpoint, weights_only=True)
    torch.save(state | {"features.0.bias": torch.ones(4)}, tmp_path / tiny_checkpoint.name)
    with pytest.raises(WeightsError, match="but the published file's begins with"):
        fetch("tiny", source=tmp_path)
    assert cached("tiny") is None


@pytest.mark.parametrize("place", ["empty", "nowhere"])
def test_a_source_without_the_file_says_what_is_wanted(tiny, tiny_checkpoint, tmp_path, place):
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsError, match=rf"{place}: this .*{tiny_checkpoint.name}, .*tiny\.safetensors"):
        fetch("tiny", source=tmp_path / place)


def test_weights_of_another_network_are_refused(tiny, tiny_checkpoint, tmp_path, web):
    from safetensors.torch import save_file

    save_file({"features.0.weight": torch.zeros(4, 3, 3, 3)}, tmp_path / "tiny.safetensors")
    with pytest.raises(WeightsError, match=r"not of tiny: 7 of 8 names are missing"):
        fetch("tiny", source=tmp_path)


def test_networks_without_published_weights_say_so(cache_folder):
    with pytest.raises(WeightsError, match=r"no ImageNet weights of darkcovidnet are published → .*--weights none"):
        fetch("darkcovidnet")


def test_two_processes_do_not_write_the_same_weights(tiny, cache_folder):
    with lock(cache_folder / "weights" / "tiny"), pytest.raises(RunError, match="another process"):
        fetch("tiny")


def test_the_list_says_what_is_here(tiny):
    before = {row.name: row for row in list_weights()}
    assert {"resnet18", "vgg16", "tiny"} <= set(before)
    assert "darkcovidnet" not in before
    assert not before["tiny"].cached
    held = fetch("tiny")
    row = next(row for row in list_weights() if row.name == "tiny")
    assert (row.cached, row.path, row.sha256) == (True, held.path, held.sha256)
    assert row.megabytes == round(held.path.stat().st_size / 1e6, 1)
    assert "BSD" in row.licence
    shutil.rmtree(held.path.parent)
    assert not next(row for row in list_weights() if row.name == "tiny").cached
