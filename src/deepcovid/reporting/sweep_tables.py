"""A sweep as tables: every setting with its figures, what was chosen on test films, and what failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deepcovid.reporting import words
from deepcovid.reporting.comparison_tables import p_value, signed_interval
from deepcovid.reporting.tables import Cell, Table
from deepcovid.training.variations import said

FIGURES = {"auc": "AUC", "accuracy": "accuracy of calls at 0.5"}
OWN, CHOSEN = "the recipe's own", "chosen"


def figure_words(interval: Mapping[str, Any], by: str) -> str:
    """A figure with its limits, method, n and unit; an AUC as a ratio, an accuracy in percent."""
    percent = by == "accuracy"
    value = words.percent(interval["value"]) if percent else words.ratio(interval["value"])
    return f"{value} ({words.bounds(interval, as_percent=percent)}; {words.basis(interval)})"


def settings_table(told: Mapping[str, Any]) -> Table:
    """One row a setting, the chosen one first, then by its figure."""
    names = [one["name"] for one in told["varied"]]
    several = len(told["seeds"]) > 1
    head = ["setting", *names, FIGURES["auc"], FIGURES["accuracy"]]
    head += ["over seeds"] if several else []
    head += ["against the recipe's own", "p", "p (Holm)", "parameters trained", "epochs kept", "to know"]
    rows = [_row(row, told, names, several, chosen=place == 0) for place, row in enumerate(told["settings"])]
    basis = told["settings"][0][told["by"]]
    unit = words.counted(basis["n"], basis["unit"])
    note = (
        f"On {words.counted(told['validation']['films'], 'image')} of validation; in brackets 95 % intervals by "
        f"{basis['method']}, {unit}. Differences are in {FIGURES[told['by']]}, by the same draws; p (Holm) is adjusted for "
        "all of them."
    )
    return Table(f"{len(told['settings'])} settings, best first", head, rows, note)


def _row(
    row: Mapping[str, Any], told: Mapping[str, Any], names: Sequence[str], several: bool, *, chosen: bool
) -> list[Cell]:
    by, marks = told["by"], [mark for mark, holds in ((CHOSEN, chosen), (OWN, row["own"])) if holds]
    cells = [Cell(f"{row['number']}{': ' if marks else ''}{', '.join(marks)}", number=False)]
    cells += [Cell(said(row["values"][name])) for name in names]
    cells += [Cell(_short(row["auc"], "auc")), Cell(_short(row["accuracy"], "accuracy"))]
    cells += [Cell(seed_words(row["seeds"][by], by))] if several else []
    difference = row["difference"]
    cells.append(Cell(words.ABSENT if difference is None else signed_interval(difference, as_points=by == "accuracy")))
    cells += [Cell(p_value(row["p"])), Cell(p_value(row["p_holm"])), Cell(words.count(row["parameters"]))]
    kept = zip(row["kept_epochs"], row["epochs"], strict=True)
    cells.append(Cell(", ".join(f"{epoch} of {run}" for epoch, run in kept)))
    return [*cells, Cell(", ".join(row["findings"]), number=False)]


def _short(interval: Mapping[str, Any], by: str) -> str:
    percent = by == "accuracy"
    value = words.percent(interval["value"]) if percent else words.ratio(interval["value"])
    return f"{value} ({words.bounds(interval, as_percent=percent)})"


def seed_words(figures: Sequence[float], by: str) -> str:
    """The lowest and highest of the seeds' figures, and how many there are."""
    say = words.percent if by == "accuracy" else words.ratio
    return f"{say(min(figures))} to {say(max(figures))}, {len(figures)} seeds"


def test_table(told: Mapping[str, Any]) -> Table | None:
    """The chosen setting and the recipe's own on test films, where they were asked for."""
    test = told["test"]
    if test is None:
        return None
    rows = []
    for row in test["settings"]:
        name = f"{row['title']} ({OWN})" if row["own"] else row["title"]
        difference = row["difference"]
        apart = words.ABSENT if difference is None else signed_interval(difference, as_points=told["by"] == "accuracy")
        figures = [Cell(figure_words(row[by], by)) for by in FIGURES]
        rows.append([Cell(name, number=False), *figures, Cell(apart), Cell(p_value(row["p"]))])
    head = ["setting", FIGURES["auc"], FIGURES["accuracy"], "against the recipe's own", "p"]
    note = f"On {words.counted(test['films'], 'image')}, {test['positive_films']} positive, that chose nothing."
    return Table("On test films", head, rows, note)


def failed_table(told: Mapping[str, Any]) -> Table | None:
    """Settings that failed, with their errors, and combinations that were left out."""
    rows = [
        [Cell(f"{row['number']}: {row['title']}", number=False), Cell("; ".join(row["errors"]), number=False)]
        for row in told["failed"]
    ]
    rows += [
        [Cell(name, number=False), Cell(f"left out: {reason}", number=False)]
        for name, _, reason in (sentence.partition(": ") for sentence in told["left_out"])
    ]
    return Table("Settings without figures", ["setting", "why"], rows) if rows else None


def sweep_rows(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a setting for a CSV file: values, figures with limits, differences, what was trained; failures with errors."""
    names = [one["name"] for one in told["varied"]]
    return [_flat(row, names, chosen=place == 0) for place, row in enumerate(told["settings"])] + [
        {"number": row["number"], "setting": row["title"], "error": "; ".join(row["errors"])} for row in told["failed"]
    ]


def _flat(row: Mapping[str, Any], names: Sequence[str], *, chosen: bool) -> dict[str, Any]:
    flat: dict[str, Any] = {"number": row["number"], "setting": row["title"], "chosen": chosen, "own": row["own"]}
    flat |= {name: said(row["values"][name]) for name in names}
    for name in FIGURES:
        flat |= {f"{name}{end}": row[name][key] for end, key in (("", "value"), ("_low", "low"), ("_high", "high"))}
        flat |= {f"{name}_lowest_seed": min(row["seeds"][name]), f"{name}_highest_seed": max(row["seeds"][name])}
    flat |= {key: row["auc"][key] for key in ("method", "n", "unit")} | {"seeds": len(row["epochs"])}
    difference = row["difference"] or {}
    flat |= {
        f"difference{end}": difference.get(key) for end, key in (("", "value"), ("_low", "low"), ("_high", "high"))
    }
    flat |= {"p": row["p"], "p_holm": row["p_holm"], "parameters": row["parameters"]}
    flat |= {"kept_epochs": " ".join(map(str, row["kept_epochs"])), "seconds": row["seconds"]}
    return flat | {"findings": " ".join(row["findings"]), "folder": " ".join(row["folders"]), "error": None}
