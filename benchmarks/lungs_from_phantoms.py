"""Do phantoms teach what a lung looks like? A segmenter that has seen nothing else, on hand-drawn lungs of real films.

    python benchmarks/lungs_from_phantoms.py --films ../shared/data/cxr-512

A small U-Net is trained on phantoms alone; no real film is used in training. Films of the patients in DEVELOPMENT, their
masks and the errors on them were looked at while the phantoms were made, and are reported apart; the figure that counts
is "held out". (Of all films together, only the spread of the masks' areas and extents was seen beforehand.)
Beside it stands the Dice of one fixed shape, the phantoms' average lung, since lungs lie much alike on all films.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from scipy import ndimage
from torch import nn
from torch.nn import functional

from deepcovid.datasets.phantom import Acquisition, render_phantom, sample_acquisition, source_named

SIDE = 96
DEVELOPMENT = (
    "cohen-117", "cohen-15", "cohen-150", "cohen-160", "cohen-161", "cohen-164", "cohen-168", "cohen-169",
    "cohen-179", "cohen-187", "cohen-188", "cohen-191", "cohen-202", "cohen-205", "cohen-229", "cohen-240",
    "cohen-243", "cohen-245", "cohen-248", "cohen-251", "cohen-290", "cohen-291", "cohen-296", "cohen-310",
    "cohen-314", "cohen-316", "cohen-326b", "cohen-4", "cohen-49", "cohen-57", "cohen-63", "cohen-71",
)  # fmt: skip
FINDINGS = ("normal", "covid", "covid", "covid", "pneumonia", "effusion", "cardiomegaly")


class SmallUNet(nn.Module):
    """Four scales, about 60,000 weights; (N, 1, H, W) → logits of the same size."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        sizes = [width, 2 * width, 4 * width, 6 * width]
        self.down = nn.ModuleList(_block(a, b) for a, b in zip([1, *sizes[:-1]], sizes, strict=True))
        self.up = nn.ModuleList(_block(a + b, a) for a, b in itertools.pairwise(sizes))
        self.last = nn.Conv2d(width, 1, 1)

    def forward(self, films: torch.Tensor) -> torch.Tensor:
        kept, x = [], films
        for i, block in enumerate(self.down):
            x = block(functional.max_pool2d(x, 2) if i else x)
            kept.append(x)
        for block, skip in zip(reversed(self.up), reversed(kept[:-1]), strict=True):
            x = block(torch.cat([skip, functional.interpolate(x, scale_factor=2.0, mode="bilinear")], dim=1))
        return self.last(x)


