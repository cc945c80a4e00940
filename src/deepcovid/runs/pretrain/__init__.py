"""A pretraining run: films and phantoms in, a backbone's weights with their card out."""

from __future__ import annotations

from deepcovid.runs.pretrain.pretrain import Pretrained, pretrain

__all__ = ["Pretrained", "pretrain"]
