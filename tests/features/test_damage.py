"""A damaged feature store and a damaged cached graph: told or made anew, never used."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from deepcovid.errors import DeepCovidError
from deepcovid.features.store import FeatureStore, Kept, Request
from deepcovid.storage import cache_dir


def compute(path: Path, draws: Sequence[object]) -> list[np.ndarray]:
    return [np.full((50, 30), float(len(path.read_bytes())), dtype=np.float32) for _ in draws]


@pytest.fixture
def kept(tmp_path: Path) -> tuple[FeatureStore, Kept, Path]:
    """A store with the features of three films, closed; what it holds; and its file."""
    films = [tmp_path / f"{name}.bin" for name in "abc"]
    for size, path in enumerate(films, 1):
        path.write_bytes(b"x" * size)
    requests = [Request(path) for path in films]
    held = FeatureStore({}, folder=tmp_path / "store").ensure(requests, compute=compute)
    (file,) = (tmp_path / "store").glob("*.sqlite")
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    gc.collect()  # closes the first store's connections
    return FeatureStore({}, folder=tmp_path / "store"), held, file


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def overwritten(file: Path) -> None:
    file.write_bytes(b"no database at all" * 1000)


def pages_lost(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    file.write_bytes(bytes(data))


def _used(folder: Path, held: Kept, *, film: Path) -> None:
    store = FeatureStore({}, folder=folder)
    store.ensure([Request(film)], compute=compute)
    store.stacked([key for key in held.keys if key])


@pytest.mark.parametrize("harm", [cut, overwritten, pages_lost])
def test_a_damaged_store_is_told_with_its_file_and_mend(
    harm: Callable[[Path], None], kept: tuple[FeatureStore, Kept, Path], tmp_path: Path
) -> None:
    _, held, file = kept
    harm(file)
    with pytest.raises(DeepCovidError) as caught:
        _used(tmp_path / "store", held, film=tmp_path / "a.bin")
    assert file.name in str(caught.value)
    assert "delete that file" in caught.value.mend
    for left in file.parent.iterdir():
        left.unlink()
    again = FeatureStore({}, folder=tmp_path / "store").ensure([Request(tmp_path / "a.bin")], compute=compute)
    assert (again.computed, again.reused) == (1, 0)


def test_a_number_that_was_altered_is_noticed(kept: tuple[FeatureStore, Kept, Path]) -> None:
    """SQLite keeps no checksum of its pages."""
    store, held, file = kept
    data = bytearray(file.read_bytes())
    at = data.rindex(np.float32(2.0).tobytes() * 20)
    data[at + 2] ^= 0x40
    file.write_bytes(bytes(data))
    sound, altered, _ = held.keys[0], held.keys[1], held.keys[2]
    assert sound is not None
    assert altered is not None
    assert store.array(sound)[0, 0] == 1.0
    with pytest.raises(DeepCovidError, match="its checksum is wrong → delete that file"):
        store.array(altered)


@pytest.mark.parametrize("value", ["text", b"", b"\0" * 7, 7, None])
def test_a_value_of_another_kind_is_noticed(value: object, kept: tuple[FeatureStore, Kept, Path]) -> None:
    store, held, file = kept
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE blobs SET value = ?", (value,))
    key = held.keys[0]
    assert key is not None
    with pytest.raises(DeepCovidError, match="delete that file and run again"):
        store.array(key)


def test_a_damaged_cached_graph_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from deepcovid.imaging.preprocessing import Preprocessing
    from deepcovid.models.zoo import build_network
    from deepcovid.runs import head

    small = Preprocessing(size=(48, 48), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    network = build_network("squeezenet1_1", classes=2, preprocessing=small).eval()
    exported, calls = head.export_network(network), []
    monkeypatch.setattr(head, "export_network", lambda network: calls.append(network) or exported)
    expected, extractor = head.backbone_graph(network)
    head.backbone_graph(network)
    assert len(calls) == 1, "a sound one is taken"
    (path,) = (cache_dir() / "graphs").glob("*.onnx")
    seal = path.with_suffix(".sha256")
    harms: list[Callable[[], object]] = [
        lambda: path.write_bytes(path.read_bytes()[:-1000] + bytes(1000)),
        path.unlink,
        seal.unlink,
        lambda: seal.write_bytes(b"\xff\xfe" * 32),
        lambda: seal.write_bytes(b"0" * 64),
    ]
    for number, harm in enumerate(harms, 2):
        harm()
        again, made = head.backbone_graph(network)
        assert len(calls) == number
        assert made.graph_hash == extractor.graph_hash
        assert again == expected == path.read_bytes()
