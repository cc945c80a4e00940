"""Makes deepcovid's own detectors, normal or abnormal chest film, of adults and of children: trains, measures, audits, writes.

    python benchmarks/xray_films.py ../shared/data/cxr-512 --out runs/xray/table.csv
    python benchmarks/abnormal/make_abnormal.py runs/xray/table.csv --out runs/abnormal --page docs/normal-or-abnormal.md

One seed, one core, one command; given again it writes the same bytes. `--choose` cross-validates the recipes instead, on
the patients that train.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd
from choosing import CANDIDATES, FOLDS, choose, settings_for
from material import films_of, of_population
from measuring import measured
from writing import write_card, write_page

from deepcovid.cli.console import Spoken
from deepcovid.datasets.columns import text_column
from deepcovid.datasets.table import Table, load_table, save_table
from deepcovid.evaluation.rules import parse_rule
from deepcovid.imaging.readers import film_hash
from deepcovid.models.abnormal import NAMES, shipped_detector
from deepcovid.models.abnormal.shipped import (
    AUDIT,
    BESIDE,
    DETECTOR,
    FIGURES,
    FILMS,
    FOLDER,
    FORMAT,
    MANIFEST,
)
from deepcovid.models.abnormal.words import ADULTS, CHILDREN
from deepcovid.models.classifier import DetectorClassifier
from deepcovid.models.detector import Detector, OperatingPoint, write_detector
from deepcovid.runs.audit import AuditWishes, audit_detector, run_facts
from deepcovid.runs.folder import RECORD
from deepcovid.runs.train import Run, train
from deepcovid.storage import read_json, sha256_file, write_json, write_table
from xray_probe import refuse_seen

CHOSEN = "head"
RULE = parse_rule("youden")
# 57 films of children validate: a temperature of them (0.42) made probabilities far too sure, while those of the network itself
# showed no error among 150 children that were held out of training in turn (docs/log.md)
CALIBRATION: dict[str, Literal["temperature", "none"]] = {ADULTS: "temperature", CHILDREN: "none"}
LARGEST = 5_000_000  # bytes of a file that goes into the repository
USE = (
    "A demonstration for research on chest radiographs: normal or abnormal film. Not a medical device; not for the care of "
    "patients. Made and measured on {population} alone; see the card."
)


def trained(films: Table, *, weights: str, recipe: str, population: str, out: Path) -> Run:
    """The run: head or network, temperature, conformal rule and operating points, by the product's own way."""
    settings = settings_for(weights, rules=(RULE,), resume=(out / RECORD).exists())
    return train(
        films,
        recipe=replace(CANDIDATES[recipe], calibration=CALIBRATION[population]),
        out=out,
        settings=settings,
        progress=Spoken(),
    )


def shipped_form(run: Run, folder: Path, *, population: str) -> Detector:
    """The run's detector with its use and licence, and Youden's point before the others: at a sensitivity of 97.5 % it
    would call most normal films abnormal."""
    told = run.detector.description
    points: tuple[OperatingPoint, ...] = tuple(sorted(told.operating_points, key=lambda one: one.name != RULE.title))
    if points[0].name != RULE.title or points[0].chosen_on != "validation":
        raise SystemExit(f"no point by {RULE.title} was chosen on validation")
    from safetensors.numpy import load_file

    own, use = run.detector.folder, USE.format(population=population)
    return write_detector(
        folder,
        description=replace(told, operating_points=points, licence="Apache-2.0", intended_use=use),
        graph=(own / "model.onnx").read_bytes(),
        weights=load_file(own / "weights.safetensors"),
    )


def audited(detector: Detector, run: Run) -> dict[str, Any]:
    """The whole audit on the run's test side, without what depends on the day."""
    found = audit_detector(
        DetectorClassifier(detector),
        run.folder / "table.parquet",
        wishes=AuditWishes(allow_outside=True, workers=1),
        extra=run_facts(run.folder),
        progress=Spoken(),
    )
    for test in found.report["tests"]:
        test["figures"].pop("surest", None)  # pairs of films by their files' names, which hold patients' numbers
    report = {key: value for key, value in found.report.items() if key != "seconds"}
    if ".jpg" in json.dumps(report):
        raise SystemExit("the audit names a film's file: leave that out of what is shipped")
    return report


