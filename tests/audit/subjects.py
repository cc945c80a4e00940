"""Tables to ask tests of data about, without a film on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.audit.data_test import Subject
from deepcovid.datasets.duplicates import Pair, Pairs
from deepcovid.datasets.film_facts import FilmFacts, Films

PASSES = {"passes": True, "reason": "frontal chest film", "confidence": 0.99}


def facts(place: int = 0, **values: Any) -> FilmFacts:
    """The facts of a film that differs from others in its bytes alone."""
    base: dict[str, Any] = {
        "sha256": f"{place:064d}", "size": 10_000, "format": "PNG", "mode": "L", "bit_depth": 8, "height": 512, "width": 512,
        "quality": None, "thumbnail": np.zeros((64, 64), np.uint8), "whole": np.zeros((32, 32), np.uint8), "gate": PASSES,
    }  # fmt: skip
    return FilmFacts(**{**base, **values})


def pair(a: int, b: int, *, duplicate: bool = True, exact: bool = False, likeness: float | None = None) -> Pair:
    """Two films that are one, or nearly."""
    value = likeness if likeness is not None else (0.99 if duplicate else 0.91)
    return Pair(a, b, "same", 2, value, value, exact=exact)


def subject(
    columns: Mapping[str, Sequence[Any] | Any],
    *,
    pairs: Sequence[Pair] = (),
    films: Sequence[FilmFacts | None] | None = None,
    failures: Mapping[int, str] | None = None,
    **values: Any,
) -> Subject:
    """A table of these columns; images are named after their position unless given."""
    count = next(len(cells) for cells in columns.values() if isinstance(cells, list))
    frame = pd.DataFrame({"image": [f"{place}.png" for place in range(count)], **columns})
    known = [facts(place) for place in range(count)] if films is None else list(films)
    return Subject(
        frame=frame,
        rows=np.arange(2, count + 2),
        films=Films(tuple(known), failures or {}, 0),
        pairs=Pairs(tuple(pairs), len(pairs), len(pairs), 0),
        **values,
    )


def people(count: int, **columns: Any) -> dict[str, Any]:
    """Columns of `count` films of as many patients."""
    return {"patient": [f"p{place}" for place in range(count)], **columns}
