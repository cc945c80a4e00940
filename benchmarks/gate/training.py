"""Training of the gate's network, the rules chosen on held-out patients, and the ONNX graph that is shipped."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from network import SIDE, GateNetwork
from torch import nn
from torch.nn import functional

from deepcovid.export.onnx import OPSET, _quiet, _strip
from deepcovid.models.gate.gate import RULES, Rules
from deepcovid.models.gate.reasons import CLASSES, PASSES

BATCH = 64


def varied(small: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Other greys, grain, a small shift and a blot for a batch (N, 1, 96, 96) of uint8."""
    x = small.float() / 255
    n = len(x)

    def uniform(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(n, 1, 1, 1, generator=generator)

    x = torch.where(torch.rand(n, 1, 1, 1, generator=generator) < 0.5, x.flip(3), x)
    x = x.clamp(1e-4, 1) ** torch.exp(uniform(-0.35, 0.35)) * uniform(0.75, 1.1) + uniform(-0.05, 0.1)
    x = x + uniform(0, 0.04) * torch.randn(x.shape, generator=generator)
    place = torch.zeros(n, 2, 3)
    place[:, 0, 0], place[:, 1, 1] = uniform(0.95, 1.05).view(-1), uniform(0.95, 1.05).view(-1)
    place[:, :, 2] = torch.rand(n, 2, generator=generator) * 0.08 - 0.04
    grid = functional.affine_grid(place, list(x.shape), align_corners=False)
    x = functional.grid_sample(x, grid, padding_mode="border", align_corners=False)
    for i in range(0, n, 3):
        row, column, height, width = (
            (torch.rand(4, generator=generator) * torch.tensor([96, 96, 18, 24])).long().tolist()
        )
        x[i, :, row : row + height, column : column + width] = torch.rand(1, generator=generator)
    return x.clamp(0, 1)


def train(
    x: np.ndarray, y: np.ndarray, *, epochs: int, seed: int, rate: float = 4e-3, start: GateNetwork | None = None
) -> GateNetwork:
    """AdamW, one cycle, label smoothing; examples uint8 (N, 96, 96) and class numbers (N,); `start` is trained on."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    net = (start or GateNetwork(len(CLASSES))).to(memory_format=torch.channels_last).train()
    films, truth = torch.from_numpy(x)[:, None], torch.from_numpy(y)
    steps = len(films) // BATCH
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=2e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=rate, total_steps=epochs * steps, pct_start=0.15)
    began = time.perf_counter()
    for epoch in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(films), generator=generator)[: steps * BATCH].split(BATCH):
            small = varied(films[batch], generator).contiguous(memory_format=torch.channels_last)
            logits = net.head(net.drop(net.features(small)))
            loss = functional.cross_entropy(logits, truth[batch], label_smoothing=0.03)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        print(f"epoch {epoch + 1}/{epochs}: loss {total / steps:.3f}, {time.perf_counter() - began:.0f} s", flush=True)
    return net.eval()


@torch.no_grad()
def answers(net: GateNetwork, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, K) and features (N, F) of examples uint8 (N, 96, 96)."""
    found = [net(torch.from_numpy(part)[:, None].float() / 255) for part in np.array_split(x, -(-len(x) // 128))]
    return torch.cat([a for a, _ in found]).numpy(), torch.cat([b for _, b in found]).numpy()


PICTURES = ("photo or drawing", "document or screen")
STEPS = (0.0, 0.3, 0.6, 0.9)


def pictures_right(logits: np.ndarray, y: np.ndarray) -> float:
    """The share of photographs, drawings, documents and screens that are called one of these."""
    kinds = [CLASSES.index(name) for name in PICTURES]
    return round(float(np.isin(logits.argmax(axis=1), kinds)[np.isin(y, kinds)].mean()), 4)


def shift(net: GateNetwork, logits: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Moves the head's bias so that the worst of four kinds is told best on held-out examples; how far.

    Few examples of "other body part" resemble real ones, while much that is drawn or photographed resembles them: what
    may be either is the likelier a picture. The kinds are pictures, CT slices, laterals and frontal films.
    """
    names = ("photo or drawing", "CT slice", "other body part")
    others = ("CT slice", "lateral", PASSES)
    best, chosen = -1.0, np.zeros(len(CLASSES), np.float32)
    for steps in np.array(np.meshgrid(STEPS, STEPS, STEPS)).reshape(3, -1).T:
        moved = np.zeros(len(CLASSES), np.float32)
        moved[[CLASSES.index(name) for name in names]] = steps * (1, 1, -1)
        right = confusion(logits + moved, y)["right"]
        shares = [pictures_right(logits + moved, y), *(right[name] for name in others)]
        value = min(shares) + 0.2 * float(np.mean(list(right.values())))
        if value > best:
            best, chosen = value, moved
    with torch.no_grad():
        net.head.bias += torch.from_numpy(chosen)
    return {name: round(float(chosen[CLASSES.index(name)]), 3) for name in names}


class Shipped(nn.Module):
    """The network with a second output: how far the features lie from those of the frontal films of training.

    The distance is Mahalanobis's with one shrunk covariance, divided by the root of the number of features: about 1 for
    a film like those of training (Lee et al. 2018, arXiv 1807.03888, for one class).
    """

    def __init__(self, net: GateNetwork, features: np.ndarray) -> None:
        super().__init__()
        self.net = net
        mean = features.mean(axis=0)
        covariance = np.cov((features - mean).T)
        n = len(covariance)
        covariance = 0.9 * covariance + 0.1 * np.trace(covariance) / n * np.eye(n)
        values, vectors = np.linalg.eigh(covariance)
        whiten = vectors / np.sqrt(values * n)
        self.register_buffer("mean", torch.from_numpy(mean.astype(np.float32)))
        self.register_buffer("whiten", torch.from_numpy(whiten.astype(np.float32)))

    def forward(self, film: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits, features = self.net(film)
        apart = (features - self.mean) @ self.whiten
        return logits, (apart * apart).sum(dim=1).sqrt()


def choose_rules(logits: np.ndarray, distance: np.ndarray, y: np.ndarray) -> Rules:
    """The rules from held-out examples: at most half a percent of the frontal films are refused for each of two doubts."""
    frontal = y == CLASSES.index(PASSES)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    share = powers[:, CLASSES.index(PASSES)] / powers.sum(axis=1)
    pass_at = float(np.clip(np.quantile(share[frontal], 0.005), 0.30, 0.50))
    return Rules(
        classes=CLASSES, pass_at=round(pass_at, 3), refuse_at=0.25,
        farthest=round(1.1 * float(np.quantile(distance[frontal], 0.998)), 3),
    )  # fmt: skip


def export(model: Shipped, rules: Rules) -> bytes:
    """The ONNX graph `film` → `logits`, `distance`, with the rules in its metadata."""
    import onnx

    axes = {0: torch.export.Dim("n"), 2: torch.export.Dim("h"), 3: torch.export.Dim("w")}
    with _quiet():
        program = torch.onnx.export(
            model.eval(), (torch.zeros(2, 1, SIDE + 30, SIDE + 20),), dynamo=True, input_names=["film"],
            output_names=["logits", "distance"], dynamic_shapes={"film": axes}, opset_version=OPSET, verbose=False,
        )  # fmt: skip
    graph = program.model_proto
    _strip(graph)
    onnx.helper.set_model_props(graph, {RULES: json.dumps(asdict(rules))})
    onnx.checker.check_model(graph)
    return bytes(graph.SerializeToString())


def confusion(logits: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Each class's share told right, and the table of counts (true class by row)."""
    table = np.zeros((len(CLASSES),) * 2, int)
    np.add.at(table, (y, logits.argmax(axis=1)), 1)
    right = {name: round(table[k, k] / max(table[k].sum(), 1), 4) for k, name in enumerate(CLASSES)}
    return {"right": right, "counts": table.tolist()}
