"""The licence of each file of a Debian package, as its copyright file tells it."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path


class Copyright:
    """The rules of a copyright file in Debian's format 1.0; of those that match a path, the last one holds."""

    def __init__(self, text: str) -> None:
        self.rules: list[tuple[str, str]] = []
        for part in text.split("\n\n"):
            globs, licence = re.search(r"^Files:(.*?)^\w", part, re.M | re.S), re.search(r"^License: (.*)$", part, re.M)
            if globs and licence:
                self.rules += [(glob, licence[1]) for glob in globs[1].split()]

    @classmethod
    def of(cls, opened: Path) -> Copyright:
        """That of the package unpacked in `opened`."""
        return cls(next(opened.rglob("doc/*/copyright")).read_text(encoding="utf-8"))

    def licence(self, *paths: str) -> str:
        """The licence of the file that goes by one of `paths` in the source; empty where no rule names it."""
        return next((told for glob, told in reversed(self.rules) if fnmatch.filter(paths, glob)), "")
