"""Facts of a table's films and pairs among them, kept in one place, so that neither checks nor audits do them twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.datasets.duplicates import Pair, Pairs, find_pairs
from deepcovid.datasets.film_facts import Films, Judge, film_facts
from deepcovid.datasets.perceptual import SIDE
from deepcovid.errors import DeepCovidError
from deepcovid.features.extraction import reading
from deepcovid.progress import Progress, Silent
from deepcovid.storage import BlobStore, cache_dir, sha256_bytes, sha256_json, sha256_sources

FORMAT = 1
OURS = ("datasets/film_facts", "datasets/perceptual", "datasets/alignment", "datasets/duplicates")


def file_facts(
    paths: Sequence[Path],
    *,
    gate: tuple[Judge, str] | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Films:
    """The facts of each film, kept in the cache folder.

    Args:
        paths: a file a row.
        gate: what judges films, and its hash.
        workers: threads.
        progress: told of every film that is read.
    """
    judge, gate_hash = gate or (None, None)
    space = {"kind": "film facts", "format": FORMAT, "reading": reading(), "code": _code(), "gate": gate_hash}
    return film_facts(paths, space=space, folder=_folder(), judge=judge, workers=workers, progress=progress)


def film_pairs(
    films: Films, *, side: np.ndarray | None = None, most: int | None = None, progress: Progress | None = None
) -> Pairs:
    """Pairs among readable films, by position in the table; kept under the films that were compared.

    Args:
        films: with their facts.
        side, most: which films are compared, and how many candidates are looked at closely; see `find_pairs`.
        progress: told of the blocks of comparisons.
    """
    places = [place for place, facts in enumerate(films.facts) if facts is not None]
    facts = [films.facts[place] for place in places]
    hashes = [one.sha256 for one in facts if one is not None]
    thumbnails = np.array([one.thumbnail for one in facts if one is not None], np.uint8).reshape(-1, SIDE, SIDE)
    sides = None if side is None else np.unique(side[places], return_inverse=True)[1]
    of: dict[str, Any] = {
        "code": _code(),
        "numpy": np.__version__,
        "films": hashes,
        "seen": sha256_bytes(thumbnails.tobytes()),
    }
    if sides is not None or most is not None:
        of |= {"sides": None if sides is None else sides.tolist(), "most": most}
    found = _kept(
        BlobStore(_folder() / "pairs.sqlite"),
        of,
        lambda: find_pairs(thumbnails, hashes, side=sides, most=most, progress=progress or Silent()),
    )
    mapped = tuple(Pair(**{**asdict(pair), "a": places[pair.a], "b": places[pair.b]}) for pair in found.pairs)
    return Pairs(mapped, found.candidates, found.aligned, found.left)


def _folder() -> Path:
    return cache_dir() / "checks"


def _code() -> dict[str, str]:
    return {name: sha256_sources(name) for name in OURS}


def _kept(store: BlobStore, of: Mapping[str, Any], compute: Callable[[], Pairs]) -> Pairs:
    key = sha256_json(dict(of))
    kept = store.get(key)
    if kept is None:
        found = compute()
        store.put({key: json.dumps(asdict(found)).encode()})
        return found
    try:
        values = json.loads(kept)
    except ValueError:
        raise DeepCovidError(
            "what was kept of a check is damaged", path=store.path, mend="delete that file and run again"
        ) from None
    return Pairs(**{**values, "pairs": tuple(Pair(**pair) for pair in values["pairs"])})
