"""An audit: every test of a detector asked on a table's films, decoded once; what they found as one JSON value."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deepcovid.audit.detector.detector_test import (
    AuditResult,
    Case,
    DetectorTest,
    Verdict,
    detector_tests,
    gravest,
)
from deepcovid.audit.detector.looks import PLAIN, Looks, Need, Segment
from deepcovid.datasets.table import Table, load_table
from deepcovid.errors import DeepCovidError, DetectorError, TableError, UnknownNameError, did_you_mean
from deepcovid.models.detector import Detector
from deepcovid.models.engine import cores, open_session
from deepcovid.models.lungs import LungSegmenter
from deepcovid.progress import Progress, Silent
from deepcovid.runs.audit_films import audit_films, labelled
from deepcovid.runs.audit_words import sentence_of
from deepcovid.runs.evidence import write_evidence
from deepcovid.storage import read_json, write_bytes, write_json, write_text

if TYPE_CHECKING:
    from deepcovid.models.classifier import Classifier

FORMAT = 1
PART = "part"  # folder of an audit of some questions beside one of more
UNREAD = "could not be read"


@dataclass(frozen=True, kw_only=True)
class AuditWishes:
    """How to audit.

    Attributes:
        positive: the label of the positive class; empty: the classifier's own.
        label_column, source_column: which columns hold label and source.
        controls: sources all of whose films were taken before the disease.
        before: the day (2019-12-01) before which no film can be positive; empty: none is given.
        tests: names of the tests to ask; empty: all.
        seed: of everything random.
        workers: films side by side; 0: as many as there are cores.
        cache: where looks are kept; default: the cache folder.
        allow_outside: whether films may lie outside the table's folder.
        retrain: whether a run's network is trained anew without each part that test 5 holds out; torch is needed.
        lungs: whether lungs are looked for; without, tests that need them are not asked.
        segment: finds lungs, and the hash of what does; None: the package's own segmenter.
    """

    positive: str = ""
    label_column: str = "label"
    source_column: str = "source"
    controls: tuple[str, ...] = ()
    before: str = ""
    tests: tuple[str, ...] = ()
    seed: int = 0
    workers: int = 0
    cache: Path | None = None
    allow_outside: bool = False
    lungs: bool = True
    retrain: bool = False
    segment: tuple[Segment, str] | None = None


@dataclass(frozen=True, eq=False)
class Audited:
    """What an audit found: each test with its result, in order, and the whole as JSON."""

    results: tuple[tuple[DetectorTest, AuditResult], ...]
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """The gravest."""
        return gravest([result.verdict for _, result in self.results])


def audit_detector(
    classifier: Classifier,
    table: Table | Path | str,
    *,
    wishes: AuditWishes | None = None,
    trained_on: pd.DataFrame | None = None,
    extra: Mapping[str, Any] | None = None,
    prepare: Callable[[Case], Mapping[str, Any]] | None = None,
    progress: Progress | None = None,
) -> Audited:
    """Ask every test about a classifier on a table's films.

    Where the table has a `split`, its test side is audited and its training side is what probes may learn from; a table
    without one is audited whole.

    Args:
        classifier: a `DetectorClassifier`, or any other that scores films.
        table: films with labels.
        wishes: the rest.
        trained_on: rows of the table that the detector was trained on, where it is another table: films of the same
            patients are left out of the test.
        extra: facts for single tests.
        prepare: finds further facts, once it is known which films are tested.
        progress: told of every film and test.

    Raises:
        TableError: too few films of a class.
        UnknownNameError: a test that is not there, before anything else is looked at.
    """
    began = time.monotonic()
    wishes, progress = wishes or AuditWishes(), progress or Silent()
    tests = chosen_tests(wishes.tests)
    if not isinstance(table, Table):
        table = load_table(table, label_column=wishes.label_column, allow_outside=wishes.allow_outside)
    case, notes = make_case(classifier, table, wishes=wishes, trained_on=trained_on, extra=extra, progress=progress)
    if prepare is not None:
        case = replace(case, extra={**case.extra, **prepare(case)})
    asked = [test for test in tests if case.has_segmenter or not test.uses_lungs]
    case.looks.ensure(_planned(asked, case, progress), progress=progress)
    tracked = progress.track(tests, description="asking the audit's questions", total=len(tests))
    results = tuple((test, _asked(test, case)) for test in tracked)
    return Audited(results, _report(case, results, notes, seconds=time.monotonic() - began))


def audit_path(
    detector: Path,
    table: Path | None,
    *,
    how: Path | None = None,
    wishes: AuditWishes,
    out: Path | None = None,
    progress: Progress | None = None,
) -> tuple[Audited, Path]:
    """Audit what lies at a path, and write audit.json, audit.html and pictures beside it.

    Args:
        detector: a run folder, a detector folder, or an ONNX file.
        table: films; None: the run's own, with its split.
        how: of an ONNX file: the JSON file that says how a film becomes its input.
        wishes: the rest.
        out: where to write; default: the run folder, `NAME.audit` beside a detector folder or an ONNX file.
        progress: told of every film and test.

    Returns:
        What was found, and the folder that it was written into (`part` in it, where an audit of the same detector asks more).

    Raises:
        DetectorError: there is no detector, or an ONNX file without its JSON file.
        TableError: no table was given and none lies there, or it has too few films.
    """
    chosen_tests(wishes.tests)  # a wrong name is told before a file is opened
    classifier, run = opened(detector, how)
    trained_on = None
    own = run / "table.parquet" if run else None
    facts = run_facts(run) if run else {}
    if facts:
        own_labels = table is None and wishes.label_column == "label"
        wishes = replace(wishes, label_column=facts["run"]["config"]["label_column"]) if own_labels else wishes
    if table is None:
        if own is None or not own.is_file():
            raise TableError("no table was given, and none lies beside the detector", mend="give a table of films")
        table, wishes = own, replace(wishes, allow_outside=True)
    elif own is not None and own.is_file() and not same_file(own, table):
        before = pd.read_parquet(own)
        trained_on = before[before["split"].isin(["train", "val"])]
    prepare = None
    if wishes.retrain:  # needs torch, which is an extra
        from deepcovid.runs.audit_retrain import retraining

        mine = run if run and facts and same_file(run / "table.parquet", table) else None
        prepare = retraining(mine, facts, workers=wishes.workers, progress=progress or Silent())
    audited = audit_detector(
        classifier, table, wishes=wishes, trained_on=trained_on, extra=facts, prepare=prepare, progress=progress
    )
    folder = out or run or detector.with_name(f"{detector.stem}.audit")
    if _asks_more(folder, audited.report):
        folder = folder / PART
    write_audit(audited, folder)
    if run is not None and folder == run:
        announce(run, audited.report)
        write_evidence(run)
    return audited, folder


def _asks_more(folder: Path, report: Mapping[str, Any]) -> bool:
    """Whether an audit of the same detector lies in a folder that asks what this one does, and more."""
    try:
        there = read_json(folder / "audit.json")
    except (DeepCovidError, OSError):  # none, or a damaged one
        return False
    asked, now = ({test["test"] for test in one.get("tests", ())} for one in (there, report))
    return bool(there.get("detector") == report["detector"] and asked > now)


def opened(detector: Path, how: Path | None) -> tuple[Classifier, Path | None]:
    """The classifier at a path, and the run folder that it lies in, if any.

    Raises:
        DetectorError: there is none, or an ONNX file comes without its JSON file.
    """
    from deepcovid.models.classifier import DetectorClassifier
    from deepcovid.models.foreign import EXAMPLE, ForeignInput, OnnxClassifier

    if not detector.exists():
        raise DetectorError(
            "there is no such file or folder",
            path=detector,
            mend="give a run folder, a detector folder or an ONNX file",
        )
    if detector.is_file():
        if how is None:
            open_session(detector)  # refuses what is no model, before it is asked how to feed it
            raise DetectorError(
                "how a film becomes the input of this model is not said",
                path=detector,
                mend=f"give --preprocessing FILE.json, such as {EXAMPLE}",
            )
        return OnnxClassifier(detector, ForeignInput.load(how)), None
    loaded = Detector.load(detector)
    around = loaded.folder.parent
    return DetectorClassifier(loaded), around if (around / "run.json").is_file() else None


def write_audit(audited: Audited, folder: Path) -> None:
    """audit.json, audit.html and a PNG of each drawn picture in `figures/`."""
    from deepcovid.reporting.audit_report import audit_pngs, render_audit

    pictures = {test.name: result.picture for test, result in audited.results if result.picture is not None}
    write_json(folder / "audit.json", audited.report)
    for name, png in audit_pngs(pictures).items():
        write_bytes(folder / "figures" / f"audit-{name}.png", png)
    write_text(folder / "audit.html", render_audit(audited.report, pictures))


def announce(run: Path, report: Mapping[str, Any]) -> None:
    """Put the audit's sentence first in a run's report and model card."""
    from deepcovid.reporting.audit_report import announced_in_card, announced_in_report

    for name, announced in (("report.html", announced_in_report), ("MODEL_CARD.md", announced_in_card)):
        path = run / name
        if path.is_file():
            write_text(path, announced(path.read_text(encoding="utf-8"), report))


def same_file(a: Path, b: Path) -> bool:
    """Whether two paths are one file."""
    return a.exists() and b.exists() and a.samefile(b)


def chosen_tests(names: Sequence[str]) -> tuple[DetectorTest, ...]:
    """Tests by name or number, in the audit's order; all of them without a name.

    Raises:
        UnknownNameError: one that is not there.
    """
    tests = detector_tests()
    known = {test.name for test in tests} | {str(test.number) for test in tests}
    unknown = [name for name in names if name not in known]
    if unknown:
        choices = ", ".join(f"{test.name} ({test.number})" for test in tests)
        guess = did_you_mean(unknown[0], known)
        raise UnknownNameError(
            f"there is no test of a detector named {unknown[0]!r}", mend=f"{guess}choose one of: {choices}"
        )
    return tuple(test for test in tests if not names or test.name in names or str(test.number) in names)


def make_case(
    classifier: Classifier,
    table: Table,
    *,
    wishes: AuditWishes,
    trained_on: pd.DataFrame | None = None,
    extra: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> tuple[Case, list[str]]:
    """The case of an audit, films that cannot be read left out; and notes of what was left out.

    Raises:
        TableError: too few films of a class.
    """
    positive = wishes.positive or classifier.positive
    notes = []
    frame = labelled(table, label_column=wishes.label_column, source_column=wishes.source_column)
    sides: dict[str, Any] = {"positive": positive, "label_column": wishes.label_column, "trained_on": trained_on}
    films, left = audit_films(frame, **sides)  # looks take minutes: what can be told without them is told first
    if len(frame) < len(table.frame):
        notes.append(f"{len(table.frame) - len(frame):,} films without a label were left out")
    looks = _looks(classifier, table, frame, wishes)
    looks.ensure([Need(np.arange(len(frame)), (PLAIN,))], progress=progress)
    readable = np.isfinite(looks.scores(np.arange(len(frame))))
    if not readable.all():
        notes += [f"{len(frame) - readable.sum():,} films {UNREAD}: {'; '.join(looks.failures.values())}"]
        frame = frame[readable].reset_index(drop=True)
        looks = _looks(classifier, table, frame, wishes)
        looks.ensure([Need(np.arange(len(frame)), (PLAIN,))])
        films, left = audit_films(frame, unread=int((~readable).sum()), **sides)
    case = Case(
        **vars(films),
        looks=looks,
        has_segmenter=wishes.lungs,
        source_column=wishes.source_column,
        seed=wishes.seed,
        extra={"controls": {"sources": wishes.controls, "before": wishes.before}, **(extra or {})},
    )
    return case, [*notes, *left]


def run_facts(folder: Path) -> dict[str, Any]:
    """What an audit may know of the run that a detector lies in: the run's record; empty for a detector alone."""
    record = folder / "run.json"
    return {"run": read_json(record), "folder": folder} if record.is_file() else {}


