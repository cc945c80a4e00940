"""Files over connections that break, servers that refuse, and bytes that are wrong."""

from __future__ import annotations

import hashlib
import threading

import pytest

from deepcovid.datasets.download import download, is_web_address
from deepcovid.errors import FetchError

DATA = bytes(range(256)) * 20_000  # 5.1 MB
DIGEST = hashlib.sha256(DATA).hexdigest()


class Bar:
    """Counts what a progress bar is shown."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.totals: list[int | None] = []

    def say(self, sentence: str) -> None: ...

    def warn(self, sentence: str) -> None: ...

    def track(self, things, *, description, total=None):
        self.totals.append(total)
        self.steps.append(0)
        for thing in things:
            self.steps[-1] += 1
            yield thing


def fetched(web, tmp_path, *, sha256=DIGEST[:8], name="file.pth", timeout=5, **others):
    target = tmp_path / name
    digest = download(f"{web.url}/{name}", target=target, sha256=sha256, mend="do this", timeout=timeout, **others)
    assert hashlib.sha256(target.read_bytes()).hexdigest() == digest
    assert not target.with_name(f"{name}.part").exists()
    return digest


def test_a_whole_file_arrives_with_its_digest_and_a_bar(web, tmp_path):
    web.files["/file.pth"] = DATA
    bar = Bar()
    assert fetched(web, tmp_path, progress=bar) == DIGEST
    assert (bar.totals, bar.steps) == ([5], [5])  # MiB


def test_broken_connections_are_continued_where_they_broke(web, tmp_path):
    web.files["/file.pth"] = DATA
    web.cuts = [2_000_000, 1_500_000]
    fetched(web, tmp_path)
    assert web.ranges == [None, "bytes=2000000-", "bytes=3500000-"]


def test_the_next_run_continues_what_an_earlier_one_left(web, tmp_path):
    web.files["/file.pth"] = DATA
    (tmp_path / "file.pth.part").write_bytes(DATA[:1_234_567])
    fetched(web, tmp_path)
    assert web.ranges == ["bytes=1234567-"]


def test_a_file_that_was_whole_already_is_not_sent_again(web, tmp_path):
    web.files["/file.pth"] = DATA
    (tmp_path / "file.pth.part").write_bytes(DATA)
    fetched(web, tmp_path)
    assert web.ranges == [f"bytes={len(DATA)}-"]


@pytest.mark.parametrize("left", [b"x" * 1000, DATA + b"more"])
def test_the_rest_of_another_file_is_thrown_away_and_fetched_anew(web, tmp_path, left):
    web.files["/file.pth"] = DATA
    (tmp_path / "file.pth.part").write_bytes(left)
    fetched(web, tmp_path)


def test_a_server_without_ranges_sends_all_again(web, tmp_path):
    web.files["/file.pth"], web.knows_ranges = DATA, False
    (tmp_path / "file.pth.part").write_bytes(DATA[:1000])
    fetched(web, tmp_path)


def test_a_server_that_never_comes_forward_is_given_up_and_the_rest_kept(web, tmp_path):
    web.files["/file.pth"] = DATA
    web.cuts = [3_000_000, 0, 0, 0, 0]
    with pytest.raises(
        FetchError, match=r"broke after .* 3\.0 MB are kept and continued next time → do this"
    ) as caught:
        fetched(web, tmp_path)
    assert not caught.value.unreachable
    assert len(web.ranges) == 3
    assert (tmp_path / "file.pth.part").stat().st_size == 3_000_000


def test_wrong_bytes_are_refused_and_leave_nothing(web, tmp_path):
    web.files["/file.pth"] = DATA[:-1] + b"!"
    with pytest.raises(FetchError, match=rf"came with SHA-256 [0-9a-f]{{64}}, not {DIGEST[:8]}….* → do this"):
        fetched(web, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_refusing_server_is_asked_once(web, tmp_path):
    with pytest.raises(FetchError, match=r"the server answers 404 Not Found\) → do this") as caught:
        fetched(web, tmp_path)
    assert web.ranges == [None]
    assert not caught.value.unreachable


def test_a_busy_server_is_asked_again(web, tmp_path):
    web.files["/file.pth"] = DATA
    web.refusals["/file.pth"] = [503, 429]
    fetched(web, tmp_path)
    assert len(web.ranges) == 3


def test_no_server_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr("deepcovid.datasets.download.PAUSE", 0.0)
    with pytest.raises(FetchError, match=r"could not be fetched \(.*refused.*\) → do this") as caught:
        download("http://127.0.0.1:9/file.pth", target=tmp_path / "f", sha256="", mend="do this", timeout=5)
    assert caught.value.unreachable


def test_a_connection_that_is_reset_again_and_again_is_continued_until_whole(web, tmp_path):
    web.files["/file.pth"] = DATA[:40]
    web.resets.add("/file.pth")  # 20, 10, 5, 2 and 1 bytes: four of five tries bring it forward
    with pytest.raises(FetchError, match="could not be fetched"):
        fetched(web, tmp_path, sha256="")
    assert (tmp_path / "file.pth.part").read_bytes() == DATA[:38]
    web.resets.clear()
    fetched(web, tmp_path, sha256=hashlib.sha256(DATA[:40]).hexdigest())
    assert web.ranges[-1] == "bytes=38-"


def test_a_redirection_is_followed(web, tmp_path):
    web.files["/elsewhere/file.pth"] = DATA
    web.redirects["/file.pth"] = f"{web.url}/elsewhere/file.pth"
    assert fetched(web, tmp_path) == DIGEST


@pytest.mark.parametrize("place", ["file:///etc/hosts", "/file.pth"])
def test_redirections_to_files_or_without_end_are_refused(web, tmp_path, place):
    web.redirects["/file.pth"] = place
    with pytest.raises(FetchError, match=r"the server answers 302 .*→ do this"):
        fetched(web, tmp_path)


def test_a_server_that_dawdles_is_given_up(web, tmp_path):
    web.files["/file.pth"] = DATA[:4000]
    web.drips["/file.pth"] = 0.05
    with pytest.raises(FetchError, match=r"slower than 200 bytes a second\); 0\.0 MB are kept"):
        fetched(web, tmp_path, timeout=0.2)
    assert 0 < (tmp_path / "file.pth.part").stat().st_size < 200


def test_a_file_that_is_longer_than_expected_is_not_received_to_its_end(web, tmp_path):
    web.files["/file.pth"] = DATA
    with pytest.raises(FetchError, match=r"came with more than the expected 1,000 bytes; it was thrown away"):
        fetched(web, tmp_path, size=1000)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_shorter_than_expected_is_refused(web, tmp_path):
    web.files["/file.pth"] = DATA[:999]
    with pytest.raises(FetchError, match=r"came with 999 bytes, not 1,000; it was thrown away"):
        fetched(web, tmp_path, size=1000, sha256="")


def test_an_answer_of_another_range_is_not_joined(web, tmp_path):
    web.files["/file.pth"] = DATA
    (tmp_path / "file.pth.part").write_bytes(DATA[:1000])
    web.wrong_ranges = True
    fetched(web, tmp_path)
    assert web.ranges == ["bytes=1000-", None]


def test_a_stopped_transfer_keeps_what_came(web, tmp_path):
    web.files["/file.pth"] = DATA
    stop = threading.Event()
    stop.set()
    with pytest.raises(FetchError, match="stopped"):
        fetched(web, tmp_path, stop=stop)
    assert 0 < (tmp_path / "file.pth.part").stat().st_size < len(DATA)


@pytest.mark.parametrize("address", ["ftp://host/a.pth", "file:///etc/hosts", "data:,x", "a.pth"])
def test_only_web_addresses_are_fetched(address, tmp_path):
    assert not is_web_address(address)
    with pytest.raises(FetchError, match="is no http or https address"):
        download(address, target=tmp_path / "f", sha256="", mend="do this")