def listed(films: Table) -> pd.DataFrame:
    """The films that trained or chose: the SHA-256 of each with source and licence, in the order of the hashes."""
    frame = films.frame[films.frame["split"] != "test"]
    rows = {
        "sha256": [film_hash(films.image_path(image)) for image in frame["image"]],
        "source": text_column(frame, "source"),
        "license": text_column(frame, "license"),
        "split": text_column(frame, "split"),
    }
    return pd.DataFrame(rows).sort_values("sha256", kind="stable").reset_index(drop=True)


def make(given: argparse.Namespace, films: Table, name: str) -> None:
    """Train, measure, audit and write one of the two."""
    population = NAMES[name]
    place, folder = given.out / population, given.package / population
    place.mkdir(parents=True, exist_ok=True)
    save_table(of_population(films, population), place / "films.csv", allow_outside=True)
    mine = load_table(place / "films.csv", allow_outside=True)
    run = trained(mine, weights=given.weights, recipe=given.recipe, population=population, out=place / "run")
    detector = shipped_form(run, folder / DETECTOR, population=population)
    write_json(folder / AUDIT, audited(detector, run))
    write_table(folder / FILMS, listed(mine))
    written(given, run.folder, run.record["weights"]["sentence"], name=name)


def written(given: argparse.Namespace, run: Path, weights: str, *, name: str) -> None:
    """Write the figures from a run's scores, and the card, beside detector and audit; seal them."""
    folder = given.package / NAMES[name]
    detector = Detector.load(folder / DETECTOR)
    if Detector.load(run).description.files != detector.description.files:
        raise SystemExit(f"{run} is not the run of the detector in {folder}")
    write_json(folder / FIGURES, measured(pd.read_parquet(run / "scores.parquet"), detector))
    layers = "all layers trained" if given.recipe == "whole" else "last layer trained"
    write_card(folder, name=name, trainable=layers, weights=weights)
    files = {one: sha256_file(folder / one) for one in BESIDE}
    write_json(folder / MANIFEST, {"format": FORMAT, "detector": detector.hash, "files": files})
    own = shipped_detector(name, folder=given.package)  # reads everything back
    print("\n".join([*own.announcement(), *own.about, own.detector.hash]), flush=True)
    large = [path.name for path in folder.rglob("*") if path.is_file() and path.stat().st_size > LARGEST]
    if large:
        raise SystemExit(f"larger than {LARGEST:,} bytes: {', '.join(large)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--population", choices=NAMES.values(), nargs="+", default=list(NAMES.values()))
    parser.add_argument("table", type=Path, help="of xray_films.py")
    parser.add_argument(
        "--weights", default="xray", help="the backbone's: xray, or the file of a `deepcovid pretrain --share 0.5`"
    )
    parser.add_argument("--out", type=Path, required=True, help="where the run goes")
    parser.add_argument("--package", type=Path, default=FOLDER, help="where the detector, its card and its audit go")
    parser.add_argument("--page", type=Path, help="the page whose tables are written anew")
    parser.add_argument("--recipe", choices=CANDIDATES, default=CHOSEN)
    parser.add_argument("--figures", action="store_true", help="figures, card and page alone, of a run that is there")
    parser.add_argument("--choose", nargs="+", choices=CANDIDATES, help="cross-validate these and stop")
    parser.add_argument("--folds", type=int, default=FOLDS, help="how many of the five are run, with --choose")
    given = parser.parse_args()
    films = films_of(load_table(given.table, allow_outside=True))
    if given.weights != "xray":
        kept = films.frame[films.frame["split"] != "train"].reset_index(drop=True)
        refuse_seen(Path(given.weights), films.with_frame(kept))
    if given.choose:
        told = choose(films, weights=given.weights, names=given.choose, out=given.out / "choose", folds=given.folds)
        print(json.dumps(told, indent=2))
        return
    for name, population in NAMES.items():
        run = given.out / population / "run"
        if population in given.population and given.figures:
            written(given, run, read_json(run / RECORD)["weights"]["sentence"], name=name)
        elif population in given.population:
            make(given, films, name)
    if given.page:
        write_page(given.page, folder=given.package)


if __name__ == "__main__":
    main()
