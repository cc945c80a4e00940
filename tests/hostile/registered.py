"""All kinds, from every file of makers in this folder."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.hostile.kinds import KINDS, Kind


def all_kinds() -> list[Kind]:
    """Registered by importing the makers; in the order of their files and names."""
    for path in sorted(Path(__file__).parent.glob("makers_*.py")):
        importlib.import_module(f"tests.hostile.{path.stem}")
    return sorted(KINDS, key=lambda known: known.family.casefold())


IMAGE_WAYS = ("film", "folder")
