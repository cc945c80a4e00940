"""Collections over good and bad connections, from copies and mirrors, once and again."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
import time
from pathlib import Path

import pytest

from deepcovid.datasets.fetching import fetch_collection
from deepcovid.datasets.manifest import RECORD, Manifest, PinnedFile
from deepcovid.errors import FetchError, RunError
from deepcovid.storage import git_blob_file, lock, sha256_bytes
from tests.web import WebServer

CONTENT = {f"images/film {number}@2x.png": bytes([number]) * (1000 + number) for number in range(12)}
CONTENT["metadata.csv"] = b"filename\n"


@pytest.fixture
def manifest(web: WebServer) -> Manifest:
    """A collection of thirteen files on the local server."""
    from urllib.parse import quote

    web.files |= {f"/base/{quote(path)}": data for path, data in CONTENT.items()}
    files = tuple(
        PinnedFile(path=path, size=len(data), sha256=sha256_bytes(data)) for path, data in sorted(CONTENT.items())
    )
    return Manifest(name="mine", version="1", title="", address=f"{web.url}/base/", licence="", files=files)


def there(folder: Path) -> dict[str, bytes]:
    """What lies in the folder, but for the record and the lock."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {RECORD, ".lock"}
    }


def copy(folder: Path, content: dict[str, bytes] = CONTENT) -> Path:
    for path, data in content.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def test_everything_comes_and_a_second_call_asks_for_nothing(
    manifest: Manifest, web: WebServer, tmp_path: Path
) -> None:
    done = fetch_collection(manifest, folder=tmp_path / "to", workers=3)
    assert there(tmp_path / "to") == CONTENT
    assert (len(done.fetched), done.kept, done.failed) == (13, (), ())
    asked = len(web.asked)
    assert asked == 13
    again = fetch_collection(manifest, folder=tmp_path / "to")
    assert (again.fetched, len(again.kept), again.failed) == ((), 13, ())
    assert len(web.asked) == asked


def test_the_result_can_be_told_as_json(manifest: Manifest, tmp_path: Path) -> None:
    told = json.loads(json.dumps(fetch_collection(manifest, folder=tmp_path).to_dict()))
    assert (told["files"], told["fetched"], told["failed"]) == (13, 13, [])
    assert told["bytes"] == sum(map(len, CONTENT.values()))


def test_a_file_that_fails_stops_no_other(manifest: Manifest, web: WebServer, tmp_path: Path) -> None:
    del web.files["/base/images/film%203%402x.png"]
    web.files["/base/images/film%204%402x.png"] = bytes([4]) * 1003 + b"!"
    web.files["/base/images/film%205%402x.png"] = b"short"
    web.resets.add("/base/images/film%206%402x.png")
    done = fetch_collection(manifest, folder=tmp_path)
    told = {failure.path: failure for failure in done.failed}
    assert set(told) == {f"images/film {n}@2x.png" for n in (3, 4, 5, 6)}
    assert "404 Not Found" in told["images/film 3@2x.png"].problem
    assert "came with SHA-256" in told["images/film 4@2x.png"].problem
    assert "came with 5 bytes, not 1,005" in told["images/film 5@2x.png"].problem
    assert "kept and continued next time" in told["images/film 6@2x.png"].problem
    assert all("--from DIR_OR_URL" in failure.mend for failure in done.failed)
    assert len(done.fetched) == 9
    left = set(there(tmp_path)) - set(CONTENT)
    assert left == {"images/film 6@2x.png.part"}


def test_the_next_call_brings_what_is_missing_from_where_it_stopped(
    manifest: Manifest, web: WebServer, tmp_path: Path
) -> None:
    web.resets.add("/base/images/film%206%402x.png")
    assert fetch_collection(manifest, folder=tmp_path).failed
    web.resets.clear()
    web.ranges.clear()
    done = fetch_collection(manifest, folder=tmp_path)
    assert done.fetched == ("images/film 6@2x.png",)
    (offset,) = web.ranges
    assert offset is not None
    assert int(offset.removeprefix("bytes=").removesuffix("-")) > 500
    assert there(tmp_path) == CONTENT


def test_redirections_are_followed_and_busy_servers_asked_again(
    manifest: Manifest, web: WebServer, tmp_path: Path
) -> None:
    web.files["/other/metadata.csv"] = web.files.pop("/base/metadata.csv")
    web.redirects["/base/metadata.csv"] = "/other/metadata.csv"
    web.refusals["/base/images/film%200%402x.png"] = [503, 502]
    assert not fetch_collection(manifest, folder=tmp_path).failed
    assert there(tmp_path) == CONTENT


