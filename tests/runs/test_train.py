from __future__ import annotations

import re
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from deepcovid.datasets.table import load_table
from deepcovid.errors import RunError, TableError, WeightsError
from deepcovid.models.detector import Detector
from deepcovid.runs.evaluate import evaluate_files
from deepcovid.runs.predict import Wishes, predict
from deepcovid.runs.settings import Settings
from deepcovid.runs.train import Run, train
from deepcovid.storage import read_json
from deepcovid.training.recipe import load_recipe
from tests.conftest import draw_film, make_table
from tests.runs import children, tiny

pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("blank")  # whole_run, made before, has its figures
RANDOM = Settings(allow_random_backbone=True, device="cpu")
FILES = {
    "run.json", "table.parquet", "detector", "history.csv", "scores.parquet", "evaluation.json", "audit.json", "figures",
    "report.html", "MODEL_CARD.md",
}  # fmt: skip


def test_a_run_folder_holds_everything(whole_run: Run) -> None:
    assert {entry.name for entry in whole_run.folder.iterdir()} >= FILES
    assert whole_run.record["status"] == "finished"
    assert {"recipe", "weights_sha256", "table_hash"} <= set(whole_run.record["config"])
    assert whole_run.record["versions"]["onnxruntime"]
    assert whole_run.record["timings"]["training"] > 0
    history = pd.read_csv(whole_run.folder / "history.csv")
    assert list(history["epoch"]) == [1, 2, 3, 4]
    assert len(list((whole_run.folder / "figures").glob("*.svg"))) >= 5


def test_the_table_of_a_run_can_be_loaded_and_keeps_patients_apart(whole_run: Run) -> None:
    table = load_table(whole_run.folder / "table.parquet", allow_outside=True)
    sides = table.frame.groupby(["source", "patient"])["split"].nunique()
    assert (sides == 1).all()
    assert set(table.frame["split"]) == {"train", "val", "test"}


def test_predictions_of_the_detector_are_the_runs_scores(whole_run: Run) -> None:
    scores = pd.read_parquet(whole_run.folder / "scores.parquet")
    table = load_table(whole_run.folder / "table.parquet", allow_outside=True)
    paths = [table.image_path(image) for image in table.frame["image"][:6]]
    found = predict(Detector.load(whole_run.folder), paths, wishes=Wishes(gate=False))
    expected = dict(zip(paths, scores["score"], strict=False))
    assert all(abs(p.score - expected[p.path]) < 1e-6 for p in found.done)


def test_thresholds_come_from_validation_and_stand_in_the_detector(whole_run: Run) -> None:
    point = whole_run.detector.operating_point
    assert point.chosen_on == "validation"
    assert "positive of" in point.note
    rule = next(p for p in whole_run.evaluation["operating_points"] if p["chosen_on"] == "validation")
    assert point.threshold == rule["threshold"]
    assert whole_run.evaluation["split"] == "test"
    chosen = [p for p in whole_run.detector.description.operating_points if p.chosen_on == "validation"]
    titles = ["sensitivity ≥ 97.5 %", "Youden's index", "a miss costs 20 false alarms where 5 in 100 are positive"]
    assert [p.name for p in chosen] == titles
    films = load_table(whole_run.folder / "table.parquet", allow_outside=True).frame
    films = films[films["split"] == "val"]
    told = point.chosen_with
    assert (told["films"], told["positive"]) == (len(films), (films["label"] == "covid").sum())
    assert told["patients"] == len(films[["source", "patient"]].drop_duplicates())
    assert len(told["rows_hash"]) == 64


def test_a_run_folder_can_be_evaluated_again(whole_run: Run) -> None:
    (again,) = evaluate_files([whole_run.folder], positive=None).values()
    assert again.evaluation == whole_run.evaluation
    assert again.source is not None
    assert not again.source.warns


def test_a_film_can_be_explained(whole_run: Run) -> None:
    import deepcovid

    table = load_table(whole_run.folder / "table.parquet", allow_outside=True)
    film = deepcovid.read_radiograph(table.image_path(table.frame["image"][0]))
    heat = deepcovid.explain(whole_run.detector, film.pixels)
    assert heat.shape == film.pixels.shape
    assert 0 <= heat.min() <= heat.max() <= 1


def test_shared_sources_raise_no_source_warning(whole_run: Run) -> None:
    assert not any("different sources" in sentence for sentence in whole_run.warnings)
    assert "different sources" not in whole_run.report.read_text()


def test_separate_sources_are_the_reports_first_words(tmp_path: Path, tiny_recipe: Path) -> None:
    table = make_table(tmp_path / "data", separate_sources=True)
    run = train(table, recipe=load_recipe(tiny_recipe).changed(epochs=1), out=tmp_path / "run", settings=RANDOM)
    assert "come from different sources (north; south)" in run.warnings[0]
    page = run.report.read_text()
    assert 0 < page.index("come from different sources") < page.index("<figure")
    assert read_json(run.folder / "audit.json")["source_label"]["verdict"] == "FAIL"


