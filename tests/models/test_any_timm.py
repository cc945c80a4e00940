"""Networks of timm: feature maps of convolutional networks and transformers, sizes, blocks, and how weights are to be had."""

from __future__ import annotations

import pytest
import torch

from deepcovid.errors import RecipeError, WeightsError
from deepcovid.export.onnx import export_network
from deepcovid.export.parity import require_parity
from deepcovid.models.timm_backbone import unused_children
from deepcovid.models.weight_cache import fetch
from deepcovid.models.zoo import architecture, build_network
from deepcovid.training.finetune import set_trainable


def test_any_network_of_timm_goes_by_its_name():
    known = architecture("timm:resnet10t")
    network = build_network("timm:resnet10t", classes=2, size=(64, 64)).eval()
    with torch.no_grad():
        logits, maps = network(torch.rand(2, 1, 70, 60))
    assert (logits.shape, maps.shape) == ((2, 2), (2, known.features, 2, 2))
    assert sum(numbers.numel() for numbers in network.parameters()) == known.parameters


def test_tokens_of_a_transformer_are_the_map_of_its_patches():
    network = build_network("vit_tiny", classes=2, size=(64, 48)).eval()
    films = network.prepare(torch.rand(1, 1, 64, 48))
    with torch.no_grad():
        maps, tokens = network.backbone(films), network.backbone.forward_features(films)
    assert maps.shape == (1, 192, 4, 3)
    assert torch.equal(maps[0, :, 2, 1], tokens[0, 1 + 2 * 3 + 1])  # behind the class token, row by row


def test_a_transformer_exports_as_the_same_function():
    network = build_network("vit_tiny", classes=2, size=(32, 32)).eval()
    require_parity(export_network(network), network, torch.rand(2, 1, 40, 36).numpy())


def test_what_stands_behind_the_map_is_left_out():
    assert unused_children("convnext_tiny") == ("head",)
    assert unused_children("mobilenetv3_small_100") == ("conv_head",)


def test_the_last_blocks_move_and_the_position_embedding_does_not():
    network = build_network("vit_tiny", classes=2, size=(32, 32))
    set_trainable(network, 2)
    moving = {name.partition(".")[0] for name, part in network.backbone.named_parameters() if part.requires_grad}
    assert moving == {"blocks", "norm"}
    blocks = {name.split(".")[1] for name, part in network.backbone.blocks.named_parameters() if part.requires_grad}
    assert not network.backbone.pos_embed.requires_grad
    assert not network.backbone.blocks[0].attn.qkv.weight.requires_grad
    assert blocks


def test_what_timm_does_not_have_is_said():
    with pytest.raises(RecipeError, match="has no network 'resnet81'"):
        architecture("timm:resnet81")
    with pytest.raises(RecipeError, match=r"does not take films of 64 × 64 .*size = \[224, 224\]"):
        build_network("timm:mixer_s32_224", classes=2, size=(64, 64))


def test_weights_without_a_digest_are_not_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPCOVID_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match=r"without a SHA-256.*download https://huggingface.co/timm/vit_tiny"):
        fetch("vit_tiny")
