"""The model cards of deepcovid's own detectors, and the tables of their page, from their figures and audits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from material import ADULT, NORMAL, POSITIVE, SIDES

from deepcovid.models.abnormal import NAMES, ShippedDetector, shipped_detector
from deepcovid.models.abnormal.shipped import AUDIT, CARD, DETECTOR, FIGURES
from deepcovid.models.abnormal.words import ADULTS, CHILDREN, MEANINGS, NO_PROMISE, miscalibrated
from deepcovid.models.detector import Detector
from deepcovid.runs.calibrate import calibration_words
from deepcovid.storage import read_json, write_text

COLUMNS = {ADULTS: f"adults ({ADULT} years and over)", CHILDREN: "children"}
HEAD = """# Model card: normal or abnormal chest film, {population}

> **Audit: {verdict}.** {sentence}

The detector that `deepcovid predict {name} FILM` uses{default}.
A demonstration for research: no medical device, no diagnosis, not for the care of patients.

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

A film has one verdict: "cannot tell" where its conformal set holds both classes, "unlike both" where it is empty, else the call
at the threshold, which stands behind either of the two.

## What it was made from

{material} Every abnormal film is one of pneumonia by its label; what other findings look like was learnt only where they stood
beside it.

{sides}

The backbone learnt without a label of any film from half of the patients of both populations, the last layer from the same
half of this one; those who validate or test were seen by neither. `films.csv` has the SHA-256 of every film that trained or
chose.

{counts}

{source}

## Figures

{figures}

{by_source}

## The audit

{audit}

## Limits

{limits}
"""
NIH = (
    "NIH ChestX-ray14 (the NIH Clinical Center; Wang et al. 2017; no restrictions): {which} of those that DarkCovidNet's authors "
    "chose, 500 without a finding and 500 whose reports name pneumonia, alone or with other findings; labels come from "
    "reports, by text mining."
)
KERMANY = "Kermany et al. 2018 (CC BY 4.0; Guangzhou): children with and without pneumonia."
MATERIAL = {
    ADULTS: NIH.format(which="the films of adults"),
    CHILDREN: f"{KERMANY} {NIH.format(which='the 95 films of patients under 18')}",
}
DEFAULT = {
    ADULTS: ", and `deepcovid predict FILM` of adults' films and of films that tell no age",
    CHILDREN: ", and `deepcovid predict FILM` of films of patients under 18 by their header",
}
LIMITS = {
    ADULTS: ("One collection, of one hospital: others were not measured.",),
    CHILDREN: ("Two collections, of which one holds few films; other hospitals were not measured.",),
}
ALL_LIMITS = (
    "The labels of NIH are wrong at times, in training and in these figures.",
    "The share of abnormal films is that of the table above, and probabilities are made for it: where fewer are abnormal they "
    "are too high.",
    "A heat map, where one is drawn, shows what the network weighed, not where a disease is.",
    "The test films were looked at before, with earlier backbones: one detector for both populations gave children too high "
    "probabilities, and a temperature of 57 films of children too sure ones. What was done instead is what cross-validation on "
    "the patients that train found better.",
)


def write_card(folder: Path, *, name: str, trainable: str, weights: str) -> None:
    """MODEL_CARD.md beside a detector, its figures and its audit, which it tells; the audit's sentence comes first."""
    detector = Detector.load(folder / DETECTOR)
    figures, audit, told, population = (
        read_json(folder / FIGURES),
        read_json(folder / AUDIT),
        detector.description,
        NAMES[name],
    )
    recipe = told.training["recipe"]
    text = HEAD.format(
        population=population, name=name, default=DEFAULT[population], verdict=audit["verdict"], sentence=audit["sentence"],
        hash=detector.hash, network=told.network, size=detector.preprocessing.size[0], trainable=trainable,
        epochs=recipe["epochs"], seed=recipe["seed"], weights=weights, threshold=figures["point"]["threshold"],
        point=figures["point"]["name"], calibration=calibration_words(told.calibration), licence=told.licence,
        use=told.intended_use, meaning=MEANINGS[population], no_promise=NO_PROMISE, material=MATERIAL[population],
        sides=sides_in_words(), counts=counts_table(figures), source=figures["source"]["sentence"],
        figures=figures_table([figures], [COLUMNS[population]]), by_source=by_source(figures), audit=audit_table(audit),
        limits="\n".join(f"- {line}" for line in (*LIMITS[population], *_flaw(figures), *ALL_LIMITS)),
    )  # fmt: skip
    write_text(folder / CARD, text)


def _flaw(figures: Mapping[str, Any]) -> list[str]:
    told = miscalibrated(figures["test"]["calibration"])
    return [told[0].upper() + told[1:]] if told else []


