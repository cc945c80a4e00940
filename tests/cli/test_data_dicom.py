from __future__ import annotations

import json
import stat
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset

from deepcovid.cli import main
from deepcovid.datasets.table import load_table
from deepcovid.imaging.readers import read_radiograph
from tests.datasets.dicom_making import film, header

# A name, a number and days that stand nowhere else; every form in which an output could show them.
PLANTED = ("zqxvanessa", "zqxkrull", "zq47118", "1950-02-03", "19500203", "03.02.1950", "1.2.40.999471100")
SKIPPED = {"PixelData", "SpecificCharacterSet", "PhotometricInterpretation", "Modality", "TimezoneOffsetFromUTC"}
NUMBERS = {"SH", "LO", "ST", "LT", "UT", "UC"}


@pytest.fixture(autouse=True)
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "private" / "ids.key"
    monkeypatch.setenv("DEEPCOVID_KEY_FILE", str(path))
    return path


class Told(NamedTuple):
    """How a command ended, and all that it said."""

    code: int
    output: str


Run = Callable[..., Told]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process."""

    def command(*arguments: object) -> Told:
        monkeypatch.setattr(sys, "argv", ["deepcovid", "data", "import-dicom", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        code = int(stop.value.code or 0)
        assert code in (0, 1, 2), said.err
        return Told(code, said.out + said.err)

    return command


def planted(path: Path, *, modality: str = "DX", cut: int = 0) -> Path:
    """A film with a name, a number or a day in every text element that the Standard has, in sequences and private ones."""
    dataset = header(Modality=modality, SOPInstanceUID="1.2.40.999471100.1", StudyInstanceUID="1.2.40.999471100.2")
    for tag, (kind, *_, keyword) in DicomDictionary.items():
        if keyword and keyword not in SKIPPED and tag >> 16 not in (0, 2, 4, 0xFFFE) and tag >> 16 < 0x5000:
            _plant(dataset, tag, kind)
    item = header()
    _plant(item, 0x00100010, "PN")
    dataset.ViewCodeSequence, dataset.VOILUTSequence = [item], None
    block = dataset.private_block(0x0099, "ZQXKRULL", create=True)
    block.add_new(1, "LO", "Zqxvanessa Zqxkrull")
    pixels = np.arange(256, dtype=np.uint16).reshape(16, 16)
    dataset.Rows, dataset.Columns, dataset.PixelData = 16, 16, pixels.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    if cut:
        path.write_bytes(path.read_bytes()[:-cut])
    return path


def _plant(dataset: Dataset, tag: int, kind: str) -> None:
    values = {"PN": "Zqxkrull^Zqxvanessa", "DA": "19500203", "CS": "ZQXVANESSA", "AE": "ZQXVANESSA", "DT": "19500203"}
    if kind in NUMBERS:
        dataset.add_new(tag, kind, "Zqxvanessa ZQ47118")
    elif kind in values:
        dataset.add_new(tag, kind, values[kind])


@pytest.mark.filterwarnings("ignore")  # pydicom warns of what this test writes
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--copy-to", "{}/png"),
        ("--dates", "shifted"),
        ("--label", "covid", "--source", "north", "--modality", "OT"),
    ],
)
def test_no_planted_name_in_any_output(
    run: Run, options: tuple[str, ...], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    planted(tmp_path / "in" / "1.dcm")
    planted(tmp_path / "in" / "cut.dcm", cut=300)
    planted(tmp_path / "in" / "ot.dcm", modality="OT")
    planted(tmp_path / "in" / "odd.dcm", modality="ZQXKRULL")
    given = [option.format(tmp_path) for option in options]
    code, output = run(tmp_path / "in", "--out", tmp_path / "table.csv", "--json", tmp_path / "s.json", *given)
    assert code in (0, 1), output
    written = [path for path in tmp_path.rglob("*") if path.is_file() and "in" not in path.relative_to(tmp_path).parts]
    assert len(written) >= 3
    told = {
        "output": output,
        "log": caplog.text,
        **{path.name: path.read_bytes().decode("latin-1") for path in written},
    }
    for place, text in told.items():
        for secret in PLANTED:
            assert secret not in text.lower(), f"{secret} in {place}"
    frame = pd.read_csv(tmp_path / "table.csv")
    assert len(frame) >= 1
    assert frame["patient"].notna().all()


@pytest.mark.filterwarnings("ignore")
def test_no_planted_name_in_refusals(run: Run, tmp_path: Path):
    planted(tmp_path / "in" / "Zqxkrull, Vanessa" / "1.dcm")
    (tmp_path / "in" / "Zqxkrull, Vanessa" / "2.dcm").write_bytes(bytes(128) + b"DICM\x02\x00\x00\x00rubbish")
    code, output = run(tmp_path / "in", "--out", tmp_path / "table.csv")
    assert code == 2
    assert "a name in 1 of 1 paths" in output
    assert "zqxkrull" not in output.lower()
    assert not (tmp_path / "table.csv").exists()
    code, output = run(tmp_path / "in", "--out", tmp_path / "table.csv", "--copy-to", tmp_path / "png")
    assert "zqxkrull" not in output.lower()
    assert "zqxkrull" not in (tmp_path / "table.csv").read_text().lower()


def test_a_table_and_what_is_said(run: Run, tmp_path: Path, key: Path):
    film(tmp_path / "in" / "1.dcm")
    film(tmp_path / "in" / "2.dcm", Modality="CT")
    code, output = run(tmp_path / "in", "--out", tmp_path / "table.csv", "--json", tmp_path / "s.json")
    assert code == 0
    assert "1 film of 1 patient" in output
    assert "1 CT images left out" in output
    assert f"key of the patient ids: {key} (made now" in output.replace("\n", "")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_text().strip() not in output + (tmp_path / "s.json").read_text()
    told = json.loads((tmp_path / "s.json").read_text())
    assert (told["films"], told["patients"], told["views"]) == (1, 1, {"PA": 1})
    assert told["left_out"] == {"CT images": 1}
    first = (tmp_path / "table.csv").read_text()
    code, output = run(tmp_path / "in", "--out", tmp_path / "table.csv")
    assert "ids agree with other tables" in output
    assert (tmp_path / "table.csv").read_text() == first


def test_failures_are_the_exit_code(run: Run, tmp_path: Path):
    film(tmp_path / "in" / "1.dcm")
    short = film(tmp_path / "in" / "2.dcm")
    short.write_bytes(short.read_bytes()[:-60])
    code, output = run(tmp_path / "in", "--out", tmp_path / "table.csv", "--copy-to", tmp_path / "png")
    assert code == 1
    assert "1 file could not be read:" in output
    assert "2.dcm: this DICOM file is cut off" in output


def test_the_key_stays_away_from_films_and_table(run: Run, tmp_path: Path):
    film(tmp_path / "in" / "1.dcm")
    for place in (tmp_path / "ids.key", tmp_path / "in" / "keys" / "ids.key"):
        code, output = run(tmp_path / "in", "--out", tmp_path / "table.csv", "--key", place)
        assert code == 2
        assert "the key would lie with the films or the table" in output
        assert not place.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--out", "{}/in/deep/table.csv"), "outside the table's folder"),
        (("--out", "{}/table.csv", "--modality", "JANE"), "there is no modality"),
        (("--out", "{}/table.csv", "--label", "a", "--labels", "b.csv"), "both given"),
        (("--out", "{}/table.csv", "--labels", "{}/gone.csv"), "no such file"),
    ],
)
def test_wrong_requests_write_nothing(run: Run, options: tuple[str, ...], words: str, tmp_path: Path, key: Path):
    film(tmp_path / "in" / "1.dcm")
    code, output = run(tmp_path / "in", *(option.format(tmp_path) for option in options))
    assert code == 2
    assert words in output
    assert not key.exists()
    assert not list(tmp_path.rglob("table.csv"))


def test_identifiers_are_shouted_about(run: Run, tmp_path: Path):
    film(tmp_path / "in" / "Doe" / "1.dcm")
    code, output = run(tmp_path / "in", "--out", tmp_path / "table.csv", "--keep-identifiers")
    assert code == 0
    assert "THIS TABLE NAMES PATIENTS" in output
    assert pd.read_csv(tmp_path / "table.csv")["patient_name"].tolist() == ["Doe^Jane"]


@pytest.mark.filterwarnings("ignore")
def test_no_planted_name_in_what_is_told_of_a_film(tmp_path: Path):
    told = str(read_radiograph(planted(tmp_path / "1.dcm")).origin).lower()
    assert not any(secret in told for secret in PLANTED)


def test_the_name_of_the_folder_itself_counts(run: Run, tmp_path: Path):
    film(tmp_path / "Doe_Jane" / "1.dcm")
    code, output = run(tmp_path / "Doe_Jane", "--out", tmp_path / "table.csv")
    assert code == 2
    assert "a name in 1 of 1 paths" in output
    code, _ = run(tmp_path / "Doe_Jane", "--out", tmp_path / "Doe_Jane" / "table.csv")
    assert code == 0  # the folder does not stand in this table
    assert "Doe" not in (tmp_path / "Doe_Jane" / "table.csv").read_text()


def test_the_films_of_a_zip_are_copied_beside_the_table(run: Run, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as packed:
        packed.write(film(tmp_path / "in" / "1.dcm"), "Doe/1.dcm")
    code, output = run(tmp_path / "study.zip", "--out", tmp_path / "new" / "table.csv")
    assert code == 0
    assert "table-films" in output
    (image,) = load_table(tmp_path / "new" / "table.csv", required_labels=False).frame["image"]
    assert image.startswith("table-films/")
    assert read_radiograph(tmp_path / "new" / image).shape == (8, 8)
    assert "doe" not in (output + (tmp_path / "new" / "table.csv").read_text()).lower()


def test_a_key_elsewhere_below_the_folder_of_an_archive_is_no_matter(run: Run, tmp_path: Path, key: Path):
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as packed:
        packed.write(film(tmp_path / "in" / "1.dcm"), "1.dcm")
    assert tmp_path in key.parents
    assert run(tmp_path / "study.zip", "--out", tmp_path / "new" / "table.csv").code == 0
