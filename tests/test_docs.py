"""The documentation fails the build when it is wrong: commands, options, keys, names, links, pictures and examples."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer.main
from PIL import Image

from deepcovid.audit.detector.detector_test import detector_tests
from deepcovid.cli import app
from deepcovid.datasets.columns import KNOWN_COLUMNS
from deepcovid.datasets.splits import split_table
from deepcovid.datasets.table import load_table, save_table
from deepcovid.errors import TableError
from deepcovid.evaluation.summary import evaluate
from deepcovid.imaging.augmentation import Augmentation
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.detector import Description, Detector, OperatingPoint, StackMember
from deepcovid.models.zoo import architecture, network_names
from deepcovid.runs.audit_films import FEWEST
from deepcovid.training.recipe import (
    EarlyStopping,
    HeadShape,
    Mixing,
    Optimiser,
    Published,
    Recipe,
    Schedule,
    load_recipe,
    recipe_from,
    recipe_names,
)
from tests.conftest import make_table

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"(?:<!-- (?P<mark>[\w ]+) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
INTERVAL = {"value", "low", "high", "method", "n", "unit"}
WALD = {"value", "halfwidth", "low", "high"}


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block: the page and line where it stands, its language, the mark before it."""

    page: str
    line: int
    kind: str
    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(*kinds: str) -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            if match["kind"] in kinds:
                line = text[: match.start("text")].count("\n") + 1
                name = page.relative_to(ROOT).as_posix()
                found.append(Block(name, line, match["kind"], match["mark"] or "", match["text"]))
    return found


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def first_cells(name: str, *, after: str = "", until: str = "") -> list[str]:
    """What stands as code in the first column of the tables of a page, or of a part of it."""
    text = read(name)
    text = text[text.index(after) :] if after else text
    text = text[: text.index(until, len(after))] if until else text
    return re.findall(r"^\| `([^`]+)`(?: \(\w+\))? \|", text, re.M)


def rows(name: str, *, after: str) -> dict[str, str]:
    """Key → default of the first table behind a heading."""
    text = read(name)
    table = text[text.index(f"\n{after}\n") :].split("\n|", 1)[1].split("\n\n")[0]
    return dict(re.findall(r"^\|? ?`([^`]+)` \| ([^|]+?) \|", table, re.M))


def command_lines(block: Block) -> Iterator[str]:
    for line in block.text.replace("\\\n", " ").splitlines():
        if line.startswith("deepcovid "):
            yield line


COMMANDS = [(str(block), line) for block in blocks("sh", "text", "") for line in command_lines(block)]
EXAMPLES = blocks("python")


# Commands


def test_there_is_something_to_test() -> None:
    assert len(COMMANDS) > 15
    assert len([block for block in EXAMPLES if block.mark == "runs"]) >= 6


@pytest.mark.parametrize(("place", "line"), COMMANDS)
def test_a_command_line_parses(place: str, line: str) -> None:
    command, context = typer.main.get_command(app), None
    words = shlex.split(line, comments=True)[1:]
    while hasattr(command, "commands"):
        assert words[0] in command.commands, f"{place}: there is no command {words[0]}"
        command = command.commands[words.pop(0)]
    context = command.make_context(command.name, words)  # parses and checks, runs nothing
    assert context.params


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_in_the_text_exist(page: Path) -> None:
    known = _options()
    for span in re.findall(r"`([^`\n]+)`", prose(page)):
        if re.match(r"\S*python ", span):
            continue  # scripts of this repository have options of their own
        if span.startswith("deepcovid "):
            name = " ".join(word for word in span.split()[1:3] if re.fullmatch(r"[a-z]+", word))
            assert name in known, f"{page.name}: {span}"
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", span):
            assert any(option in options for options in known.values()), f"{page.name}: {option} of {span}"


def _options() -> dict[str, set[str]]:
    """Each command's name → its options."""
    found: dict[str, set[str]] = {}

    def walk(command: Any, name: str) -> None:
        found[name] = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        for child, sub in getattr(command, "commands", {}).items():
            walk(sub, f"{name} {child}".strip())

    walk(typer.main.get_command(app), "")
    return found


def test_every_command_is_shown() -> None:
    shown = " ".join(page.read_text(encoding="utf-8") for page in PAGES)
    for name in _options():
        assert f"deepcovid {name}" in shown


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))
    for page in PAGES:
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.M):
            assert target in targets, f"{page.name}: make {target}"


