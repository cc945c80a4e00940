"""What a check must know of each film: computed once from the file, kept by the file's content."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.datasets.perceptual import SIDE, thumbnail_of
from deepcovid.errors import DeepCovidError, ImageError
from deepcovid.imaging.compression import jpeg_quality
from deepcovid.imaging.readers import film_hash, read_radiograph
from deepcovid.imaging.resizing import resized
from deepcovid.progress import Progress, Silent
from deepcovid.storage import BlobStore, sha256_json

WHOLE_SIDE = 32  # of the untrimmed thumbnail whose border is looked at
# float32 (H, W) in [0, 1] → what the gate says, JSON-safe
Judge = Callable[[np.ndarray], Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class FilmFacts:
    """One readable film.

    Attributes:
        sha256: of the file's bytes.
        size: of the file, in bytes.
        format: "PNG", "JPEG", "WEBP", "TIFF" or "DICOM".
        mode: how the file holds its pixels (Pillow's mode, or DICOM's photometric interpretation).
        bit_depth: bits a sample.
        height, width: in pixels.
        quality: of a JPEG, 1 to 100; None for other formats.
        thumbnail: uint8 (64, 64), trimmed, its greys spread evenly.
        whole: uint8 (32, 32), with its borders.
        gate: what the gate said; None where there is none.
    """

    sha256: str
    size: int
    format: str
    mode: str
    bit_depth: int
    height: int
    width: int
    quality: int | None
    thumbnail: np.ndarray
    whole: np.ndarray
    gate: Mapping[str, Any] | None = None

    def to_bytes(self) -> bytes:
        """The facts for the store."""
        plain = {name: value for name, value in vars(self).items() if not isinstance(value, np.ndarray)}
        arrays = {name: base64.b64encode(getattr(self, name).tobytes()).decode() for name in ("thumbnail", "whole")}
        return json.dumps({**plain, **arrays}).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> FilmFacts:
        """What `to_bytes` wrote."""
        values = json.loads(data)
        for name, side in (("thumbnail", SIDE), ("whole", WHOLE_SIDE)):
            values[name] = np.frombuffer(base64.b64decode(values[name]), np.uint8).reshape(side, side)
        return cls(**values)


@dataclass(frozen=True, eq=False)
class Films:
    """The films of a table, row by row.

    Attributes:
        facts: one a row; None where the film is missing or cannot be read.
        failures: position of the row → why.
        computed: films that were read now; the others' facts were kept from before.
    """

    facts: tuple[FilmFacts | None, ...]
    failures: Mapping[int, str]
    computed: int


def film_facts(
    paths: Sequence[Path],
    *,
    space: Mapping[str, Any],
    folder: Path,
    judge: Judge | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Films:
    """The facts of each film, read in `workers` threads unless they are kept from before.

    Args:
        paths: a file a row; several rows may name one.
        space: everything that facts depend on besides the file: code, decoders, gate.
        folder: where facts are kept, one file a space.
        judge: the gate.
        workers: threads.
        progress: told of every film that is read.
    """
    store = BlobStore(folder / f"{sha256_json(dict(space))[:24]}.sqlite")
    teller = progress or Silent()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        hashed = list(pool.map(_hash_or_reason, paths))
        keys = {path: sha for path, (sha, _) in zip(paths, hashed, strict=True) if sha}
        wanted = set(store.missing(keys.values()))
        new = {sha: path for path, sha in keys.items() if sha in wanted}
        results = pool.map(lambda path: _read(path, judge), new.values())
        unreadable: dict[str, str] = {}
        for sha, read in zip(new, teller.track(results, description="reading films", total=len(new)), strict=True):
            if isinstance(read, str):
                unreadable[sha] = read
            else:
                store.put({sha: read.to_bytes()})
    facts, failures = [], {}
    for row, (known, why) in enumerate(hashed):
        sha = known or ""
        kept = store.get(sha) if sha and sha not in unreadable else None
        facts.append(_unpacked(kept, store) if kept else None)
        if kept is None:
            failures[row] = why or unreadable.get(sha, "its facts are gone from the store")
    return Films(tuple(facts), failures, len(new) - len(unreadable))


def _unpacked(kept: bytes, store: BlobStore) -> FilmFacts:
    try:
        return FilmFacts.from_bytes(kept)
    except (ValueError, TypeError, KeyError):
        raise DeepCovidError(
            "what was kept of a film is damaged", path=store.path, mend="delete that file and run again"
        ) from None


def _hash_or_reason(path: Path) -> tuple[str | None, str]:
    try:
        return film_hash(path), ""
    except ImageError as error:
        return None, error.problem


def _read(path: Path, judge: Judge | None) -> FilmFacts | str:
    try:
        film = read_radiograph(path)
    except ImageError as error:
        return error.problem
    origin = film.origin
    height, width = film.shape
    return FilmFacts(
        sha256=str(origin["sha256"]),
        size=path.stat().st_size,
        format=str(origin["format"]),
        mode=str(origin.get("mode") or origin.get("photometric") or ""),
        bit_depth=int(origin.get("bit_depth") or 0),
        height=height,
        width=width,
        quality=jpeg_quality(path),
        thumbnail=thumbnail_of(film.pixels),
        whole=np.rint(resized(film.pixels, size=(WHOLE_SIDE, WHOLE_SIDE)) * 255).astype(np.uint8),
        gate=dict(judge(film.pixels)) if judge else None,
    )
