"""The tables of a report as rows of cells: what is said where, before any markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deepcovid.reporting import words
from deepcovid.reporting.figures.curves import main_point
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
HOW_CHOSEN = {
    "validation": "chosen on validation",
    "this data": "chosen on the data it is reported on",
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
    methods = " or ".join(dict.fromkeys(str(evaluation["auc"]["method"]) for evaluation in evaluations.values()))
    note = f"In brackets 95 % intervals: AUC by {methods}; sensitivity and specificity by Wilson, over films."
    return Table("Side by side", head, rows, note)


def _ratio_cell(interval: Mapping[str, Any]) -> Cell:
    return Cell(f"{words.ratio(interval['value'])} ({words.bounds(interval, as_percent=False)})")


def _percent_cell(interval: Mapping[str, Any]) -> Cell:
    return Cell(f"{words.percent(interval['value'])} ({words.bounds(interval)})")


def area_table(evaluation: Mapping[str, Any]) -> Table:
    """AUC by each method, and average precision."""
    named = {
        "auc_bootstrap": "AUC",
        "auc_delong": "AUC",
        "auc_newcombe": "AUC",
        "average_precision": "average precision",
    }
    rows = []
    for key, name in named.items():
        interval = evaluation.get(key)
        if interval and words.known(interval.get("value")):
            cells = [Cell(words.ratio(interval["value"])), Cell(words.bounds(interval, as_percent=False))]
            rows.append([Cell(name, number=False), *cells, Cell(words.basis(interval), number=False)])
    note = f"By chance AUC would be 0.500 and average precision {words.ratio(evaluation['prevalence'])}, the share of positives."
    return Table("Over all thresholds", ["", "value", "95 % interval", "method, n and unit"], rows, note)


def point_table(point: Mapping[str, Any], papers: Mapping[str, Any] | None = None) -> Table:
    """Everything measured at one operating point, Wilson's interval beside the paper's.

    Args:
        point: one of an evaluation's operating points.
        papers: the evaluation's `paper` part, for what the paper's interval covers in truth.
    """
    head = ["", "value", "95 % interval", "method, n and unit", PAPER]
    paper = point.get("paper_interval") or {}
    rows = []
    for key in ("sensitivity", "specificity", "precision", "accuracy"):
        if point.get(key):
            rows.append(_measure_row(key, point[key], paper=paper.get(key)))
        if point.get(f"{key}_bootstrap"):
            rows.append(_measure_row(f"{key}, by patient", point[f"{key}_bootstrap"], paper=None))
    if words.known((point.get("f1") or {}).get("value")):
        rows.append(_f1_row(point))
    chosen = HOW_CHOSEN.get(point["chosen_on"], point["chosen_on"])
    remark = f"{words.headline(point['note'])}." if point.get("note") else ""
    note = f"{remark} {_coverage(point, papers) if papers else ''}".strip()
    return Table(f"Threshold {words.threshold(point['threshold'])}, {chosen}", head, rows, note)


def _f1_row(point: Mapping[str, Any]) -> list[Cell]:
    f1, total = point["f1"], sum(point[key] for key in ("tp", "fp", "tn", "fn"))
    basis = words.basis(f1) or words.counted(total, "image")
    numbers = [Cell(words.ratio(f1["value"])), Cell(words.bounds(f1, as_percent=False))]
    return [Cell("F1", number=False), *numbers, Cell(basis, number=False), Cell("")]


def _coverage(point: Mapping[str, Any], papers: Mapping[str, Any]) -> str:
    """How often the paper's interval holds the truth at this point, where the evaluation says so."""
    for row in (papers.get("interval") or {}).get("rows") or []:
        covers = [row.get(f"{key}_coverage") for key in ("sensitivity", "specificity")]
        if row.get("name") == point["name"] and all(words.known(cover) for cover in covers):
            return (
                f"At such values the paper's interval, which says 95 %, holds the truth in {words.percent(covers[0])} of "
                f"cases for sensitivity and in {words.percent(covers[1])} for specificity."
            )
    return ""


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
    purposes = any(row.get("chosen_for") for row in rows)
    head = ["threshold", "sensitivity %", f"± {PAPER}", "specificity %", f"± {PAPER}"]
    cells = [
        [
            Cell(words.threshold(row["threshold"])),
            Cell(words.bare_percent(row["sensitivity"])),
            Cell(words.bare_percent(row.get("sensitivity_halfwidth"))),
            Cell(words.bare_percent(row["specificity"])),
            Cell(words.bare_percent(row.get("specificity_halfwidth"))),
            *([Cell(row.get("chosen_for") or "", number=False)] if purposes else []),
        ]
        for row in rows
    ]
    n1, n0 = words.count(evaluation["n_positive"]), words.count(evaluation["n_negative"])
    note = f"Sensitivity over {n1} films, specificity over {n0}. {paper_formula(paper)}".strip()
    head += ["set on these films for"] if purposes else []
    return Table("Sensitivity and specificity by threshold", head, cells, note)


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


def predictive_table(evaluation: Mapping[str, Any]) -> Table | None:
    """PPV and NPV by prevalence at the main operating point, with intervals."""
    point = main_point(evaluation)
    if not point or not point.get("predictive_values"):
        return None
    rows = [
        [
            Cell(words.percent(row["prevalence"])),
            Cell(words.percent(row["ppv"].get("value"))),
            Cell(words.bounds(row["ppv"])),
            Cell(words.percent(row["npv"].get("value"))),
            Cell(words.bounds(row["npv"])),
        ]
        for row in point["predictive_values"]
    ]
    head = ["prevalence", "PPV", "interval", "NPV", "interval"]
    made_of = words.basis(point["predictive_values"][0]["ppv"])
    at = words.threshold(point["threshold"])
    note = f"From sensitivity and specificity at the threshold {at}, as if the films there were like these."
    note += f" Intervals: {made_of}." if made_of else ""
    return Table("What a call is worth, by prevalence", head, rows, note)


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
