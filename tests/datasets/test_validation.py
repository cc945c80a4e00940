"""Tests of what is found in a bad table: the row, what came, and the mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.datasets.table import load_table
from deepcovid.datasets.validation import is_absolute, leaves_folder, shown
from deepcovid.errors import TableError
from tests.datasets.making import csv


def problems(path: Path, **options: object) -> list[str]:
    with pytest.raises(TableError) as caught:
        load_table(path, **options)  # type: ignore[arg-type]
    assert caught.value.path == path
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems


def one(path: Path, **options: object) -> tuple[str, str]:
    """The only problem, as (what is wrong, mend)."""
    (found,) = problems(path, **options)
    wrong, mend = found.split(" → ")
    return wrong, mend


@pytest.mark.parametrize(
    ("header", "wrong", "mend"),
    [
        ("filename,label", "there is no column 'image' (there are: filename, label)", "rename 'filename' to 'image'"),
        ("Image,label", "there is no column 'image'", "rename 'Image' to 'image'"),
        ("image,lable", "there is no column 'label'", "rename 'lable' to 'label', or choose another label column with"),
        ("image,zzz", "there is no column 'label' (there are: image, zzz)", "add a column 'label', or choose another"),
        ("image,label,view,view", "the column 'view' stands 2 times", "keep one of them"),
    ],
)
def test_columns_that_are_absent_or_twice(tmp_path: Path, header: str, wrong: str, mend: str) -> None:
    row = ",".join(["a.png", "covid", "PA", "AP"][: header.count(",") + 1])
    found = one(csv(tmp_path, f"{header}\n{row}\n", films=["a.png"]))
    assert found[0].startswith(wrong)
    assert found[1].startswith(mend)


def test_a_label_column_that_was_mistyped(tmp_path: Path) -> None:
    path = csv(tmp_path, "image,diagnosis\na.png,covid\n", films=["a.png"])
    assert (
        one(path, label_column="Diagnosys")[1] == "did you mean 'diagnosis'? name the label column with --label-column"
    )
    assert one(path, label_column="zzz")[1] == "name one of them with --label-column"


def test_an_empty_image_cell(tmp_path: Path) -> None:
    wrong, mend = one(csv(tmp_path, "image,label\na.png,covid\n  ,covid\n", films=["a.png"]))
    assert wrong == "row 3: the image cell is empty"
    assert mend == "name the film's file, or delete the row"


def test_the_same_image_twice(tmp_path: Path) -> None:
    wrong, mend = one(csv(tmp_path, "image,label\na.png,covid\n./a.png,covid\n", films=["a.png"]))
    assert wrong == "rows 2, 3: the same image a.png"
    assert mend == "keep one of the rows"


def test_the_same_image_with_different_labels(tmp_path: Path) -> None:
    wrong, mend = one(csv(tmp_path, "image,label\na.png,normal\nb.png,covid\na.png,covid\n", films=["a.png", "b.png"]))
    assert wrong == "rows 2, 4: the same image a.png has different labels (covid, normal)"
    assert mend == "keep the row that is right"


@pytest.mark.parametrize("path", ["/data/a.png", "C:\\films\\a.png", "C:/films/a.png", "\\\\server\\a.png", "~/a.png"])
def test_absolute_paths_are_refused_even_when_leaving_is_allowed(tmp_path: Path, path: str) -> None:
    wrong, mend = one(csv(tmp_path, f"image,label\n{path},covid\n"), allow_outside=True)
    assert wrong == f"row 2: the image path is absolute ({path})"
    assert mend == f"write it relative to the table's folder ({tmp_path})"


@pytest.mark.parametrize("path", ["../a.png", "sub/../../a.png", "..\\a.png"])
def test_paths_out_of_the_folder_are_refused_unless_allowed(tmp_path: Path, path: str) -> None:
    (tmp_path / "a.png").touch()
    inside = tmp_path / "tables"
    wrong, mend = one(csv(inside, f"image,label\n{path},covid\n", films=["sub/b.png"]))
    assert wrong == f"row 2: the image path leaves the table's folder ({path})"
    assert "--allow-outside" in mend
    if "\\" not in path:
        assert len(load_table(inside / "table.csv", allow_outside=True)) == 1


def test_missing_files_are_counted_and_the_first_twenty_named(tmp_path: Path) -> None:
    rows = "".join(f"{number}.png,covid\n" for number in range(25))
    found = problems(csv(tmp_path, f"image,label\n{rows}", films=["3.png"]))
    assert found[0] == (
        f"24 of 25 image files are missing → put the files under {tmp_path}, "
        "or move the table to the folder that its paths start from"
    )
    assert found[1] == "row 2: there is no file 0.png"
    assert found[4] == "row 6: there is no file 4.png"
    assert found[-1] == "… and 4 more missing files"
    assert len(found) == 22
    assert len(load_table(tmp_path / "table.csv", check_files=False)) == 25


def test_a_missing_mask_is_a_missing_file_and_an_empty_mask_cell_is_none(tmp_path: Path) -> None:
    text = "image,label,lung_mask,lesion_mask\na.png,covid,m/a.png,\nb.png,covid,,/m/b.png\n"
    found = problems(csv(tmp_path, text, films=["a.png", "b.png"]))
    assert found[0].startswith("1 of 1 lung_mask files are missing")
    assert found[1] == "row 2: there is no file m/a.png"
    assert found[2].startswith("row 3: the lesion_mask path is absolute")


def test_backslashes_get_their_own_mend(tmp_path: Path) -> None:
    found = problems(csv(tmp_path, "image,label\nimages\\a.png,covid\n", films=["images/a.png"]))
    assert "write / and not \\ between folders" in found[0]


def test_an_unknown_split(tmp_path: Path) -> None:
    text = "image,label,split\na.png,covid,train\nb.png,covid,validation\nc.png,covid,Test\nd.png,covid,\n"
    found = problems(csv(tmp_path, text), check_files=False)
    assert found == [
        "row 3: the split is 'validation'; allowed are train, val, test or an empty cell → write 'val'",
        "row 4: the split is 'Test'; allowed are train, val, test or an empty cell → write 'test'",
    ]


def test_a_patient_on_two_sides(tmp_path: Path) -> None:
    text = (
        "image,label,source,patient,split\n"
        "a.png,covid,x,1,train\nb.png,covid,x,1,test\nc.png,covid,y,1,val\nd.png,covid,x,1,train\ne.png,covid,x,,test\n"
    )
    wrong, mend = one(csv(tmp_path, text), check_files=False)
    assert wrong == ("a patient of source x stands on more than one side of the split: train (rows 2, 5), test (row 3)")
    assert mend.startswith("give all films of a patient one side")


def test_a_person_on_two_sides(tmp_path: Path) -> None:
    text = "image,label,source,patient,person,split\na.png,covid,x,1,one,train\nb.png,covid,y,1,one,test\n"
    wrong, _ = one(csv(tmp_path, text), check_files=False)
    assert wrong.startswith("a patient of source x and y stands on more than one side of the split: train (row 2)")


@pytest.mark.parametrize("age", ["old", "-1", "120.5", "nan", "inf", "045Y", "1_0", '"65,5"', "NA"])
def test_ages_that_are_none(tmp_path: Path, age: str) -> None:
    wrong, mend = one(csv(tmp_path, f"image,label,age\na.png,covid,65\nb.png,covid,{age}\n"), check_files=False)
    plain = age.strip('"')
    assert wrong == f"row 3: the age is {plain!r}; allowed are years from 0 to 120"
    assert mend == "write it in years, or leave the cell empty where it is unknown"


def test_a_table_without_rows_and_one_without_labels(tmp_path: Path) -> None:
    assert one(csv(tmp_path, "image,label\n")) == ("the table has no rows", "add one row an image")
    unlabelled = csv(tmp_path, "image,label\na.png,\nb.png, \n", films=["a.png", "b.png"])
    wrong, mend = one(unlabelled)
    assert wrong == "no row has a label (the columns are: image, label)"
    assert mend == "fill the column, or choose another with --label-column"
    assert len(load_table(unlabelled, required_labels=False)) == 2


def test_labels_are_not_asked_for_where_they_are_not_needed(tmp_path: Path) -> None:
    path = csv(tmp_path, "image\na.png\n", films=["a.png"])
    assert len(load_table(path, required_labels=False)) == 1


def test_everything_is_said_at_once(tmp_path: Path) -> None:
    text = (
        "image,view,view,split,age,patient\n"
        "/a.png,PA,PA,train,65,1\n../b.png,PA,PA,dev,650,1\nc.png,PA,PA,test,,1\nc.png,PA,PA,test,,2\n,PA,PA,,,\nd.png,PA\n"
    )
    found = problems(csv(tmp_path, text))
    for part in (
        "row 7: 2 cells",
        "'view' stands 2",
        "no column 'label'",
        "row 2: the image path is absolute",
        "row 3: the image path leaves",
        "row 4: there is no file c.png",
        "row 6: the image cell is empty",
        "rows 4, 5: the same image",
        "row 3: the split",
        "a patient stands on more than one side",
        "row 3: the age",
    ):
        assert sum(part in problem for problem in found) == 1, part


def test_a_message_shows_no_terminal_codes_and_no_endless_cells(tmp_path: Path) -> None:
    text = "image,label\n\x1b[2Ja.png,covid\n" + "x" * 5000 + ".png,covid\n"
    message = "\n".join(problems(csv(tmp_path, text)))
    assert "\x1b" not in message
    assert len(message) < 1000


@pytest.mark.parametrize(("path", "absolute", "leaves"), [
    ("a.png", False, False), ("a/../b.png", False, False), ("..a/b.png", False, False), ("a/../../b", False, True),
    ("..", False, True), ("/a", True, False), ("C:a.png", False, False), ("file:///a.png", True, False),
])  # fmt: skip
def test_where_a_path_goes(path: str, absolute: bool, leaves: bool) -> None:
    assert (is_absolute(path), leaves_folder(path)) == (absolute, leaves)


def test_shown_keeps_what_can_be_read() -> None:
    assert shown("Größe 7.png") == "Größe 7.png"
    assert shown("a\x07b") == "a�b"