def _block(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for a in (inputs, outputs):
        layers += [nn.Conv2d(a, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def draw_phantoms(count: int, *, seed: int, side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """Films and lung masks (count, side, side) of as many patients, all hospitals, views and findings mixed."""
    films, masks = [], []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        phantom = render_phantom(
            seed=int(rng.integers(2**31)), size=side, finding=str(rng.choice(FINDINGS)), severity=float(rng.random()),
            sex=str(rng.choice(["F", "M"])), age=float(rng.uniform(18, 90) if rng.random() < 0.95 else rng.uniform(1, 17)),
            acquisition=_acquisition(rng),
        )  # fmt: skip
        films.append(phantom.film)
        masks.append(phantom.lung_mask)
    return np.stack(films), np.stack(masks)


def _acquisition(rng: np.random.Generator) -> Acquisition:
    source = source_named(f"hospital-{rng.integers(40)}")
    return sample_acquisition(rng, view="AP" if rng.random() < 0.5 else "PA", source=source)


def augmented(
    films: torch.Tensor, masks: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Random placement, display curve, shading, blur, noise and blots for a batch (N, 1, H, W)."""
    n = len(films)

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return low + (high - low) * torch.rand(n, *shape, generator=generator)

    angle, scale = uniform(-0.15, 0.15), uniform(0.72, 1.18)
    stretch = torch.exp(uniform(-0.15, 0.15))
    cos, sin = torch.cos(angle), torch.sin(angle)
    across = torch.stack([cos * scale * stretch, -sin * scale, uniform(-0.15, 0.15)], dim=1)
    down = torch.stack([sin * scale, cos * scale / stretch, uniform(-0.15, 0.15)], dim=1)
    grid = functional.affine_grid(torch.stack([across, down], dim=1), list(films.shape), align_corners=False)
    films = functional.grid_sample(films, grid, align_corners=False)
    masks = functional.grid_sample(masks, grid, align_corners=False)
    films = films.clamp(1e-4, 1) ** torch.exp(uniform(-0.6, 0.6, 1, 1, 1))
    shade = functional.interpolate(uniform(-0.25, 0.25, 1, 4, 4), size=films.shape[-2:], mode="bicubic")
    films = films * uniform(0.7, 1.1, 1, 1, 1) + uniform(-0.05, 0.15, 1, 1, 1) + shade
    films = films + uniform(0, 0.05, 1, 1, 1) * torch.randn(films.shape, generator=generator)
    return _blotted(films, generator), (masks > 0.5).float()


def _blotted(films: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Bright or dark rectangles: labels, pacemakers, unexposed corners."""
    side = films.shape[-1]
    for film in films:
        for _ in range(int(torch.randint(0, 4, (1,), generator=generator))):
            row, column, height, width = (
                (torch.rand(4, generator=generator) * torch.tensor([side, side, 16, 30])).long().tolist()
            )
            film[:, row : row + height, column : column + width] = torch.rand(1, generator=generator)
    return films


def flattened(films: np.ndarray) -> np.ndarray:
    """Each film (N, H, W) with its grey values replaced by their ranks in [−1, 1]: no display curve is left."""
    ranks = np.argsort(np.argsort(films.reshape(len(films), -1), axis=1, kind="stable"), axis=1, kind="stable")
    return (2 * ranks.reshape(films.shape) / (films[0].size - 1) - 1).astype(np.float32)


def train(films: np.ndarray, masks: np.ndarray, *, epochs: int, seed: int) -> SmallUNet:
    """Cross-entropy and soft Dice, Adam, cosine decay; batches of 16."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    net = SmallUNet()
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-4)
    steps = epochs * (len(films) // 16)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=3e-3, total_steps=steps)
    x, y = torch.from_numpy(films)[:, None], torch.from_numpy(masks.astype(np.float32))[:, None]
    for _ in range(epochs):
        order = torch.randperm(len(x), generator=generator)
        for batch in order[: len(order) // 16 * 16].split(16):
            seen, truth = augmented(x[batch], y[batch], generator)
            logits = net(torch.from_numpy(flattened(seen[:, 0].numpy()))[:, None])
            loss = functional.binary_cross_entropy_with_logits(logits, truth) + _dice_loss(logits, truth)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return net.eval()


def _dice_loss(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    share = torch.sigmoid(logits)
    both = (share * truth).sum(dim=(1, 2, 3))
    return 1 - ((2 * both + 1) / (share.sum(dim=(1, 2, 3)) + truth.sum(dim=(1, 2, 3)) + 1)).mean()


@torch.no_grad()
def segment(net: SmallUNet, films: np.ndarray) -> np.ndarray:
    """Lung masks (N, H, W); only the two largest pieces of each are kept."""
    logits = [
        net(torch.from_numpy(flattened(part))[:, None])[:, 0].numpy()
        for part in np.array_split(films, -(-len(films) // 32))
    ]
    return np.stack([_two_largest(mask) for mask in np.concatenate(logits) > 0])


def _two_largest(mask: np.ndarray) -> np.ndarray:
    labels, count = ndimage.label(mask)
    if count <= 2:
        return ndimage.binary_fill_holes(mask)
    areas = np.bincount(labels.ravel())[1:]
    return ndimage.binary_fill_holes(np.isin(labels, 1 + np.argsort(areas)[-2:]))


def dice(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """2 |A ∩ B| / (|A| + |B|) of each pair of masks (N, H, W)."""
    both = (found & truth).sum(axis=(1, 2))
    return 2 * both / np.maximum(found.sum(axis=(1, 2)) + truth.sum(axis=(1, 2)), 1)


def interval(values: np.ndarray, patients: np.ndarray, *, draws: int = 2000, seed: int = 0) -> dict[str, Any]:
    """The mean over films with the 95 % percentile interval of a bootstrap over patients."""
    rng = np.random.default_rng(seed)
    names, index = np.unique(patients, return_inverse=True)
    sums, counts = np.bincount(index, weights=values), np.bincount(index)
    drawn = rng.integers(len(names), size=(draws, len(names)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return {
        "value": round(float(values.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4),
        "method": "patient bootstrap, 2000", "n": len(values), "patients": len(names), "unit": "patient",
        "worst_tenth": round(float(np.percentile(values, 10)), 4),
    }  # fmt: skip


def load_films(folder: Path) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Rows, films in [0, 1] and masks (N, SIDE, SIDE) of all films whose lungs were drawn by hand."""
    frame = pd.read_csv(folder / "table.csv")
    frame = frame[frame["mask_source"] == "v7labs"].reset_index(drop=True)
    films = np.stack([_read(folder / name) for name in frame["image"]])
    masks = np.stack([_read(folder / name) > 0.5 for name in frame["lung_mask"]])
    return frame, films, masks


def _read(path: Path) -> np.ndarray:
    image = Image.open(path).convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(image, np.float32) / 255


def report(frame: pd.DataFrame, values: np.ndarray) -> dict[str, Any]:
    """Dice on all films, on the patients never looked at, and on those of the development set."""
    patients = frame["patient"].to_numpy()
    development = frame["patient"].isin(DEVELOPMENT).to_numpy()
    parts = {"held out": ~development, "development": development, "all": np.ones(len(frame), bool)}
    return {name: interval(values[rows], patients[rows]) for name, rows in parts.items() if rows.any()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, required=True, help="a folder with table.csv, images and lung masks")
    parser.add_argument("--phantoms", type=int, default=800)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="also write the found masks and Dice to this .npz file")
    asked = parser.parse_args()
    start = time.perf_counter()
    films, masks = draw_phantoms(asked.phantoms, seed=asked.seed)
    drawn = time.perf_counter()
    net = train(films, masks, epochs=asked.epochs, seed=asked.seed)
    trained = time.perf_counter()
    frame, real, truth = load_films(asked.films)
    found = segment(net, real)
    shape = np.broadcast_to(masks.mean(axis=0) > 0.5, truth.shape)
    own_films, own_masks = draw_phantoms(60, seed=asked.seed + 1)
    result = {
        "segmenter": report(frame, dice(found, truth)),
        "average phantom lung": report(frame, dice(shape, truth)),
        "new phantoms": round(float(dice(segment(net, own_films), own_masks).mean()), 4),
        "seconds": {"drawing": round(drawn - start, 1), "training": round(trained - drawn, 1)},
        "phantoms": asked.phantoms, "epochs": asked.epochs, "side": SIDE, "seed": asked.seed,
    }  # fmt: skip
    print(json.dumps(result, indent=2))
    if asked.keep:
        np.savez_compressed(asked.keep, found=found, truth=truth, films=real, dice=dice(found, truth))


if __name__ == "__main__":
    main()
