"""Manifests: what is packaged, what a file must be, and everything that a forged one tries."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcovid.datasets.manifest import PinnedFile, load_manifest, manifest_names, pin_folder
from deepcovid.errors import DeepCovidError, FetchError, UnknownNameError
from deepcovid.storage import git_blob_file, sha256_bytes

SNAPSHOT = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "covid-chestxray-2a99173"
GOOD = {"path": "images/a.png", "size": 3, "sha256": sha256_bytes(b"abc")}
FACTS = {"format": 1, "name": "mine", "version": "1", "address": "https://example.org/mine", "files": [GOOD]}


def written(folder: Path, **changes: object) -> Path:
    path = folder / "mine.json"
    path.write_text(json.dumps({**FACTS, **changes}))
    return path


def refused(folder: Path, **changes: object) -> str:
    with pytest.raises(FetchError, match="nothing was fetched") as caught:
        load_manifest(written(folder, **changes))
    return str(caught.value)


@pytest.mark.parametrize("name", manifest_names())
def test_packaged_manifests_can_be_used(name: str) -> None:
    manifest = load_manifest(name)
    assert manifest.name == name
    assert manifest.address.startswith("https://")
    assert manifest.licence
    assert all(file.is_pinned for file in manifest.files)
    assert not any(file.is_pinned for file in manifest.left_out)
    assert bool(manifest.why_left_out) == bool(manifest.left_out)


def test_covid_chestxray_is_pinned_to_its_commit() -> None:
    manifest = load_manifest("covid-chestxray")
    assert re.search(r"/2a99173[0-9a-f]{33}$", manifest.address)
    assert (len(manifest.files), len(manifest.left_out)) == (150, 4)
    assert "images/covid-19-pneumonia-14-PA.png" in {file.path for file in manifest.left_out}
    assert manifest.file("metadata.csv") is not None
    assert manifest.file("no such file") is None


@pytest.mark.films
@pytest.mark.skipif(not SNAPSHOT.is_dir(), reason="the real films are not beside the project")
def test_the_manifest_of_covid_chestxray_is_that_of_the_files() -> None:
    packaged = load_manifest("covid-chestxray")
    facts = {name: getattr(packaged, name) for name in ("name", "version", "title", "address", "licence")}
    assert pin_folder(SNAPSHOT, **facts).files == packaged.files


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "films" / "images").mkdir(parents=True)
    (tmp_path / "films" / "images" / "a.png").write_bytes(b"abc")
    (tmp_path / "films" / ".hidden").write_bytes(b"")
    pinned = pin_folder(tmp_path / "films", name="mine", version="1", title="", address="https://a/b", licence="")
    (tmp_path / "mine.json").write_text(json.dumps(pinned.to_dict()))
    again = load_manifest(tmp_path / "mine.json")
    assert again.files == pinned.files == (PinnedFile(**GOOD),)
    assert again.size == 3


def test_a_file_differs_by_size_digest_or_git_blob(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    blob = git_blob_file(tmp_path / "a")
    assert PinnedFile(path="a", size=3, sha256=sha256_bytes(b"abc"), git_blob=blob).difference(tmp_path / "a") == ""
    assert PinnedFile(path="a").difference(tmp_path / "a") == ""
    assert PinnedFile(path="a", size=4).difference(tmp_path / "a") == "has 3 bytes, not 4"
    assert "has SHA-256 ba7816bf" in PinnedFile(path="a", size=3, sha256="0" * 64).difference(tmp_path / "a")
    assert f"git blob id {blob[:12]}" in PinnedFile(path="a", size=3, git_blob="0" * 40).difference(tmp_path / "a")


@pytest.mark.parametrize(
    "path",
    [
        "../a.png", "images/../../a.png", "/etc/passwd", "C:/a.png", "C:a.png", "\\\\host\\a", "..\\a.png", "~/a.png", "a//b.png",
        "./a.png", "a/./b", "a/", "a\n.png", "a\u202e.png", "a .png/ ", "images/a.", ".fetched.json", ".lock", ".git/config",
        "a.png.part", "a?.png", "file:a",
    ],
)  # fmt: skip
def test_paths_that_leave_the_folder_or_hide_are_refused(tmp_path: Path, path: str) -> None:
    told = refused(tmp_path, files=[GOOD, {**GOOD, "path": path}])
    assert "files, entry 2: " in told
    assert "lies outside the folder" in told
    assert told.count("\n") == 1
    assert "lies outside" in refused(tmp_path, left_out=[{"path": path}])


@given(st.text(alphabet="ab./\\~:", max_size=12))
def test_no_accepted_path_leaves_the_folder(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    folder = tmp_path_factory.mktemp("manifest")
    try:
        load_manifest(written(folder, files=[{**GOOD, "path": path}]))
    except FetchError:
        return
    inside = (folder / path).resolve()
    assert inside.is_relative_to(folder.resolve())
    assert inside != folder.resolve()


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    wrong = [
        {**GOOD, "size": -1},
        {**GOOD, "sha256": "xyz"},
        {"path": "b", "size": 1},
        {**GOOD, "colour": 1},
        "c",
        {"path": "d"},
    ]
    told = refused(tmp_path, files=wrong, address="ftp://x", name="Mein Name", version="")
    for sentence in (
        "entry 1: 'images/a.png' has the size '-1'", "entry 2: 'images/a.png' has no sha256 of 64", "'b' has neither",
        "unknown key 'colour'", "entry 5: it is no object", "'d' has no size", "'ftp://x' is no http", "'Mein Name' is not",
        "version is absent",
    ):  # fmt: skip
        assert sentence in told


def test_names_that_clash_on_a_disk_are_refused(tmp_path: Path) -> None:
    assert "'a.png' stands 2 times" in refused(tmp_path, files=[{**GOOD, "path": p} for p in ("a.png", "A.png")])
    assert "'a' is a file and a folder" in refused(tmp_path, files=[{**GOOD, "path": p} for p in ("a", "a/b.png")])


@pytest.mark.parametrize(("content", "told"), [("[]", "no JSON object"), ('{"format": 2}', "reads format 1")])
def test_other_json_is_no_manifest(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "m.json").write_text(content)
    with pytest.raises(FetchError, match=told):
        load_manifest(tmp_path / "m.json")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"'chexpert' are not pinned here → choose one of: covid-chestxray"):
        load_manifest("chexpert")
    with pytest.raises(DeepCovidError, match="no such file"):
        load_manifest(tmp_path / "none.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(DeepCovidError, match="not JSON"):
        load_manifest(tmp_path / "broken.json")
