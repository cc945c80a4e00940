"""A training run, whole: table → films → detector → scores → evaluation → report, in one folder that can be resumed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from deepcovid.audit.source_label import source_label
from deepcovid.datasets.table import Table, load_table, save_table
from deepcovid.errors import RunError
from deepcovid.evaluation.calibrated import RAW
from deepcovid.evaluation.summary import evaluate
from deepcovid.models.detector import Detector
from deepcovid.progress import Progress, Silent
from deepcovid.runs.artefact import validation_facts, write_artefact
from deepcovid.runs.calibrate import calibrate, require_enough
from deepcovid.runs.data import Prepared, prepare_for, with_caution
from deepcovid.runs.environment import device_name, machine, versions
from deepcovid.runs.evidence import write_evidence
from deepcovid.runs.fitting import fit_films, start_fabric, start_network, threads_of
from deepcovid.runs.folder import RECORD, RunFolder
from deepcovid.runs.settings import Settings
from deepcovid.storage import lock, read_json, write_json, write_table
from deepcovid.training.monitor import TrainingFailed
from deepcovid.training.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    import lightning_fabric

    from deepcovid.models.network import FilmNetwork
    from deepcovid.models.weights import WeightsUsed
    from deepcovid.runs.trained import Trained


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, and what the report is made from."""

    folder: Path
    record: dict[str, Any]
    evaluation: dict[str, Any]

    @property
    def report(self) -> Path:
        """The page to open."""
        return self.folder / "report.html"

    @property
    def warnings(self) -> list[str]:
        """What the reader must know first, gravest first; notes are not among them."""
        return [notice["sentence"] for notice in self.record.get("warnings", []) if notice["level"] != "info"]

    @property
    def detector(self) -> Detector:
        """What was trained."""
        return Detector.load(self.folder / "detector")


