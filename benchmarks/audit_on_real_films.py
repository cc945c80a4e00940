"""What the audit says of detectors of covid trained on the real films: apart by source, of two sources each, of one source.

    python benchmarks/audit_on_real_films.py ../shared/data/cxr-512 --out runs/audit-real --page docs/audit-real.md

DarkCovidNet from random weights at 128 pixels, 20 epochs; sides by patient, 50 : 10 : 40. Given again, it goes on where it was.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from deepcovid.cli.console import Spoken
from deepcovid.datasets.splits import split_table
from deepcovid.datasets.table import Table, load_table, save_table
from deepcovid.runs.audit import AuditWishes, audit_path
from deepcovid.runs.folder import RECORD
from deepcovid.runs.settings import Settings
from deepcovid.runs.train import train
from deepcovid.storage import read_json, write_text
from deepcovid.training.recipe import Recipe, load_recipe

SHARES = {"train": 0.5, "val": 0.1, "test": 0.4}
SETTINGS = Settings(weights="none", device="cpu", threads=1, workers=1)
POSITIVES, NEGATIVES = ("covid-chestxray", "figure1"), ("nih-chestxray14", "kermany-paediatric")
QUESTIONS = {
    "apart": ("one source of positives, another of negatives", "covid of covid-chestxray against no findings of NIH"),
    "two": (
        "two sources of positives, two of negatives",
        "covid of covid-chestxray and Figure 1 against no findings of NIH and normal films of Kermany's children",
    ),
    "same": ("one source", "covid against other pneumonias of covid-chestxray"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, help="the folder with table.csv")
    parser.add_argument("--out", type=Path, required=True, help="where the tables and the runs go")
    parser.add_argument("--page", type=Path, help="write the findings here, as a page of the documentation")
    given = parser.parse_args()
    whole = load_table(given.films / "table.csv")
    told = {name: _audited(whole, name, given.out / name) for name in QUESTIONS}
    text = page(told)
    print(text)
    if given.page:
        write_text(given.page, text)


def chosen(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The films of a question."""
    covid, normal = frame["label"] == "covid", frame["label"] == "normal"
    if name == "same":
        return frame[(frame["source"] == POSITIVES[0]) & frame["label"].isin(["covid", "other"])]
    many = 1 if name == "apart" else 2
    keep = (covid & frame["source"].isin(POSITIVES[:many])) | (normal & frame["source"].isin(NEGATIVES[:many]))
    return frame[keep]


def _audited(whole: Table, name: str, folder: Path) -> dict[str, Any]:
    films = chosen(whole.frame.drop(columns="split", errors="ignore"), name).reset_index(drop=True)
    save_table(split_table(whole.with_frame(films), fractions=SHARES), folder / "films.csv", allow_outside=True)
    table = load_table(folder / "films.csv", allow_outside=True)
    run = folder / "run"
    print(f"{name}: {len(films)} films", flush=True)
    train(
        table, recipe=recipe(), out=run, settings=replace(SETTINGS, resume=(run / RECORD).exists()), progress=Spoken()
    )
    audit_path(run, None, wishes=AuditWishes(retrain=True), progress=Spoken())
    return {"audit": read_json(run / "audit.json"), "auc": read_json(run / "evaluation.json")["auc"]}


def recipe() -> Recipe:
    """DarkCovidNet, smaller and with weights for the classes, so that three trainings take minutes."""
    dark = load_recipe("darkcovidnet").changed(epochs=20)
    return replace(dark, balance="class-weights", preprocessing=replace(dark.preprocessing, size=(128, 128)))


def page(told: dict[str, dict[str, Any]]) -> str:
    """The page as text."""
    lines = [
        "# The audit on real films",
        "",
        "*Written by `python benchmarks/audit_on_real_films.py ../shared/data/cxr-512 --out runs/audit-real --page "
        "docs/audit-real.md`.*",
        "",
        "Three detectors of covid (DarkCovidNet from random weights, 128 pixels, 20 epochs), each with a test side of other "
        "patients. All would be published with their first figure. Intervals of 95 %.",
    ]
    for name, one in told.items():
        lines += _part(name, one["audit"], one["auc"])
    return "\n".join(lines) + "\n"


def _part(name: str, audit: dict[str, Any], auc: dict[str, Any]) -> list[str]:
    title, films = QUESTIONS[name]
    counts = audit["films"]
    figure = f"{auc['value']:.3f} ({auc['low']:.3f}–{auc['high']:.3f}; {auc['method']}, {auc['n']} {auc['unit']}s)"
    return [
        "",
        f"## {title[0].upper()}{title[1:]}",
        "",
        f"{films[0].upper()}{films[1:]}: {counts['tested']} tested films of {counts['patients']} patients, {counts['positive']} "
        f"of them covid. **AUC {figure}.** The audit: **{audit['verdict']}.** {audit['sentence']}",
        "",
        "| | test | verdict | |",
        "|---|---|---|---|",
        *(f"| {one['number']} | `{one['test']}` | {one['verdict']} | {one['sentence']} |" for one in audit["tests"]),
    ]


if __name__ == "__main__":
    main()
