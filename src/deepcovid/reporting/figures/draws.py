"""The contact sheet of augmentation: a row a film, as it is and under its draws, with what was drawn in small words."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from deepcovid.reporting.content import Film
from deepcovid.reporting.figures.films import shrink
from deepcovid.reporting.figures.style import CLASS_COLOURS, house_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, LINES = 30, 6  # letters a line under a film, and lines


@house_style
def draw_sheet(films: Sequence[Film], *, columns: int) -> Figure:
    """Films in rows of `columns`, the whole caption of each under it.

    Args:
        films: for every row the film as it is, then its variants.
        columns: one more than there are variants.
    """
    from matplotlib.figure import Figure

    rows = max(1, -(-len(films) // columns))
    figure = Figure(figsize=(1.6 * columns, 2.25 * rows), layout="constrained")
    cells = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for axes in cells:
        axes.set_axis_off()
    for axes, film in zip(cells, films, strict=False):
        axes.imshow(shrink(film.pixels, longest=320), cmap="gray", vmin=0, vmax=1, interpolation="bilinear")
        caption = "\n".join(textwrap.wrap(film.caption, WIDTH, max_lines=LINES, placeholder=" …"))
        axes.set_title(
            caption, y=-0.03, pad=0, va="top", fontsize=5.5, fontweight="normal", color=CLASS_COLOURS[film.tone]
        )
    return figure
