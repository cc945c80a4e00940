"""Tables of phantoms on disk, clean or with planted problems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from tests.datasets.twins import grey8, phantom_films


def film(folder: Path, name: str, pixels: np.ndarray, **options: Any) -> str:
    """Save a film; its path for the table."""
    path = folder / "images" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(grey8(pixels)).save(path, **options)
    return f"images/{name}"


def clean(folder: Path, *, count: int = 60) -> pd.DataFrame:
    """Patients of two classes from two sources, alike in everything but their name; one film each."""
    rng = np.random.default_rng(4)
    rows = []
    for place, pixels in enumerate(phantom_films(count)):
        rows.append(
            {
                "image": film(folder, f"{place:03}.png", pixels),
                "label": ("covid", "normal")[place % 2],
                "patient": f"p{place:03}",
                "source": ("north", "south")[place // 2 % 2],
                "split": ("train", "train", "val", "test")[place // 4 % 4],
                "view": rng.choice(["PA", "AP"]),
                "sex": rng.choice(["F", "M"]),
                "age": float(rng.integers(20, 90)),
                "license": "CC BY 4.0",
            }
        )
    return pd.DataFrame(rows)


def write(folder: Path, frame: pd.DataFrame, *, name: str = "table.csv") -> Path:
    """The table's path."""
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / name, index=False)
    return folder / name


def more(frame: pd.DataFrame, **cells: Any) -> pd.DataFrame:
    """One more row, like the first but for these cells."""
    return pd.concat([frame, pd.DataFrame([{**frame.iloc[0].to_dict(), **cells}])], ignore_index=True)
