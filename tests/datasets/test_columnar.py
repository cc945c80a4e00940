"""Tests of strict reading of Parquet."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from deepcovid.datasets import columnar
from deepcovid.datasets.columnar import read_parquet
from deepcovid.errors import ScoresError, TableError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "table.parquet"
    pd.DataFrame({"image": ["a.png", None], "age": [1.5, 2.0]}).to_parquet(made, index=False)
    return made


def test_what_pandas_wrote_is_read(path: Path) -> None:
    pd.testing.assert_frame_equal(read_parquet(path), pd.read_parquet(path))


@pytest.mark.parametrize(
    ("limit", "value", "words"),
    [
        ("MAX_ROWS", 1, "2 rows; allowed are 1"),
        ("MAX_COLUMNS", 1, "2 columns"),
        ("MAX_UNPACKED", 10, "GB; allowed are"),
    ],
)
def test_the_footer_is_believed_only_within_reason(
    limit: str, value: int, words: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columnar, limit, value)
    with pytest.raises(TableError, match=words) as caught:
        read_parquet(path)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"\x80\x04", "a pickle is never loaded"), (b"", "another kind"), (b"PAR1PAR1", "damaged or cut off")],
)
def test_other_files_are_told_and_not_quoted(data: bytes, words: str, path: Path) -> None:
    path.write_bytes(data)
    with pytest.raises(ScoresError, match=f"not readable as Parquet: .*{words}"):
        read_parquet(path, error=ScoresError)
