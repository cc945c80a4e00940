"""The feature store: what a frozen backbone makes of a film is computed once and kept by the content that it depends on."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcovid.errors import DeepCovidError, ImageError, printable
from deepcovid.imaging.readers import film_hash
from deepcovid.progress import Progress, Silent
from deepcovid.storage import BlobStore, cache_dir, sha256_json

if TYPE_CHECKING:
    from deepcovid.imaging.augmentation import Draw

LAYOUT = 2  # of the kept bytes

# makes one float32 array a draw from a film's path
Compute = Callable[[Path, "Sequence[Draw | None]"], list[np.ndarray]]


@dataclass(frozen=True)
class Request:
    """One film under one augmentation draw (None: as it is)."""

    path: Path
    draw: Draw | None = None


@dataclass
class Kept:
    """What the store holds of some requests.

    Attributes:
        keys: one a request, in their order; None where the film could not be read.
        computed: how many arrays were computed now.
        reused: how many were there already.
        failures: the unreadable films and the reason, a sentence each.
    """

    keys: list[str | None]
    computed: int = 0
    reused: int = 0
    failures: dict[Path, str] = field(default_factory=dict)


class FeatureStore:
    """Arrays of one space (say, the features of one backbone) for films and draws, content-addressed and crash-safe.

    Args:
        space: everything that the arrays depend on besides film and draw: preprocessing, weights, engine, dtype. Two spaces
            that differ in any value never share an array.
        folder: where the store lies; default: `features` in the cache folder.
    """

    def __init__(self, space: dict[str, Any], *, folder: Path | None = None) -> None:
        self.space = space | {"layout": LAYOUT}
        self.name = sha256_json(self.space)[:24]
        self._blobs = BlobStore((folder or cache_dir() / "features") / f"{self.name}.sqlite")

    def ensure(
        self,
        requests: Sequence[Request],
        *,
        compute: Compute,
        workers: int = 1,
        progress: Progress | None = None,
        description: str = "features",
    ) -> Kept:
        """Compute what is not kept yet, decoding each film once, and keep it film by film.

        Args:
            requests: films and draws; the same one may come several times.
            compute: called in `workers` threads.
            workers: threads.
            progress: told of every film.
            description: what the bar says.
        """
        failures: dict[Path, str] = {}
        hashes = _content_hashes({request.path for request in requests}, failures)
        keys = [_key(hashes.get(request.path), request.draw) for request in requests]
        wanted = self._blobs.missing(key for key in keys if key is not None)
        films = _by_film(requests, keys, set(wanted))
        with ThreadPoolExecutor(max_workers=workers) as pool:
            results = _in_order(pool, lambda film: self._attempt(film, compute), films, ahead=4 * workers)
            tracked = (progress or Silent()).track(results, description=description, total=len(films))
            lost = {key: error for names, error in tracked if error is not None for key in names}
        for request, key in zip(requests, keys, strict=True):
            if key in lost:  # also where another file of the same bytes was tried
                failures[request.path] = f"{printable(request.path)}: {lost[key].problem} → {lost[key].mend}"
        kept = [None if request.path in failures else key for request, key in zip(requests, keys, strict=True)]
        computed = len(set(wanted) & {key for key in kept if key is not None})
        return Kept(kept, computed, len({key for key in kept if key is not None}) - computed, failures)

    def _attempt(
        self, film: tuple[Path, list[tuple[str, Draw | None]]], compute: Compute
    ) -> tuple[list[str], DeepCovidError | None]:
        """Compute and keep the arrays of one film; its keys, and why it failed."""
        path, wants = film
        names = [key for key, _ in wants]
        try:
            arrays = compute(path, [draw for _, draw in wants])
        except ImageError as error:
            return names, error
        self._blobs.put({key: _packed(array) for key, array in zip(names, arrays, strict=True)})
        return names, None

    def array(self, key: str) -> np.ndarray:
        """The float32 array kept under `key`."""
        value = self._blobs.get(key)
        array = None if value is None else _unpacked(value)
        if array is None:
            what = "gone" if value is None else "damaged: its checksum is wrong"
            raise DeepCovidError(
                f"a feature that was kept is {what}", path=self._blobs.path, mend="delete that file and run again"
            )
        return array

    def stacked(self, keys: Sequence[str]) -> np.ndarray:
        """The arrays of `keys`, one a row: float32 (N, …)."""
        if not keys:
            return np.zeros((0, 0), dtype=np.float32)
        first = self.array(keys[0])
        rows = np.empty((len(keys), *first.shape), dtype=np.float32)
        for row, key in enumerate(keys):
            rows[row] = self.array(key)
        return rows


def _content_hashes(paths: Iterable[Path], failures: dict[Path, str]) -> dict[Path, str]:
    hashes = {}
    for path in paths:
        try:
            hashes[path] = film_hash(path)
        except ImageError as error:
            failures[path] = str(error)
    return hashes


def _key(content: str | None, draw: Draw | None) -> str | None:
    if content is None:
        return None
    return content if draw is None else f"{content}:{draw.hash}"


def _by_film(
    requests: Sequence[Request], keys: list[str | None], wanted: set[str]
) -> list[tuple[Path, list[tuple[str, Draw | None]]]]:
    """The missing (key, draw) pairs of each film, every key once."""
    films: dict[Path, list[tuple[str, Draw | None]]] = {}
    for request, key in zip(requests, keys, strict=True):
        if key is not None and key in wanted:
            wanted.discard(key)
            films.setdefault(request.path, []).append((key, request.draw))
    return list(films.items())


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[Any], Any], things: Sequence[Any], *, ahead: int
) -> Iterator[Any]:
    """`work(thing)` of each thing in order, with at most `ahead` under way, so that memory stays bounded."""
    waiting: list[Future[Any]] = []
    try:
        for thing in things:
            waiting.append(pool.submit(work, thing))
            if len(waiting) >= ahead:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()
    finally:
        for future in waiting:
            future.cancel()


def _packed(array: np.ndarray) -> bytes:
    """CRC-32 of what follows, number of axes, the axes, all as int32; then float32: SQLite does not check its pages."""
    header = np.array([array.ndim, *array.shape], dtype="<i4").tobytes()
    content = header + np.ascontiguousarray(array, dtype="<f4").tobytes()
    return zlib.crc32(content).to_bytes(4, "little") + content


def _unpacked(data: bytes) -> np.ndarray | None:
    """The array, or None where its bytes were altered."""
    if not isinstance(data, bytes) or len(data) < 8 or zlib.crc32(data[4:]) != int.from_bytes(data[:4], "little"):
        return None
    axes = int(np.frombuffer(data, dtype="<i4", count=1, offset=4)[0])
    shape = np.frombuffer(data, dtype="<i4", count=axes, offset=8)
    return np.frombuffer(data, dtype="<f4", offset=4 * (axes + 2)).reshape(shape)
