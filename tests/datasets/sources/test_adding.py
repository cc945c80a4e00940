"""The recipe of CONTRIBUTING, "Adding a data source", followed to the letter: one new file, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import deepcovid
from tests.datasets.sources.making import draw, write_rows

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = Path(deepcovid.__file__).parent


def example() -> str:
    """The file that CONTRIBUTING shows."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = next(found for found in re.findall(r"```python\n(.*?)```", text, re.S) if "my_collection" in found)
    return block[: block.index("# So far the file.")]


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package, and the new file in it."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(PACKAGE, site / "deepcovid", ignore=shutil.ignore_patterns("__pycache__"))
    (site / "deepcovid/datasets/sources/my_collection.py").write_text(example(), encoding="utf-8")
    return site


def run(site: Path, *words: object) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "deepcovid", *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=site)


def test_one_new_file_and_no_other_differs(site: Path) -> None:
    before, after = fingerprint(PACKAGE), fingerprint(site / "deepcovid")
    assert set(after) - set(before) == {"datasets/sources/my_collection.py"}
    assert all(after[name] == digest for name, digest in before.items() if name in after)


def test_the_commands_know_it(site: Path) -> None:
    listed = json.loads(run(site, "data", "list", "--json").stdout)
    assert "my-collection" in [source["name"] for source in listed]
    told = json.loads(run(site, "data", "info", "my-collection", "--json").stdout)
    assert told["expected"] == {"2021": {"images": 4, "patients": 4, "modality:CT": 1}}


def test_it_is_imported(site: Path, tmp_path: Path) -> None:
    header = ["filename", "finding", "modality", "patientid", "hospital", "age"]
    rows = [["a.png", "COVID-19", "X-ray", "1", "north", "61"], ["b.png", "No finding", "CR", "2", "", "006M"]]
    rows += [["c.png", "Gout", "X-ray", "3", "", ""], ["d.png", "COVID-19", "CT", "4", "", ""]]
    write_rows(tmp_path / "metadata.csv", header, rows, encoding="utf-8-sig")
    draw(tmp_path / "images", ["a.png", "b.png", "c.png", "d.png"])
    done = run(site, "data", "import", tmp_path, "--source", "my-collection", "--out", tmp_path / "table.csv")
    assert done.returncode == 0, done.stderr
    assert "the counts are those of My Collection, 2021" in done.stdout
    assert "1 CT images are no X-rays" in done.stdout
    assert "1 cells of finding say nothing that is known here: 'Gout' (1)" in done.stdout
    lines = (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1].startswith("images/a.png,covid,1,north,")
    assert len(lines) == 4


def test_its_damage_is_refused_with_rows(site: Path, tmp_path: Path) -> None:
    header = ["filename", "finding", "modality", "patientid"]
    write_rows(tmp_path / "metadata.csv", header, [["a.png", "COVID-19", "photo", "1"], ["", "x", "X-ray", "2"]])
    done = run(site, "data", "import", tmp_path, "--source", "my-collection", "--out", tmp_path / "table.csv")
    assert done.returncode == 2
    assert "row 2: the modality is 'photo'" in done.stderr
    assert "row 3: the filename cell is empty" in done.stderr
    assert not (tmp_path / "table.csv").exists()
