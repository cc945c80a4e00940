"""torch in the place of the exported graph, for the time that an export takes: 2 to 22 s a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from deepcovid.features.extraction import features_of, resized_film
from deepcovid.features.store import FeatureStore

if TYPE_CHECKING:
    from deepcovid.imaging.augmentation import Draw
    from deepcovid.models.network import FilmNetwork


class TorchExtractor:
    """Features of a frozen backbone, as `BackboneExtractor` gives them."""

    def __init__(self, network: FilmNetwork) -> None:
        from deepcovid.models.network import backbone_hash

        self.network = network.eval()
        kept = network.preprocessing.to_dict()
        self.space: dict[str, Any] = {"kind": "torch", "backbone": backbone_hash(network), "preprocessing": kept}

    def __call__(self, path: Path, draws: Sequence[Draw | None]) -> list[np.ndarray]:
        film = resized_film(path, self.network.preprocessing)
        return [self._features(film if draw is None else draw.apply(film)) for draw in draws]

    def _features(self, film: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            feature_map = self.network.backbone(self.network.prepare(torch.from_numpy(film)[None, None]))
        return features_of(feature_map.numpy(), neck=self.network.neck)[0]


def put_torch_in_place_of_graphs(network: FilmNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a training of `network` take features and scores from torch and write no graph."""
    import torch

    from deepcovid.runs import head, whole

    def scores(_: bytes, store: FeatureStore, keys: list[str], **__: Any) -> np.ndarray:
        with torch.inference_mode():
            logits: np.ndarray = network.eval()(torch.from_numpy(store.stacked(keys)[:, None]))[0].numpy()
        return logits

    monkeypatch.setattr(head, "backbone_graph", lambda _: (b"", TorchExtractor(network)))
    monkeypatch.setattr(head, "with_head", lambda graph, _: graph)
    monkeypatch.setattr(whole, "export_network", lambda _: b"")
    monkeypatch.setattr(whole, "require_parity", lambda *_: None)
    monkeypatch.setattr(whole, "_logits", scores)
