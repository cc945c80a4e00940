"""The figures of a report in the order of the page: each with its title, a text for who cannot see it, and how to read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deepcovid.reporting import words
from deepcovid.reporting.content import ReportContent
from deepcovid.reporting.figures.calls import confusion_figure, predictive_figure
from deepcovid.reporting.figures.classes import class_confusion_figure, class_roc_figure
from deepcovid.reporting.figures.curves import main_point, pr_figure, roc_figure, threshold_figure
from deepcovid.reporting.figures.draws import draw_sheet
from deepcovid.reporting.figures.films import film_sheet, heatmap_sheet
from deepcovid.reporting.figures.scores import describe_histogram, histogram_figure, sources_figure
from deepcovid.reporting.figures.style import SERIES, figure_inline
from deepcovid.reporting.figures.training import describe_history, history_figure, history_panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Evaluation = Mapping[str, Any]


@dataclass(frozen=True)
class Plate:
    """A figure and the words around it; `name` is its file name and the stem of its ids."""

    name: str
    title: str
    figure: Figure
    alt: str
    how: str

    @property
    def svg(self) -> str:
        """The figure as an element of the page."""
        return figure_inline(self.figure, name=self.name, alt=self.alt)


def result_plates(content: ReportContent) -> list[Plate]:
    """Curves over all evaluations, then the main evaluation's histograms, thresholds and dots by source."""
    main = content.main
    drawn = dict(list(content.evaluations.items())[: len(SERIES)])
    plates = []
    if main.get("curves"):
        plates += [_roc(drawn), histogram_plate(main, name="histogram")]
        plates += [_thresholds(main), _pr(drawn)]
    by_source = _scores_of(content)
    if by_source is not None:
        plates.append(_sources(by_source, main))
    return plates


def _roc(evaluations: Mapping[str, Evaluation]) -> Plate:
    auc = [
        f"{name} {words.ratio(e['auc']['value'])} ({words.bounds(e['auc'], as_percent=False)})"
        for name, e in evaluations.items()
    ]
    return Plate(
        "roc", "ROC curve", roc_figure(evaluations), "ROC curves. AUC with 95 % interval: " + "; ".join(auc) + ".",
        "Every point of a curve is a threshold: further up finds more of the positives, further right alarms more often "
        "for nothing. The dot is the operating point, its arms are the Wilson intervals; the diagonal is chance.",
    )  # fmt: skip


def _pr(evaluations: Mapping[str, Evaluation]) -> Plate:
    average = [
        f"{name} {words.ratio(e['average_precision']['value'])} ({words.bounds(e['average_precision'], as_percent=False)})"
        for name, e in evaluations.items()
    ]
    return Plate(
        "precision-recall", "Precision and recall", pr_figure(evaluations),
        "Precision against recall. Average precision with 95 % interval: " + "; ".join(average) + ".",
        "How many of the positive calls are right, as the threshold falls and more positives are found. The dotted line is "
        "chance: the share of positives in this table. Where positives are rarer than here, the whole curve sinks.",
    )  # fmt: skip


def histogram_plate(evaluation: Evaluation, *, name: str) -> Plate:
    """The score histograms of one evaluation."""
    return Plate(
        name, "Scores by group", histogram_figure(evaluation), describe_histogram(evaluation),
        "How many films of each group got which score. Films right of the line are called positive. "
        "Groups that overlap cannot be told apart there by any threshold. Each panel has its own height.",
    )  # fmt: skip


def _thresholds(evaluation: Evaluation) -> Plate:
    point = main_point(evaluation)
    at = f" The chosen threshold is {words.threshold(point['threshold'])}." if point else ""
    return Plate(
        "thresholds", "What the threshold trades", threshold_figure(evaluation),
        "Sensitivity and specificity against the threshold." + at,
        "Moving the threshold right misses more positives and alarms less often for nothing. The solid upright is the "
        "operating point, with Wilson intervals; dotted uprights are the other points listed below.",
    )  # fmt: skip


