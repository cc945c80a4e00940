from __future__ import annotations

import numpy as np

from deepcovid.reporting.content import Film
from deepcovid.reporting.figures.draws import LINES, WIDTH, draw_sheet


def test_a_row_a_film_with_whole_captions() -> None:
    films = [
        Film(np.full((20, 30), 0.5, np.float32), f"turned {place}° · zoom 0.90 × 1.10 · blur 0.5 px")
        for place in range(5)
    ]
    figure = draw_sheet(films, columns=3)
    shown = [axes for axes in figure.axes if axes.images]
    assert len(figure.axes) == 6
    assert [" ".join(axes.get_title(loc="left").split()) for axes in shown] == [film.caption for film in films]


def test_overlong_captions_say_that_they_go_on() -> None:
    (axes,) = draw_sheet([Film(np.zeros((4, 4), np.float32), "so many words " * 40)], columns=1).axes
    lines = axes.get_title(loc="left").splitlines()
    assert len(lines) == LINES
    assert max(map(len, lines)) <= WIDTH
    assert lines[-1].endswith("…")
