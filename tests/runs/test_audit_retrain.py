"""A run's network trained anew without what the audit holds out: on its own table, and on nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepcovid.errors import DetectorError
from deepcovid.runs.audit import AuditWishes, audit_path
from deepcovid.runs.settings import Settings
from deepcovid.runs.train import train
from deepcovid.storage import read_json
from tests.conftest import make_table
from tests.runs.pictures import blank_pictures
from tests.runs.tiny import tiny_network, tiny_recipe

WISHES = AuditWishes(tests=("leave-source-out",), workers=1, lungs=False, retrain=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small network trained whole on films of two sources, each with both classes."""
    pytest.importorskip("torch")
    films = make_table(tmp_path_factory.mktemp("films"), patients=132)
    table = pd.read_csv(films)
    six = table["patient"].str[1:].astype(int) // 6  # patients, one of each label and source
    sides = np.where(six % 2 == 0, "test", np.where(six % 8 == 1, "val", "train"))
    table.assign(split=sides).to_csv(films, index=False)
    settings = Settings(device="cpu", threads=1)
    with tiny_network(), blank_pictures():
        yield train(films, recipe=tiny_recipe(), out=tmp_path_factory.mktemp("runs") / "run", settings=settings).folder


def test_each_source_is_left_out_of_a_training_and_scored_by_it(run: Path) -> None:
    audited, _ = audit_path(run, None, wishes=WISHES)
    (test,) = audited.report["tests"]
    held = [name for part in test["figures"]["parts"] for name in part["held_out"]]
    assert held, test["sentence"]
    assert any("trained anew without each part" in note for note in test["notes"])
    assert all(part["auc"]["value"] is not None for part in test["figures"]["parts"])
    for name in held:
        place = run / "without" / name
        told = read_json(place / "run.json")
        assert told["status"] == "finished"
        table = pd.read_parquet(place / "table.parquet")
        assert set(table["split"][table["source"] == name]) == {"test"}
        scores = pd.read_parquet(place / "scores.parquet")
        own = pd.read_parquet(run / "scores.parquet")
        assert not np.allclose(scores["score"][scores["split"] == "test"], own["score"][own["split"] == "test"])
    again, _ = audit_path(run, None, wishes=WISHES)  # finished trainings are not done again
    assert again.report["tests"] == audited.report["tests"]


def test_films_that_are_not_the_runs_own_table_cannot_be_trained_on(run: Path, tmp_path: Path) -> None:
    other = make_table(tmp_path / "other", patients=60, seed=1)
    with pytest.raises(DetectorError, match="own table"):
        audit_path(run, other, wishes=WISHES, out=tmp_path / "out")
