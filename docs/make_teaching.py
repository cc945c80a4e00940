"""The pictures of docs/teaching.md, computed from a phantom film and from the functions that the networks use.

    python docs/make_teaching.py

`make docs` runs it. No film of a person is shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import correlate2d

from deepcovid.datasets.phantom import render_phantom
from deepcovid.models.activations import build_activation
from deepcovid.reporting.figures.style import DASHES, RULE, SERIES, figure_png, house_style, new_figure
from deepcovid.storage import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path(__file__).resolve().parent
SIDE = 160
UPRIGHT = np.array([[-1.0, 0.0, 1.0]] * 3)  # answers to edges that stand upright
KERNELS = {"film": None, "upright edges": UPRIGHT, "level edges": UPRIGHT.T, "mean of 5 × 5": np.full((5, 5), 1 / 25)}


def film() -> np.ndarray:
    """A phantom film with pneumonia, float (SIDE, SIDE) in [0, 1]."""
    return render_phantom(seed=4, size=SIDE, finding="pneumonia").film.astype(float)


@house_style
def convolution_figure() -> Figure:
    """The film, and the maps that three kernels make of it."""
    pictures = {}
    for name, kernel in KERNELS.items():
        pictures[name] = film() if kernel is None else correlate2d(film(), kernel, mode="valid")
    return _row(pictures)


@house_style
def pooling_figure() -> Figure:
    """A map of edges behind ReLU, and what max-pooling leaves of it once, twice, three times."""
    pooled = np.maximum(correlate2d(film(), UPRIGHT, mode="valid"), 0)
    pictures = {f"{pooled.shape[0]} × {pooled.shape[1]}": pooled}
    for _ in range(3):
        height, width = (side // 2 for side in pooled.shape)
        pooled = pooled[: 2 * height, : 2 * width].reshape(height, 2, width, 2).max(axis=(1, 3))
        pictures[f"{height} × {width}"] = pooled
    return _row(pictures)


@house_style
def activation_figure() -> Figure:
    """Activation functions over −4 to 4."""
    import torch

    figure, (axes,) = new_figure(6.2, 3.6)
    x = torch.linspace(-4, 4, 401)
    axes.axhline(0, color=RULE, linewidth=0.8)
    axes.axvline(0, color=RULE, linewidth=0.8)
    for place, name in enumerate(("relu", "leaky-relu", "sigmoid", "tanh", "gelu")):
        y = build_activation(name)(x)
        axes.plot(x.numpy(), y.numpy(), color=SERIES[place], linestyle=DASHES[place], label=name)
    axes.set(ylim=(-1.2, 3))
    axes.set_xlabel("what comes in")
    axes.set_ylabel("what goes out")
    axes.legend(loc="upper left")
    return figure


def _row(pictures: dict[str, np.ndarray]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.2, 2.4), layout="constrained")
    for axes, (name, pixels) in zip(figure.subplots(1, len(pictures)), pictures.items(), strict=True):
        axes.imshow(pixels, cmap="gray", interpolation="nearest")
        axes.set_title(name)
        axes.set_axis_off()
    return figure


def main() -> None:
    """Write the pictures beside the page."""
    for name, figure in (
        ("convolution", convolution_figure()),
        ("pooling", pooling_figure()),
        ("activation", activation_figure()),
    ):
        write_bytes(FOLDER / f"teaching-{name}.png", figure_png(figure, dpi=110))


if __name__ == "__main__":
    main()
