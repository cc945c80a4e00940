"""The 71 films of the paper: in the real snapshot, in later ones, and where some are absent."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from deepcovid.datasets.covid_xray_5k.positives import choose_positives, pinned_positives
from deepcovid.datasets.covid_xray_5k.published import RELEASES
from deepcovid.datasets.sources import SOURCES
from deepcovid.errors import TableError
from tests.datasets.covid_xray_5k.making import SNAPSHOT, cohen, many

PAPER, LATER = RELEASES["paper"], RELEASES["later"]
real = pytest.mark.skipif(not SNAPSHOT.is_dir(), reason="the real films are not beside the project")


def test_the_pinned_list_has_the_papers_counts() -> None:
    pinned = pinned_positives()
    assert len(pinned) == 71
    assert len(set(pinned.values())) == 49


@pytest.mark.films
@real
def test_the_pinned_list_is_what_the_snapshot_calls_covid_and_pa() -> None:
    frame = SOURCES["covid-chestxray"].read(SNAPSHOT).frame
    fits = frame[(frame["modality"] == "X-ray") & (frame["view"] == "PA") & (frame["label"] == "covid")]
    assert dict(zip(fits["filename"], fits["patient"], strict=True)) == pinned_positives()


@pytest.mark.films
@real
@pytest.mark.parametrize("seed", range(20))
def test_the_real_snapshot_gives_the_papers_counts(seed: int) -> None:
    found = choose_positives(SNAPSHOT, release=PAPER, seed=seed)
    assert (found.listed("train"), found.listed("test")) == (31, 40)
    assert found.present("train") + found.present("test") == 70
    assert found.patients("train") + found.patients("test") == 49
    assert (found.frame.groupby("patient")["split"].nunique() == 1).all()
    assert found.absent == ["images/covid-19-pneumonia-14-PA.png"]
    assert found.is_pinned
    assert found.notes == ()


@pytest.mark.films
@real
def test_line_ends_of_a_checkout_do_not_hide_the_snapshot(tmp_path: Path) -> None:
    content = (SNAPSHOT / "metadata.csv").read_bytes()
    for change, is_pinned in (
        (content.replace(b"\n", b"\r\n"), True),
        (content.replace(b"COVID-19", b"COVID-20", 1), False),
    ):
        (tmp_path / "metadata.csv").write_bytes(change)
        assert choose_positives(tmp_path, release=PAPER, seed=0).is_pinned == is_pinned


def test_the_division_does_not_depend_on_which_files_are_there(tmp_path: Path) -> None:
    names = list(pinned_positives())
    whole = choose_positives(cohen(tmp_path / "a"), release=PAPER, seed=3)
    part = choose_positives(cohen(tmp_path / "b", absent=names[:20]), release=PAPER, seed=3)
    assert part.frame["split"].tolist() == whole.frame["split"].tolist()
    assert (whole.absent, len(part.absent)) == ([], 20)
    assert part.present("train") + part.present("test") == 51
    assert (part.listed("train"), part.listed("test")) == (31, 40)


def test_another_seed_is_another_division(tmp_path: Path) -> None:
    folder = cohen(tmp_path)
    first, same, other = (choose_positives(folder, release=PAPER, seed=seed).frame["split"] for seed in (0, 0, 1))
    assert first.equals(same)
    assert not first.equals(other)


def test_a_later_snapshot_is_searched_by_name_and_said(tmp_path: Path) -> None:
    folder = cohen(tmp_path, more=many(30))
    told = pd.read_csv(folder / "metadata.csv", dtype=str)
    told.loc[0, "view"] = "AP"
    told.loc[1, "Patientid"] = "2000"
    told.loc[2, "finding"] = "ARDS"
    told.drop(index=[5]).to_csv(folder / "metadata.csv", index=False)
    found = choose_positives(folder, release=PAPER, seed=0)
    notes = "\n".join(found.notes)
    assert "metadata.csv is not that of commit 2a99173" in found.notes[0]
    assert "1 of the 71 films are not listed in metadata.csv: " in notes
    for what in ("no COVID-19", "of another view than PA", "of another patient"):
        assert f"1 of the 71 films: in this copy {what}" in notes
    assert (found.listed("train"), found.listed("test")) == (31, 40)
    assert found.absent == []  # the film that is not listed lies beside the others
    assert found.frame["patient"].nunique() == 49


def test_a_folder_without_the_films_is_refused_with_the_way_to_get_them(tmp_path: Path) -> None:
    row = {"Patientid": "1", "finding": "SARS", "view": "PA", "modality": "X-ray", "filename": "a.png"}
    pd.DataFrame([row]).assign(sex="F", age="61").to_csv(tmp_path / "metadata.csv", index=False)
    with pytest.raises(TableError, match=r"none of the 71 .* → get the commit itself: deepcovid data fetch"):
        choose_positives(tmp_path, release=PAPER, seed=0)
    with pytest.raises(TableError, match="no PA X-ray of COVID-19"):
        choose_positives(tmp_path, release=LATER, seed=0)
    with pytest.raises(TableError, match=r"no such folder → .*data fetch covid-chestxray"):
        choose_positives(tmp_path / "none", release=PAPER, seed=0)


def test_the_later_release_draws_its_numbers_from_what_is_there(tmp_path: Path) -> None:
    found = choose_positives(cohen(tmp_path, more=many(90)), release=LATER, seed=0)
    assert (found.listed("train"), found.listed("test")) == (84, 100)
    assert (found.frame.groupby("patient")["split"].nunique() == 1).all()
    assert "this copy lists 251 PA X-rays of COVID-19 of 139 patients; the authors chose 184" in found.notes[0]
    assert "the others are in no side" in found.notes[1]


def test_the_later_release_on_too_few_films_keeps_the_proportion(tmp_path: Path) -> None:
    found = choose_positives(cohen(tmp_path), release=LATER, seed=0)
    assert (found.listed("train"), found.listed("test")) == (32, 39)
