"""Films without COVID-19: one finding alone, the paper's numbers, no patient on both sides, whatever the supply."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcovid.datasets.covid_xray_5k.negatives import assign_sides, choose_negatives
from deepcovid.datasets.covid_xray_5k.published import CHEXPERT_CLASSES, NIH_CLASSES, NO_FINDING, wanted_negatives
from deepcovid.errors import TableError
from tests.datasets.covid_xray_5k.making import (
    chexpert,
    chexpert_row,
    chexpert_rows,
    mini_chexpert,
    nih,
    whole_chexpert,
)

PATIENTS = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 12)), min_size=1, max_size=60)


def frame_of(films: list[tuple[str, int]]) -> pd.DataFrame:
    rows = [(name, f"p{patient}", f"p{patient}/{number}.png") for number, (name, patient) in enumerate(films)]
    return pd.DataFrame(rows, columns=["category", "patient", "image"])


@given(PATIENTS, st.integers(0, 3))
@settings(max_examples=60)
def test_no_patient_stands_on_both_sides_and_no_class_gets_too_many(films: list[tuple[str, int]], seed: int) -> None:
    wanted = {"A": {"train": 2, "test": 5}, "B": {"train": 3, "test": 3}, "C": {"train": 1, "test": 1}}
    frame = frame_of(films)
    frame["split"] = assign_sides(frame, wanted=wanted, seed=seed)
    taken = frame.dropna(subset="split")
    assert (taken.groupby("patient")["split"].nunique() == 1).all()
    for (name, side), rows in taken.groupby(["category", "split"]):
        assert len(rows) <= wanted[str(name)][str(side)]
    shuffled = frame.sample(frac=1, random_state=seed).reset_index(drop=True)
    again = assign_sides(shuffled, wanted=wanted, seed=seed)
    assert dict(zip(shuffled["image"], again.fillna(""), strict=True)) == dict(
        zip(frame["image"], frame["split"].fillna(""), strict=True)
    )


def test_scarce_films_are_shared_in_the_published_proportion() -> None:
    frame = frame_of([("A", number) for number in range(24)])
    sides = assign_sides(frame, wanted={"A": {"train": 700, "test": 1700}}, seed=0)
    assert sides.value_counts().to_dict() == {"train": 7, "test": 17}


def test_the_published_numbers_sum_to_two_and_three_thousand() -> None:
    for collection in ("chexpert", "nih-chestxray14"):
        wanted = wanted_negatives(collection)
        assert len(wanted) == 14
        assert sum(sides["train"] for sides in wanted.values()) == 2000
        assert sum(sides["test"] for sides in wanted.values()) == 3000


def test_where_there_is_enough_the_numbers_are_the_published_ones(tmp_path: Path) -> None:
    found = choose_negatives(chexpert(tmp_path, whole_chexpert()), collection="chexpert", seed=0)
    assert found.short == []
    assert (found.total("train"), found.total("test")) == (2000, 3000)
    assert found.came == found.wanted
    assert (found.frame.groupby("patient")["split"].nunique() == 1).all()


def test_only_frontal_films_with_one_certain_finding_are_taken(tmp_path: Path) -> None:
    place = "CheXpert-v1.0-small/train/patient9000{}/study1/view1_{}.jpg"
    rows = [
        *chexpert_rows({"Edema": 2}),
        {**chexpert_row(place.format(1, "lateral")), "Edema": "1.0"},
        {**chexpert_row(place.format(2, "frontal")), "Edema": "1.0", "Fracture": "1.0"},
        {**chexpert_row(place.format(3, "frontal")), "Edema": "1.0", "Fracture": "-1.0"},
        {**chexpert_row(place.format(4, "frontal")), "Edema": "-1.0"},
        {**chexpert_row(place.format(5, "frontal")), NO_FINDING: "1.0", "Support Devices": "1.0"},
        {**chexpert_row(place.format(6, "frontal")), "Edema": "1.0", "Fracture": "0.0"},
        {**chexpert_row(place.format(7, "frontal")), "Edema": "1.0"},
    ]
    absent = "train/patient90007/study1/view1_frontal.jpg"
    found = choose_negatives(chexpert(tmp_path, rows, absent=[absent]), collection="chexpert", seed=0)
    assert found.frame["patient"].tolist() == ["patient00500", "patient00500", "patient90006"]
    assert found.frame["category"].unique().tolist() == ["Edema"]
    assert found.frame["label"].unique().tolist() == ["edema"]
    assert found.notes == (
        "films of chexpert that were not taken: 1 not frontal, or of unknown view; 3 with several findings, with none, or "
        "with one that is no class here; 1 with one finding and uncertain ones beside it; 1 without a file in the copy",
    )


def test_a_copy_without_any_film_that_would_do_gives_none(tmp_path: Path) -> None:
    row = chexpert_row("CheXpert-v1.0-small/train/patient90001/study1/view1_lateral.jpg")
    found = choose_negatives(chexpert(tmp_path, [{**row, "Edema": "1.0"}]), collection="chexpert", seed=0)
    assert found.frame.empty
    assert (found.total("train"), found.total("test"), len(found.short)) == (0, 0, 28)


def test_a_miniature_gives_what_it_has_and_says_what_it_lacks(tmp_path: Path) -> None:
    found = choose_negatives(mini_chexpert(tmp_path, each=4), collection="chexpert", seed=0)
    assert len(found.frame) == found.total("train") + found.total("test")
    assert set(found.frame["label"]) >= {"normal", "pneumonia", "pleural-effusion", "support-devices"}
    assert {phrase.rpartition(",")[0] for phrase in found.short} == {NO_FINDING, *CHEXPERT_CLASSES}
    assert any(phrase.endswith("of 1700") for phrase in found.short)


def test_the_choice_does_not_depend_on_where_the_copy_lies(tmp_path: Path) -> None:
    inner = choose_negatives(mini_chexpert(tmp_path / "a" / "CheXpert-v1.0"), collection="chexpert", seed=0)
    outer = choose_negatives(tmp_path / "a", collection="chexpert", seed=0)
    assert outer.frame["image"].str.removeprefix("CheXpert-v1.0/").tolist() == inner.frame["image"].tolist()
    assert outer.frame["split"].tolist() == inner.frame["split"].tolist()


def test_nih_stands_in_without_hernia(tmp_path: Path) -> None:
    found = choose_negatives(nih(tmp_path), collection="nih-chestxray14", seed=0)
    assert set(found.frame["category"]) == {NO_FINDING, *NIH_CLASSES}
    assert "stands for CheXpert" in found.notes[0]
    assert "Hernia" in found.notes[0]
    assert (found.frame.groupby("patient")["split"].nunique() == 1).all()


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no such folder → give a folder that holds"):
        choose_negatives(tmp_path / "none", collection="chexpert", seed=0)


def test_a_film_that_is_frontal_without_a_word_of_pa_or_ap_is_taken(tmp_path: Path) -> None:
    rows = [
        row | {"AP/PA": view}
        for row, view in zip(chexpert_rows({NO_FINDING: 3}, films=1), ("", "LL", "PA"), strict=True)
    ]
    frame = choose_negatives(chexpert(tmp_path, rows), collection="chexpert", seed=0).frame
    assert len(frame) == 2
    assert frame["view"].isna().sum() == 1
