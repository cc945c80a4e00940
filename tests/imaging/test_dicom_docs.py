"""docs/dicom.md against what the code does: transfer syntaxes, facts of a film, columns of an import."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from deepcovid.datasets.dicom_folder import Request, import_dicom
from deepcovid.datasets.dicom_labels import KEYS
from deepcovid.datasets.dicom_rows import Wanted
from deepcovid.datasets.pseudonyms import Key
from deepcovid.imaging.dicom_pixels import syntaxes
from deepcovid.imaging.readers import read_radiograph
from tests.datasets.dicom_making import film

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "dicom.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table behind a heading."""
    part = PAGE[PAGE.index(f"{heading}\n") + len(heading) :].split("\n#")[0]
    lines = [line for line in part.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in lines]


def test_transfer_syntaxes():
    known = {syntax.uid: syntax for syntax in syntaxes()}
    told = rows("### Transfer syntaxes")
    assert {uid for uid, _, _ in told} == {uid for uid, syntax in known.items() if syntax.decoders}
    for uid, name, decoders in told:
        assert name == known[uid].name
        assert set(decoders.split(", ")) <= set(known[uid].decoders)  # more may be installed


def test_facts_of_a_film(dicom: Callable[..., Path]):
    told = {name for name, _ in rows("### What is told of a film")}
    facts = set(read_radiograph(dicom(np.zeros((8, 8), np.uint16))).origin)
    assert told == facts - {"path", "format", "bit_depth", "sha256"}


def test_columns_of_an_import(tmp_path: Path):
    film(tmp_path / "1.dcm")
    key = Key(bytes(32), Path("none"), made=False)
    table = import_dicom(tmp_path, key=key, request=Request(source="north")).table
    assert [name for name, _ in rows("### Columns")] == table.frame.columns.tolist()
    more = import_dicom(tmp_path, key=key, request=Request(source="north", wanted=Wanted(identifiers=True))).table
    added = re.search(r"adds the columns (.*?), and says so", PAGE)
    assert added is not None
    assert set(re.findall(r"`(\w+)`", added[1])) == set(more.frame.columns) - set(table.frame.columns)
    named = re.search(r"column `label` and one of (.*?) \(the most", PAGE)
    assert named is not None
    assert re.findall(r"`(\w+)`", named[1]) == list(KEYS)