def _looks(classifier: Classifier, table: Table, frame: pd.DataFrame, wishes: AuditWishes) -> Looks:
    paths = [table.image_path(name) for name in frame["image"]]
    return Looks(classifier, paths, segment=_segmenter(wishes), folder=wishes.cache, workers=wishes.workers or cores())


def _segmenter(wishes: AuditWishes) -> tuple[Segment, str] | None:
    if not wishes.lungs:
        return None
    if wishes.segment is not None:
        return wishes.segment
    own = LungSegmenter.load()
    return own.segment, own.hash


def _planned(tests: Sequence[DetectorTest], case: Case, progress: Progress) -> list[Need]:
    """What tests must look at; some measure hundreds of films to know it, which is shown too."""
    case.looks.progress = progress
    needs = [need for test in tests for need in _needs(test, case)]
    case.looks.progress = Silent()  # a bar within the tests' bar
    return needs


def _needs(test: DetectorTest, case: Case) -> Sequence[Need]:
    try:
        return test.needs(case)
    except DeepCovidError:
        return ()  # the test itself will say why


def _asked(test: DetectorTest, case: Case) -> AuditResult:
    if test.uses_lungs and not case.has_segmenter:
        return AuditResult("CANNOT TELL", "Lungs were not looked for, so this was not asked.")
    try:
        return test.run(case)
    except DeepCovidError as error:
        return AuditResult("CANNOT TELL", f"This could not be asked: {error.problem}. {error.mend}")


def _report(
    case: Case, results: Sequence[tuple[DetectorTest, AuditResult]], notes: list[str], *, seconds: float
) -> dict[str, Any]:
    classifier = case.looks.classifier
    tests = [
        {
            "test": test.name,
            "number": test.number,
            "question": test.question,
            "rule": test.rule,
            "bars": test.bars,
            **result.to_dict(),
        }
        for test, result in results
    ]
    return {
        "format": FORMAT,
        "deepcovid": metadata.version("deepcovid"),
        "detector": classifier.hash,
        "network": classifier.name,
        "positive": classifier.positive,
        "films": {
            "tested": int(case.tested.sum()),
            "positive": int(case.positive[case.tested].sum()),
            "patients": len(np.unique(case.patient[case.tested])),
            "trained": int(case.trained.sum()),
        },
        "verdict": gravest([result.verdict for _, result in results]),
        "sentence": sentence_of(results),
        "tests": tests,
        "notes": notes,
        "seed": case.seed,
        "seconds": round(seconds, 1),
    }