def train(
    table: Table | Path | str,
    *,
    recipe: Recipe | str | Path,
    out: Path | str | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Run:
    """Train a detector and report on it.

    Args:
        table: films, or the path of their table.
        recipe: a Recipe, or the name or file of one.
        out: the run folder; default `runs/<time>-<recipe>`.
        settings: everything else.
        progress: told what happens.

    Raises:
        DeepCovidError: anything that the user can mend; see its message.
    """
    settings, progress = settings or Settings(), progress or Silent()
    recipe = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    place = Path(out) if out else _new_folder(recipe)
    RunFolder(place).require_free(resume=settings.resume)  # before films are looked at
    if not isinstance(table, Table):
        # findings may stand in columns of their own
        labelled = recipe.task != "multi-label"
        table = load_table(table, label_column=settings.label_column, check_files=True, required_labels=labelled)
    prepared = prepare_for(table, recipe=recipe, settings=settings, progress=progress)
    if recipe.members:
        return _train_stack(prepared, recipe=recipe, out=place, settings=settings, progress=progress)
    folder = RunFolder(place)
    require_enough(prepared, recipe)
    network, weights = start_network(
        recipe, settings=settings, progress=progress, classes=len(prepared.classes), films=prepared.table
    )
    prepared = with_caution(prepared, weights.caution)
    if settings.resume and not folder.path.exists():
        raise RunError("there is no run to resume", path=folder.path, mend="leave out --resume, or check --out")
    fabric = start_fabric(settings, progress=progress, recipe=recipe)
    with lock(folder.path):
        folder.begin(_config(prepared, recipe, settings, weights), resume=settings.resume)
        if not folder.finished:
            _work(
                folder, prepared, network, fabric, recipe=recipe, settings=settings, weights=weights, progress=progress
            )
        else:
            progress.say(f"{folder.path} is finished already; nothing was computed.")
    return Run(folder.path, folder.record, read_json(folder / "evaluation.json"))


def _train_stack(prepared: Prepared, *, recipe: Recipe, out: Path, settings: Settings, progress: Progress) -> Run:
    from deepcovid.runs.stacking.recipe import train_stack

    stacked = train_stack(prepared, recipe=recipe, out=out, settings=settings, progress=progress)
    progress.say(stacked.sentence)
    return Run(out, read_json(out / RECORD), read_json(out / "evaluation.json"))


def _work(
    folder: RunFolder,
    prepared: Prepared,
    network: FilmNetwork,
    fabric: lightning_fabric.Fabric,
    *,
    recipe: Recipe,
    settings: Settings,
    weights: WeightsUsed,
    progress: Progress,
) -> None:
    from deepcovid.runs.report import report_run

    clock: dict[str, float] = {}
    folder.note(
        legs=folder.record.get("legs", 0) + 1,
        command=settings.command,
        versions=versions(),
        machine=machine() | {"device": device_name(fabric.device)},
        weights={
            "name": weights.name,
            "sha256": weights.sha256,
            "source": weights.source,
            "sentence": weights.sentence,
        },
        data=prepared.counts,
        notes=list(prepared.notes),
    )
    with _timed(clock, "training"):
        trained = _train(folder, prepared, network, fabric, recipe=recipe, settings=settings, progress=progress)
    _say_unreadable(trained, progress)
    trained = calibrate(trained, recipe=recipe, facts=validation_facts(trained.prepared), progress=progress)
    with _timed(clock, "evaluation"):
        scores = scores_table(trained, trained.prepared.frame)
        evaluations = evaluations_of(scores, settings, prepared=trained.prepared)
        detector = write_artefact(
            folder / "detector", trained, recipe=recipe, evaluation=evaluations["test"], weights=weights
        )
        one_label = trained.prepared.one_label_table(settings.normal)
        audit = source_label(one_label.frame, positive=settings.positive, label_column=settings.label_column)
    moved = save_table(trained.prepared.table, folder / "table.parquet", allow_outside=True)
    write_table(folder / "scores.parquet", scores_table(trained, moved.frame))
    write_table(folder / "history.csv", pd.DataFrame(trained.fitted.history))
    write_json(folder / "evaluation.json", evaluations["test"])
    write_json(folder / "audit.json", {"detector": detector.hash, "source_label": audit.to_dict()})
    folder.note(
        detector=detector.hash,
        training={"epochs": len(trained.fitted.history), "kept_epoch": trained.fitted.kept_epoch,
                  "stopped_early": trained.fitted.stopped_early,
                  "findings": [finding.to_dict() for finding in trained.fitted.findings]},
        unreadable=sorted(str(error) for error in trained.unreadable.values()),
        timings={name: round(seconds, 3) for name, seconds in clock.items()},
        **trained.facts,
    )  # fmt: skip
    with _timed(clock, "report"):
        report_run(folder, prepared=trained.prepared, fitted=trained.fitted, unreadable=trained.unreadable, scores=scores,
                   evaluations=evaluations, detector=detector, audit=audit, recipe=recipe, settings=settings,
                   progress=progress)  # fmt: skip
    folder.note(status="finished", timings={name: round(seconds, 3) for name, seconds in clock.items()})
    write_evidence(folder.path)


def _train(
    folder: RunFolder,
    prepared: Prepared,
    network: FilmNetwork,
    fabric: lightning_fabric.Fabric,
    *,
    recipe: Recipe,
    settings: Settings,
    progress: Progress,
) -> Trained:
    _note_engine(folder, fabric, recipe, settings, progress)
    try:
        return fit_films(
            network,
            prepared,
            recipe=recipe,
            settings=settings,
            fabric=fabric,
            folder=folder / "checkpoint",
            identity=folder.identity,
            progress=progress,
        )
    except TrainingFailed as error:
        folder.note(training={"findings": [finding.to_dict() for finding in error.findings], "error": str(error)})
        raise


def _note_engine(
    folder: RunFolder, fabric: lightning_fabric.Fabric, recipe: Recipe, settings: Settings, progress: Progress
) -> None:
    """Record what besides the configuration decides the bits of a training; warn when a resumed run has another."""
    now = {
        "device": str(fabric.device),
        "precision": "float32",
        "torch_threads": threads_of(recipe, settings),
        "onnxruntime_threads": 1,
    }
    before = folder.record.get("engine", now)
    if before != now:
        progress.warn(
            f"the run was begun with {before} and goes on with {now}: its bits may differ from an unbroken run's"
        )
    folder.note(engine=now)


def _config(prepared: Prepared, recipe: Recipe, settings: Settings, weights: WeightsUsed) -> dict[str, Any]:
    """All that decides the result; two runs of equal configuration end with the same scores on a CPU."""
    several: dict[str, Any] = {} if prepared.task == "binary" else {"task": prepared.task, "classes": prepared.classes}
    labels = ["image", "split", settings.label_column, *several.get("classes", ())]
    return {
        "recipe": recipe.to_dict(),
        "weights_sha256": weights.sha256,
        "table_hash": prepared.table.content_hash(),
        "labels_hash": prepared.table.content_hash(columns=labels),
        "label_column": settings.label_column,
        "positive": settings.positive,
        "normal": settings.normal,
        **{name: list(value) if isinstance(value, tuple) else value for name, value in several.items()},
        **({"rules": [rule.text for rule in settings.rules]} if settings.rules else {}),
    }


def scores_table(trained: Trained, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with `score`, the probability of the positive class, of several classes `score_<class>` of each, and where
    scores were calibrated `uncalibrated_score`."""
    prepared = trained.prepared
    if trained.uncalibrated is not None:
        frame = frame.assign(**{RAW: trained.uncalibrated})
    if prepared.task == "binary":
        return frame.assign(score=trained.scores)
    names = {f"score_{name}": trained.probabilities[:, place] for place, name in enumerate(prepared.classes)}
    return frame.assign(score=trained.scores, **names)


def evaluations_of(scores: pd.DataFrame, settings: Settings, *, prepared: Prepared) -> dict[str, dict[str, Any]]:
    """The evaluation of the test side (thresholds from validation), then of validation and training alone."""
    options: dict[str, Any] = {
        "positive": settings.positive,
        "normal": settings.normal,
        "label_column": settings.label_column,
        "rules": settings.rules,
    }
    if prepared.task != "binary":
        options |= {"classes": prepared.classes, "task": prepared.task}
    judged = {"test": evaluate(scores[scores["split"] != "train"], **options)}
    for side, name in (("val", "validation"), ("train", "training")):
        judged[name] = evaluate(scores[scores["split"] == side].drop(columns="split"), by_group=False, **options)
    return judged


def _say_unreadable(trained: Trained, progress: Progress) -> None:
    if trained.unreadable:
        progress.warn(f"{len(trained.unreadable)} films could not be read and were left out:")
        for sentence in trained.unreadable.values():
            progress.warn(sentence)


def _new_folder(recipe: Recipe) -> Path:
    return Path("runs") / f"{datetime.now():%Y%m%d-%H%M%S}-{recipe.name}"


@contextmanager
def _timed(clock: dict[str, float], name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    clock[name] = time.perf_counter() - began
