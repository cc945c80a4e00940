"""COVID-Xray-5k as a table: loads without an error, patients apart, the same at every call, an account that adds up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deepcovid.datasets.columns import patient_ids
from deepcovid.datasets.covid_xray_5k import RELEASES, build_covid_xray_5k
from deepcovid.datasets.splits import add_validation
from deepcovid.datasets.table import load_table, save_table
from deepcovid.errors import TableError, UnknownNameError
from tests.datasets.covid_xray_5k.making import SNAPSHOT, mini_chexpert, three_sources


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `covid`, `chexpert` and `nih`; one film of COVID-19 has no file."""
    return three_sources(tmp_path_factory.mktemp("sources"))


def test_the_written_table_loads_and_no_patient_stands_on_two_sides(sources: Path) -> None:
    built = build_covid_xray_5k(sources / "covid", negatives=sources / "chexpert")
    save_table(built.table, sources / "table.csv")
    table = load_table(sources / "table.csv")
    frame = table.frame
    assert len(frame) == 70 + built.negatives.total("train") + built.negatives.total("test")
    assert (frame.groupby(patient_ids(frame))["split"].nunique() == 1).all()
    assert set(frame["split"]) == {"train", "test"}
    assert (frame["label"] == "covid").sum() == 70
    assert (frame["category"] == "COVID-19").sum() == 70
    assert frame["source"].unique().tolist() == ["covid-chestxray", "chexpert"]
    sides = add_validation(table, fraction=0.15).frame
    assert (sides.groupby(patient_ids(sides))["split"].nunique() == 1).all()
    assert (sides.loc[sides["label"] == "covid", "split"] == "val").any()


def test_the_same_seed_gives_the_same_table(sources: Path) -> None:
    first, same, other = (
        build_covid_xray_5k(sources / "covid", negatives=sources / "chexpert", seed=seed) for seed in (5, 5, 6)
    )
    assert first.table.frame.equals(same.table.frame)
    assert first.table.hash != other.table.hash


def test_the_account_adds_up(sources: Path) -> None:
    built = build_covid_xray_5k(sources / "covid", negatives=sources / "chexpert")
    told = json.loads(json.dumps(built.to_dict()))
    covid = {side: told["counts"][side]["covid"] for side in ("train", "test")}
    assert [covid[side]["published"] for side in covid] == [covid[side]["listed"] for side in covid] == [31, 40]
    assert sum(counts["readable"] for counts in covid.values()) == told["covid"]["readable"] == 70
    assert sum(counts["patients"] for counts in covid.values()) == told["covid"]["patients"] == 49
    assert told["covid"]["absent"] == ["images/covid-19-pneumonia-14-PA.png"]
    classes = told["non_covid"]["classes"]
    for side in ("train", "test"):
        assert sum(sides[side]["came"] for sides in classes.values()) == told["counts"][side]["non_covid"]["in_table"]
        assert sum(sides[side]["wanted"] for sides in classes.values()) == RELEASES["paper"].negatives[side]
    assert told["augmentation"]["published"] == 496
    assert any("inferred, not published" in sentence for sentence in told["cannot_be_verified"])
    assert any("1 of the 71 films of COVID-19 has no file" in note for note in told["notes"])


def test_strict_lists_every_shortfall(sources: Path) -> None:
    with pytest.raises(TableError, match="fewer films than published") as caught:
        build_covid_xray_5k(sources / "covid", negatives=sources / "chexpert", strict=True)
    assert "Edema, train: 2 of 100" in caught.value.problems
    assert caught.value.problems[-1] == "no file: images/covid-19-pneumonia-14-PA.png"


def test_other_negatives_or_none(sources: Path) -> None:
    other = build_covid_xray_5k(sources / "covid", negatives=sources / "nih", collection="nih-chestxray14")
    assert set(other.table.frame["source"]) == {"covid-chestxray", "nih-chestxray14"}
    alone = build_covid_xray_5k(sources / "covid", negatives=None)
    assert len(alone.table) == 70
    assert alone.to_dict()["non_covid"] is None
    assert any("nothing can be trained" in note for note in alone.table.notes)
    assert len(alone.unverifiable) == 2


def test_the_later_release_has_its_own_counts(sources: Path) -> None:
    built = build_covid_xray_5k(sources / "covid", negatives=sources / "chexpert", release="later")
    told = built.to_dict()
    assert told["augmentation"]["published"] == 420
    assert told["counts"]["train"]["covid"] == {"published": 84, "listed": 32, "readable": 32, "patients": 22} | {
        key: told["counts"]["train"]["covid"][key] for key in ("readable", "patients")
    }
    assert "COVID-19, test: 39 listed of 100" in built.shortfalls


def test_unknown_names_list_the_choices(sources: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"release named 'v2' → choose one of: paper, later"):
        build_covid_xray_5k(sources / "covid", negatives=None, release="v2")
    with pytest.raises(UnknownNameError, match=r"named 'mimic-cxr' → choose one of: chexpert, nih-chestxray14"):
        build_covid_xray_5k(sources / "covid", negatives=None, collection="mimic-cxr")


@pytest.mark.films
@pytest.mark.skipif(not SNAPSHOT.is_dir(), reason="the real films are not beside the project")
def test_the_real_snapshot_with_a_miniature_of_chexpert(tmp_path: Path) -> None:
    mini_chexpert(tmp_path / "chexpert")
    built = build_covid_xray_5k(SNAPSHOT, negatives=tmp_path / "chexpert")
    saved = save_table(built.table, tmp_path / "table.csv", allow_outside=True)
    table = load_table(tmp_path / "table.csv", allow_outside=True)
    assert table.hash == saved.hash
    covid = table.frame[table.frame["label"] == "covid"]
    assert len(covid) == 70
    assert built.to_dict()["covid"]["metadata_is_of_that_commit"]
