"""The model card of deepcovid's own detector, and the tables of its page, from its figures and its audit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from choosing import NORMAL, POSITIVE
from material import ADULT, ADULTS, CHILDREN, SIDES
from measuring import BOTH

from deepcovid.models.abnormal.words import MEANING, NO_PROMISE
from deepcovid.models.detector import INTENDED_USE, Detector
from deepcovid.storage import write_text

NAMES = {ADULTS: f"adults ({ADULT} years and over)", CHILDREN: "children", BOTH: "both together"}
PLACES = {name: re.compile(rf"<!-- {name}:begin -->.*?<!-- {name}:end -->", re.S) for name in ("figures", "audit")}
HEAD = """# Model card: normal or abnormal chest film

> **Audit: {verdict}.** {sentence}

The detector that `deepcovid predict FILM` uses where none is named. A demonstration for research: no medical device, no
diagnosis, not for the care of patients.

| | |
|---|---|
| hash | `{hash}` |
| network | {network}, films of {size} × {size} pixels, {trainable}, {epochs} epochs, seed {seed} |
| started from | {weights} |
| calls | abnormal from {threshold:.3f} on ({point}, chosen on validation) |
| calibration | {calibration} |
| licence | {licence} |
| use | {use} |
| made by | `benchmarks/abnormal/make_abnormal.py`; recipes compared by `--choose` on the patients that train |

## What it says

{meaning}

{no_promise}

"Cannot tell" is said of a film whose conformal set holds both classes, "unlike both" of one whose set is empty. A score does
not mean the same in adults and in children: their figures stand apart below.

## What it was made from

NIH ChestX-ray14 (the NIH Clinical Center; Wang et al. 2017; no restrictions): those films of it that DarkCovidNet's authors
chose, 500 without a finding and 500 whose reports name pneumonia, alone or with other findings. Labels there come from
reports, by text mining. Kermany et al. 2018 (CC BY 4.0): children with and without pneumonia. Every abnormal film is one of
pneumonia by its label; what other findings look like was learnt only where they stood beside it.

{sides}

The backbone learnt from half of the patients (no labels among it), the detector from the same half: those who validate or
test were seen by neither. `films.csv` has the SHA-256 of every film that trained or chose.

{counts}

{source}

## Figures

{figures}

## The audit

{audit}

## Limits

- Two collections, one of adults and one of children; another hospital's films were not measured. NIH's children are few.
- The labels of NIH are wrong at times, in training and in these figures.
- Half of all films here are abnormal, and probabilities are made for that. Elsewhere they are too high.
- A heat map, where one is drawn, shows what the network weighed, not where a disease is.
"""


def write_card(
    path: Path, *, figures: Mapping[str, Any], audit: Mapping[str, Any], detector: Detector, facts: Mapping[str, Any]
) -> None:
    """MODEL_CARD.md, its audit's sentence before everything else."""
    told = detector.description
    recipe = told.training["recipe"]
    text = HEAD.format(
        verdict=audit["verdict"], sentence=audit["sentence"], hash=detector.hash, network=told.network,
        size=detector.preprocessing.size[0], trainable=facts["trainable"], epochs=recipe["epochs"], seed=recipe["seed"],
        weights=facts["weights"], threshold=figures["point"]["threshold"], point=figures["point"]["name"],
        calibration=facts["calibration"], licence=told.licence, use=INTENDED_USE, meaning=MEANING,
        no_promise=NO_PROMISE, sides=sides_in_words(), counts=counts_table(figures), source=figures["source"]["sentence"],
        figures=figures_table(figures), audit=audit_table(audit),
    )  # fmt: skip
    write_text(path, text)


def write_page(path: Path, *, figures: Mapping[str, Any], audit: Mapping[str, Any]) -> None:
    """The page's tables, between their marks; the rest stays."""
    text = path.read_text(encoding="utf-8")
    for name, table in (("figures", figures_table(figures)), ("audit", f"{audit['sentence']}\n\n{audit_table(audit)}")):
        whole = f"<!-- {name}:begin -->\n{table}\n<!-- {name}:end -->"
        text = PLACES[name].sub(lambda _, whole=whole: whole, text)
    write_text(path, text)


