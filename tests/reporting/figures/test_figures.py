"""Each figure draws the numbers that it is given, the same bits each time, whatever the user's matplotlib is set to."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from deepcovid.reporting.figures import (
    confusion_figure,
    figure_inline,
    figure_png,
    figure_svg,
    film_sheet,
    heatmap_sheet,
    histogram_figure,
    history_figure,
    pr_figure,
    predictive_figure,
    roc_figure,
    sources_figure,
    threshold_figure,
)
from deepcovid.reporting.figures.films import data_uri, heated, shrink
from deepcovid.reporting.figures.scores import MOST_VECTOR_DOTS
from deepcovid.reporting.figures.training import history_panels

from .. import synthetic

EVALUATION = synthetic.evaluation()
CONTENT = synthetic.content()
DRAWINGS = {
    "roc": lambda: roc_figure({"a": EVALUATION, "b": synthetic.evaluation(1)}),
    "pr": lambda: pr_figure({"a": EVALUATION}),
    "histogram": lambda: histogram_figure(EVALUATION),
    "sources": lambda: sources_figure(synthetic.scores_frame(), evaluation=EVALUATION),
    "thresholds": lambda: threshold_figure(EVALUATION),
    "confusion": lambda: confusion_figure(EVALUATION["operating_points"][0], positive="covid"),
    "predictive": lambda: predictive_figure(EVALUATION["operating_points"][0]),
    "history": lambda: history_figure(synthetic.history()),
    "films": lambda: film_sheet(CONTENT.samples),
    "heat maps": lambda: heatmap_sheet(CONTENT.heatmaps),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_each_figure_is_the_same_svg_twice_and_parses(name: str) -> None:
    first, second = figure_svg(DRAWINGS[name]()), figure_svg(DRAWINGS[name]())
    assert first == second
    assert ElementTree.fromstring(first).tag.endswith("svg")
    assert "<dc:date>" not in first


def test_png_is_the_same_twice_and_opaque() -> None:
    first, second = (figure_png(DRAWINGS["roc"](), dpi=60) for _ in range(2))
    assert first == second
    assert first.startswith(b"\x89PNG")


def test_the_users_own_settings_change_nothing() -> None:
    plain = figure_svg(DRAWINGS["history"]())
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9}):
        assert figure_svg(DRAWINGS["history"]()) == plain


def test_an_inline_drawing_has_text_an_alternative_and_its_own_ids() -> None:
    drawing = figure_inline(DRAWINGS["roc"](), name="left", alt='ROC "curve" <1>')
    tree = ElementTree.fromstring(drawing.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))
    assert tree.get("aria-label") == 'ROC "curve" <1>'
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert ids
    assert all(str(name).startswith("left-") for name in ids)
    assert "1 − specificity" in "".join(tree.itertext())


def test_roc_draws_the_points_it_is_given() -> None:
    axes = roc_figure({"a": EVALUATION}).axes[0]
    drawn = [line for line in axes.lines if len(line.get_xdata()) == len(EVALUATION["curves"]["roc"]["fpr"])]
    np.testing.assert_array_equal(drawn[0].get_ydata(), EVALUATION["curves"]["roc"]["tpr"])


def test_confusion_matrix_shows_the_four_counts() -> None:
    point = EVALUATION["operating_points"][0]
    texts = [text.get_text() for text in confusion_figure(point).axes[0].texts]
    assert texts[::2] == [str(point[key]) for key in ("tp", "fn", "fp", "tn")]


def test_a_class_without_films_has_no_share() -> None:
    empty = {"tp": 0, "fn": 0, "fp": 2, "tn": 8}
    texts = [text.get_text() for text in confusion_figure(empty).axes[0].texts]
    assert texts[:4] == ["0", "–", "0", "–"]


def test_a_group_without_films_has_no_panel() -> None:
    histogram = {**EVALUATION["histogram"], "normal": [0] * 20}
    assert len(histogram_figure({**EVALUATION, "normal": None, "histogram": histogram}).axes) == 2


def test_undefined_figures_are_left_out_not_drawn_as_zero() -> None:
    nothing = {"value": None, "low": None, "high": None}
    point = {**EVALUATION["operating_points"][0], "sensitivity": nothing, "specificity": nothing}
    point["predictive_values"] = [
        {"prevalence": 0.05, "ppv": nothing, "npv": {"value": 0.9, "low": None, "high": None}}
    ]
    changed: dict[str, Any] = {**EVALUATION, "operating_points": [point]}
    assert len(predictive_figure(point).axes[0].lines) == 1
    assert ElementTree.fromstring(figure_svg(roc_figure({"a": changed})))
    assert ElementTree.fromstring(figure_svg(threshold_figure(changed)))


def test_a_history_with_only_losses_has_one_panel() -> None:
    history = pd.DataFrame(
        {"epoch": [1, 2], "train_loss": [1.0, 0.5], "val_loss": [np.nan, np.nan], "learning_rate": 1e-4}
    )
    assert history_panels(history) == ["loss"]
    assert len(history_figure(history).axes) == 1


def test_the_loss_is_named_where_it_is_told() -> None:
    """A run by binary cross-entropy is not drawn as cross-entropy."""
    told, untold = (
        history_figure(synthetic.history(), loss=loss).axes[0].get_title(loc="left")
        for loss in ("binary cross-entropy", "")
    )
    assert (told, untold) == ("loss (binary cross-entropy)", "loss")


def test_thousands_of_dots_are_drawn_as_pixels() -> None:
    many = synthetic.scores_frame(positives=100, normals=MOST_VECTOR_DOTS, others=800)
    assert len(figure_svg(sources_figure(many, evaluation=EVALUATION))) < 400_000


def test_labels_with_dollar_signs_are_text_not_formulas() -> None:
    frame = synthetic.scores_frame().assign(source="$\\frac{1}{$")
    assert "<svg" in figure_svg(sources_figure(frame, evaluation=EVALUATION))


def test_shrinking_keeps_shape_ratio_and_mean_and_never_enlarges() -> None:
    pixels = synthetic.film(1, size=(300, 200))
    small = shrink(pixels, longest=100)
    assert small.shape == (100, 67)
    assert small.mean() == pytest.approx(pixels.mean(), abs=2e-3)
    assert shrink(small, longest=500).shape == small.shape


def test_shrinking_is_pillows_antialiased_bilinear() -> None:
    pixels = synthetic.film(2, size=(128, 128))
    expected = np.asarray(Image.fromarray(pixels).resize((32, 32), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(shrink(pixels, longest=32), expected, atol=1e-7)


def test_a_cold_map_leaves_the_film_as_it_is() -> None:
    case = CONTENT.heatmaps[0]
    film, warm = heated(case, longest=64)
    cold = film.shape
    assert warm.shape == (*cold, 3)
    far = np.unravel_index(np.argmin(shrink(case.heat, longest=64)), cold)
    assert abs(int(warm[far][0]) - round(float(film[far]) * 255)) <= 2


def test_pictures_are_data_not_addresses() -> None:
    assert data_uri(synthetic.film(0)).startswith("data:image/jpeg;base64,")