def test_environment_variables_are_listed() -> None:
    used = set()
    for path in (ROOT / "src").rglob("*.py"):
        used |= set(re.findall(r"DEEPCOVID_[A-Z_]+", path.read_text(encoding="utf-8")))
    assert used == {name for name in first_cells("README.md") if name.startswith("DEEPCOVID_")}


# Names and keys


def test_every_recipe_is_listed() -> None:
    listed = first_cells("README.md", after="## Recipes", until="## Weights")
    assert set(listed) <= set(recipe_names())
    table = read("README.md")
    for name in listed:
        row = next(line for line in table.splitlines() if line.startswith(f"| `{name}` |"))
        assert ("everything" in row) == (load_recipe(name).trainable == "all")
        assert ("random" in row) == (load_recipe(name).weights == "none")
    for page in ("docs/systems.md", "CHANGELOG.md"):
        assert all(f"`{name}`" in read(page) for name in recipe_names())


def test_the_page_of_systems_is_what_the_recipes_give() -> None:
    assert read("docs/systems.md") == _script("make_systems").page(), "run: python docs/make_systems.py"


def test_the_figures_of_our_own_weights_are_those_that_lie_beside_them() -> None:
    page = read("docs/pretrain.md")
    assert page == _script("make_xray").with_figures(page), "run: python docs/make_xray.py"


def test_the_page_of_the_audits_own_test_is_what_its_figures_give_and_the_readme_says_the_same() -> None:
    told = json.loads(read("docs/self-test.json"))
    assert read("docs/self-test.md") == _script("make_self_test").page(told), "run: python docs/make_self_test.py"
    caught, clean = told["caught"], told["false_alarms"]
    words = f"{round(caught['value'] * caught['n'])} of {caught['n']} detectors"
    assert words in read("README.md")
    assert f"none of {clean['n']}" in read("README.md")
    assert clean["value"] == 0


