"""`deepcovid data build covid-xray-5k` as a stranger uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from deepcovid.cli import app
from deepcovid.cli.data_build import RECIPES_HAVE, _outside
from deepcovid.datasets.covid_xray_5k import RELEASES
from deepcovid.datasets.table import load_table
from deepcovid.errors import DeepCovidError
from deepcovid.training.recipe import load_recipe, recipe_names
from tests.cli.test_cli import errors, run
from tests.datasets.covid_xray_5k.making import SNAPSHOT, mini_chexpert, three_sources


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return three_sources(tmp_path_factory.mktemp("sources"))


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["data", "build", "covid-xray-5k", *map(str, arguments)])


def test_the_published_counts_stand_beside_ours(sources: Path) -> None:
    out = sources / "covid-xray-5k.csv"
    done = run(
        "data", "build", "covid-xray-5k", "--covid", sources / "covid", "--chexpert", sources / "chexpert", "--out", out
    )
    assert done.returncode == 0, done.stderr
    lines = {
        line.split()[0]: line.split() for line in done.stdout.splitlines() if line.startswith(("training ", "test "))
    }
    assert lines["training"][1:3] == ["31", "31"]
    assert lines["test"][1:3] == ["40", "40"]
    assert int(lines["training"][3]) + int(lines["test"][3]) == 70
    for sentence in (
        "1 of the 71 films of COVID-19 has no file", "FEWER FILMS THAN PUBLISHED: 14 of 14 classes", "31 → 496",
        "cannot be verified:", "inferred, not published", "metadata.csv is not that of commit 2a99173",
    ):  # fmt: skip
        assert sentence in done.stdout
    assert "outside" not in done.stdout
    told = json.loads(out.with_suffix(".account.json").read_text())
    frame = load_table(out).frame
    assert told["rows"] == len(frame)
    assert told["covid"]["listed"] == 71


def test_the_recipes_have_the_number_that_is_told() -> None:
    for name in recipe_names():
        recipe = load_recipe(name)
        if name.startswith("deepcovid-") and recipe.stored_features:
            assert recipe.minority_count == RECIPES_HAVE == RELEASES["paper"].augmented


def test_every_call_gives_the_same_bytes(sources: Path, tmp_path: Path) -> None:
    written = []
    for seed in (0, 0, 1):
        out = tmp_path / f"{len(written)}" / "table.csv"
        arguments = ("--covid", sources / "covid", "--chexpert", sources / "chexpert", "--seed", seed, "--out", out)
        assert invoke(*arguments).exit_code == 0
        written.append((out.read_bytes(), out.with_suffix(".account.json").read_bytes()))
    assert written[0] == written[1]
    assert written[0][0] != written[2][0]


def test_films_outside_the_folder_are_said_and_can_be_allowed(sources: Path, tmp_path: Path) -> None:
    arguments = ("--covid", sources / "covid", "--chexpert", sources / "chexpert", "--out", tmp_path / "table.csv")
    assert "films lie outside the table's folder: give --allow-outside" in invoke(*arguments).output
    assert "lie outside" not in invoke(*arguments, "--allow-outside").output
    assert f"next: deepcovid data check {tmp_path / 'table.csv'} --allow-outside" in invoke(*arguments).output
    assert len(load_table(tmp_path / "table.csv", allow_outside=True)) > 70


def test_json_on_standard_output_is_the_account(sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.parquet"
    done = invoke("--covid", sources / "covid", "--nih", sources / "nih", "--out", out, "--release", "later", "--json")
    told = json.loads(done.stdout)
    assert told == json.loads(out.with_suffix(".account.json").read_text())
    assert told["non_covid"]["collection"] == "nih-chestxray14"
    assert told["augmentation"]["published"] == 420
    assert pd.read_parquet(out)["source"].nunique() == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "where is the copy of chexpert? → give it with --chexpert DIR"),
        (("--negatives", "nih"), "where is the copy of nih-chestxray14? → give it with --nih DIR"),
        (("--negatives", "mimic"), "choose chexpert, nih or none"),
        (("--chexpert", "{}/chexpert", "--nih", "{}/nih"), "copies of two collections"),
        (("--chexpert", "{}/chexpert", "--strict"), "fewer films than published"),
        (("--chexpert", "{}/covid"), "train.csv"),
        (("--negatives", "none", "--out", "{}/covid/metadata.csv"), "this is an input"),
        (("--negatives", "none", "--release", "first"), "choose one of: paper, later"),
    ],
)
def test_mistakes_are_answered_with_the_mend(
    sources: Path, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    out = () if "--out" in arguments else ("--out", tmp_path / "table.csv")
    done = invoke("--covid", sources / "covid", *out, *(argument.format(sources) for argument in arguments))
    assert isinstance(done.exception, DeepCovidError)
    assert told in " ".join(str(done.exception).split())
    assert not list(tmp_path.iterdir())


@pytest.mark.films
@pytest.mark.skipif(not SNAPSHOT.is_dir(), reason="the real films are not beside the project")
def test_the_real_snapshot_gives_the_papers_counts(tmp_path: Path) -> None:
    mini_chexpert(tmp_path / "chexpert")
    out = tmp_path / "table.csv"
    done = run("data", "build", "covid-xray-5k", "--covid", SNAPSHOT, "--chexpert", tmp_path / "chexpert", "--out", out)
    assert done.returncode == 0, errors(done)
    told = json.loads(out.with_suffix(".account.json").read_text())
    assert [told["counts"][side]["covid"]["listed"] for side in ("train", "test")] == [31, 40]
    assert (told["covid"]["listed"], told["covid"]["readable"], told["covid"]["patients"]) == (71, 70, 49)
    covid = pd.read_csv(out, dtype=str).query("label == 'covid'")
    assert len(covid) == 70
    assert (covid.groupby("patient")["split"].nunique() == 1).all()


def test_no_table_is_asked_for_at_the_root_of_all_files() -> None:
    assert _outside(3, out=Path("table.csv"), root=Path("/")).endswith(
        "or put the copies and the table into one folder"
    )
    assert _outside(3, out=Path("a/table.csv"), root=Path("/data")).endswith("(--out /data/table.csv)")
