"""One small drawing in the place of each figure of a report, where a run's pictures are not what is tested.

Twenty figures as SVG, PNG and part of the page take four fifths of a tiny run. Figures, page and files are tested in
tests/reporting, and drawn in full by `whole_run`, by the runs of tests/runs/test_classes.py, by the demo, and by the
documentation's example.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest

from deepcovid.reporting.figures.style import figure_inline, figure_png, figure_svg, new_figure


@contextmanager
def blank_pictures() -> Iterator[None]:
    """The figures are made and not drawn: an empty one stands for each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deepcovid.reporting.report.figure_svg", lambda _: _blank()[0])
        patch.setattr("deepcovid.reporting.report.figure_png", lambda _: _blank()[1])
        patch.setattr("deepcovid.reporting.plates.figure_inline", lambda _, **__: _blank()[2])
        yield


@cache
def _blank() -> tuple[Any, ...]:
    figure, _ = new_figure(1, 1)
    return figure_svg(figure), figure_png(figure, dpi=20), figure_inline(figure, name="blank", alt="nothing")