def test_the_order_of_rows_changes_nothing(drawn_table: Path, tiny_head_recipe: Path, tmp_path: Path) -> None:
    recipe = load_recipe(tiny_head_recipe).changed(epochs=2)
    table = load_table(drawn_table)
    turned = table.with_frame(table.frame.sample(frac=1, random_state=1).reset_index(drop=True))
    for name, films in (("1", table), ("2", turned)):
        train(films, recipe=recipe, out=tmp_path / name, settings=RANDOM)
    assert (tmp_path / "1" / "scores.parquet").read_bytes() == (tmp_path / "2" / "scores.parquet").read_bytes()


def test_a_run_does_not_go_on_with_other_films(
    tmp_path: Path, tiny_head_recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepcovid.runs import train as training

    table = make_table(tmp_path / "data")
    recipe = load_recipe(tiny_head_recipe).changed(epochs=2)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training, "evaluations_of", die)
        with pytest.raises(KeyboardInterrupt):
            train(table, recipe=recipe, out=tmp_path / "run", settings=RANDOM)
    other = tmp_path / "data" / "images" / "p003-0.png"
    Image.fromarray(draw_film(np.random.default_rng(99), positive=False)).save(other)
    with pytest.raises(RunError, match="another data set or recipe"):
        train(table, recipe=recipe, out=tmp_path / "run", settings=replace(RANDOM, resume=True))


