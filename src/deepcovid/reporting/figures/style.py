"""The house style of figures, and how one is turned into SVG, PNG, or a drawing that follows the page's colours."""

from __future__ import annotations

import functools
import html
import io
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

# Data colours: Okabe & Ito 2008, told apart by every common form of colour blindness.
BLUE, VERMILION, GREEN = "#0072b2", "#d55e00", "#009e73"
PURPLE, ORANGE, SKY = "#cc79a7", "#e69f00", "#56b4e9"
INK, MUTED, RULE, PAPER = "#1d2733", "#5d6975", "#d6dbe0", "#fffffe"
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)), (0, (8, 3)), (0, (3, 1, 1, 1, 1, 1)))
CLASS_COLOURS = {"positive": VERMILION, "normal": BLUE, "other": GREEN, "neutral": MUTED}

# Hex value in a drawing → the page's variable, which changes between light, dark and paper.
PAGE_COLOURS = {
    BLUE: "--blue",
    VERMILION: "--vermilion",
    GREEN: "--green",
    PURPLE: "--purple",
    ORANGE: "--orange",
    SKY: "--sky",
    INK: "--ink",
    MUTED: "--muted",
    RULE: "--rule",
    PAPER: "--card",
}

_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "text.parse_math": False,
    "axes.facecolor": "none",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlepad": 7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.handlelength": 2.2,
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "round",
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "deepcovid",
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
}


def house_style(draw: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function in the house style, whatever the user's own matplotlib settings are."""

    @functools.wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> R:
        from matplotlib import style

        with style.context(["default", _STYLE]):
            return draw(*args, **kwargs)

    return styled


def new_figure(
    width: float = 4.6, height: float = 4.0, *, rows: int = 1, heights: Sequence[float] | None = None
) -> tuple[Figure, list[Axes]]:
    """A figure of `rows` panels over one horizontal axis; sizes in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(rows, 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights or [1] * rows})
    return figure, list(grid[:, 0])


def percent_axis(axis: Any) -> None:
    """Label an axis of fractions in percent."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))


def _lay_out(figure: Figure) -> None:
    """Compute the layout once: each figure is rendered three times, and the layout costs more than the drawing."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


@house_style
def figure_png(figure: Figure, *, dpi: int = 160) -> bytes:
    """The figure as PNG on white; the same figure gives the same bytes."""
    _lay_out(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})
    return buffer.getvalue()


def figure_svg(figure: Figure) -> str:
    """The figure as a self-standing SVG on white, its letters as outlines; the same figure gives the same text."""
    return _svg(figure, letters="path", facecolor="white")


def figure_inline(figure: Figure, *, name: str, alt: str) -> str:
    """The figure as an `<svg>` element for the page: its letters are text in the page's type, its colours the page's.

    Args:
        name: letters and dashes; put before every id, so that many figures live in one page.
        alt: what a reader who cannot see the figure should know.
    """
    text = _svg(figure, letters="none", facecolor="none")
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text, flags=re.S)
    text = re.sub(r"font-family: [^;\"]*(;\s*)?", "", text)
    for colour, variable in PAGE_COLOURS.items():
        text = text.replace(colour, f"var({variable})")
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\1{name}-", text)
    view = re.search(r'viewBox="([^"]+)"', text)
    box = view.group(1) if view else "0 0 360 288"
    opening = (
        f'<svg role="img" aria-label="{html.escape(alt)}" viewBox="{box}" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return re.sub(r"<svg[^>]*>", lambda _: opening, text, count=1).strip()


@house_style
def _svg(figure: Figure, *, letters: str, facecolor: str) -> str:
    import matplotlib

    _lay_out(figure)
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": letters}):
        figure.savefig(buffer, format="svg", facecolor=facecolor, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
