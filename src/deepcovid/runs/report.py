"""What a run says: its report, its figures and its model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from deepcovid.audit.source_label import SourceLabelResult
from deepcovid.datasets.summary import describe
from deepcovid.datasets.table import Table
from deepcovid.evaluation.notes import FEW, about_few, about_sources
from deepcovid.models.detector import Detector
from deepcovid.progress import Progress
from deepcovid.reporting.content import Notice, ReportContent
from deepcovid.reporting.model_card import write_model_card
from deepcovid.reporting.report import write_report
from deepcovid.runs.calibrate import calibration_words
from deepcovid.runs.cases import augmented_films, certain_cases, sample_films
from deepcovid.runs.data import SIDES, Prepared
from deepcovid.runs.folder import RunFolder
from deepcovid.runs.settings import Settings
from deepcovid.storage import write_text
from deepcovid.training.combinations import KEPT_BY_A_STACK
from deepcovid.training.loop import Fitted
from deepcovid.training.monitor import Finding
from deepcovid.training.monitor.symptom import SYMPTOMS
from deepcovid.training.recipe import Recipe

DISTINGUISHABLE = 40  # positives from which on 97.5 % allows one miss


def report_run(
    folder: RunFolder,
    *,
    prepared: Prepared,
    fitted: Fitted | None,
    unreadable: Mapping[Path, str],
    scores: pd.DataFrame,
    evaluations: dict[str, dict[str, Any]],
    detector: Detector,
    audit: SourceLabelResult,
    recipe: Recipe,
    settings: Settings,
    progress: Progress,
) -> None:
    """Write report.html, figures/ and MODEL_CARD.md into the run folder; a stack has no history (`fitted` is None) and no
    heat maps."""
    progress.say("Writing the report …")
    table, label = prepared.one_label_table(settings.normal), settings.label_column
    scores = scores.assign(**{label: table.frame[label]})
    training = table.frame.iloc[prepared.rows("train")]
    findings = fitted.findings if fitted else ()
    found = notices(folder, evaluations["test"], audit, prepared, unreadable=unreadable, findings=findings)
    folder.note(warnings=[{"level": notice.level, "sentence": notice.sentence} for notice in found])
    content = ReportContent(
        title=f"{settings.positive} detector: {recipe.name}",
        question=f"{_question(prepared)} · {recipe.title or _network(recipe)}",
        positive=settings.positive,
        evaluations=evaluations,
        warnings=found,
        scores=scores.assign(label=scores[label]),
        summary=_summary(prepared, table, label),
        history=_history(fitted) if fitted else None,
        loss=recipe.loss.replace("binary-", "binary "),
        course=_course(fitted, recipe) if fitted else None,
        samples=sample_films(
            table, label_column=label, positive=settings.positive, normal=settings.normal, seed=recipe.seed
        ),
        augmentations=augmented_films(
            table, recipe, rows=training, label_column=label, positive=settings.positive, normal=settings.normal
        ),
        heatmaps=()
        if detector.is_stack
        else certain_cases(scores[scores["split"] == "test"], table, detector, label_column=label),
        audit_sentence=audit.sentence,
        facts=_facts(folder, detector, recipe),
    )
    write_report(content, folder.path)
    write_text(folder / "MODEL_CARD.md", write_model_card(content))


def notices(
    folder: RunFolder,
    evaluation: dict[str, Any],
    audit: SourceLabelResult,
    prepared: Prepared,
    *,
    unreadable: Mapping[Path, str],
    findings: Sequence[Finding],
) -> list[Notice]:
    """What the reader must know first, gravest first."""
    found = []
    weights = folder.record["weights"]
    if weights["name"] == "none" and folder.record["config"]["recipe"]["trainable"] != "all":
        found.append(Notice("danger", f"The frozen backbone holds random numbers: {weights['sentence']}"))
    found += [Notice("caution", sentence) for sentence in prepared.table.cautions]
    if audit.warns:
        found.append(Notice("danger" if audit.verdict == "FAIL" else "caution", audit.sentence))
    found += [Notice("caution", sentence) for sentence in _few(evaluation, prepared)]
    if unreadable:
        found.append(Notice("caution", f"{len(unreadable)} films could not be read and were left out."))
    found += [Notice("caution", f"{SYMPTOMS[one.name].title}: {one.sentence}") for one in findings]
    # the audit's sentence says the same of the sources, on all films instead of the test side
    notes = [note for note in evaluation["notes"] if not (audit.warns and about_sources(note)) and not about_few(note)]
    notes += prepared.notes
    return found + [Notice("info", note) for note in dict.fromkeys(notes)]


def _few(evaluation: dict[str, Any], prepared: Prepared) -> list[str]:
    """Cautions where the positives are too few for what is said of them."""
    sentences = []
    if evaluation["n_positive"] < FEW:
        sentences.append(
            f"The test side has {evaluation['n_positive']} positive films; every figure about them is uncertain, "
            "as the intervals show."
        )
    chosen_on = int(prepared.is_positive[prepared.rows("val")].sum())
    if chosen_on < DISTINGUISHABLE:
        sentences.append(
            f"The operating point was chosen on {chosen_on} positive validation films: with fewer than {DISTINGUISHABLE}, "
            "a sensitivity of 97.5 % cannot be told from one of 100 %."
        )
    return sentences


def _history(fitted: Fitted) -> pd.DataFrame:
    history = pd.DataFrame(fitted.history)
    return history.assign(best=history["epoch"] == fitted.kept_epoch)


def _course(fitted: Fitted, recipe: Recipe) -> list[dict[str, Any]] | None:
    """What the monitor found, as the report shows it; a support vector machine has no epochs to watch."""
    if recipe.head.kind == "svm":
        return None
    return [{"title": SYMPTOMS[one.name].title, **one.to_dict()} for one in fitted.findings]


def _question(prepared: Prepared) -> str:
    others = ", ".join(prepared.classes[:-1])
    told = {
        "multi-class": f"{prepared.positive} or {others}",
        "multi-label": f"{prepared.positive}, {others}: any of them",
    }
    return told.get(prepared.task, f"{prepared.positive} against the rest")


def _summary(prepared: Prepared, table: Table, label_column: str) -> dict[str, pd.DataFrame]:
    described = describe(table, label_column=label_column)
    counts = {"label": described.labels.set_index("label")}
    if prepared.task == "multi-label":
        sides = {side: prepared.present[prepared.rows(side)].sum(axis=0) for side in SIDES}
        counts["films with each finding"] = pd.DataFrame(sides, index=pd.Index(prepared.classes, name="finding"))
    return counts | {facet: described.crosstab(facet) for facet in described.facets}


def _facts(folder: RunFolder, detector: Detector, recipe: Recipe) -> dict[str, dict[str, Any]]:
    record = folder.record
    return {
        "Detector": {
            "hash": detector.hash,
            "licence": detector.description.licence,
            "network": _network(recipe),
            "operating point": f"{detector.operating_point.name}: {detector.operating_point.threshold:.4f}",
            "chosen on": detector.operating_point.chosen_on,
            "calibration": calibration_words(detector.description.calibration),
            "input": _input(detector),
        },
        "Training": {
            **_without(record["training"], "findings"),
            "weights": record["weights"]["sentence"],
            **_flat(_stacked(recipe) if recipe.members else recipe.to_dict()),
        },
        "Data": {**_flat(record["data"]), "label column": record["config"]["label_column"]},
        "Engine": {
            "features and scores": f"onnxruntime {record['versions']['onnxruntime']}, float32, 1 thread a film",
            **record["engine"],
            **record["machine"],
        },
        "Versions": record["versions"],
        "Seconds" if record["legs"] == 1 else f"Seconds of leg {record['legs']} (resumed)": record["timings"],
        "Command": {"line": record["command"] or "(called from Python)"},
    }


def _network(recipe: Recipe) -> str:
    return f"stack of {', '.join(recipe.members)}" if recipe.members else recipe.network


def _input(detector: Detector) -> str:
    one = detector.description
    each = {member.name: member.preprocessing for member in one.members} or {"": detector.preprocessing}
    told = (f"{name} {used.size[0]} × {used.size[1]} px, {used.fit}".strip() for name, used in each.items())
    return "; ".join(told)


def _stacked(recipe: Recipe) -> dict[str, Any]:
    """What of a stack's recipe means something."""
    values = recipe.to_dict()
    return {key: values[key] for key in KEPT_BY_A_STACK if key != "head"}


def _without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        elif value not in (None, "", []):
            flat[prefix + key] = ", ".join(map(str, value)) if isinstance(value, list) else value
    return flat