def _script(name: str) -> Any:
    """A script of the documentation as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_page_of_deepcovids_own_detectors_has_their_figures_and_their_audits() -> None:
    from deepcovid.models.abnormal import NAMES, shipped_detector

    page = read("docs/normal-or-abnormal.md")
    for name in NAMES:
        own = shipped_detector(name)
        auc = own.figures["test"]["auc"]
        assert f"{auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f}; {auc['n']} patients)" in page
        assert f"**{own.audit['verdict']}.** {own.audit['sentence']}" in page
        assert all(
            f"| `{test['test']}` | {test['verdict']} | {test['sentence']} |" in page for test in own.audit["tests"]
        )


def test_recipes_that_are_named_exist() -> None:
    for page in PAGES:
        for name in re.findall(r"--recipe ([\w-]+)(?![\w.-])", page.read_text(encoding="utf-8")):
            assert name in recipe_names(), f"{page.name}: {name}"


@pytest.mark.parametrize(
    ("kind", "heading"),
    [
        (Recipe, "### At the top"),
        (Optimiser, "### `[optimiser]`"),
        (Schedule, "### `[schedule]`"),
        (EarlyStopping, "### `[early_stopping]`"),
        (HeadShape, "### `[head]`"),
        (Mixing, "### `[mixing]`"),
        (Published, "### `[published]`"),
        (Preprocessing, "### `[preprocessing]`"),
        (Augmentation, "### `[augmentation]`"),
    ],
)
def test_every_key_of_a_recipe_is_explained_with_its_default(kind: Any, heading: str) -> None:
    told = rows("docs/recipes.md", after=heading)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    assert set(told) == set(fields)
    for name, field in fields.items():
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            assert told[name] == "required"
        elif field.default is None:
            assert told[name] == "absent"
        elif told[name].startswith("`"):
            assert json.loads(told[name].strip("`")) == json.loads(json.dumps(field.default))
        else:
            assert dataclasses.is_dataclass(field.type) or name in Recipe.__dataclass_fields__ or kind is Published


def test_choices_of_a_recipe_are_named() -> None:
    page = read("docs/recipes.md")
    for kind in (Recipe, Optimiser, Schedule, EarlyStopping, HeadShape, Mixing):
        for field in dataclasses.fields(kind):
            for choice in re.findall(r"['\"]([\w-]+)['\"]", str(field.type)):
                assert f'"{choice}"' in page


def test_networks_are_listed_with_their_size_and_parameters() -> None:
    told = dict(re.findall(r"^\| `([^`]+)` \| (.*?) \|$", read("docs/networks.md"), re.M))
    assert sorted(told) == network_names()
    for name, cells in told.items():
        known = architecture(name)
        film = f"{known.size[0]} × {known.size[1]} × {known.preprocessing.channels}"
        assert cells.startswith(f"{film} | {known.parameters:,} | ")


def test_the_recipe_that_is_shown_can_be_read() -> None:
    (block,) = (block for block in blocks("toml") if block.mark == "recipe")
    recipe = recipe_from({"name": "shown", **tomllib.loads(block.text)}, where=str(block))
    assert recipe.trainable == 1
    assert recipe.early_stopping is not None


def test_columns_of_a_table_are_explained() -> None:
    told = first_cells("docs/table.md", until="## Rules")
    assert len(told) == len(set(told))
    assert set(told) == set(KNOWN_COLUMNS)


def test_the_errors_of_a_table_are_as_shown(tmp_path: Path) -> None:
    frame = pd.DataFrame({"image": [f"{number}.png" for number in range(9)], "label": "covid", "source": "north"})
    frame["patient"] = [f"p{number}" for number in (0, 1, 2, 4, 5, 6, 7, 3, 3)]
    frame["split"] = ["train", "train", "testing", "train", "train", "train", "train", "train", "test"]
    frame["age"] = ["61"] * 5 + ["6O"] + ["61"] * 3
    frame.to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(TableError) as caught:
        load_table(tmp_path / "table.csv", check_files=False)
    block = next(block for block in blocks("text") if block.text.startswith("error: films/table.csv"))
    assert [line.strip() for line in block.text.splitlines()[1:]] == caught.value.problems


def test_keys_of_an_evaluation_are_explained() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"label": ["covid", "normal", "other"] * 30, "patient": [f"p{i // 2}" for i in range(90)]})
    frame["score"] = np.clip(rng.normal(0.3 + 0.4 * (frame["label"] == "covid"), 0.2), 0, 1)
    frame["sex"] = ["F", "M", "M", "F"] * 22 + ["F", "M"]
    frame["source"], frame["split"] = "north", ["val"] * 45 + ["test"] * 45
    evaluation = evaluate(frame, positive="covid", normal="normal", draws=50)
    calibration = evaluation["calibration"]
    assert set(calibration["fitted_on"]) == {"films", "positive", "patients"}
    assert set(calibration["temperature"]) == {
        "temperature",
        *calibration["as_given"],
    }  # "the same keys", says the page
    calibration |= {"fitted_on": None, "temperature": None}
    told = first_cells("docs/scores.md", after="## evaluation.json", until="## Several classes")
    assert set(told) == set(_paths(evaluation))
    assert len(told) == len(set(told))


def test_keys_of_several_classes_are_explained() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"label": ["covid", "normal", "covid;flu"] * 30, "patient": [f"p{i // 2}" for i in range(90)]})
    frame = frame.assign(**{f"score_{name}": rng.random(90) for name in ("flu", "normal", "covid")})
    wanted = set()
    for rows, task in ((frame, "multi-label"), (frame.replace({"covid;flu": "flu"}), "multi-class")):
        section = evaluate(rows, positive="covid", draws=50)["classes"]
        assert section["task"] == task
        wanted |= set(_paths({"classes": section}))
    told = [cell for cell in first_cells("docs/scores.md", after="## Several classes") if cell.startswith("classes.")]
    assert set(told) == wanted
    assert len(told) == len(set(told))


def _paths(value: Any, prefix: str = "") -> list[str]:
    """The places of a JSON value; intervals are one place, and of a list of objects all of them together."""
    if isinstance(value, dict) and set(value) not in (INTERVAL, WALD):
        return [path for key, item in value.items() for path in _paths(item, f"{prefix}.{key}".lstrip("."))]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return list(dict.fromkeys(path for item in value for path in _paths(item, f"{prefix}[]")))
    return [prefix]


def test_keys_of_a_detector_are_explained() -> None:
    wanted = {field.name for field in dataclasses.fields(Description)} - {"preprocessing", "operating_points"}
    wanted |= {f"preprocessing.{field.name}" for field in dataclasses.fields(Preprocessing)}
    wanted |= {f"operating_points[].{field.name}" for field in dataclasses.fields(OperatingPoint)}
    wanted |= {f"members[].{name}" for name in ("name", "detector", "network")}  # its line tells of the others
    assert set(first_cells("docs/detector.md", after="## detector.json", until="## model.onnx")) == wanted
    line = next(line for line in read("docs/detector.md").splitlines() if line.startswith("| `members[].network`"))
    theirs = {field.name for field in dataclasses.fields(StackMember)} - {"name", "detector", "network"}
    assert set(re.findall(r"`(\w+)`", line)) == theirs


def test_the_tree_of_the_source_is_the_source() -> None:
    block = next(block for block in blocks("text") if block.text.startswith("src/deepcovid/"))
    told = re.findall(r"^  (\w+)/ ", block.text, re.M)
    there = {path.parent.name for path in (ROOT / "src" / "deepcovid").glob("*/__init__.py")} | {"recipes"}
    assert set(told) == there


# Links, pictures, hosts


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_resolve(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if not target.startswith(("https://", "#")):
            file, _, heading = target.partition("#")
            assert (page.parent / file).exists(), f"{page.name}: {target}"
            assert not heading


@pytest.mark.parametrize("page", [*PAGES, ROOT / "docs" / "make_pictures.py"], ids=lambda page: page.name)
def test_no_package_host_and_no_machine_path_is_named(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    host = r"pypi|pythonhosted|download\.pytorch|anaconda|conda-forge|index-url"
    assert not re.search(host, text, re.I)
    assert not re.search(r"(?<![\w.])/(work|tmp|home|root|Users|mnt)/", text)
    assert not re.search(r"diagnoses|reliabl|state.of.the.art|accurately|unbiased", text, re.I)


def test_pictures_are_small_and_shown() -> None:
    shown = " ".join(page.read_text(encoding="utf-8") for page in PAGES)
    for picture in (ROOT / "docs").glob("*.png"):
        assert picture.stat().st_size <= 400_000
        assert picture.name in shown
    lines = read("README.md").splitlines()
    assert next(number for number, line in enumerate(lines) if line.startswith("![")) < 10
    assert "research and teaching" in read("README.md").split("## ")[0].lower()


def test_the_log_is_dated_newest_first() -> None:
    days = re.findall(r"^## (.+)$", read("docs/log.md"), re.M)
    assert days == sorted(days, reverse=True)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for day in days)


# Examples


@pytest.mark.parametrize("block", EXAMPLES, ids=str)
def test_python_compiles(block: Block) -> None:
    compile(block.text, str(block), "exec")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the examples expect it: films with a split table, new films, a run, a collection to import."""
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("docs")
    save_table(split_table(load_table(make_table(folder / "films"))), folder / "films" / "split.csv")
    (folder / "new-films").mkdir()
    Image.open(folder / "films/images/p000-0.png").save(folder / "new-films" / "a.png")
    (folder / "collection").mkdir()
    (folder / "films/images").rename(folder / "collection" / "images")
    shutil.copytree(folder / "collection" / "images", folder / "films" / "images")
    names = [f"p{patient:03d}-0.png" for patient in range(4)]
    told = {"filename": names, "finding": ["COVID-19", "No finding", "Pneumonia", "COVID-19"]}
    told |= {
        "modality": ["X-ray", "X-ray", "X-ray", "CT"],
        "patientid": ["1", "2", "3", "4"],
        "hospital": ["a", None, "b", "a"],
    }
    pd.DataFrame(told).to_csv(folder / "collection" / "metadata.csv", index=False)
    return folder