def write_page(path: Path, *, folder: Path) -> None:
    """The page's tables of both detectors, between their marks; the rest stays."""
    owns = [shipped_detector(name, folder=folder) for name in NAMES]
    tables = {"figures": figures_table([own.figures for own in owns], [COLUMNS[own.population] for own in owns])}
    tables |= {f"audit-{own.population}": _audit_part(own) for own in owns}
    text = path.read_text(encoding="utf-8")
    for name, table in tables.items():
        whole = f"<!-- {name}:begin -->\n{table}\n<!-- {name}:end -->"
        text = re.sub(f"<!-- {name}:begin -->.*?<!-- {name}:end -->", lambda _, whole=whole: whole, text, flags=re.S)
    write_text(path, text)


def _audit_part(own: ShippedDetector) -> str:
    return f"**{own.audit['verdict']}.** {own.audit['sentence']}\n\n{audit_table(own.audit)}"


def sides_in_words() -> str:
    """Who is on which side."""
    told = ", ".join(f"from {low:g} to {high:g} {name}" for name, low, high in SIDES)
    return f"Sides by the patient's share of 1 (`datasets/patient_hash.py`, as in `deepcovid pretrain --share 0.5`): {told}."


def counts_table(figures: Mapping[str, Any]) -> str:
    """Films and patients by side, source and label."""
    keys = ("split", "source", "label", "films", "patients")
    rows = ([str(one[key]) for key in keys] for one in figures["counts"])
    return _table(("side", *keys[1:]), rows)


def by_source(figures: Mapping[str, Any]) -> str:
    """The AUC within each source of the test side."""
    parts = (f"{name} {_ratio(interval)}" for name, interval in figures["sources"].items())
    return f"AUC within each source: {'; '.join(parts)}."


def figures_table(each: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    """Every figure of the test side with its interval and n, a column a detector."""
    head = ["", *(f"{name}: {_size(one['test'])}" for name, one in zip(names, each, strict=True))]
    note = (
        "Test side; 95 % intervals; patients are the unit. Sets may lack the truth for {alpha:.0%} of a class. AUCs here and "
        "in the audit are of a bootstrap that draws patients, but DeLong's over patients where the audit compares AUCs of the "
        "same films (4, and 7 among films alike), so that one AUC can have two intervals a little apart."
    )
    return f"{_table(head, _rows(each))}\n\n{note.format(alpha=each[0]['alpha'])}"


def _size(test: Mapping[str, Any]) -> str:
    return f"{test['films']} films, {test['abnormal']} abnormal, {test['patients']} patients"


def _rows(each: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    tests = [one["test"] for one in each]
    yield ["AUC", *(_ratio(one["auc"]) for one in tests)]
    yield ["threshold", *(f"{one['point']['threshold']:.3f}" for one in each)]
    yield ["sensitivity: abnormal films called so", *(_share(one["sensitivity"]) for one in tests)]
    yield ["specificity: normal films not called so", *(_share(one["specificity"]) for one in tests)]
    for key, name in (
        ("intercept", "calibration intercept (0)"),
        ("slope", "calibration slope (1)"),
        ("brier", "Brier score"),
    ):
        yield [name, *(_ratio(one["calibration"][key]) for one in tests)]
    yield ["calibration error; by chance alone", *(_error(one["calibration"]) for one in tests)]
    for label in (NORMAL, POSITIVE):
        yield [
            f"conformal sets that hold the truth, {label}",
            *(_share(one["conformal"]["coverage"][label]) for one in tests),
        ]
        yield [
            f"expected of so many patients of validation, {label}",
            *(_range(one["expected_coverage"][label]) for one in each),
        ]
    yield ["films that are decided (one class in the set)", *(_share(one["conformal"]["decided"]) for one in tests)]
    yield ["of those, right", *(_share(one["conformal"]["right_of_decided"]) for one in tests)]


def audit_table(audit: Mapping[str, Any]) -> str:
    """Every question with its verdict and sentence."""
    rows = ((str(one["number"]), f"`{one['test']}`", one["verdict"], one["sentence"]) for one in audit["tests"])
    return _table(("", "test", "verdict", ""), rows)


def _range(expected: Mapping[str, float]) -> str:
    return f"{100 * expected['low']:.0f}–{100 * expected['high']:.0f} %"


def _error(calibration: Mapping[str, Any]) -> str:
    return f"{calibration['ece']:.3f}; {calibration['ece_by_chance']:.3f}"


def _ratio(interval: Mapping[str, Any] | None) -> str:
    if interval is None or interval["value"] is None:
        return "unknown"
    ends = f"{interval['low']:.3f} to {interval['high']:.3f}"
    return f"{interval['value']:.3f} ({ends}; {interval['n']} {interval['unit']}s)"


def _share(interval: Mapping[str, Any] | None) -> str:
    if interval is None or interval["value"] is None:
        return "unknown"
    value, low, high = (f"{100 * interval[key]:.0f}" for key in ("value", "low", "high"))
    return f"{value} % ({low}–{high} %; {interval['n']} {interval['unit']}s)"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head)]
    lines += [["---"] * len(lines[0]), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
