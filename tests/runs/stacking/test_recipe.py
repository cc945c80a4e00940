from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.datasets.table import load_table
from deepcovid.errors import RecipeError, RunError
from deepcovid.models.detector import Detector
from deepcovid.progress import Silent
from deepcovid.runs.fitting import start_network
from deepcovid.runs.settings import Settings
from deepcovid.runs.train import train
from deepcovid.storage import read_json
from deepcovid.training.recipe import load_recipe, member_recipes
from tests.conftest import make_table

pytest.importorskip("torch")
SETTINGS = Settings(device="cpu", threads=1, workers=1, weights="none", allow_random_backbone=True)
MEMBER = """
title = "{name}"
network = "rawat-cnn-local-maxima"
trainable = "head"
epochs = 2
[head]
hidden = [{units}]
[preprocessing]
size = [40, 40]
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A recipe of two members with hidden heads, stacked by a network."""
    for name, units in (("one", 4), ("two", 6)):
        (tmp_path / f"{name}.toml").write_text(MEMBER.format(name=name, units=units))
    path = tmp_path / "both.toml"
    path.write_text(
        f'members = ["{tmp_path / "one.toml"}", "{tmp_path / "two.toml"}"]\ncombiner = "network"\nfolds = 2\n'
        "[changes]\noptimiser = { learning_rate = 0.01 }\n[head]\nhidden = [3]\n"
    )
    return path


def test_members_are_trained_and_stacked_and_a_killed_stack_goes_on(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepcovid.runs.stacking import stack as stacking

    monkeypatch.setattr("deepcovid.runs.report.report_run", lambda folder, **_: folder.note(warnings=[]))
    monkeypatch.setattr("deepcovid.runs.train.write_evidence", lambda _: None)
    monkeypatch.setattr(stacking, "write_evidence", lambda _: None)
    monkeypatch.setattr(stacking, "report_run", lambda folder, **_: folder.note(warnings=[]))
    films = load_table(make_table(tmp_path / "data", patients=24))
    recipe = load_recipe(written).changed(epochs=1)
    write_stack = stacking.write_stack

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stacking, "write_stack", killed)
    with pytest.raises(KeyboardInterrupt):
        train(films, recipe=recipe, out=tmp_path / "run", settings=SETTINGS)
    monkeypatch.setattr(stacking, "write_stack", write_stack)
    with pytest.raises(RunError, match="add --resume"):
        train(films, recipe=recipe, out=tmp_path / "run", settings=SETTINGS)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("model.onnx")}
    assert len(stamps) == 2
    resumed = Settings(**{**vars(SETTINGS), "resume": True})
    run = train(films, recipe=recipe, out=tmp_path / "run", settings=resumed)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())
    told = run.detector.description
    assert [member.name for member in told.members] == ["one", "two"]
    for member in told.members:
        config = read_json(tmp_path / "run" / "members" / member.name / "run.json")["config"]["recipe"]
        assert (config["epochs"], config["optimiser"]["learning_rate"]) == (1, 0.01)
        assert member.detector == Detector.load(tmp_path / "run" / "members" / member.name).hash
    assert read_json(run.folder / "stack.json")["stacker"].startswith("network with 3 hidden units")


def test_a_stack_is_no_network() -> None:
    with pytest.raises(RecipeError, match="is a stack of resnet101, densenet, xception"):
        start_network(load_recipe("stacked-ensemble"), settings=SETTINGS, progress=Silent())


def test_instacovnet_fine_tunes_the_five_networks_of_the_review() -> None:
    recipe = load_recipe("instacovnet19")
    members = member_recipes(recipe)
    networks = ["inception_v3", "mobilenet_v2", "resnet101", "nasnetalarge", "xception"]
    assert [member.network for member in members] == networks
    assert {member.trainable for member in members} == {"all"}
    assert (recipe.combiner, recipe.head.hidden) == ("network", (10,))
    assert {member.epochs for member in member_recipes(recipe.changed(epochs=3, learning_rate=0.5))} == {3}
