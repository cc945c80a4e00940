"""The model card of a run, in the order of Mitchell et al. 2019 (Model Cards for Model Reporting), warnings before all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deepcovid.reporting import class_tables, glance, tables, words
from deepcovid.reporting.content import NOT_AUDITED, ReportContent
from deepcovid.reporting.figures.curves import main_point

AUDIT_PLACE = "<!-- audit:begin --><!-- audit:end -->"  # an audit that comes later writes its sentence here
VERDICT_PLACE = f"<!-- verdict:begin -->{NOT_AUDITED}<!-- verdict:end -->"  # and its verdicts here
NOT_STATED = "not stated: for you to fill"
INTENDED = (
    "Research and teaching: comparing methods, studying shortcuts and intervals, learning how such a detector is measured. "
    "Its users read both this card and the report."
)
NOT_INTENDED = (
    "Any decision about a patient: triage, screening, ruling out, treatment, or second reading, alone or beside a person.",
    "Films unlike those it was measured on: another age, view, hospital, device or file format, other organs, "
    "photographs of films.",
    "Telling how severe a disease is, or what other disease a film shows.",
)
LIMITS = (
    "The figures hold for films like these. Another hospital has other devices, other patients and another share of positives; "
    "measure there before believing anything.",
    "Labels are taken as the table gives them; wrong or uncertain labels were not looked for.",
    "A heat map shows where the network looked, not that what it saw there is disease.",
)


def write_model_card(content: ReportContent) -> str:
    """The text of MODEL_CARD.md: details, use, data, figures with intervals, limits, licence, hashes.

    What the run does not know is marked "for you to fill". The caller writes the file.
    """
    parts = [
        f"# Model card: {plain(content.title)}",
        AUDIT_PLACE,
        *_warnings(content),
        _details(content),
        _use(),
        _figures(content),
    ]
    parts += [*_data(content), _limits(content), *_facts(content), f"---\n\n{plain(content.research_notice)}"]
    return "\n\n".join(parts) + "\n"


def _warnings(content: ReportContent) -> Iterator[str]:
    names = {"danger": "Warning", "caution": "Caution", "info": "Note"}
    for notice in content.notices:
        yield f"> **{names[notice.level]}.** {plain(notice.sentence)}"
    yield f"**Whether to believe it.** {plain(content.audit_sentence or glance.NO_AUDIT)} {VERDICT_PLACE}"


def _details(content: ReportContent) -> str:
    rows = {
        "Question": content.question,
        "Positive class": content.positive,
        "Output": f"a score in [0, 1]: the probability of {content.positive} that the network gives; "
        "uncalibrated unless said below",
        "Hash": _found(content, "hash"),
        "Licence": _found(content, "licence", "license"),
    }
    return "## Model details\n\n" + _table(["", ""], rows.items())


def _use() -> str:
    return f"## Intended use\n\n{INTENDED}\n\n## Not intended\n\n" + _bullets(NOT_INTENDED)


def _figures(content: ReportContent) -> str:
    text = [f"## Figures\n\n{plain(glance.measured_on(content.main_name, content.main))}"]
    text.append(plain(glance.threshold_sentence(content.main)))
    text.append(_table(["measure", "value", "95 % interval", "method, n and unit"], _measures(content.main)))
    if content.main.get("notes"):
        text.append(_bullets(content.main["notes"]))
    predictive = tables.predictive_table(content.main)
    if predictive:
        text += [f"### {predictive.caption}", _set(predictive)]
    for table in class_tables.class_tables(content.main):
        text += [f"### {table.caption}", _set(table)]
    if len(content.evaluations) > 1:
        points = {name: main_point(evaluation) for name, evaluation in content.evaluations.items()}
        compared = tables.comparison_table(content.evaluations, points)
        text += [f"### {compared.caption}", _set(compared)]
    return "\n\n".join(part for part in text if part)


def _measures(evaluation: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, key in (("AUC", "auc"), ("average precision", "average_precision")):
        interval = evaluation[key]
        yield name, words.ratio(interval.get("value")), words.bounds(interval, as_percent=False), words.basis(interval)
    point = main_point(evaluation)
    for key in ("sensitivity", "specificity", "precision", "accuracy"):
        found = point or {}
        for name, interval in ((key, found.get(key)), (f"{key}, by patient", found.get(f"{key}_bootstrap"))):
            if interval:
                yield name, words.percent(interval.get("value")), words.bounds(interval), words.basis(interval)


def _data(content: ReportContent) -> Iterator[str]:
    yield "## Data\n\nCounts of the table that the run was made from, training and evaluation together."
    for title, frame in content.summary.items():
        table = tables.counts_table(title, frame)
        yield f"### {plain(table.caption)}\n\n" + _set(table)
    if not content.summary:
        yield f"Where the films come from: {NOT_STATED}."
    yield f"How consent was given and how the films were chosen: {NOT_STATED}."


def _limits(content: ReportContent) -> str:
    lines = list(LIMITS)
    positives = content.main["n_positive"]
    lines.insert(
        0, f"{words.count(positives)} positive films were measured; the intervals above say what that leaves open."
    )
    next_steps = f"\n\n**After a positive call.** {plain(content.next_steps)}" if content.next_steps else ""
    return "## Limits\n\n" + _bullets(lines) + next_steps


def _facts(content: ReportContent) -> Iterator[str]:
    if content.facts:
        yield "## Facts of the run"
    for section, facts in content.facts.items():
        yield f"### {plain(words.headline(section))}\n\n" + _table(
            ["", ""], ((k, words.fact(v)) for k, v in facts.items())
        )


def _found(content: ReportContent, *names: str) -> str:
    """The first fact whose key is one of `names`, or that it was not stated."""
    for facts in content.facts.values():
        for key, value in facts.items():
            if key.lower() in names and value:
                return words.fact(value)
    return NOT_STATED


def _set(table: tables.Table) -> str:
    text = _table(table.head, ([cell.text for cell in row] for row in table.rows))
    return f"{text}\n\n{plain(table.note)}" if table.note else text


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = [plain(name) for name in head]
    lines = [names, ["---"] * len(names), *[[plain(cell) for cell in row] for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {plain(line)}" for line in lines)


def plain(text: Any) -> str:
    """Text on one line in which nothing is markup: Markdown's and HTML's signs are escaped."""
    one_line = " ".join(str(text).split())
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", one_line).replace("&", "&amp;")
