"""The curves of several runs: two lines a panel for each, the kept epoch marked, absent figures left out."""

from __future__ import annotations

import pandas as pd

from deepcovid.reporting.figures.comparison import describe_histories, histories_figure
from deepcovid.reporting.figures.style import figure_svg


def history(**changes: object) -> pd.DataFrame:
    frame = pd.DataFrame({"epoch": [1, 2, 3], "train_loss": [0.7, 0.5, 0.4], "val_loss": [0.7, 0.6, 0.65]})
    frame = frame.assign(train_accuracy=[0.5, 0.7, 0.9], val_accuracy=[0.5, 0.8, 0.75], best=[False, True, False])
    return frame.assign(**changes)


def test_every_run_has_its_curves_and_its_kept_epoch() -> None:
    histories = {"one": history(), "two": history(val_accuracy=[0.4, 0.4, 0.4])}
    accuracy, loss = histories_figure(histories).axes
    lines = [line.get_ydata().tolist() for line in accuracy.lines]
    assert [0.5, 0.8, 0.75] in lines
    assert [0.4, 0.4, 0.4] in lines
    assert [0.8] in lines  # the kept epoch
    assert len(loss.lines) == 6
    assert describe_histories(histories).endswith("one 75.0\u00a0% after 3 epochs, two 40.0\u00a0% after 3 epochs.")


def test_absent_columns_are_left_out_and_the_drawing_repeats() -> None:
    bare = {"one": history().drop(columns=["val_loss", "val_accuracy", "best"])}
    accuracy, loss = histories_figure(bare).axes
    assert len(accuracy.lines) == len(loss.lines) == 1
    assert figure_svg(histories_figure(bare)) == figure_svg(histories_figure(bare))
