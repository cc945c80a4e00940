"""What becomes of rows that a source tells of; the sources of these tests are made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from deepcovid.datasets.sources import SOURCES, Parsed, import_source, register_source
from deepcovid.datasets.table import load_table, save_table
from deepcovid.errors import DeepCovidError, TableError, UnknownNameError
from tests.datasets.sources.making import draw

Make = Callable[..., Path]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Registers a source "made" of the given columns, and draws its films."""
    monkeypatch.setattr(SOURCES, "_things", {})

    def make(*, draws: bool = True, index: list[Any] | None = None, **columns: list[Any]) -> Path:
        frame = pd.DataFrame(columns, index=index or list(range(2, len(columns["image"]) + 2)), dtype=object)
        counts = {"images": 3, "patients": 2, "view:PA": 1}
        said: dict[str, Any] = dict.fromkeys(("title", "home", "licence", "citation", "layout"), "Made")
        register_source(
            name="made", access="open", expected=counts, version="1", other_versions={"2": {"images": 9}}, **said
        )(lambda folder: Parsed(frame=frame, notes=("of the reader",), metadata=folder / "metadata.csv"))
        draw(tmp_path, [name for name in columns["image"] if name] if draws else [])
        return tmp_path

    return make


def test_films_of_unknown_view_and_modality_are_kept_and_counted(made: Make) -> None:
    folder = made(
        image=["a.png", "b.png", "c.png"],
        label=["x", None, "y"],
        view=[None, "PA", "lateral"],
        modality=[None, "X-ray", "X-ray"],
    )
    table = import_source(folder, name="made")
    assert table.frame["image"].tolist() == ["a.png", "b.png"]
    assert "1 of 2 films have no view" in table.notes
    assert "1 of 2 films have no label" in table.notes
    assert "2 of 2 films have no patient" in table.notes
    assert table.notes[0] == "of the reader"


def test_columns_of_ours_come_first_and_the_common_ones_stand_even_where_they_say_nothing(made: Make) -> None:
    folder = made(
        image=["a.png", "b.png"],
        extra=["1", "2"],
        sex=[None, None],
        age=[61, None],
        label=["x", "y"],
        empty=[None, None],
        split=[None, None],
    )
    table = import_source(folder, name="made")
    common = ["image", "label", "patient", "source", "view", "sex", "date", "license", "findings", "age", "modality"]
    assert list(table.frame.columns) == [*common, "extra", "empty"]
    assert table.frame["sex"].isna().all()
    loaded = load_table(save_table(table, folder / "table.parquet").path)
    assert loaded.frame["age"].iloc[0] == 61


@pytest.mark.parametrize("name", ["../x.png", "/x.png", "C:\\x.png", "a/../../x.png", "a\x1bb.png", None])
def test_names_that_no_table_can_hold_are_refused_with_their_row(made: Make, name: str | None) -> None:
    folder = made(draws=False, image=["a.png", name], label=["x", "y"])
    draw(folder, ["a.png"])
    with pytest.raises(TableError) as caught:
        import_source(folder, name="made")
    assert caught.value.problems[0].startswith("row 3: the file")
    assert "\x1b" not in str(caught.value)


def test_rows_of_several_files_are_named_by_their_file(made: Make) -> None:
    folder = made(draws=False, image=["a.png", "b.png"], label=["x", "y"], index=["train.csv row 2", "valid.csv row 2"])
    draw(folder, ["a.png"])
    with pytest.raises(TableError) as caught:
        import_source(folder, name="made")
    assert caught.value.problems == ["valid.csv row 2: there is no file b.png"]


def test_long_lists_of_absent_films_are_cut(made: Make) -> None:
    names = [f"{number}.png" for number in range(50)]
    folder = made(draws=False, image=names, label=["x"] * 50)
    draw(folder, names[:10])
    with pytest.raises(TableError, match="40 of 50 films are not in the copy") as caught:
        import_source(folder, name="made")
    assert len(caught.value.problems) == 21
    assert caught.value.problems[-1] == "… and 20 more absent files"
    table = import_source(folder, name="made", allow_absent=True)
    assert len(table) == 10
    assert any("40 of 50 films" in note and note.endswith(", and 20 more") for note in table.notes)


def test_a_copy_without_a_film_is_refused_even_when_told(made: Make) -> None:
    folder = made(draws=False, image=["a.png"], label=["x"])
    with pytest.raises(TableError, match="no film is left"):
        import_source(folder, name="made", allow_absent=True)


def test_the_reasons_are_told_where_everything_is_left_out(made: Make) -> None:
    folder = made(image=["a.png", "b.png"], label=["x", "y"], view=["lateral", "PA"], modality=["X-ray", "CT"])
    with pytest.raises(TableError, match=r"no film is left .*1 CT images.*1 films of view lateral"):
        import_source(folder, name="made")


def test_the_nearest_release_is_compared(made: Make) -> None:
    folder = made(image=["a.png", "b.png", "c.png"], label=["x"] * 3, patient=["1", "1", "2"], view=["PA", "AP", "AP"])
    assert "the counts are those of Made, 1" in import_source(folder, name="made").notes
    SOURCES["made"].expected["patients"] = 5  # type: ignore[index]
    notes = import_source(folder, name="made").notes
    assert "the counts differ from Made, 1, the nearest of 2 known releases: 2 patients instead of 5" in notes


def test_unknown_views_and_names_are_refused(made: Make) -> None:
    folder = made(image=["a.png"], label=["x"])
    with pytest.raises(DeepCovidError, match="there is no view 'front' → choose of: PA, AP, AP supine, lateral"):
        import_source(folder, name="made", views=("PA", "front"))
    with pytest.raises(DeepCovidError, match="no view was given"):
        import_source(folder, name="made", views=())
    with pytest.raises(UnknownNameError, match="did you mean 'made'"):
        import_source(folder, name="mad")
    with pytest.raises(TableError, match="there is no such folder"):
        import_source(folder / "none", name="made")


def test_films_on_another_disk_are_taken_and_said(made: Make, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = made(image=["a/1.png", "a/2.png", "b/3.png", "4.png"], label=["x"] * 4)
    disk = tmp_path_factory.mktemp("disk")
    (folder / "a").rename(disk / "a")
    (folder / "a").symlink_to(disk / "a")
    (folder / "4.png").rename(folder / "b" / "5.png")
    (folder / "4.png").symlink_to(folder / "b" / "5.png")
    table = import_source(folder, name="made")
    assert f"links lead 2 films out of {folder} (a/1.png, say): read the table with --allow-outside" in table.notes
    path = save_table(table, folder / "table.csv").path
    with pytest.raises(TableError, match="a link leads the image path out"):
        load_table(path)
    assert len(load_table(path, allow_outside=True)) == 4
