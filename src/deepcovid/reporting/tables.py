"""The tables of a report as rows of cells: what is said where, before any markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deepcovid.reporting import words
from deepcovid.reporting.figures.training import best_epoch

if TYPE_CHECKING:
    import pandas as pd

PAPER = "paper's interval (Eq. 3)"
MEASURES = {
    "train_loss": "training loss",
    "val_loss": "validation loss",
    "train_accuracy": "training accuracy",
    "val_accuracy": "validation accuracy",
    "learning_rate": "learning rate",
}
CHOSEN = {
    "validation": "on validation",
    "this data": "on the data it is reported on",
    "given": "given beforehand",
}


@dataclass(frozen=True)
class Cell:
    """One cell: its text, whether it is a number, and the depth of its shading in [0, 1]."""

    text: str
    number: bool = True
    shade: float | None = None
    remark: bool = False


@dataclass(frozen=True)
class Table:
    """A table ready to be set: `head` over `rows`; the first cell of a row names the row."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


def counts_table(title: str, frame: pd.DataFrame) -> Table:
    """A table of counts, such as films by source and label; shading compares the cells of one table."""
    import pandas as pd

    frame = _long_side_down(frame)
    numbers = [float(v) for v in frame.select_dtypes("number").to_numpy().ravel() if pd.notna(v)]
    most = max(numbers, default=0.0) or 1.0
    rows = []
    for name, row in frame.iterrows():
        cells = [_count_cell(value, most=most) for value in row]
        rows.append([Cell(_row_name(name), number=False), *cells])
    named = " · ".join(str(name) for name in frame.index.names if name)
    head = [words.headline(named), *[str(column) for column in frame.columns]]
    return Table(words.headline(title), head, rows)


def _long_side_down(frame: pd.DataFrame) -> pd.DataFrame:
    """Text columns become the names of rows, and the longer side runs down the page, which is narrow on a phone."""
    import pandas as pd

    if isinstance(frame.index, pd.RangeIndex):
        texts = [column for column in frame.columns if not pd.api.types.is_numeric_dtype(frame[column])]
        frame = frame.set_index(texts) if texts else frame
    return frame.T if len(frame.columns) > max(len(frame), 4) else frame


def _row_name(name: Any) -> str:
    return " · ".join(str(part) for part in name) if isinstance(name, tuple) else str(name)


def _count_cell(value: Any, *, most: float) -> Cell:
    import pandas as pd

    if isinstance(value, str):
        return Cell(value, number=False)
    if pd.isna(value):
        return Cell(words.ABSENT, remark=True)
    return Cell(words.count(value), shade=float(value) / most, remark=value == 0)


def comparison_table(
    evaluations: Mapping[str, Mapping[str, Any]], points: Mapping[str, Mapping[str, Any] | None]
) -> Table:
    """One row an evaluation: how many films, AUC, average precision, sensitivity and specificity, with intervals."""
    head = ["", "films", "positive", "patients", "AUC", "average precision", "sensitivity", "specificity"]
    rows = []
    for name, evaluation in evaluations.items():
        point = points[name]
        cells = [Cell(words.count(evaluation.get(key))) for key in ("n", "n_positive", "n_patients")]
        cells += [_ratio_cell(evaluation["auc"]), _ratio_cell(evaluation["average_precision"])]
        cells += [_percent_cell(point[key]) if point else Cell(words.ABSENT) for key in ("sensitivity", "specificity")]
        rows.append([Cell(name, number=False), *cells])
    first = next(iter(evaluations.values()))
    note = f"In brackets 95 % intervals: AUC by {words.basis(first['auc'])}; sensitivity and specificity by Wilson, over films."
    return Table("Side by side", head, rows, note)


def _ratio_cell(interval: Mapping[str, Any]) -> Cell:
    return Cell(f"{words.ratio(interval['value'])} ({words.bounds(interval, as_percent=False)})")


def _percent_cell(interval: Mapping[str, Any]) -> Cell:
    return Cell(f"{words.percent(interval['value'])} ({words.bounds(interval)})")


def area_table(evaluation: Mapping[str, Any]) -> Table:
    """AUC by each method, and average precision."""
    named = {"auc_delong": "AUC", "auc_bootstrap": "AUC", "average_precision": "average precision"}
    rows = []
    for key, name in named.items():
        interval = evaluation.get(key)
        if interval and words.known(interval.get("value")):
            cells = [Cell(words.ratio(interval["value"])), Cell(words.bounds(interval, as_percent=False))]
            rows.append([Cell(name, number=False), *cells, Cell(words.basis(interval), number=False)])
    note = f"By chance AUC would be 0.500 and average precision {words.ratio(evaluation['prevalence'])}, the share of positives."
    return Table("Over all thresholds", ["", "value", "95 % interval", "method, n and unit"], rows, note)


