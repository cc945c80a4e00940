"""A comparison as tables: how the runs were trained (Rawat's Table 11), what they give on test films, how they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deepcovid.reporting import words
from deepcovid.reporting.figures.curves import main_point
from deepcovid.reporting.tables import Cell, Table

MINUS = "−"


def comparison_tables(told: Mapping[str, Any]) -> list[Table]:
    """The tables of a comparison, those that are empty left out."""
    tables = [training_table(told["runs"]), size_table(told["runs"]), judged_table(told["runs"])]
    tables += [pair_table(pair) for pair in told["pairs"] if pair["differences"]]
    return [table for table in tables if table.rows]


def training_table(runs: Sequence[Mapping[str, Any]]) -> Table:
    """Accuracy and loss on validation and training films, at the kept and at the last epoch."""
    head = ["run", "epoch", "validation accuracy", "training accuracy", "validation loss", "training loss"]
    rows = []
    for run in runs:
        facts = run["training"]
        for name in ("kept", "last"):
            at = facts and facts[name]
            if at and not (name == "last" and facts["kept"] and at["epoch"] == facts["kept"]["epoch"]):
                rows.append(
                    [Cell(run["name"], number=False), Cell(_epoch(name, at, facts), number=False), *_measures(at)]
                )
    note = (
        "The accuracy on validation with Wilson's 95 % interval over its films; training accuracy and losses are means while "
        "the weights moved, and have none."
    )
    return Table("At the kept and the last epoch", head, rows, note)


def _epoch(name: str, at: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    run, allowed = facts["epochs"]["run"], facts["epochs"]["allowed"]
    both = name == "kept" and at["epoch"] == run
    return f"{'kept and last' if both else name}: {at['epoch']} of {run} ({allowed} allowed)"


def _measures(at: Mapping[str, Any]) -> list[Cell]:
    accuracy = at["val_accuracy"]
    if accuracy is None:
        shown = words.ABSENT
    elif accuracy["n"] is None:
        shown = words.percent(accuracy["value"])
    else:
        shown = (
            f"{words.percent(accuracy['value'])} ({words.bounds(accuracy)}; {words.counted(accuracy['n'], 'image')})"
        )
    return [
        Cell(shown),
        Cell(words.percent(at["train_accuracy"])),
        Cell(words.ratio(at["val_loss"])),
        Cell(words.ratio(at["train_loss"])),
    ]


def size_table(runs: Sequence[Mapping[str, Any]]) -> Table:
    """Parameters and megabytes."""
    head = ["run", "parameters", "of them trained", "weights MB", "ONNX MB", "with the optimiser's numbers MB"]
    rows = []
    for run in runs:
        facts = run["training"]
        if facts is None or facts["parameters"]["all"] is None:
            continue
        counts = [Cell(words.count(facts["parameters"][name])) for name in ("all", "trainable")]
        sizes = [Cell(_megabytes(facts["megabytes"][name])) for name in ("weights", "onnx", "with_optimiser")]
        rows.append([Cell(run["name"], number=False), *counts, *sizes])
    note = (
        "Megabytes are 10⁶ bytes. The last column is what Keras saves of a training: float32 weights, BatchNorm's statistics, "
        "and what the optimiser keeps of each parameter that it moves (Adam two numbers)."
    )
    return Table("Parameters and size", head, rows, note)


def _megabytes(size: float | None) -> str:
    return words.ABSENT if size is None else f"{size:.1f}"


def judged_table(runs: Sequence[Mapping[str, Any]]) -> Table:
    """AUC, and sensitivity, specificity and accuracy at the main operating point and at 0.5."""
    head = ["run", "films", "AUC", "threshold", "sensitivity", "specificity", "accuracy"]
    rows = []
    for run in runs:
        test = run["test"]
        main = main_point(test)
        shown = [main] if main else []
        shown += [point for point in test["operating_points"] if point is not main and point["threshold"] == 0.5]
        for place, point in enumerate(shown):
            first = place == 0
            rows.append(
                [
                    Cell(run["name"], number=False),
                    Cell(f"{words.count(test['n_positive'])} + {words.count(test['n_negative'])}" if first else ""),
                    Cell(_ratio(test["auc"]) if first else ""),
                    Cell(f"{words.threshold(point['threshold'])}, {point['chosen_on']}"),
                    *[Cell(_percent(point[name])) for name in ("sensitivity", "specificity", "accuracy")],
                ]
            )
    note = "Films: positive + other ones. In brackets 95 % intervals, how they were made, and over how many units."
    return Table("On test films", head, rows, note)


def _ratio(interval: Mapping[str, Any]) -> str:
    return f"{words.ratio(interval['value'])} ({words.bounds(interval, as_percent=False)}; {words.basis(interval)})"


def _percent(interval: Mapping[str, Any]) -> str:
    return f"{words.percent(interval['value'])} ({words.bounds(interval)}; {words.basis(interval)})"


def pair_table(pair: Mapping[str, Any]) -> Table:
    """The differences of two runs, the AUC's first."""
    head = [
        "difference",
        pair["first"],
        pair["second"],
        "first − second (95 % interval)",
        "how, n and unit",
        "p",
        "p (Holm)",
    ]
    rows = [_difference_row(entry) for entry in pair["differences"]]
    patients = f" of {words.counted(pair['patients'], 'patient')}" if pair["patients"] else ""
    said = f" {words.headline(pair['note'])}." if pair["note"] else ""
    note = f"On {words.counted(pair['films'], 'image')}{patients} that are test films of both.{said}"
    return Table(f"{pair['first']} against {pair['second']}", head, rows, note)


