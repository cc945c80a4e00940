"""What holds of every registered source, whoever adds it."""

from __future__ import annotations

import csv
import importlib
import io
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import pandas as pd
import pytest

from deepcovid.datasets.columns import text_column
from deepcovid.datasets.sources import SOURCES, import_source
from deepcovid.datasets.sources.views import FRONTAL, MODALITIES, VIEWS
from deepcovid.datasets.table import load_table, save_table
from deepcovid.errors import DeepCovidError, TableError
from tests.datasets.sources.making import refused

NAMES = SOURCES.names()
MOST = 20  # damaged forms that are tried of a source


def miniature(name: str, folder: Path) -> Path:
    """A small whole copy of the collection, written by the source's own test."""
    module = SOURCES[name].read.__module__.rpartition(".")[2]
    importlib.import_module(f"tests.datasets.sources.test_{module}").miniature(folder)
    return folder


def words(frame: pd.DataFrame, column: str) -> set[str]:
    return set(text_column(frame, column).dropna())


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said_of_it_is_complete(name: str) -> None:
    source = SOURCES[name]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert source.home.startswith("https://")
    assert re.search(r".{20}.*(20[12]\d|arXiv)", source.citation), "authors, title and where"
    assert all((source.licence, source.layout, source.title))
    assert source.steps, "how a person gets a copy"
    assert {"images", "patients"} & set(source.expected), "what its owners publish"
    assert all(count > 0 for counts in source.versions.values() for count in counts.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_miniature_becomes_a_table_without_a_problem(name: str, tmp_path: Path) -> None:
    table = import_source(miniature(name, tmp_path), name=name)
    loaded = load_table(save_table(table, tmp_path / "made-table.csv").path)
    frame = loaded.frame
    assert len(frame) == len(table) > 1
    assert {"image", "label", "source"} <= set(frame.columns)
    assert frame["label"].notna().any()
    assert frame["source"].notna().all()
    assert words(frame, "view") <= set(FRONTAL)
    assert words(frame, "modality") <= {"X-ray"}
    assert words(frame, "sex") <= {"F", "M"}
    assert text_column(frame, "age").dropna().between(0, 120).all()
    assert any("counts" in note for note in table.notes), "said how the copy differs from what was published"


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_dropped_without_a_word(name: str, tmp_path: Path) -> None:
    parsed = SOURCES[name].read(miniature(name, tmp_path))
    assert words(parsed.frame, "view") <= set(VIEWS)
    assert words(parsed.frame, "modality") <= set(MODALITIES)
    kept = import_source(tmp_path, name=name)
    everything = import_source(tmp_path, name=name, views=VIEWS, keep_ct=True)
    assert len(everything) == len(parsed.frame)
    told = sum(int(found[1]) for note in kept.notes if (found := re.match(r"(\d+) .* left out \(", note)))
    assert told == len(parsed.frame) - len(kept)


@pytest.mark.parametrize("name", NAMES)
def test_an_absent_film_is_refused_and_left_out_only_when_told(name: str, tmp_path: Path) -> None:
    whole = import_source(miniature(name, tmp_path), name=name)
    film = whole.frame["image"].iloc[0]
    (tmp_path / film).unlink()
    if whole.path is None:  # its folders are its metadata: nothing tells of a film that is not there
        assert set(import_source(tmp_path, name=name).frame["image"]) == set(whole.frame["image"]) - {film}
        return
    lost = PurePosixPath(film).name  # which folder of several it would lie in is not told
    problems = refused(tmp_path, name)
    assert any(lost in problem for problem in problems)
    assert any(re.search(r"row \d", problem) for problem in problems)
    left = import_source(tmp_path, name=name, allow_absent=True)
    assert len(left) == len(whole) - 1
    assert any(lost in note and "absent" in note for note in left.notes)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_folder_is_refused_with_what_is_looked_for(name: str, tmp_path: Path) -> None:
    with pytest.raises(TableError) as caught:
        import_source(tmp_path, name=name)
    assert str(tmp_path) in str(caught.value)


def variants(text: str) -> Iterator[str]:
    """Damaged forms of a metadata file: a column less, a row twice, cut off, an odd cell."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    for column in range(len(rows[0])):
        yield written([[*row[:column], *row[column + 1 :]] for row in rows])
    yield written([*rows, rows[-1]])
    yield written(rows[:1])
    yield from (text[: len(text) * part // 5] for part in range(5))
    for column in range(len(rows[0])):
        for odd in ("", "\x1b[31m?", "=1+1", "-1", "../../x", "NaN", "9" * 400):
            changed = [*rows[1][:column], odd, *rows[1][column + 1 :]]
            yield written([rows[0], changed, *rows[2:]])


def cut(data: bytes) -> Iterator[bytes]:
    """Damaged forms of any other file: its first fifths, and itself with a byte changed."""
    yield from (data[: len(data) * part // 5] for part in range(5))
    yield from (data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :] for at in range(0, len(data), len(data) // 10 + 1))


def written(rows: Iterable[Sequence[str]]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(rows)
    return stream.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_damage_is_a_sentence_or_a_table_and_nothing_else(name: str, tmp_path: Path) -> None:
    whole = import_source(miniature(name, tmp_path), name=name)
    path = whole.path or tmp_path / whole.frame["image"].iloc[0]
    path = min(path.rglob("*.csv*")) if path.is_dir() else path  # several files tell
    data = path.read_bytes()
    plain = path.suffix == ".csv"
    every = [text.encode("latin-1") for text in variants(data.decode("latin-1"))] if plain else list(cut(data))
    refusals = 0
    for variant in random.Random(name).sample(every, min(len(every), MOST)):
        path.write_bytes(variant)
        try:
            table = import_source(tmp_path, name=name, allow_absent=True)
        except DeepCovidError:
            refusals += 1
        else:
            assert table.frame["image"].map(lambda image: (tmp_path / image).is_file()).all()
            save_table(table, tmp_path / "made-table.csv")
            load_table(tmp_path / "made-table.csv")
    assert refusals > 0 or whole.path is None  # where folders are all, a damaged film is left out, and the rest goes on