def tiny() -> Recipe:
    """DarkCovidNet at 48 px for three epochs: stands in for the recipe that an example names."""
    own = load_recipe("darkcovidnet")
    small = dataclasses.replace(own.preprocessing, size=(48, 48))
    return own.changed(preprocessing=small, epochs=3, batch_size=16)


@pytest.fixture(scope="module")
def readme_names(workplace: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the README's example leaves, run with a small recipe in place of the one that it names."""
    import deepcovid

    class Named(Recipe):
        def changed(self, **values: Any) -> Recipe:
            assert values.pop("epochs") > 0
            return tiny()

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workplace)
        patch.setenv("DEEPCOVID_CACHE", str(tmp_path_factory.mktemp("docs-cache")))
        patch.setattr(deepcovid, "load_recipe", lambda name: Named(name=load_recipe(name).name), raising=False)
        names = run_block("README.md", "deepcovid.train")
        (workplace / "runs" / "first").symlink_to(workplace / "runs" / "second")
    return names


@pytest.fixture(scope="module")
def first_run(workplace: Path, readme_names: dict[str, Any]) -> Path:
    """The run that examples call runs/first."""
    return workplace / "runs" / "first"


def test_the_tree_of_a_run_is_what_a_run_writes(first_run: Path) -> None:
    block = next(block for block in blocks("text") if block.text.startswith("runs/first/"))
    told = {name.rstrip("/") for name in re.findall(r"^  (\S+)", block.text, re.M)}
    assert told == {path.name for path in first_run.iterdir() if not path.name.startswith(".")}
    for name in ("detector.json", "model.onnx", "weights.safetensors"):
        assert (first_run / "detector" / name).exists()