def sides_in_words() -> str:
    """Who is on which side."""
    told = ", ".join(f"from {low:g} to {high:g} {name}" for name, low, high in SIDES)
    return f"Sides by the patient's share of 1 (`datasets/patient_hash.py`, as in `deepcovid pretrain --share 0.5`): {told}."


def counts_table(figures: Mapping[str, Any]) -> str:
    """Films and patients by side, population, source and label."""
    rows = (
        (one["split"], one["population"], one["source"], one["label"], f"{one['films']}", f"{one['patients']}")
        for one in figures["counts"]
    )
    return _table(("side", "population", "source", "label", "films", "patients"), rows)


def figures_table(figures: Mapping[str, Any]) -> str:
    """Every figure of the test side with its interval and n, a column a population."""
    people = {name: figures["populations"][name] for name in NAMES}
    head = [
        "",
        *(
            f"{NAMES[name]}: {one['films']} films, {one['abnormal']} abnormal, {one['patients']} patients"
            for name, one in people.items()
        ),
    ]
    rows = [[name, *cells] for name, cells in _rows(list(people.values()), figures)]
    point, held = figures["point"], _expected(figures)
    note = (
        f"Test side; 95 % intervals; shares and AUCs count patients. Threshold {point['threshold']:.3f} ({point['name']} on "
        f"validation). Sets may lack the truth for {figures['alpha']:.0%} of a class; with so many patients of validation "
        f"{held} of future films of it are held."
    )
    return f"{_table(head, rows)}\n\n{note}"


def _rows(people: list[Mapping[str, Any]], figures: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    yield "AUC", [_ratio(one["auc"]) for one in people]
    yield "sensitivity: abnormal films called so", [_share(one["sensitivity"]) for one in people]
    yield "specificity: normal films not called so", [_share(one["specificity"]) for one in people]
    for key, name in (
        ("intercept", "calibration intercept (0)"),
        ("slope", "calibration slope (1)"),
        ("brier", "Brier score"),
    ):
        yield name, [_ratio(one["calibration"][key]) for one in people]
    yield (
        "calibration error, by chance alone",
        [f"{one['calibration']['ece']:.3f}, {one['calibration']['ece_by_chance']:.3f}" for one in people],
    )
    for label in (NORMAL, POSITIVE):
        yield (
            f"conformal sets that hold the truth, {label}",
            [_share(one["conformal"]["coverage"][label]) for one in people],
        )
    yield "films that are decided (one class in the set)", [_share(one["conformal"]["decided"]) for one in people]
    yield "of those, right", [_share(one["conformal"]["right_of_decided"]) for one in people]


def audit_table(audit: Mapping[str, Any]) -> str:
    """Every question with its verdict and sentence."""
    rows = ((str(one["number"]), f"`{one['test']}`", one["verdict"], one["sentence"]) for one in audit["tests"])
    return _table(("", "test", "verdict", ""), rows)


def _expected(figures: Mapping[str, Any]) -> str:
    parts = (f"{one['low']:.0%} to {one['high']:.0%} ({name})" for name, one in figures["expected_coverage"].items())
    return " and ".join(parts)


def _ratio(interval: Mapping[str, Any] | None) -> str:
    if interval is None or interval["value"] is None:
        return "unknown"
    return (
        f"{interval['value']:.3f} ({interval['low']:.3f}–{interval['high']:.3f}; {interval['n']} {interval['unit']}s)"
    )


def _share(interval: Mapping[str, Any] | None) -> str:
    if interval is None or interval["value"] is None:
        return "unknown"
    value, low, high = (f"{100 * interval[key]:.0f}" for key in ("value", "low", "high"))
    return f"{value} % ({low}–{high} %; {interval['n']} {interval['unit']}s)"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head)]
    lines += [["---"] * len(lines[0]), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