def _difference_row(entry: Mapping[str, Any]) -> list[Cell]:
    area = entry["what"] == "AUC"
    name = "AUC" if area else f"{entry['what']} ({entry['point']})"
    say = words.ratio if area else words.percent
    return [
        Cell(name, number=False),
        Cell(say(entry["first"])),
        Cell(say(entry["second"])),
        Cell(signed_interval(entry["difference"], as_points=not area)),
        Cell(words.basis(entry["difference"]), number=False),
        Cell(p_value(entry["p"])),
        Cell(p_value(entry["p_holm"])),
    ]


def signed_interval(interval: Mapping[str, Any], *, as_points: bool) -> str:
    """A difference with its sign and limits: "+0.031 (−0.010 to +0.072)", or in percentage points."""
    value, low, high = (_signed(interval[key], as_points=as_points) for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})" + (" points" if as_points else "")


def _signed(value: float | None, *, as_points: bool) -> str:
    if value is None:
        return words.ABSENT
    text = f"{100 * value:+.1f}" if as_points else f"{value:+.3f}"
    return ("0.0" if as_points else "0.000") if not float(text) else text.replace("-", MINUS)


def p_value(p: float | None) -> str:
    """A p-value with no more digits than mean something: "< 0.001", "0.012", "0.37", "1"."""
    if p is None:
        return words.ABSENT
    if p < 0.001:
        return "< 0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}".rstrip("0").rstrip(".")


def long_rows(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every figure as a row: run (or the two compared), quantity, point, value, low, high, method, n, unit, p, p_holm."""
    rows: list[dict[str, Any]] = []
    for run in told["runs"]:
        rows += [{"run": run["name"], **row} for row in _facts_rows(run["training"])]
        test = run["test"]
        rows.append({"run": run["name"], "quantity": "AUC", **test["auc"]})
        for point in test["operating_points"]:
            rows += [
                {"run": run["name"], "quantity": name, "point": point["name"], **point[name]}
                for name in ("sensitivity", "specificity", "accuracy")
            ]
    for pair in told["pairs"]:
        for entry in pair["differences"]:
            told_of = {key: entry[key] for key in ("p", "p_method", "p_holm")}
            name = f"{pair['first']} {MINUS} {pair['second']}"
            quantity = f"difference of {entry['what']}"
            rows.append({"run": name, "quantity": quantity, "point": entry["point"], **entry["difference"], **told_of})
    return rows


COLUMNS = ("run", "quantity", "point", "value", "low", "high", "method", "n", "unit", "p", "p_method", "p_holm")


def _facts_rows(facts: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if facts is None:
        return []
    rows: list[dict[str, Any]] = [
        {"quantity": f"epochs {name}", "value": facts["epochs"][name]} for name in ("run", "allowed")
    ]
    for at in ("kept", "last"):
        for name, value in (facts[at] or {}).items():
            told = value if isinstance(value, Mapping) else {"value": value}
            rows.append({"quantity": name, "point": f"{at} epoch", **told})
    for group in ("parameters", "megabytes"):
        rows += [{"quantity": f"{group} {name}", "value": value} for name, value in facts[group].items()]
    return rows