@pytest.fixture
def at_work(workplace: Path, first_run: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The examples' folder as the current one; networks and sources that an example registers are forgotten."""
    from deepcovid.datasets.sources import SOURCES
    from deepcovid.models.architecture import ARCHITECTURES

    monkeypatch.chdir(workplace)
    monkeypatch.setattr(SOURCES, "_things", dict(SOURCES._things))
    monkeypatch.setattr(ARCHITECTURES, "_things", dict(ARCHITECTURES._things))
    return workplace


def run_block(page: str, containing: str) -> dict[str, Any]:
    (block,) = (b for b in EXAMPLES if b.page == page and b.mark == "runs" and containing in b.text)
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(block.text, str(block), "exec"), names)
    return names


def test_the_readme_example_runs(readme_names: dict[str, Any], at_work: Path) -> None:
    assert 0 <= readme_names["score"] <= 1
    assert readme_names["run"].report.exists()
    assert readme_names["called"] in (True, False)


def test_the_table_example_runs(at_work: Path) -> None:
    names = run_block("docs/table.md", "split_table")
    assert set(names["split"].frame["split"]) == {"train", "val", "test"}
    assert len(load_table("films/split-again.parquet")) == 72


def test_the_scores_example_runs(at_work: Path) -> None:
    names = run_block("docs/scores.md", "evaluate")
    assert names["point"]["threshold"] == 0.3
    assert names["point"]["tp"] == 38


def test_plain_onnxruntime_gives_the_score_of_predict(at_work: Path) -> None:
    from deepcovid.imaging.readers import read_radiograph

    names = run_block("docs/detector.md", "onnxruntime")
    detector = Detector.load("runs/first/detector")
    seen = detector.see(read_radiograph("new-films/a.png").pixels)
    assert names["score"] == pytest.approx(seen.probabilities[detector.positive_index], abs=1e-4)
    inputs = {item.name: item.type for item in names["session"].get_inputs()}
    outputs = [item.name for item in names["session"].get_outputs()]
    assert [*inputs, *outputs] == first_cells("docs/detector.md", after="## model.onnx", until="## Predicting")
    assert set(names["session"].get_modelmeta().custom_metadata_map) >= {
        "deepcovid.preprocessing",
        "deepcovid.classes",
    }


def test_keys_of_a_prediction_are_explained(at_work: Path) -> None:
    from deepcovid.runs.predict import Wishes, predict
    from deepcovid.runs.prediction import csv_text

    found = predict(Detector.load("runs/first"), [Path("new-films/a.png")], wishes=Wishes(gate=False))
    assert first_cells("docs/detector.md", after="## Predicting") == list(found.done[0].to_dict())
    columns = csv_text(found).splitlines()[0].split(",")
    assert f"`{'`, `'.join(columns)}`" in read("docs/detector.md")


def test_the_phantom_example_runs(at_work: Path) -> None:
    frame = run_block("docs/phantoms.md", "make_phantoms")["table"].frame
    assert frame["patient"].nunique() == 8
    assert {path.name for path in Path("phantoms").iterdir()} >= {"images", "lung-masks", "table.csv"}


def test_the_data_source_example_runs(at_work: Path) -> None:
    run_block("CONTRIBUTING.md", "my_collection")
    table = load_table("collection/table.csv").frame
    assert table["label"].tolist()[:2] == ["covid", "normal"]
    assert table["label"].isna().tolist() == [False, False, True]
    assert table["source"].tolist() == ["a", "my-collection", "b"]


