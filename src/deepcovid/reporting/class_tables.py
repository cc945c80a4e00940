"""The tables of several classes: all of them together, and each against the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepcovid.reporting import words
from deepcovid.reporting.tables import Cell, Table

TOGETHER = {
    "accuracy": "accuracy",
    "accuracy_bootstrap": "accuracy, by patient",
    "exact_match": "all findings of a film right",
    "balanced_accuracy": "balanced accuracy",
    "macro_auc": "macro AUC",
    "micro_auc": "micro AUC",
    "macro_f1": "macro F1",
    "kappa": "Cohen's kappa",
}
PERCENTAGES = {"accuracy", "accuracy_bootstrap", "exact_match", "balanced_accuracy"}
Section = Mapping[str, Any]


def class_tables(evaluation: Section) -> list[Table]:
    """Both tables of an evaluation; none where it has two sides only."""
    section = evaluation.get("classes")
    return [together_table(section), each_table(section)] if section else []


def together_table(section: Section) -> Table:
    """Figures over all classes, each with interval, method, n and unit."""
    rows = []
    for key, name in TOGETHER.items():
        interval = section.get(key)
        if interval:
            share = key in PERCENTAGES
            value = words.percent(interval["value"]) if share else words.ratio(interval["value"])
            cells = [
                Cell(value),
                Cell(words.bounds(interval, as_percent=share)),
                Cell(words.basis(interval), number=False),
            ]
            rows.append([Cell(name, number=False), *cells])
    note = f"A film is called {section['called']}. Macro figures are means over the classes, each counting the same."
    return Table("All classes together", ["", "value", "95 % interval", "method, n and unit"], rows, note)


def each_table(section: Section) -> Table:
    """Each class against the rest, with intervals."""
    head = ["class", "films", "AUC", "average precision", "sensitivity", "specificity", "precision", "F1"]
    rows = [
        [Cell(one["name"], number=False), Cell(words.count(one["n_positive"])), *_figures(one)]
        for one in section["each"]
    ]
    found = [one for one in section["each"] if one["auc"] is not None]
    methods = " or ".join(dict.fromkeys(words.basis(one["auc"]) for one in found[:2]))
    note = f"In brackets 95 % intervals: AUC by {methods}; F1 and average precision by bootstrap; others by Wilson, over films."
    return Table("Each class against the rest", head, rows, note if found else "")


def _figures(one: Section) -> list[Cell]:
    cells = []
    for key in ("auc", "average_precision", "sensitivity", "specificity", "precision", "f1"):
        interval = one[key]
        share = key in ("sensitivity", "specificity", "precision")
        if interval is None or not words.known(interval["value"]):
            cells.append(Cell(words.ABSENT))
            continue
        value = words.percent(interval["value"]) if share else words.ratio(interval["value"])
        cells.append(Cell(f"{value} ({words.bounds(interval, as_percent=share)})"))
    return cells
