"""What a run can say for checklists, data sheet and licences: sentences from its record, evaluation, audit and table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from deepcovid.datasets.columns import text_column
from deepcovid.datasets.summary import TableSummary
from deepcovid.reporting import words
from deepcovid.reporting.model_card import INTENDED

UNKNOWN = "unknown"


def facts_of(
    record: Mapping[str, Any],
    evaluation: Mapping[str, Any],
    audit: Mapping[str, Any] | None,
    detector: Mapping[str, Any],
    frame: pd.DataFrame,
) -> dict[str, str]:
    """Sentences by what they fill in a checklist; what is not known is absent.

    Args:
        record: run.json. evaluation: evaluation.json. audit: audit.json of `deepcovid audit`, or None.
        detector: detector.json. frame: the run's table.
    """
    recipe, config = record["config"]["recipe"], record["config"]
    facts = {
        "technology": f"Deep learning on chest radiographs: {recipe['network']}, {recipe.get('title') or recipe['name']}.",
        "intended_use": f"{INTENDED} {detector.get('intended_use', '')}",
        "question": f"Tells films labelled {config['positive']} from all others; development and internal evaluation.",
        "sources": _sources(frame),
        "centres": _sources(frame),
        "preprocessing": "" if detector.get("members") else _preprocessing(detector["preprocessing"]),
        "predictors": "The pixels of one frontal film; nothing else is given to the detector.",
        "left_out": " ".join(record.get("notes", [])),
        "missing": _missing(frame, record),
        "views": _counted(frame, "view"),
        "partitions": _partitions(record),
        "disjoint": "By patient (source and patient id); a film without a patient counts as its own.",
        "model": f"{recipe['network']}, {recipe['trainable']} trained; detector {record['detector'][:16]}; layers by "
        "`deepcovid models show`.",
        "software": ", ".join(f"{name} {version}" for name, version in record["versions"].items()),
        "weights": record["weights"]["sentence"],
        "training": _training(recipe, record),
        "selection": _selection(recipe, record),
        "ensemble": "; ".join(recipe.get("members", [])) or "None: one network.",
        "imbalance": f"Balance: {recipe['balance']}; over-sampled to {recipe['minority_count'] or 'no'} positives.",
        "output": _output(detector),
        "measures": "AUC, average precision, sensitivity and specificity at the named operating points, predictive values.",
        "uncertainty": "95 % intervals with method, n and unit; patients are drawn where they have several films.",
        "internal": f"The test side of the same table: {evaluation['n']} films, {evaluation['n_positive']} positive.",
        "explainability": "Grad-CAM of the detector's own graph, on the surest calls, right and wrong (report.html).",
        "failures": "The surest wrong calls stand with their heat maps in report.html.",
        "flow": _flow(record),
        "characteristics": f"DATA_SHEET.md: {_counted(frame, 'sex')}",
        "performance": _performance(evaluation),
        "diagnostic": _performance(evaluation),
        "availability": "The detector folder and every file named in MANIFEST.json; deepcovid is under Apache-2.0.",
        "gate": "What is no upright frontal chest film is refused before it is scored (the gate); an unreadable file is listed.",
    }
    if detector.get("members"):
        facts |= _stacked(recipe, record, detector["members"])
    if audit and "tests" in audit:
        facts |= _audited(audit)
    return {name: sentence for name, sentence in facts.items() if sentence}


def data_sheet(summary: TableSummary, frame: pd.DataFrame, record: Mapping[str, Any]) -> str:
    """The data sheet as Markdown, in the order of Gebru et al. 2021 (Datasheets for Datasets); no id of a patient is in it."""
    patients = UNKNOWN if summary.patients is None else words.count(summary.patients)
    lines = [
        "# Data sheet",
        "",
        "After Gebru et al. 2021, Communications of the ACM 64(12):86. What the table does not say is **for you to fill**.",
        "",
        "## Motivation",
        "",
        "Why the films were collected, by whom, and who paid: **for you to fill**.",
        "",
        "## Composition",
        "",
        f"{words.count(summary.films)} films of {patients} patients; {words.count(summary.without_patient)} films without a "
        f"patient. Table hash {record['data']['table_hash']}, hash of the films {record.get('films_hash', UNKNOWN)}.",
        "",
        _markdown(summary.labels),
    ]
    for name, counts in summary.facets.items():
        lines += ["", f"### By {name}", "", _markdown(counts)]
    if len(summary.ages):
        lines += ["", "### Age in years", "", _markdown(summary.ages)]
    lines += [
        "",
        "## Collection",
        "",
        "How films were chosen, consent, ethical review: **for you to fill**.",
        "",
        "## Preprocessing and labelling",
        "",
        f"What was done here: {' '.join(record.get('notes', [])) or 'nothing besides reading the table'}. How labels were made: "
        "**for you to fill**.",
        "",
        "## Uses, distribution, maintenance",
        "",
        "LICENCES.md says which licence each film has. Who keeps the table, and where errors are told: **for you to fill**.",
    ]
    return "\n".join(lines) + "\n"


def licence_summary(frame: pd.DataFrame, detector: Mapping[str, Any]) -> str:
    """The licences of films, side by side with source, and of the detector, as Markdown."""
    licence = text_column(frame, "license").fillna(UNKNOWN).astype(str)
    source = text_column(frame, "source").fillna(UNKNOWN).astype(str)
    sides = text_column(frame, "split").fillna(UNKNOWN).astype(str)
    counts = pd.crosstab([source, licence], sides).reset_index()
    counts.columns = ["source", "licence", *counts.columns[2:]]
    unknown = int((licence == UNKNOWN).sum())
    warning = (
        f"**{words.count(unknown)} of {words.count(len(frame))} films have no licence in the table**: whether a detector "
        "trained on them may be passed on is for you to find out."
        if unknown
        else "Every film has a licence in the table."
    )
    return (
        f"# Licences\n\nDetector: {detector.get('licence', 'not stated')}. deepcovid itself: Apache-2.0.\n\n{warning}\n\n"
        f"Films by source, licence and side:\n\n{_markdown(counts)}\n"
    )


def _stacked(
    recipe: Mapping[str, Any], record: Mapping[str, Any], members: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """What is otherwise of a stack than of one network."""
    each = ", ".join(f"{member['name']} ({member['network']})" for member in members)
    how = f"{record['training']['combiner']}, {recipe['folds']} folds by patient"
    seen = "; ".join(f"{member['name']}: {_preprocessing(member['preprocessing'])}" for member in members)
    return {
        "technology": f"Deep learning on chest radiographs: {each}, and a model on their scores.",
        "preprocessing": seen,
        "model": f"{each}; detector {record['detector'][:16]}; layers by `deepcovid models show` of each.",
        "training": f"The members as their own runs tell; on top a {how}.",
        "selection": "Thresholds were chosen on out-of-fold films and applied to test unchanged.",
        "ensemble": f"{each}: stacked by a {how}. {record['training']['stack']}",
        "imbalance": "As the members' own runs tell; the model on top weighs every film alike.",
        "explainability": "None: there is no heat map of several networks; the members' runs have theirs.",
        "failures": "",
    }


def _markdown(frame: pd.DataFrame) -> str:
    head = [str(name) for name in frame.columns]
    rows = [
        ["" if pd.isna(cell) else str(cell).replace("|", "\\|") for cell in row]
        for row in frame.itertuples(index=False)
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *rows])


def _sources(frame: pd.DataFrame) -> str:
    told = text_column(frame, "source").fillna(UNKNOWN).value_counts()
    return "; ".join(f"{name}: {count:,} films" for name, count in told.items())


def _counted(frame: pd.DataFrame, column: str) -> str:
    told = text_column(frame, column).fillna(UNKNOWN).value_counts()
    return f"{column}: " + ", ".join(f"{name} {count:,}" for name, count in told.items())


def _missing(frame: pd.DataFrame, record: Mapping[str, Any]) -> str:
    unreadable = len(record.get("unreadable", []))
    empty = [
        f"{name} {int(text_column(frame, name).isna().sum()):,}" for name in ("patient", "source", "view", "sex", "age")
    ]
    return (
        f"An empty cell counts as unknown, never as a class. Films with an empty cell: {', '.join(empty)}. "
        f"{unreadable} unreadable films were left out."
    )


def _preprocessing(told: Mapping[str, Any]) -> str:
    height, width = told["size"]
    equalised = ", histogram equalised" if told.get("equalise") else ""
    how = f"{told['resize']}, {told['fit']} to {height} × {width}{equalised}"
    return f"Grey values in [0, 1], {how}; the same in training and use."


def _partitions(record: Mapping[str, Any]) -> str:
    sides = record["data"]["sides"]
    return "; ".join(
        f"{name}: {told['films']:,} films, {told.get('positive', UNKNOWN)} positive" for name, told in sides.items()
    )


def _training(recipe: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    optimiser, epochs = recipe["optimiser"], record["training"].get("epochs", UNKNOWN)
    idle = "crop_aspect" if recipe["augmentation"].get("crop") == [1.0, 1.0] else ""
    changed = [
        f"{name} {value}"
        for name, value in recipe["augmentation"].items()
        if value and value != [1.0, 1.0] and name != idle
    ]
    return (
        f"{recipe['loss']}, {optimiser['name']} at {optimiser['learning_rate']:g}, batches of {recipe['batch_size']}, "
        f"{epochs} epochs, seed {recipe['seed']}; augmentation: {', '.join(changed) or 'none'}."
    )


def _selection(recipe: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    kept = record["training"].get("kept_epoch", UNKNOWN)
    return (
        f"Epoch {kept} was kept ({recipe['keep']}); thresholds were chosen on validation and applied to test unchanged."
    )


def _output(detector: Mapping[str, Any]) -> str:
    points = "; ".join(
        f"{point['name']} at {point['threshold']:.4g}, chosen on {point['chosen_on']}"
        for point in detector["operating_points"]
    )
    calibration = detector.get("calibration")
    return f"A score in [0, 1], {'uncalibrated' if calibration is None else 'calibrated'}. Operating points: {points}."


def _flow(record: Mapping[str, Any]) -> str:
    told = record["data"]
    return f"{told['films']:,} labelled films in all, {len(record.get('unreadable', []))} unreadable; {_partitions(record)}."


def _performance(evaluation: Mapping[str, Any]) -> str:
    auc = evaluation["auc"]
    parts = [f"AUC {words.ratio(auc['value'])} ({words.bounds(auc, as_percent=False)}; {words.basis(auc)})"]
    for point in evaluation.get("operating_points", ()):
        shares = ", ".join(
            f"{name} {words.percent(point[name]['value'])} ({words.bounds(point[name])}; {words.basis(point[name])})"
            for name in ("sensitivity", "specificity")
        )
        parts.append(f"at {point['name']}: {shares}")
    return "; ".join(parts)


def _audited(audit: Mapping[str, Any]) -> dict[str, str]:
    by_number: dict[int, list[str]] = {}
    for test in audit["tests"]:
        by_number.setdefault(test["number"], []).append(f"{test['verdict']}: {test['sentence']}")
    told = {"audit": audit["sentence"]}
    for name, numbers in (("audit_source", (1, 5)), ("audit_robustness", (11,)), ("subgroups", (7,))):
        found = [sentence for number in numbers for sentence in by_number.get(number, ())]
        if found:
            told[name] = " ".join(found)
    return told
