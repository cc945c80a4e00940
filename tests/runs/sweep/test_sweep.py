"""Sweeps on drawn films: shared features, failures, killed and resumed, chosen on validation alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from deepcovid.datasets.table import Table, load_table
from deepcovid.errors import RunError
from deepcovid.evaluation.metrics import auc
from deepcovid.models.network import to_tensors
from deepcovid.models.zoo import build_network
from deepcovid.progress import Silent
from deepcovid.runs.settings import Settings
from deepcovid.runs.sweep import Swept, Wishes, sweep
from deepcovid.storage import read_json, write_tensors
from deepcovid.training import loop
from deepcovid.training.recipe import Optimiser, Recipe, load_recipe
from deepcovid.training.variations import Variant

pytest.importorskip("torch")
SETTINGS = Settings(device="cpu", threads=1)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests here, and the file of a backbone."""
    return tmp_path_factory.mktemp("sweeps")


@pytest.fixture(autouse=True)
def _one_cache(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPCOVID_CACHE", str(place / "cache"))


@pytest.fixture(scope="module")
def head(place: Path) -> Recipe:
    """The head of DarkCovidNet's layers at 32 px, on the features of a backbone in a file."""
    demo = load_recipe("small")
    small = replace(demo.preprocessing, size=(32, 32))
    write_tensors(
        place / "backbone.safetensors", to_tensors(build_network("darkcovidnet", classes=2, preprocessing=small))
    )
    return replace(
        demo,
        preprocessing=small,
        weights=str(place / "backbone.safetensors"),
        trainable="head",
        epochs=6,
        optimiser=Optimiser(learning_rate=0.01),
    )


@pytest.fixture(scope="module")
def films(drawn_table: Path) -> Table:
    return load_table(drawn_table)


def run(films: Table, recipe: Recipe, out: Path, *vary: str, progress: Any = None, **wishes: Any) -> Swept:
    return sweep(
        films, recipe=recipe, wishes=Wishes(out=out, vary=vary, settings=SETTINGS, **wishes), progress=progress
    )


@pytest.fixture(scope="module")
def swept(films: Table, head: Recipe, place: Path) -> Swept:
    """Four settings of two seeds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPCOVID_CACHE", str(place / "cache"))
        return run(films, head, place / "out", "lr=0.01,0.1", "hidden=[],[6]", seeds=2, test=True)


def test_settings_of_one_backbone_share_its_features(swept: Swept) -> None:
    """Eight trainings on 72 films: neither a hidden layer, nor a rate, nor a seed changes a feature of the backbone."""
    assert swept.told["store"] == {"computed": 72, "reused": 7 * 72}


def test_figures_are_those_of_the_scores_and_validation_alone_chooses(swept: Swept) -> None:
    rows = swept.told["settings"]
    assert len(rows) == 4
    assert [row["own"] for row in rows].count(True) == 1
    for row in rows:
        areas = []
        for folder in row["folders"]:
            scores = pd.read_parquet(swept.folder / folder / "scores.parquet")
            assert set(scores["split"]) == {"val"}
            areas.append(auc((scores["label"] == "covid").to_numpy(), score=scores["score"].to_numpy()))
        assert row["seeds"]["auc"] == pytest.approx(areas)
        assert row["auc"]["value"] == pytest.approx(sum(areas) / 2)
    figures = [row["auc"]["value"] for row in rows]
    assert figures == sorted(figures, reverse=True)
    assert swept.told["corrected"]["method"].startswith("bootstrap bias correction")
    assert "best of 4" in swept.told["sentences"][1]
    assert len(swept.told["test"]["settings"]) == (1 if rows[0]["own"] else 2)


def test_table_page_and_chosen_recipe_hold_the_same(swept: Swept) -> None:
    best = swept.told["settings"][0]
    table = pd.read_csv(swept.path("csv"))
    assert len(table) == 4
    assert table.loc[table["chosen"], "auc"].item() == pytest.approx(best["auc"]["value"])
    page = swept.path("page").read_text(encoding="utf-8")
    assert all(sentence.split(":")[0] in page for sentence in swept.told["sentences"][:2])
    assert "<svg" in page
    chosen = load_recipe(swept.path("recipe"))
    assert Variant(values={}, recipe=chosen).key in best["folders"][0]
    assert swept.path("png").read_bytes()[:4] == b"\x89PNG"
    json.dumps(swept.told, allow_nan=False)
    assert read_json(swept.path("json")) == json.loads(json.dumps(swept.told))


class Killed(Exception):
    """The process ends here."""


class KilledAfter(Silent):
    """Ends the process after so many settings."""

    def __init__(self, settings: int) -> None:
        self.settings = settings

    def track(self, things: Iterable[Any], *, description: str, total: int | None = None) -> Iterator[Any]:
        for number, thing in enumerate(things):
            if description == "settings" and number == self.settings:
                raise Killed
            yield thing


def scores_of(folder: Path) -> dict[str, list[float]]:
    paths = sorted(folder.glob("settings/*/*/*scores.parquet"))
    return {str(path.relative_to(folder)): pd.read_parquet(path)["score"].tolist() for path in paths}


def without_clock(told: dict[str, Any]) -> dict[str, Any]:
    rows = [{key: value for key, value in row.items() if key != "seconds"} for row in told["settings"]]
    return {key: value for key, value in told.items() if key != "store"} | {"settings": rows}


def test_a_killed_sweep_goes_on_and_ends_with_the_same_bits(
    films: Table, head: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vary = ("lr=0.001,0.01,0.1",)
    unbroken = run(films, head, tmp_path / "unbroken", *vary)
    with pytest.raises(Killed):
        run(films, head, tmp_path / "out", *vary, progress=KilledAfter(1))
    assert len(scores_of(tmp_path / "out")) == 2  # one setting, validation and test
    trained: list[int] = []
    epoch = loop._train_epoch

    def counted(*args: Any) -> Any:
        trained.append(args[-1])
        if len(trained) == 4:
            raise Killed
        return epoch(*args)

    monkeypatch.setattr(loop, "_train_epoch", counted)
    with pytest.raises(Killed):  # in the fourth epoch of the second setting
        run(films, head, tmp_path / "out", *vary)
    resumed = run(films, head, tmp_path / "out", *vary)
    assert trained[3:9] == [3, 3, 4, 5, 0, 1]  # on from the epoch that was lost
    assert scores_of(tmp_path / "out") == scores_of(tmp_path / "unbroken")
    assert without_clock(resumed.told) == without_clock(unbroken.told)
    assert not list((tmp_path / "out").glob("settings/*/*/checkpoint"))
    trained.clear()
    run(films, head, tmp_path / "out", *vary)
    assert trained == []


def test_a_setting_that_fails_is_listed_and_the_others_go_on(films: Table, head: Recipe, tmp_path: Path) -> None:
    sgd = replace(head, optimiser=Optimiser(name="sgd", learning_rate=0.01))
    swept = run(films, sgd, tmp_path / "out", "lr=0.1,1e38", f"weights={head.weights},gone.safetensors", seeds=1)
    errors = {row["title"]: row["errors"][0] for row in swept.told["failed"]}
    assert len(swept.told["settings"]) == 2  # the recipe's own among them
    assert "gone.safetensors" in errors["lr 0.1 · weights gone.safetensors"]
    assert "no longer a number" in errors[f"lr 1e+38 · weights {head.weights}"]
    table = pd.read_csv(swept.path("csv"))
    assert table["error"].notna().sum() == len(errors) == 3
    assert "settings failed" in swept.path("page").read_text(encoding="utf-8")


def test_where_nothing_can_be_trained_or_films_changed_it_stops(films: Table, head: Recipe, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="none of 2 settings could be trained"):
        run(films, replace(head, weights="gone.safetensors"), tmp_path / "gone", "epochs=2")
    run(films, head, tmp_path / "out", "epochs=2")
    fewer = films.with_frame(films.frame.iloc[:-2].reset_index(drop=True))
    with pytest.raises(RunError, match="the setting here was made with another recipe, table"):
        run(fewer, head, tmp_path / "out", "epochs=2")
    with pytest.raises(RunError, match="sweep its members one by one"):
        Wishes(out=tmp_path, vary=("epochs=2",)).plan(load_recipe("instacovnet19"))
    with pytest.raises(RunError, match="weights are varied and given as well"):
        Wishes(out=tmp_path, vary=("weights=none",), settings=replace(SETTINGS, weights="none")).plan(head)


def test_blocks_and_films_drawn_anew_are_swept_by_random_search(films: Table, head: Recipe, tmp_path: Path) -> None:
    whole = replace(head, trainable=1, epochs=2, batch_size=32)
    vary = ("lr=1e-4..1e-1", "trainable=1,all", "augmentation.flip=0.5")
    swept = run(films, whole, tmp_path / "out", *vary, random=1, seed=3, by="accuracy")
    assert len(swept.told["settings"]) == 2
    assert swept.told["search"] == {"kind": "random", "count": 1, "seed": 3}
    assert swept.told["store"] == {"computed": 72, "reused": 72}
    first = swept.told["settings"][0]
    assert first["accuracy"]["value"] == max(row["accuracy"]["value"] for row in swept.told["settings"])
    assert swept.told["test"] is None
    assert any("test films were not looked at" in note for note in swept.told["notes"])
