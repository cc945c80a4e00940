"""docs/hostile.md is what docs/make_hostile.py writes."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_up_to_date_and_says_that_there_are_enough() -> None:
    spec = importlib.util.spec_from_file_location("make_hostile", ROOT / "docs" / "make_hostile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made, kept = module.page(), (ROOT / "docs" / "hostile.md").read_text(encoding="utf-8")
    assert module.comparable(made) == module.comparable(kept), "run: python docs/make_hostile.py"
    told = re.search(r"makes\s(\d+)\sfiles\sof\s(\d+)\skinds", kept)
    assert told is not None
    files, kinds = map(int, told.groups())
    assert files >= 120
    assert kinds >= 30
