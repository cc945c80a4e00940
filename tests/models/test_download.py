"""Large files over connections that break, servers that refuse, and bytes that are wrong."""

from __future__ import annotations

import hashlib

import pytest

from deepcovid.errors import WeightsError
from deepcovid.models.download import download, is_web_address

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


def fetched(web, tmp_path, *, sha256=DIGEST[:8], progress=None, name="file.pth"):
    target = tmp_path / name
    digest = download(f"{web.url}/{name}", target=target, sha256=sha256, mend="do this", progress=progress, timeout=5)
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
    with pytest.raises(WeightsError, match=r"broke after .* 3\.0 MB are kept and continued next time → do this"):
        fetched(web, tmp_path)
    assert len(web.ranges) == 2
    assert (tmp_path / "file.pth.part").stat().st_size == 3_000_000


def test_wrong_bytes_are_refused_and_leave_nothing(web, tmp_path):
    web.files["/file.pth"] = DATA[:-1] + b"!"
    with pytest.raises(WeightsError, match=rf"came with SHA-256 [0-9a-f]{{64}}, not {DIGEST[:8]}….* → do this"):
        fetched(web, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_refusing_server_is_asked_once(web, tmp_path):
    with pytest.raises(WeightsError, match=r"the server answers 404 Not Found\) → do this"):
        fetched(web, tmp_path)
    assert web.ranges == [None]


def test_no_server_at_all(tmp_path):
    with pytest.raises(WeightsError, match=r"could not be fetched \(.*refused.*\) → do this"):
        download("http://127.0.0.1:9/file.pth", target=tmp_path / "f", sha256="", mend="do this", timeout=5)


@pytest.mark.parametrize("address", ["ftp://host/a.pth", "file:///etc/hosts", "data:,x", "a.pth"])
def test_only_web_addresses_are_fetched(address, tmp_path):
    assert not is_web_address(address)
    with pytest.raises(WeightsError, match="is no http or https address"):
        download(address, target=tmp_path / "f", sha256="", mend="do this")