def point_table(point: Mapping[str, Any]) -> Table:
    """Everything measured at one operating point, Wilson's interval beside the paper's."""
    head = ["", "value", "95 % interval", "method, n and unit", PAPER]
    paper = point.get("paper_interval") or {}
    rows = []
    for key in ("sensitivity", "specificity", "precision", "accuracy"):
        if point.get(key):
            rows.append(_measure_row(key, point[key], paper=paper.get(key)))
        if point.get(f"{key}_bootstrap"):
            rows.append(_measure_row(f"{key}, by patient", point[f"{key}_bootstrap"], paper=None))
    f1 = point.get("f1") or {}
    if words.known(f1.get("value")):
        bounds = words.bounds(f1, as_percent=False)
        total = words.counted(sum(point[key] for key in ("tp", "fp", "tn", "fn")), "image")
        rows.append([Cell("F1", number=False), Cell(words.ratio(f1["value"])), Cell(bounds),
                     Cell(words.basis(f1) or total, number=False), Cell("")])  # fmt: skip
    caption = (
        f"Threshold {words.threshold(point['threshold'])}, chosen {CHOSEN.get(point['chosen_on'], point['chosen_on'])}"
    )
    return Table(caption, head, rows, str(point.get("note") or ""))


def _measure_row(name: str, interval: Mapping[str, Any], *, paper: Mapping[str, Any] | None) -> list[Cell]:
    return [
        Cell(name, number=False),
        Cell(words.percent(interval.get("value"))),
        Cell(words.bounds(interval)),
        Cell(words.basis(interval), number=False),
        Cell(words.halfwidth(paper) if paper else ""),
    ]


def threshold_table(evaluation: Mapping[str, Any]) -> Table | None:
    """Sensitivity and specificity at a list of thresholds: the form of Deep-COVID's Tables II–V."""
    paper = evaluation.get("paper") or {}
    rows = paper.get("threshold_table") or []
    if not rows:
        return None
    head = ["threshold", "sensi­tivity %", f"± {PAPER}", "speci­ficity %", f"± {PAPER}"]
    cells = [
        [
            Cell(words.threshold(row["threshold"])),
            Cell(words.bare_percent(row["sensitivity"])),
            Cell(words.bare_percent(row.get("sensitivity_halfwidth"))),
            Cell(words.bare_percent(row["specificity"])),
            Cell(words.bare_percent(row.get("specificity_halfwidth"))),
        ]
        for row in rows
    ]
    note = f"Sensitivity over {words.count(evaluation['n_positive'])} films, specificity over {words.count(evaluation['n_negative'])}."
    return Table("Sensitivity and specificity by threshold", head, cells, f"{note} {paper_formula(paper)}".strip())


def paper_formula(paper: Mapping[str, Any]) -> str:
    """How the paper's interval is made, and what is wrong with it."""
    interval = paper.get("interval") or {}
    if not interval.get("formula"):
        return ""
    source = f" ({interval['source']})" if interval.get("source") else ""
    return (
        f"The paper's interval: {interval['formula']}, z = {words.threshold(interval.get('z'))}{source}. "
        "Near 0 and 100 % it is too narrow and can reach past the ends; Wilson's does neither."
    )


def predictive_table(point: Mapping[str, Any]) -> Table | None:
    """PPV and NPV by prevalence, with intervals."""
    rows = [
        [
            Cell(words.percent(row["prevalence"])),
            Cell(words.percent(row["ppv"].get("value"))),
            Cell(words.bounds(row["ppv"])),
            Cell(words.percent(row["npv"].get("value"))),
            Cell(words.bounds(row["npv"])),
        ]
        for row in point.get("predictive_values") or []
    ]
    head = ["prevalence", "PPV", "interval", "NPV", "interval"]
    sensitivity, specificity = point["sensitivity"], point["specificity"]
    note = f"From the sensitivity ({words.basis(sensitivity)}) and specificity ({words.basis(specificity)}) and their limits."
    return Table("What a call is worth, by prevalence", head, rows, note) if rows else None


def epochs_table(history: pd.DataFrame) -> Table:
    """The history's figures at the first, the kept and the last epoch."""
    kept = best_epoch(history)
    marks = {int(history["epoch"].iloc[0]): "first", int(history["epoch"].iloc[-1]): "last"}
    marks |= {} if kept is None else {kept: "kept"}
    columns = [column for column in history.columns if column in MEASURES and history[column].notna().any()]
    rows = []
    for epoch, mark in sorted(marks.items()):
        row = history.loc[history["epoch"] == epoch].iloc[-1]
        cells = [_measure_cell(column, row[column]) for column in columns]
        rows.append([Cell(f"{mark}, {epoch}", number=False), *cells])
    return Table(
        "At the first, the kept and the last epoch", ["epoch", *[MEASURES[column] for column in columns]], rows
    )


def _measure_cell(column: str, value: float) -> Cell:
    if column.endswith("accuracy"):
        return Cell(words.percent(value))
    return Cell(words.ratio(value) if column.endswith("loss") else f"{value:.2g}")


def facts_table(section: str, facts: Mapping[str, Any]) -> Table:
    """One section of a run's facts."""
    rows = [
        [Cell(words.headline(str(key)), number=False), Cell(words.fact(value), number=False)]
        for key, value in facts.items()
    ]
    return Table(words.headline(section), [], rows)
