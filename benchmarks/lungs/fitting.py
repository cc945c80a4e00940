"""Training of the lung segmenter's network, and the ONNX graph that is shipped."""

from __future__ import annotations

import copy
import time

import numpy as np
import torch
from material import Pairs
from torch.nn import functional
from unet import LungNetwork

import lungs_from_phantoms
from deepcovid.export.onnx import OPSET, _quiet, _strip
from deepcovid.models.lungs.ranks import SIDE, ranked

BATCH = 16
MIRRORED = 0.2  # share of films with the heart on the other side


def bent(films: torch.Tensor, lungs: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Films and lungs (N, 1, H, W) pulled about smoothly, by up to a twentieth of the side; some mirrored."""
    n = len(films)
    pull = 0.03 * torch.randn(n, 2, 5, 5, generator=generator)
    pull = functional.interpolate(pull, size=films.shape[-2:], mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
    place = torch.eye(2, 3).repeat(n, 1, 1)
    place[:, 0, 0] = torch.where(torch.rand(n, generator=generator) < MIRRORED, -1.0, 1.0)
    grid = functional.affine_grid(place, list(films.shape), align_corners=False) + pull
    return (
        functional.grid_sample(films, grid, padding_mode="border", align_corners=False),
        functional.grid_sample(lungs, grid, align_corners=False),
    )


def veiled(films: torch.Tensor, lungs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """A third of the films (N, 1, H, W) with lungs that are whitened in part, as by disease."""
    n = len(films)
    cloud = torch.randn(n, 1, 6, 6, generator=generator)
    cloud = functional.interpolate(cloud, size=films.shape[-2:], mode="bicubic")
    level, depth, asked = torch.rand(3, n, 1, 1, 1, generator=generator)
    soft = functional.avg_pool2d(lungs, 5, stride=1, padding=2)
    veil = (cloud + 2 * level - 1).clamp(0, 1) * (0.2 + 0.6 * depth) * soft * (asked < 1 / 3)
    white = films.flatten(1).quantile(0.85, dim=1)[:, None, None, None]
    return films + (torch.maximum(white, films) - films) * veil


def examples(pairs: Pairs, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch as the network sees it: ranked greys of varied films, and lungs, both (N, 1, SIDE, SIDE)."""
    films = torch.from_numpy(pairs.films.astype(np.float32) / 255)[:, None]
    lungs = torch.from_numpy(pairs.lungs.astype(np.float32))[:, None]
    films, lungs = bent(films, lungs, generator)
    films = veiled(films, lungs, generator)
    films, lungs = lungs_from_phantoms.augmented(films, lungs, generator)
    return torch.from_numpy(np.stack([ranked(film) for film in films[:, 0].numpy()]))[:, None], lungs


def train(
    drawn: Pairs, real: Pairs | None, *, steps: int, rate: float, seed: int, start: LungNetwork | None = None
) -> LungNetwork:
    """AdamW, one cycle, cross-entropy and soft Dice; half of each batch is of real films where there are any."""
    torch.manual_seed(seed)
    generator, rng = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    net = copy.deepcopy(start) if start else LungNetwork()
    net = net.to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=rate, total_steps=steps, pct_start=0.2)
    began, total = time.perf_counter(), 0.0
    for step in range(steps):
        seen, truth = examples(_batch(drawn, real, rng), generator)
        logits = net(seen.contiguous(memory_format=torch.channels_last))
        loss = functional.binary_cross_entropy_with_logits(logits, truth) + lungs_from_phantoms._dice_loss(
            logits, truth
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        total += float(loss.detach())
        if step % 100 == 99:
            print(f"step {step + 1}/{steps}: loss {total / 100:.3f}, {time.perf_counter() - began:.0f} s", flush=True)
            total = 0.0
    return net.eval()


def _batch(drawn: Pairs, real: Pairs | None, rng: np.random.Generator) -> Pairs:
    of_real = BATCH // 2 if real is not None else 0
    parts = [drawn[rng.choice(len(drawn), BATCH - of_real, replace=False)]]
    if real is not None:
        parts.append(real[rng.choice(len(real), of_real, replace=False)])
    return Pairs(np.concatenate([part.films for part in parts]), np.concatenate([part.lungs for part in parts]))


def export(net: LungNetwork) -> bytes:
    """The ONNX graph `ranks` → `lungs` (logits), both float32 (N, 1, SIDE, SIDE); its weights are kept in half precision."""
    import onnx

    with _quiet():
        program = torch.onnx.export(
            net.to(memory_format=torch.contiguous_format).eval(), (torch.zeros(2, 1, SIDE, SIDE),), dynamo=True,
            input_names=["ranks"], output_names=["lungs"], dynamic_shapes={"ranks": {0: torch.export.Dim("n")}},
            opset_version=OPSET, verbose=False,
        )  # fmt: skip
    graph = program.model_proto
    _strip(graph)
    _halve(graph)
    onnx.checker.check_model(graph)
    return bytes(graph.SerializeToString())


def _halve(model: object) -> None:
    """Weights as float16, each behind a Cast to float32 that the runtime carries out once, when it opens the graph."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph  # type: ignore[attr-defined]
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < 64:
            continue
        name, values = tensor.name, numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(onnx.numpy_helper.from_array(values, f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
