"""Tests of metadata files that may be gzipped."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from deepcovid.datasets.sources import compressed
from deepcovid.datasets.sources.compressed import plain_bytes
from deepcovid.errors import TableError


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.tsv"])
@pytest.mark.parametrize("content", [b"", b"\x1f", b"a,b\n1,2\n" * 1000])
def test_the_content_counts_and_not_the_name(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert plain_bytes(tmp_path / name) == content
    (tmp_path / name).write_bytes(gzip.compress(content))
    assert plain_bytes(tmp_path / name) == content


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-4], lambda data: data[:6], lambda data: data[:15] + b"\xff" + data[16:]]
)
def test_a_damaged_file_is_refused(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(damage(gzip.compress(b"a,b\n1,2\n" * 10)))  # type: ignore[operator]
    with pytest.raises(TableError, match=r"a.csv.gz: this gzip file is damaged .* → get the file anew"):
        plain_bytes(path)


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "MAX_BYTES", 1 << 20)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(bytes(1 << 21)))
    with pytest.raises(TableError, match="this gzip file unpacks to more than 1 MiB"):
        plain_bytes(path)