def test_scores_by_source_use_the_chosen_label_column(
    tmp_path: Path, tiny_recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepcovid.runs import report

    path = make_table(tmp_path / "data", patients=18)
    frame = pd.read_csv(path).assign(verdict=lambda f: f["label"].map({"covid": "flu", "normal": "no", "other": "no"}))
    frame.to_csv(path, index=False)
    seen = []
    monkeypatch.setattr(report, "write_report", lambda content, folder: seen.append(content))
    settings = Settings(label_column="verdict", positive="flu", normal="no", device="cpu")
    train(path, recipe=load_recipe(tiny_recipe).changed(epochs=1), out=tmp_path / "run", settings=settings)
    assert set(seen[0].scores["label"]) == {"flu", "no"}


def test_every_call_of_the_detector_is_the_runs_call(whole_run: Run) -> None:
    scores = pd.read_parquet(whole_run.folder / "scores.parquet")
    paths = [whole_run.folder / image for image in scores["image"]]
    found = predict(whole_run.detector, paths, wishes=Wishes(gate=False))
    by_path = {prediction.path.resolve(): prediction.positive for prediction in found.done}
    threshold = whole_run.detector.operating_point.threshold
    assert [by_path[path.resolve()] for path in paths] == list(scores["score"] >= threshold)


def test_a_head_learns_and_a_second_run_computes_no_feature(
    drawn_table: Path, tiny_head_recipe: Path, tmp_path: Path
) -> None:
    recipe = load_recipe(tiny_head_recipe)
    first = train(drawn_table, recipe=recipe, out=tmp_path / "1", settings=RANDOM)
    assert first.record["features"]["computed"] > 72
    assert first.record["features"]["reused"] == 0
    second = train(drawn_table, recipe=recipe.changed(learning_rate=1e-3), out=tmp_path / "2", settings=RANDOM)
    assert second.record["features"]["computed"] == 0
    assert second.record["features"]["reused"] == first.record["features"]["computed"]
    assert first.evaluation["auc"]["value"] > 0.6
    assert "holds random numbers" in first.warnings[0]
    page = first.report.read_text()
    assert page.index("holds random numbers") < page.index("<figure")


def test_minority_films_are_augmented_to_the_count(drawn_table: Path, tiny_head_recipe: Path, tmp_path: Path) -> None:
    run = train(drawn_table, recipe=load_recipe(tiny_head_recipe), out=tmp_path / "1", settings=RANDOM)
    sides = run.record["data"]["sides"]["train"]
    negatives = sides["films"] - sides["positive"]
    assert run.record["training_films"]["rows"] == negatives + 30


def test_a_random_frozen_backbone_must_be_asked_for(drawn_table: Path, tiny_head_recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="--allow-random-backbone"):
        train(drawn_table, recipe=load_recipe(tiny_head_recipe), out=tmp_path / "1")
    assert not (tmp_path / "1").exists()


def test_a_broken_film_is_left_out_and_listed(tmp_path: Path, tiny_recipe: Path) -> None:
    table = make_table(tmp_path / "data")
    broken = tmp_path / "data" / "images" / "p004-1.png"
    broken.write_bytes(broken.read_bytes()[:200])
    run = train(table, recipe=load_recipe(tiny_recipe).changed(epochs=1), out=tmp_path / "run", settings=RANDOM)
    assert len(run.record["unreadable"]) == 1
    assert "p004-1.png" in run.record["unreadable"][0]
    assert len(pd.read_parquet(run.folder / "scores.parquet")) == 71
    assert "1 films could not be read" in run.report.read_text() or "1 film could not be read" in run.report.read_text()


def test_another_positive_label_must_exist(drawn_table: Path, tiny_recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no film is labelled 'flu'") as caught:
        train(drawn_table, recipe=load_recipe(tiny_recipe), out=tmp_path / "r", settings=Settings(positive="flu"))
    assert "covid (24)" in str(caught.value)
    assert "--positive" in caught.value.mend


def test_a_folder_with_a_run_is_not_overwritten(whole_run: Run, drawn_table: Path, tiny_recipe: Path) -> None:
    recipe = load_recipe(tiny_recipe)
    with pytest.raises(RunError, match="holds a finished run") as caught:
        train(drawn_table, recipe=recipe, out=whole_run.folder, settings=RANDOM)
    assert caught.value.mend == f"choose another --out, or look at {whole_run.folder / 'report.html'}"
    with pytest.raises(RunError, match=r"begun with other settings: .*recipe\.batch_size") as caught:
        train(drawn_table, recipe=recipe.changed(batch_size=5), out=whole_run.folder, settings=Settings(resume=True))


def test_a_folder_of_other_things_is_refused(drawn_table: Path, tiny_recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("x")
    with pytest.raises(RunError, match=r"holds other things \(thesis.doc"):
        train(drawn_table, recipe=load_recipe(tiny_recipe), out=tmp_path, settings=RANDOM)


def test_resuming_nothing_is_an_error(drawn_table: Path, tiny_recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run to resume"):
        train(drawn_table, recipe=load_recipe(tiny_recipe), out=tmp_path / "no", settings=Settings(resume=True))


def _words(table: Path, recipe: Path, out: Path) -> list[str]:
    return [
        "train", str(table), "--recipe", str(recipe), "--out", str(out),
        "--allow-random-backbone", "--device", "cpu", "--threads", "1", "--quiet",
    ]  # fmt: skip


def _waits(kind: str, out: Path, cache: Path) -> list[tuple[str, object]]:
    """Moments at which a run is killed: what must have happened before."""
    blobs = [("first features", lambda: any((cache / "features").glob("*.sqlite-wal")))]
    last = out / "checkpoint" / "last.safetensors"
    epochs = [("first epoch", last.exists)]
    ends = [("scores", (out / "scores.parquet").exists), ("report", (out / "report.html").exists)]
    return [("the record", (out / "run.json").exists), *blobs, *epochs, *(ends if kind == "head" else ends[:1])]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["head", "whole"])
def test_a_run_killed_again_and_again_ends_with_the_same_bits(
    kind: str, drawn_table: Path, tiny_recipe: Path, tiny_head_recipe: Path, tmp_path: Path
) -> None:
    """kill -9 at several points, each time --resume; then the scores equal those of an unbroken run, byte for byte."""
    recipe = tiny_head_recipe if kind == "head" else tiny_recipe
    recipe.write_text(re.sub(r"network = .*", f'network = "{tiny.NAME}"', recipe.read_text()))
    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    children.run(_words(drawn_table, recipe, unbroken), cache=tmp_path / "c1")
    words = _words(drawn_table, recipe, broken)
    kills = 0
    for _, happened in _waits(kind, broken, tmp_path / "c2"):
        more = ["--resume"] if (broken / "run.json").exists() else []
        process = children.start([*words, *more], cache=tmp_path / "c2")
        while process.is_alive() and not happened():  # type: ignore[operator]
            time.sleep(0.005)
        process.kill()
        process.join()
        kills += process.exitcode == -signal.SIGKILL
    children.run([*words, "--resume"], cache=tmp_path / "c2")
    assert kills >= 3
    assert (broken / "scores.parquet").read_bytes() == (unbroken / "scores.parquet").read_bytes()
    assert (broken / "history.csv").read_bytes() == (unbroken / "history.csv").read_bytes()
    assert Detector.load(broken).hash == Detector.load(unbroken).hash


def test_16_bit_films_train_too(tmp_path: Path, tiny_recipe: Path) -> None:
    table = make_table(tmp_path / "data", patients=18)
    for path in (tmp_path / "data" / "images").glob("*-1.png"):
        film = np.asarray(Image.open(path)).astype(np.uint16) * 257
        Image.fromarray(film).save(path)
    run = train(table, recipe=load_recipe(tiny_recipe).changed(epochs=1), out=tmp_path / "run", settings=RANDOM)
    assert not run.record["unreadable"]
