"""A heat map drawn on its film."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

HeatStyle = Literal["uniform", "rawat"]


def overlay(pixels: np.ndarray, heat: np.ndarray, *, style: HeatStyle = "uniform") -> np.ndarray:
    """The film with its heat map, in colour.

    Args:
        pixels: float32 (H, W) in [0, 1].
        heat: float32 (H, W) in [0, 1].
        style: "uniform": the perceptually uniform map inferno, as opaque as the heat is strong (at most 0.6), so that the film
            stays readable where nothing was found; "rawat": jet at 0.4 over the whole film and stretched to the full range, as
            in Rawat 2022, chapter V (and the Keras example that it follows).

    Returns:
        uint8 (H, W, 3).
    """
    from matplotlib import colormaps

    film = np.repeat(pixels[..., None], 3, axis=2)
    if style == "rawat":
        mixed = film + 0.4 * colormaps["jet"](heat)[..., :3]
        mixed = mixed / max(1e-6, float(mixed.max()))
    else:
        opacity = 0.6 * heat[..., None]
        mixed = (1 - opacity) * film + opacity * colormaps["inferno"](heat)[..., :3]
    colours: np.ndarray = np.round(np.clip(mixed, 0, 1) * 255).astype(np.uint8)
    return colours


def png_bytes(colours: np.ndarray, *, texts: Mapping[str, str] | None = None) -> bytes:
    """uint8 (H, W, 3) or (H, W) as a PNG file, with texts by their keywords."""
    import io

    from PIL import Image, PngImagePlugin

    about = PngImagePlugin.PngInfo()
    for keyword, text in (texts or {}).items():
        about.add_itxt(keyword, text)
    buffer = io.BytesIO()
    Image.fromarray(colours).save(buffer, "PNG", compress_level=3, pnginfo=about)
    return buffer.getvalue()
