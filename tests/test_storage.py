from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcovid import storage
from deepcovid.errors import DeepCovidError, RunError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = storage.write_text(tmp_path / "a.txt", "old")

    def write_half() -> None:
        with storage.atomic_path(path) as part:
            part.write_text("new, half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_written_files_have_the_usual_permissions(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    assert storage.write_text(tmp_path / "a.txt", "x").stat().st_mode == plain.stat().st_mode


@given(JSON)
def test_canonical_hash_ignores_the_order_of_keys(value: object) -> None:
    turned = {"b": value, "a": 1}
    assert storage.sha256_json(turned) == storage.sha256_json({"a": 1, "b": value})


def test_sha256_agrees_with_hashlib(tmp_path: Path) -> None:
    data = os.urandom(300_000)
    path = storage.write_bytes(tmp_path / "x", data)
    assert storage.sha256_file(path) == storage.sha256_bytes(data) == hashlib.sha256(data).hexdigest()


def test_json_refuses_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        storage.write_json(tmp_path / "x.json", {"a": float("nan")})
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize(("text", "words"), [(None, "no such file"), ("{", "not JSON")])
def test_unreadable_json_names_the_file(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "x.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DeepCovidError, match=words) as caught:
        storage.read_json(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_tables_round_trip(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame({"image": ["a", "b"], "score": [0.25, 0.5]})
    path = storage.write_table(tmp_path / name, frame)
    read = pd.read_csv(path) if name.endswith("csv") else pd.read_parquet(path)
    pd.testing.assert_frame_equal(read, frame, check_dtype=False)


def test_a_table_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeepCovidError, match=r"\.csv or \.parquet"):
        storage.write_table(tmp_path / "t.xlsx", pd.DataFrame())


def test_tensors_round_trip_and_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    tensors = {"b": np.arange(6, dtype=np.float32).reshape(2, 3).T, "a": np.array([1, 2]), "scalar": np.array(3)}
    first = storage.write_tensors(tmp_path / "1.safetensors", tensors, metadata={"k": "v"})
    second = storage.write_tensors(tmp_path / "2.safetensors", tensors, metadata={"k": "v"})
    assert first.read_bytes() == second.read_bytes()
    assert load_file(first)["scalar"].shape == ()
    np.testing.assert_array_equal(load_file(first)["b"], tensors["b"])


def _hold(folder: str, ready: object) -> None:
    with storage.lock(Path(folder)):
        ready.set()  # type: ignore[attr-defined]
        time.sleep(60)


def test_a_held_folder_is_refused_with_pid_and_freed_by_a_kill(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold, args=(str(tmp_path), ready), daemon=True)
    process.start()
    assert ready.wait(30)
    with pytest.raises(RunError, match=f"PID {process.pid}") as caught, storage.lock(tmp_path):
        pass
    assert "choose another folder" in caught.value.mend
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    with storage.lock(tmp_path):
        assert json.loads((tmp_path / ".lock.json").read_text())["pid"] == os.getpid()


def test_blobs_are_kept_across_threads_pickles_and_openings(tmp_path: Path) -> None:
    blobs = storage.BlobStore(tmp_path / "b.sqlite")
    threads = [threading.Thread(target=lambda n=n: blobs.put({f"k{n}": bytes([n])})) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = pickle.loads(pickle.dumps(blobs))
    assert again.get("k3") == b"\x03"
    assert again.get("nothing") is None
    assert again.missing(["k1", "x", "k2", "x"]) == ["x"]


def test_a_blob_keeps_its_first_value(tmp_path: Path) -> None:
    blobs = storage.BlobStore(tmp_path / "b.sqlite")
    blobs.put({"k": b"1"})
    blobs.put({"k": b"2", "l": b"3"})
    assert (blobs.get("k"), blobs.get("l")) == (b"1", b"3")


def test_blobs_survive_a_kill(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from deepcovid.storage import BlobStore; b = BlobStore(sys.argv[1]);"
        "[b.put({str(n): b'x' * 1000}) for n in range(50)]; os.kill(os.getpid(), signal.SIGKILL)"
    )
    path = tmp_path / "b.sqlite"
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert storage.BlobStore(path).missing(map(str, range(51))) == ["50"]


@pytest.mark.parametrize(
    ("pragma", "problem", "mend"),
    [
        ("max_page_count=3", "the disk is full", "free space"),
        ("query_only=1", "cannot be opened or written", "check the permissions"),
    ],
)
def test_a_store_that_cannot_be_written_is_not_called_damaged(
    tmp_path: Path, pragma: str, problem: str, mend: str
) -> None:
    blobs = storage.BlobStore(tmp_path / "b.sqlite")
    blobs._connection().execute(f"PRAGMA {pragma}")
    with pytest.raises(DeepCovidError, match=problem) as error:
        blobs.put({"k": b"x" * 100_000})
    assert mend in error.value.mend
    assert "delete" not in error.value.mend
    assert storage.BlobStore(tmp_path / "b.sqlite").get("k") is None


def test_a_store_that_is_held_or_damaged_or_has_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DeepCovidError, match="folder of the store cannot be made"):
        storage.BlobStore(tmp_path / "file" / "b.sqlite")
    (tmp_path / "c.sqlite").write_text("no database " * 100)
    with pytest.raises(DeepCovidError, match="damaged"):
        storage.BlobStore(tmp_path / "c.sqlite")
    blobs = storage.BlobStore(tmp_path / "b.sqlite")
    blobs._connection().execute("PRAGMA busy_timeout=10")
    other = sqlite3.connect(tmp_path / "b.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DeepCovidError, match="another process"):
        blobs.put({"k": b"1"})
    other.close()


def test_the_cache_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DEEPCOVID_CACHE", str(tmp_path))
    assert storage.cache_dir() == tmp_path
    monkeypatch.delenv("DEEPCOVID_CACHE")
    assert storage.cache_dir().name == "deepcovid"


@pytest.mark.parametrize(
    ("content", "blob"),
    [(b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"), (b"hello\n", "ce013625030ba8dba906f756967f9e9ca394464a")],
)
def test_git_blob_ids_are_those_of_git_hash_object(tmp_path: Path, content: bytes, blob: str) -> None:
    (tmp_path / "file").write_bytes(content)
    assert storage.git_blob_file(tmp_path / "file") == blob


@pytest.mark.parametrize("cell", ["=1+1", "+x", "-x", "@SUM(A1)", "'=x", "''@x", "=", "＝1", "- no effusion"])
def test_a_formula_is_guarded_and_comes_back(cell: str) -> None:
    assert storage.is_formula(cell.lstrip("'"))
    safe = storage.guarded(cell)
    assert isinstance(safe, str)
    assert safe == f"'{cell}"
    assert storage.plain(safe) == cell


@pytest.mark.parametrize("cell", ["-5", "+3.2", "-1e-9", "1=1", "'quoted'", "a@b.c", "", "'", None, 7, -7.5])
def test_numbers_and_other_cells_are_left_alone(cell: object) -> None:
    assert not storage.is_formula(cell)
    assert storage.guarded(cell) == cell
    if isinstance(cell, str):
        assert storage.plain(cell) == cell


def test_csv_that_we_write_runs_nothing(tmp_path: Path) -> None:
    frame = pd.DataFrame({"=name": ["=cmd|' /C calc'!A0", "plain"], "n": [-1.5, 2.0], "mixed": [None, "@x"]})
    storage.write_table(tmp_path / "t.csv", frame)
    assert (tmp_path / "t.csv").read_text().splitlines() == [
        "'=name,n,mixed",
        "'=cmd|' /C calc'!A0,-1.5,",
        "plain,2.0,'@x",
    ]
    storage.write_table(tmp_path / "t.parquet", frame)
    assert pd.read_parquet(tmp_path / "t.parquet")["=name"][0] == "=cmd|' /C calc'!A0"


@pytest.mark.parametrize(
    ("text", "words"),
    [("[" * 10_000, "nested too deeply"), ("9" * 6_000, "4300 digits"), ("{", "not JSON"), ("\udcff", "not JSON")],
)
def test_json_that_is_none_is_told(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DeepCovidError, match=words) as caught:
        storage.read_json(path)
    assert caught.value.path == path


def test_json_in_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(DeepCovidError, match="no ordinary file"):
        storage.read_json(tmp_path / "pipe.json")
