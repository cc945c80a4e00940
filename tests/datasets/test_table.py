"""Tests of the table: read, written, hashed."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepcovid.datasets.table import Table, drop_unlabelled, load_table, save_table
from deepcovid.errors import TableError
from tests.datasets.making import FILMS, csv, table, touch


def test_text_stays_the_text_that_it_is_and_only_age_is_a_number(tmp_path: Path) -> None:
    text = "image,label,patient,date,age,extra\na.png,0, 00123 ,2020,65.0,007\nb.png,1,1e3,,,\nc.png,, ,None,0.5,x\n"
    read = load_table(csv(tmp_path, text), check_files=False)
    frame = read.frame
    assert frame["label"].tolist()[:2] == ["0", "1"]
    assert frame["patient"].tolist()[:2] == ["00123", "1e3"]
    assert frame["extra"].tolist()[0] == "007"
    assert frame["date"].tolist()[2] == "None"
    assert frame["age"].dtype == np.float64
    np.testing.assert_array_equal(frame["age"], [65.0, np.nan, 0.5])
    assert frame.isna().to_numpy().tolist() == [
        [False] * 6,
        [False, False, False, True, True, True],
        [False, True, True, False, False, False],
    ]
    assert read.notes == ("1 of 3 films have no label",)
    assert (read.folder, read.path, len(read)) == (tmp_path, tmp_path / "table.csv", 3)
    assert read.image_path("a.png") == tmp_path / "a.png"


def test_the_label_column_can_be_another_and_is_text(tmp_path: Path) -> None:
    frame = pd.DataFrame({"image": ["a.png", "b.png"], "darkcovidnet": [1.0, np.nan], "score": [0.25, 0.5]})
    frame.to_parquet(tmp_path / "table.parquet")
    read = load_table(tmp_path / "table.parquet", check_files=False, label_column="darkcovidnet")
    assert read.frame["darkcovidnet"].tolist()[0] == "1"
    assert read.frame["score"].tolist() == [0.25, 0.5]
    assert read.notes == ("1 of 2 films have no darkcovidnet",)


def test_an_index_that_pandas_wrote_is_left_out_and_said(tmp_path: Path) -> None:
    read = load_table(csv(tmp_path, ",image,label\n0,a.png,covid\n"), check_files=False)
    assert list(read.frame.columns) == ["image", "label"]
    assert read.notes == ("1 column(s) without a name were left out",)


def test_semicolons_and_latin_1_are_notes(tmp_path: Path) -> None:
    read = load_table(csv(tmp_path, "image;label\na.png;grippe_aiguë\n".encode("latin-1")), check_files=False)
    assert read.frame["label"].tolist() == ["grippe_aiguë"]
    assert len(read.notes) == 2


def test_a_split_that_is_filled_in_part_is_a_note(tmp_path: Path) -> None:
    read = load_table(csv(tmp_path, "image,label,split\na.png,x,train\nb.png,x,\n"), check_files=False)
    assert read.notes == ("1 of 2 films have no split",)


@pytest.mark.parametrize(
    ("name", "problem", "mend"),
    [
        ("absent.csv", "there is no such file", "check the path"),
        ("films", "this is a folder", "deepcovid data import"),
        ("table.xlsx", "not '.xlsx'", "save it as UTF-8 CSV"),
        ("bad.parquet", "not readable as Parquet", "write the file anew"),
    ],
)
def test_what_is_no_table_is_refused_with_its_mend(tmp_path: Path, name: str, problem: str, mend: str) -> None:
    (tmp_path / "films").mkdir()
    touch(tmp_path, ["table.xlsx"])
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(TableError) as caught:
        load_table(tmp_path / name)
    assert name in str(caught.value)
    assert problem in caught.value.problem
    assert mend in caught.value.mend


def test_a_table_is_frozen_and_needs_images() -> None:
    made = table({"label": ["covid"]})
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.folder = Path("elsewhere")  # type: ignore[misc]
    with pytest.raises(TableError, match="needs a column 'image'"):
        made.with_frame(pd.DataFrame({"label": ["covid"]}))


def test_notes_are_not_repeated() -> None:
    assert table({"label": ["x"]}).with_note("one", "two").with_note("two").notes == ("one", "two")


def test_films_without_a_label_are_dropped_with_a_line() -> None:
    made = table({"label": ["covid", None, "normal"]}).with_note("1 of 3 films have no label")
    rest = drop_unlabelled(made)
    assert rest.frame["label"].tolist() == ["covid", "normal"]
    assert rest.frame.index.tolist() == [0, 1]
    assert rest.notes == ("1 of 3 films have no label and were left out",)
    assert drop_unlabelled(rest) is rest


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).map(str.strip).filter(bool)
cell = st.one_of(
    st.none(), words, st.sampled_from(["00123", "NA", "nan", '"', "a,b", "=1+1", "two\nlines", "1e5", "\ufeff"])
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(cell, cell, st.one_of(st.none(), st.floats(0, 120))), min_size=1, max_size=5),
    suffix=st.sampled_from([".csv", ".parquet"]),
)
def test_what_is_saved_is_read_again_exactly(tmp_path: Path, rows: list[tuple[object, ...]], suffix: str) -> None:
    patients, findings, ages = zip(*rows, strict=True)
    made = table(
        {
            "label": ["covid"] * len(rows),
            "patient": pd.Series(patients, dtype="str"),
            "findings": pd.Series(findings, dtype="str"),
            "age": pd.Series(ages, dtype="float64"),
        },
        folder=tmp_path,
    )
    path = tmp_path / f"table{suffix}"
    written = save_table(made, path)
    read = load_table(path, check_files=False)
    pd.testing.assert_frame_equal(read.frame, made.frame)
    assert read.hash == written.hash == made.hash


def test_paths_follow_the_table_upwards_and_its_hash_stays(tmp_path: Path) -> None:
    text = "image,label,lung_mask\nimages/a.png,covid,masks/a.png\nimages/b.png,normal,\n"
    read = load_table(csv(tmp_path / "set", text, films=["images/a.png", "images/b.png", "masks/a.png"]))
    written = save_table(read, tmp_path / "all.csv")
    again = load_table(tmp_path / "all.csv")
    assert again.frame["image"].tolist() == ["set/images/a.png", "set/images/b.png"]
    assert again.frame["lung_mask"].tolist()[0] == "set/masks/a.png"
    assert again.frame["lung_mask"].isna().tolist() == [False, True]
    assert read.hash == written.hash == again.hash
    assert again.image_path(again.frame["image"][0]).samefile(read.image_path(read.frame["image"][0]))


def test_a_table_that_could_not_be_loaded_is_not_written_unless_allowed(tmp_path: Path) -> None:
    read = load_table(csv(tmp_path / "set", "image,label\na.png,covid\n", films=["a.png"]))
    elsewhere = tmp_path / "runs" / "table.parquet"
    with pytest.raises(TableError) as caught:
        save_table(read, elsewhere)
    assert not elsewhere.exists()
    assert "1 image files would lie outside" in caught.value.problem
    assert caught.value.mend == f"write the table to {tmp_path / 'set'} or above it, or allow it with --allow-outside"
    save_table(read, elsewhere, allow_outside=True)
    again = load_table(elsewhere, allow_outside=True)
    assert again.frame["image"].tolist() == ["../set/a.png"]
    assert again.hash == read.hash
    with pytest.raises(TableError, match="leaves the table's folder"):
        load_table(elsewhere)


def test_an_absolute_path_made_in_memory_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"/data/a\.png is absolute → make it relative"):
        save_table(table({"image": ["/data/a.png"], "label": ["x"]}, folder=tmp_path), tmp_path / "table.csv")


def test_the_hash_knows_content_and_not_order_place_or_extra_columns(tmp_path: Path) -> None:
    columns = {"image": ["s/a.png", "s/b.png"], "label": ["covid", None], "age": [65, np.nan]}
    made = table(columns, folder=tmp_path)
    same = made.frame.iloc[::-1].assign(extra=1)[["age", "extra", "label", "image"]]
    assert table(columns, folder=tmp_path / "elsewhere").with_frame(same).hash == made.hash
    assert made.with_frame(made.frame.assign(label=["covid", "covid"])).hash != made.hash
    assert made.with_frame(made.frame.assign(age=[65, 0])).hash != made.hash
    assert made.with_frame(made.frame.assign(image=["s/a.png", "s/c.png"])).hash != made.hash
    assert made.content_hash(columns=["image", "extra"]) != made.with_frame(same).content_hash(
        columns=["image", "extra"]
    )


def test_the_hash_is_the_same_on_every_machine(tmp_path: Path) -> None:
    made = table({"image": ["x/a.png"], "label": ["covid"], "age": [65]}, folder=tmp_path)
    # SHA-256 of {"columns":["age","image","label"],"rows":[[65.0,"a.png","covid"]]}
    assert made.hash == "3ab7ddd3e1747f446fd70bba7895037c98b9920f2b579082a0757ab253a16686"


@pytest.mark.films
@pytest.mark.skipif(not FILMS.exists(), reason="the real films are not beside the project")
def test_the_real_table_is_read_with_all_its_files() -> None:
    read = load_table(FILMS)
    assert len(read) == 1803
    assert read.notes == ("15 of 1803 films have no label",)
    assert read.frame["label"].value_counts().to_dict() == {"other": 682, "normal": 640, "covid": 466}
    assert read.frame["age"].median() == 49
    assert os.path.exists(read.image_path(read.frame["image"][0]))
    again = load_table(FILMS, label_column="darkcovidnet", check_files=False)
    assert len(drop_unlabelled(again, label_column="darkcovidnet")) == 1124


def test_a_table_in_memory_needs_no_file() -> None:
    made = Table(pd.DataFrame({"image": ["a.png"]}), folder=Path("x"))
    assert made.path is None
    assert made.notes == ()