def test_a_server_that_is_not_there_is_not_asked_for_every_file(
    manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepcovid.datasets.download.PAUSE", 0.0)
    gone = dataclasses.replace(manifest, address="http://127.0.0.1:9/base")
    done = fetch_collection(gone, folder=tmp_path, workers=1)
    problems = [failure.problem for failure in done.failed]
    assert len(problems) == 13
    assert sum("could not be fetched" in problem for problem in problems) == 8
    assert sum("not tried, since the server did not answer for 8 others" in problem for problem in problems) == 5


def test_connections_that_are_reset_stop_no_other_file(manifest: Manifest, web: WebServer, tmp_path: Path) -> None:
    first = [f"/base/images/film%20{n}%402x.png" for n in (0, 1, 10, 11, 2, 3, 4, 5, 6)]
    for path in first:
        web.files[path] = b""
    web.resets |= set(first)
    done = fetch_collection(manifest, folder=tmp_path, workers=1)
    assert (len(done.failed), len(done.fetched)) == (9, 4)


def test_a_copy_or_a_mirror_serves_as_well(manifest: Manifest, web: WebServer, tmp_path: Path) -> None:
    web.files |= {key.replace("/base", "/mirror"): data for key, data in web.files.items()}
    assert not fetch_collection(manifest, folder=tmp_path / "a", origin=f"{web.url}/mirror").failed
    assert all(path.startswith("/mirror/") for path in web.asked)
    asked = len(web.asked)
    source = copy(tmp_path / "source")
    for number, origin in enumerate((source, str(source), source.as_uri())):
        folder = tmp_path / f"b{number}"
        assert len(fetch_collection(manifest, folder=folder, origin=origin).fetched) == 13
        assert there(folder) == CONTENT
    assert len(web.asked) == asked


def test_a_copy_that_is_not_the_collection_is_told_file_by_file(manifest: Manifest, tmp_path: Path) -> None:
    changed = {**CONTENT, "images/film 2@2x.png": b"\0" * 1002, "metadata.csv": b"other"}
    del changed["images/film 1@2x.png"]
    done = fetch_collection(manifest, folder=tmp_path / "to", origin=copy(tmp_path / "from", changed))
    problems = {failure.path: failure.problem for failure in done.failed}
    assert problems["images/film 1@2x.png"] == "the copy has no such file"
    assert "has SHA-256" in problems["images/film 2@2x.png"]
    assert "has 5 bytes, not 9" in problems["metadata.csv"]
    assert len(there(tmp_path / "to")) == 10


@pytest.mark.parametrize("origin", ["nowhere", "ftp://host/x"])
def test_an_origin_that_is_none_is_refused(manifest: Manifest, tmp_path: Path, origin: str) -> None:
    with pytest.raises(FetchError, match=r"no folder and no http or https address → give the folder of a copy of mine"):
        fetch_collection(manifest, folder=tmp_path / "to", origin=origin)
    assert not (tmp_path / "to").exists()
    with pytest.raises(FetchError, match="onto themselves"):
        fetch_collection(manifest, folder=tmp_path, origin=tmp_path)


def test_another_file_in_the_place_is_not_replaced_unless_told(manifest: Manifest, tmp_path: Path) -> None:
    copy(tmp_path, {"metadata.csv": b"my own work"})
    (tmp_path / "images" / "film 0@2x.png").mkdir(parents=True)
    done = fetch_collection(manifest, folder=tmp_path)
    told = {failure.path: failure for failure in done.failed}
    assert "another file stands in its place: it has 11 bytes, not 9" in told["metadata.csv"].problem
    assert "--overwrite" in told["metadata.csv"].mend
    assert "a folder stands in its place" in told["images/film 0@2x.png"].problem
    assert there(tmp_path)["metadata.csv"] == b"my own work"
    (tmp_path / "images" / "film 0@2x.png").rmdir()
    again = fetch_collection(manifest, folder=tmp_path, overwrite=True)
    assert again.replaced == ("metadata.csv",)
    assert there(tmp_path) == CONTENT


def test_a_file_that_changed_since_is_brought_anew_and_its_change_kept(manifest: Manifest, tmp_path: Path) -> None:
    fetch_collection(manifest, folder=tmp_path)
    (tmp_path / "metadata.csv").write_bytes(b"changed by a person")
    done = fetch_collection(manifest, folder=tmp_path)
    assert (done.replaced, len(done.kept)) == (("metadata.csv",), 12)
    assert there(tmp_path) == CONTENT | {"metadata.csv.changed": b"changed by a person"}


def test_a_changed_file_comes_back_when_nothing_better_can_be_had(
    manifest: Manifest, web: WebServer, tmp_path: Path
) -> None:
    fetch_collection(manifest, folder=tmp_path)
    (tmp_path / "metadata.csv").write_bytes(b"changed by a person")
    del web.files["/base/metadata.csv"]
    assert [failure.path for failure in fetch_collection(manifest, folder=tmp_path).failed] == ["metadata.csv"]
    assert there(tmp_path)["metadata.csv"] == b"changed by a person"


def test_a_change_that_keeps_size_and_time_is_seen_by_a_deep_look(manifest: Manifest, tmp_path: Path) -> None:
    fetch_collection(manifest, folder=tmp_path)
    file = tmp_path / "metadata.csv"
    state = file.stat()
    file.write_bytes(b"filenamE\n")
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert len(fetch_collection(manifest, folder=tmp_path).kept) == 13
    assert fetch_collection(manifest, folder=tmp_path, verify=True).replaced == ("metadata.csv",)


@pytest.mark.parametrize(
    "record", ["", "[]", '{"files": 3}', '{"files": {"metadata.csv": 1}}', '{"files": {"metadata.csv": [9, [], {}]}}']
)
def test_a_damaged_record_costs_a_look_at_every_file(manifest: Manifest, tmp_path: Path, record: str) -> None:
    fetch_collection(manifest, folder=tmp_path)
    (tmp_path / RECORD).write_text(record)
    assert len(fetch_collection(manifest, folder=tmp_path).kept) == 13


def test_git_blob_ids_verify_as_well(manifest: Manifest, web: WebServer, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(CONTENT["metadata.csv"])
    blob = git_blob_file(tmp_path / "x")
    file = PinnedFile(path="metadata.csv", size=9, git_blob=blob)
    small = dataclasses.replace(manifest, files=(file,))
    assert not fetch_collection(small, folder=tmp_path / "a").failed
    web.files["/base/metadata.csv"] = b"filenamE\n"
    (failure,) = fetch_collection(small, folder=tmp_path / "b").failed
    assert "the git blob id" in failure.problem
    assert len(fetch_collection(small, folder=tmp_path / "a").kept) == 1


def test_files_that_are_not_pinned_come_only_when_asked_for(manifest: Manifest, tmp_path: Path) -> None:
    *files, last = manifest.files
    loose = dataclasses.replace(
        manifest, files=tuple(files), left_out=(PinnedFile(path=last.path),), why_left_out="Too large."
    )
    done = fetch_collection(loose, folder=tmp_path)
    assert (len(done.fetched), done.absent, done.unpinned) == (12, ("metadata.csv",), {})
    more = fetch_collection(loose, folder=tmp_path, unpinned=True)
    assert more.unpinned == {"metadata.csv": sha256_bytes(CONTENT["metadata.csv"])}
    assert (len(more.kept), more.fetched, more.absent) == (12, (), ())


def test_two_at_once_are_refused(manifest: Manifest, tmp_path: Path) -> None:
    with lock(tmp_path), pytest.raises(RunError, match="is writing here"):
        fetch_collection(manifest, folder=tmp_path)


def test_the_keyboard_stops_it_and_what_came_is_recorded(manifest: Manifest, web: WebServer, tmp_path: Path) -> None:
    class Impatient:
        def say(self, sentence: str) -> None: ...

        def warn(self, sentence: str) -> None: ...

        def track(self, things, *, description, total=None):
            assert total == 13
            yield next(iter(things))
            raise KeyboardInterrupt

    for path in list(web.files)[3:]:
        web.drips[path] = 0.01
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        fetch_collection(manifest, folder=tmp_path, workers=2, progress=Impatient())
    assert time.monotonic() - start < 5
    assert len(json.loads((tmp_path / RECORD).read_text())["files"]) >= 1
    web.drips.clear()
    assert not fetch_collection(manifest, folder=tmp_path).failed
    assert there(tmp_path) == CONTENT
    assert threading.active_count() < 50