def test_the_gate_example_runs(at_work: Path) -> None:
    names = run_block("docs/gate.md", "Gate.load")
    assert names["verdict"].passes
    assert not names["negative"].passes
    assert names["negative"].reason == "inverted"


def test_the_lung_example_runs(at_work: Path) -> None:
    names = run_block("docs/lungs.md", "LungSegmenter.load")
    assert 2 * names["both"] > 0.85 * (names["lungs"].sum() + names["phantom"].lung_mask.sum())


def test_the_network_example_keeps_the_contract(at_work: Path) -> None:
    from deepcovid.models.zoo import architecture, build_network

    run_block("CONTRIBUTING.md", "threeconv")
    network, known = build_network("threeconv", classes=2), architecture("threeconv")
    assert sum(numbers.numel() for numbers in network.parameters()) == known.parameters
    assert network.head.in_features == known.features
    convolutions = [name for name, part in network.backbone.named_modules() if "Conv2d" in type(part).__name__]
    assert convolutions[-1] == known.last_convolution


def test_every_marked_example_has_its_test() -> None:
    tested = set(re.findall(r"run_block\(\"([^\"]+)\", \"([^\"]+)\"\)", Path(__file__).read_text(encoding="utf-8")))
    for block in EXAMPLES:
        if block.mark == "runs":
            assert any(block.page == page and word in block.text for page, word in tested), str(block)


# The teaching pages: each block asserts what it says


def test_the_inconsistencies_of_deep_covid_are_as_told() -> None:
    assert run_block("docs/papers.md", "factor_of_the_table")["factor_of_the_table"] == 16
    assert run_block("docs/papers.md", "missing_films")["missing_films"] == 12
    assert run_block("docs/papers.md", "larger")["larger"] > 3.8 * 6_955_906
    assert run_block("docs/papers.md", "papers_own")["need"].share == 0.975
    assert run_block("docs/papers.md", "epochs_worth")["epochs_worth"] < 8


def test_what_rawat_did_is_as_told() -> None:
    assert run_block("docs/papers.md", "best_of_seven")["best_of_seven"] > 0.98
    assert run_block("docs/papers.md", "correct = ")["correct"] == [424, 431, 421]
    assert run_block("docs/papers.md", "least_alike")["most_alike"].n == 433
    assert run_block("docs/papers.md", "grey_that_looks_black")["means"].shape == (3,)
    assert not run_block("docs/papers.md", "one_output")["called"].any()
    assert run_block("docs/papers.md", "loss_of_a_coin")["loss_of_a_coin"] < 0.7244
    assert run_block("docs/papers.md", "saved = ")["saved"][0] > 2.9 * 161.3
    assert run_block("docs/papers.md", "idle_biases")["head"] == 200_706


def test_the_teaching_page_runs() -> None:
    assert run_block("docs/teaching.md", "by_hand")["by_hand"].shape == (3, 4)
    assert run_block("docs/teaching.md", "side_after")["sides"][-1] == 12
    assert run_block("docs/teaching.md", "max_pool2d")["seen"].sum() == 1
    assert run_block("docs/teaching.md", "bent")["bent"].shape == (2, 3)
    assert run_block("docs/teaching.md", "slope_of_dead")["slope_of_sigmoid"].min() > 0
    assert run_block("docs/teaching.md", "two_sigmoids")["soft"].sum() == pytest.approx(1)
    losses = run_block("docs/teaching.md", "losses")["losses"]
    assert len(losses) == 60


def test_the_page_of_the_audit_has_a_row_for_every_test_and_names_those_that_bar() -> None:
    page = (ROOT / "docs" / "audit.md").read_text()
    rows = re.findall(r"^\| (\d+) \| `([\w-]+)` \| \S", page, re.M)
    assert sorted(rows) == sorted((str(test.number), test.name) for test in detector_tests())
    *first, last = [str(test.number) for test in sorted(detector_tests(), key=lambda one: one.number) if test.bars]
    assert f"A FAIL in {', '.join(first)} or {last} bars the word" in page.replace("\n", " ")
    assert f"tested films of {FEWEST} patients with the positive label and of {FEWEST} without" in page
