"""Figures on patients that a backbone has met carry a caution, on the sides that measure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from deepcovid.datasets.table import Table, load_table  # noqa: E402
from deepcovid.errors import WeightsError  # noqa: E402
from deepcovid.imaging.readers import film_hash  # noqa: E402
from deepcovid.models.weights import load_backbone_weights  # noqa: E402
from deepcovid.models.zoo import build_network  # noqa: E402
from deepcovid.runs.learnt_before import caution_on, learnt_before  # noqa: E402
from deepcovid.runs.pretrain import pretrain  # noqa: E402
from deepcovid.runs.settings import Settings  # noqa: E402
from deepcovid.runs.train import train  # noqa: E402
from deepcovid.training.pretrain.plan import Plan  # noqa: E402
from deepcovid.training.recipe import load_recipe  # noqa: E402
from tests.runs.pictures import blank_pictures  # noqa: E402

PLAN = Plan(
    network="darkcovidnet", methods=(("restoration", 1.0),), size=48, steps=1, batch_size=4, phantoms=0, share=0.5
)

ONE = Settings(device="cpu", threads=1, workers=1)


@pytest.fixture
def table(drawn_table: Path) -> Table:
    """72 films of 36 patients, two each: the last 6 patients are the test side, the 6 before validation."""
    whole = load_table(drawn_table)
    return whole.with_frame(whole.frame.assign(split=["train"] * 48 + ["val"] * 12 + ["test"] * 12))


def films_of(table: Table) -> list[Path]:
    return [table.image_path(image) for image in table.frame["image"]]


def listed(path: Path, images: list[Path]) -> Path:
    pd.DataFrame({"sha256": [film_hash(image) for image in images]}).to_csv(path, index=False)
    return path


def test_all_films_of_a_patient_that_was_met_count(table: Table, tmp_path: Path) -> None:
    names = films_of(table)
    one = listed(tmp_path / "films.csv", [names[0], names[71]])
    assert learnt_before(table, one).nonzero()[0].tolist() == [0, 1, 70, 71]
    assert "at least 1 of the 6 patients (2 of 12 films) of the side test: figures" in caution_on(table, one)
    bare = table.with_frame(table.frame.drop(columns="split"))
    assert "at least 2 of the 36 patients (4 of 72 films): figures" in caution_on(bare, one)
    assert caution_on(table, listed(tmp_path / "films.csv", names[:48])) == ""


def test_a_list_beside_weights_is_found_and_another_table_is_not_one(table: Table, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    done = pretrain(
        table,
        plan=PLAN,
        out=tmp_path / "run",
        settings=ONE,
    )
    network = build_network("darkcovidnet", classes=2, size=(48, 48))
    assert load_backbone_weights(network, done.weights, seed=0).listed == done.folder / "films.csv"
    (done.folder / "films.csv").write_text("image,label\na.png,covid\n", encoding="utf-8")
    assert load_backbone_weights(network, done.weights, seed=0).listed is None
    (done.folder / "films.csv").write_text("sha256s,label\n", encoding="utf-8")
    with pytest.raises(WeightsError, match="no list of films with a column sha256"):
        caution_on(table, done.folder / "films.csv")


def test_a_training_that_began_from_listed_weights_lists_their_films_too(table: Table, tmp_path: Path) -> None:
    first = pretrain(table, plan=replace(PLAN, share=0.2), out=tmp_path / "first", settings=ONE)
    plan = replace(PLAN, weights=str(first.weights), seed=1)
    second = pretrain(
        table.with_frame(table.frame.iloc[40:].reset_index(drop=True)), plan=plan, out=tmp_path / "b", settings=ONE
    )
    one, both = (set(pd.read_csv(run.folder / "films.csv")["sha256"]) for run in (first, second))
    assert one < both
    assert len(both) > second.record["material"]["films"]


def test_the_report_says_it(table: Table, tmp_path: Path, tiny_recipe: Path) -> None:
    weights = pretrain(table, plan=PLAN, out=tmp_path / "run", settings=ONE).weights
    listed(weights.parent / "films.csv", films_of(table)[60:61])
    settings = replace(ONE, weights=str(weights))
    with blank_pictures():
        run = train(
            table, recipe=load_recipe(tiny_recipe).changed(epochs=1), out=tmp_path / "trained", settings=settings
        )
    assert any("learnt from films of at least 1 of the 6 patients" in warning for warning in run.warnings)
    assert "figures on them flatter" in run.report.read_text(encoding="utf-8")
