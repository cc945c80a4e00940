"""Tests of mending a table: only what is safe, all of it written down, and a second look finds it mended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from deepcovid.datasets.columns import group_ids
from deepcovid.datasets.table import load_table
from deepcovid.errors import TableError
from deepcovid.runs.check import check_table
from deepcovid.runs.fix import Fixed, fix_table, log_path
from tests.datasets.twins import changed, phantom_films
from tests.runs.planted import clean, film, more, write


def mended(folder: Path, frame: pd.DataFrame, **options: Any) -> tuple[Fixed, pd.DataFrame, dict[str, Any]]:
    table, out = write(folder, frame), folder / "new.csv"
    before = table.read_bytes()
    fixed = fix_table(table, out=out, **options)
    assert table.read_bytes() == before
    return fixed, pd.read_csv(out, dtype="str"), json.loads(log_path(out).read_text(encoding="utf-8"))


def verdict(folder: Path, name: str) -> str:
    return next(r.verdict for t, r in check_table(folder / "new.csv", gate=False).results if t.name == name)


@pytest.fixture
def frame(tmp_path: Path) -> pd.DataFrame:
    return clean(tmp_path, count=24)


def test_paths_may_be_text(tmp_path: Path) -> None:
    table, out = str(write(tmp_path, clean(tmp_path, count=4))), str(tmp_path / "new.csv")
    assert fix_table(table, out=out).said == ["nothing had to be mended"]
    assert check_table(out, gate=False).report["films"] == 4


def test_nothing_to_mend_leaves_the_table_as_it_is(tmp_path: Path, frame: pd.DataFrame) -> None:
    fixed, new, log = mended(tmp_path, frame)
    assert fixed.said == ["nothing had to be mended"]
    assert log["changes"] == log["left"] == []
    pd.testing.assert_frame_equal(new, frame.astype("str"), check_dtype=False)


def test_patients_that_share_a_film_become_one_with_all_their_films(tmp_path: Path, frame: pd.DataFrame) -> None:
    people = phantom_films(24)
    second = {"patient": "x", "source": "north", "split": "train"}
    frame = more(frame, image=film(tmp_path, "x0.jpg", changed(people[0], "mirrored")), **second)
    frame = more(frame, image=film(tmp_path, "x1.png", phantom_films(60)[50]), **second)
    fixed, new, log = mended(tmp_path, frame)
    assert new["patient"].tolist()[-2:] == ["p000", "p000"]
    assert "person" not in new
    assert [(one["row"], one["change"], one["old"], one["new"]) for one in log["changes"]] == [
        (26, "patient", "x", "p000"),
        (27, "patient", "x", "p000"),
    ]
    assert "one film in row 2 (images/000.png) and row 26" in log["changes"][0]["reason"]
    assert "mirror" in log["changes"][0]["reason"]
    assert fixed.said == ["1 person stood under several patients, now under one (2 patient cells changed)"]
    assert verdict(tmp_path, "near-duplicates") == "PASS"


def test_a_person_in_two_sources_is_one_group(tmp_path: Path, frame: pd.DataFrame) -> None:
    image = film(tmp_path, "x.jpg", phantom_films(24)[0], quality=70)
    frame = more(frame, image=image, patient="p003", source="elsewhere", label="normal", split="train")
    _, new, log = mended(tmp_path, frame)
    assert new["person"].dropna().tolist() == ["p000", "p000"]
    assert new["source"].tolist() == frame["source"].tolist()
    groups = group_ids(load_table(tmp_path / "new.csv").frame)
    assert groups.iloc[0] == groups.iloc[-1]
    assert groups.nunique() == 24
    assert log["left"] == ["row 2 (covid) and row 26 (normal) are one film with two labels: keep the right one"]
    assert verdict(tmp_path, "near-duplicates") == "PASS"
    assert verdict(tmp_path, "conflicting-labels") == "FAIL"


def test_a_name_that_somebody_else_has_is_not_taken(tmp_path: Path, frame: pd.DataFrame) -> None:
    frame["patient"] = None
    frame.loc[5, ["patient", "source"]] = ["same", "north"]
    frame.loc[6, ["patient", "source"]] = ["same", "south"]
    image = film(tmp_path, "x.jpg", phantom_films(24)[5], quality=70)
    _, new, _ = mended(tmp_path, more(frame, image=image, patient=None, source="north", split=frame["split"][5]))
    assert new["patient"].dropna().tolist() == ["same-joined", "same", "same-joined"]


def test_two_people_who_are_joined_under_one_name_stay_two(tmp_path: Path, frame: pd.DataFrame) -> None:
    for place, source, other in ((5, "north", "west"), (6, "south", "east")):
        frame.loc[place, ["patient", "source"]] = ["same", source]
        image = film(tmp_path, f"{other}.jpg", phantom_films(24)[place], quality=70)
        frame = more(frame, image=image, patient="other", source=other, split=frame["split"][place])
    _, new, _ = mended(tmp_path, frame)
    groups = group_ids(load_table(tmp_path / "new.csv").frame)
    assert groups.iloc[5] == groups.iloc[24] != groups.iloc[6] == groups.iloc[25]
    assert new["person"].dropna().nunique() == 2


def test_exact_copies_stand_once_and_contradicting_ones_stay(tmp_path: Path, frame: pd.DataFrame) -> None:
    for name, label in (("a.png", "covid"), ("b.png", "normal")):
        frame = more(frame, image=film(tmp_path, name, phantom_films(24)[0]), label=label)
    _, new, log = mended(tmp_path, frame)
    assert new["image"].tolist() == [*frame["image"][:24], "images/b.png"]
    dropped = next(one for one in log["changes"] if one["change"] == "dropped")
    assert (dropped["row"], dropped["new"]) == (26, None)
    assert dropped["old"]["image"] == "images/a.png"
    assert log["counts"]["dropped"] == 1
    assert (log["rows_before"], log["rows_after"]) == (26, 25)
    assert log["left"]


def test_a_joined_patient_on_two_sides_is_said_or_split_anew(tmp_path: Path, frame: pd.DataFrame) -> None:
    image = film(tmp_path, "x.jpg", phantom_films(24)[0], quality=70)
    frame = more(frame, image=image, patient="x", split="test")
    fixed, new, _ = mended(tmp_path, frame)
    assert any(
        "1 joined patient on two sides of the split" in sentence and "--resplit" in sentence for sentence in fixed.left
    )
    assert new["split"].tolist() == frame["split"].tolist()
    assert verdict(tmp_path, "patient-sides") == "FAIL"
    fixed, new, log = mended(tmp_path, frame, resplit=True)
    assert not fixed.left
    assert log["counts"]["split"] == (new["split"] != frame["split"]).sum() > 0
    assert new["split"].iloc[0] == new["split"].iloc[-1]
    assert verdict(tmp_path, "patient-sides") == verdict(tmp_path, "near-duplicates") == "PASS"


def test_a_parquet_table_and_a_name_that_is_no_table(tmp_path: Path, frame: pd.DataFrame) -> None:
    table = write(tmp_path, frame.assign(weight=2))
    fix_table(table, out=tmp_path / "new.parquet")
    assert pd.read_parquet(tmp_path / "new.parquet")["weight"].tolist() == ["2"] * 24
    with pytest.raises(TableError, match=r"written as \.csv or \.parquet"):
        fix_table(table, out=tmp_path / "new.xlsx")
