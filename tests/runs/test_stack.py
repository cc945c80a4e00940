from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from deepcovid.datasets.table import load_table
from deepcovid.errors import RunError
from deepcovid.runs.settings import Settings
from deepcovid.runs.stack import stack
from deepcovid.runs.train import train
from deepcovid.storage import read_json
from deepcovid.training.recipe import load_recipe
from tests.conftest import make_table

pytest.importorskip("torch")
SETTINGS = Settings(device="cpu", threads=1, allow_random_backbone=True)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two small runs of one table: a whole network, and a head on random features."""
    folder = tmp_path_factory.mktemp("stack")
    films = load_table(make_table(folder / "data", patients=36))
    demo = load_recipe("demo").changed(epochs=2)
    whole = replace(demo, preprocessing=replace(demo.preprocessing, size=(48, 48)))
    head = replace(whole, name="head", trainable="head", epochs=10)
    places = []
    for recipe in (whole, head):
        train(films, recipe=recipe, out=folder / recipe.name, settings=SETTINGS)
        places.append(folder / recipe.name)
    return places


def test_the_stack_is_a_logistic_regression_on_scores_of_films_outside_each_fold(
    runs: list[Path], tmp_path: Path
) -> None:
    stacked = stack(runs, out=tmp_path / "out", folds=3, settings=SETTINGS)
    parts = [
        pd.concat(
            [pd.read_parquet(path) for path in sorted((tmp_path / "out" / run.name).glob("fold-*/scores.parquet"))]
        )
        .sort_values("image")
        .reset_index(drop=True)
        for run in runs
    ]
    trained_on = pd.read_parquet(runs[0] / "table.parquet")
    assert set(parts[0]["image"].map(lambda path: Path(path).name)) == set(
        trained_on.loc[trained_on["split"] != "test", "image"].map(lambda path: Path(path).name)
    )
    logits = np.stack([np.log(part["score"] / (1 - part["score"])) for part in parts], axis=1)
    theirs = LogisticRegression(C=1.0, max_iter=1000).fit(logits, parts[0]["label"] == "covid")
    ours = [member["weight"] for member in stacked.record["members"]]
    np.testing.assert_allclose(ours, theirs.coef_[0], rtol=1e-6)
    outside = stacked.scores[stacked.scores["split"] == "val"].sort_values("image")["score"].to_numpy()
    np.testing.assert_allclose(outside, theirs.predict_proba(logits)[:, 1], rtol=1e-6)


def test_it_is_held_against_its_best_member(runs: list[Path], tmp_path: Path) -> None:
    stacked = stack(runs, out=tmp_path / "out", folds=3, settings=SETTINGS)
    record = read_json(tmp_path / "out" / "stack.json")
    areas = {Path(member["run"]).name: member["out_of_fold_auc"] for member in record["members"]}
    assert record["best_member"] == max(areas, key=lambda name: areas[name])
    low, high = (record["compared"][0]["difference"][name] for name in ("low", "high"))
    verdict = "better" if low > 0 else "worse" if high < 0 else "No difference is shown"
    assert verdict in stacked.sentence
    evaluation = read_json(tmp_path / "out" / "evaluation.json")
    assert evaluation["split"] == "test"
    again = stack(runs, out=tmp_path / "out", folds=3, settings=SETTINGS)
    assert again.record == stacked.record


def test_what_cannot_be_stacked_is_refused(runs: list[Path], tmp_path: Path) -> None:
    with pytest.raises(RunError, match="1 run was given"):
        stack(runs[:1], out=tmp_path / "out")
    with pytest.raises(RunError, match=r"no run\.json"):
        stack([runs[0], tmp_path], out=tmp_path / "out")
    other = replace(load_recipe("demo").changed(epochs=1, seed=5))
    small = replace(other, preprocessing=replace(other.preprocessing, size=(48, 48)))
    train(
        load_table(make_table(tmp_path / "data", patients=36, seed=1)),
        recipe=small,
        out=tmp_path / "run",
        settings=SETTINGS,
    )
    with pytest.raises(RunError, match="other films, labels or sides"):
        stack([runs[0], tmp_path / "run"], out=tmp_path / "out")
