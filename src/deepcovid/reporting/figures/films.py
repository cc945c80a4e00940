"""Films and heat maps: shrunk for the page, laid over one another, set out on sheets."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from deepcovid.explanation.overlay import overlay
from deepcovid.imaging.resizing import thumbnail
from deepcovid.reporting import words
from deepcovid.reporting.content import Film, HeatmapCase
from deepcovid.reporting.figures.style import CLASS_COLOURS, INK, MUTED, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def shrink(pixels: np.ndarray, *, longest: int) -> np.ndarray:
    """`pixels` (H, W) in [0, 1], antialiased to at most `longest` a side; never enlarged."""
    clean = np.clip(np.nan_to_num(np.asarray(pixels, dtype=np.float32)), 0.0, 1.0)
    return thumbnail(clean, longest=longest)


def heated(case: HeatmapCase, *, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """A case's film, float32 (h, w), and the same with its heat map, uint8 (h, w, 3)."""
    film, heat = shrink(case.pixels, longest=longest), shrink(case.heat, longest=longest)
    return film, overlay(film, heat)


def data_uri(pixels: np.ndarray, *, quality: int = 86) -> str:
    """Pixels (h, w) or (h, w, 3), float in [0, 1] or uint8, as a JPEG data URI."""
    from PIL import Image

    buffer = io.BytesIO()
    levels = pixels if pixels.dtype == np.uint8 else np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    Image.fromarray(levels).save(buffer, format="JPEG", quality=quality, subsampling=0, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


@house_style
def film_sheet(films: Sequence[Film], *, columns: int = 6) -> Figure:
    """Films on a sheet, the caption and the class colour under each."""
    figure, cells = _sheet(len(films), columns=min(columns, max(1, len(films))), width=1.45, height=1.75)
    for axes, film in zip(cells, films, strict=False):
        _show(axes, shrink(film.pixels, longest=320))
        _caption(axes, film.caption, colour=CLASS_COLOURS[film.tone])
    return figure


@house_style
def heatmap_sheet(cases: Sequence[HeatmapCase], *, columns: int = 2) -> Figure:
    """Each film beside the same film with its heat map, label and score under it."""
    figure, cells = _sheet(2 * len(cases), columns=2 * min(columns, max(1, len(cases))), width=1.9, height=2.3)
    for place, case in enumerate(cases):
        film, warm = heated(case, longest=420)
        _show(cells[2 * place], film)
        _show(cells[2 * place + 1], warm)
        _caption(
            cells[2 * place], f"{words.headline(case.kind.removeprefix('most certain '))}\n{case.caption}", colour=INK
        )
        _caption(cells[2 * place + 1], f"{case.label}\nscore {words.ratio(case.score)}", colour=MUTED)
    return figure


def _sheet(pictures: int, *, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    rows = max(1, -(-pictures // columns))
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    cells = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for axes in cells:
        axes.set_axis_off()
    return figure, cells


def _show(axes: Axes, pixels: np.ndarray) -> None:
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=1, interpolation="bilinear")


def _caption(axes: Axes, text: str, *, colour: str) -> None:
    lines = [words.shorten(line, limit=26) for line in text.splitlines()[:3]]
    axes.set_title("\n".join(lines), y=-0.03, pad=0, va="top", fontsize=7.5, fontweight="normal", color=colour)