def _sources(scores: Any, evaluation: Evaluation) -> Plate:
    n = words.counted(len(scores), "image")
    sources = words.count(scores["source"].nunique())
    return Plate(
        "scores-by-source", "Scores by source", sources_figure(scores, evaluation=evaluation),
        f"Scores of {n} from {sources} sources, by source and label.",
        "A dot is a film. If films with the same label score differently from source to source, or a source holds one label "
        "only, the score may follow the source.",
    )  # fmt: skip


def _scores_of(content: ReportContent) -> Any:
    """The main evaluation's films with source, label and score; None where they are not known."""
    scores, split = content.scores, content.main.get("split")
    if scores is None or not {"source", "label", "score"} <= set(scores.columns):
        return None
    if split and "split" in scores.columns:
        scores = scores[scores["split"] == split]
    scores = scores.dropna(subset=["source", "label", "score"])
    return scores if len(scores) else None


def point_plates(evaluation: Evaluation, *, stem: str) -> list[Plate]:
    """One confusion matrix an operating point."""
    positive = str(evaluation["positive"])
    plates = []
    for place, point in enumerate(evaluation.get("operating_points") or [], start=1):
        counts = f"{point['tp']} called rightly and {point['fn']} missed of the positives, "
        counts += f"{point['fp']} called wrongly and {point['tn']} passed of the negatives."
        plates.append(
            Plate(
                f"{stem}confusion-{place}",
                str(point["name"]),
                confusion_figure(point, positive=positive),
                f"Confusion matrix: {counts}",
                "Rows: what the table says, of n films. Columns: the call, and its share of the row.",
            )
        )
    return plates


def class_plates(evaluation: Evaluation) -> list[Plate]:
    """The confusion matrix and the ROC curves of several classes; none where there are two sides only."""
    section = evaluation.get("classes")
    if not section:
        return []
    aucs = [
        f"{one['name']} {words.ratio(one['auc']['value'])} ({words.bounds(one['auc'], as_percent=False)})"
        for one in section["each"]
        if one["auc"] is not None
    ]
    plates = []
    if aucs:
        plates.append(
            Plate(
                "classes-roc",
                "ROC curve of each class",
                class_roc_figure(section),
                "ROC curves of each class against the rest. AUC with 95 % interval: " + "; ".join(aucs) + ".",
                "Each curve takes one class as positive and all others as negative.",
            )
        )
    if section["confusion"]:
        right = sum(row[place] for place, row in enumerate(section["confusion"]))
        plates.insert(
            0,
            Plate(
                "classes-confusion",
                "What films of each class are called",
                class_confusion_figure(section),
                f"Confusion matrix of {len(section['names'])} classes: {right} of {section['n']} films on the diagonal.",
                f"Rows: what the table says, of n films. Columns: {section['called']}, and its share of the row.",
            ),
        )
    return plates


def predictive_plate(evaluation: Evaluation) -> Plate | None:
    """What a call at the main operating point is worth where the disease is rarer or commoner."""
    point = main_point(evaluation)
    if not point or not point.get("predictive_values"):
        return None
    return Plate(
        "predictive-values", "What a call is worth", predictive_figure(point),
        "Positive and negative predictive values by prevalence, with intervals; the same figures stand in the table.",
        f"{words.percent(evaluation['prevalence'])} of the films here are {evaluation['positive']}; where the detector is "
        "used it will be another share. The rarer the disease, the fewer of the positive calls are right. Bars are intervals.",
    )  # fmt: skip


def history_plate(content: ReportContent) -> Plate | None:
    """The training curves."""
    history = content.history
    if history is None or not len(history) or not history_panels(history):
        return None
    return Plate(
        "training", "Training curves", history_figure(history, loss=content.loss), describe_history(history),
        "Validation falling behind training says that the network learns these films by heart. "
        "Validation films are few, so their curve jumps.",
    )  # fmt: skip


def file_plates(content: ReportContent) -> Iterator[tuple[str, Figure]]:
    """Sheets of films and heat maps: files only, since the page sets the pictures itself."""
    if content.samples:
        yield "films", film_sheet(content.samples)
    if content.augmentations:
        yield "augmentations", draw_sheet(content.augmentations, columns=6)
    if content.heatmaps:
        yield "heat-maps", heatmap_sheet(content.heatmaps)
