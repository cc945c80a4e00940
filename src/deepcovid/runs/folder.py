"""A run folder: everything needed to repeat a run, and everything that came out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deepcovid.errors import RunError
from deepcovid.storage import read_json, sha256_json, write_json

FORMAT = 1
RECORD, REPORT = "run.json", "report.html"


class RunFolder:
    """The folder of one run; `begin` says whether it is new, goes on, or was finished already.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record: dict[str, Any] = {}

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    @property
    def finished(self) -> bool:
        """Whether everything was written."""
        return self.record.get("status") == "finished"

    @property
    def identity(self) -> str:
        """The hash of all that decides the result."""
        return sha256_json(self.record["config"])

    def begin(self, config: dict[str, Any], *, resume: bool) -> None:
        """Start a run of `config` here, or go on with one.

        Raises:
            RunError: the folder holds another run, an unfinished one without `resume`, or something else.
        """
        self.require_free(resume=resume)
        if self.record:
            self._require_same(config)
            return
        self.record = {"format": FORMAT, "status": "running", "config": config}
        self.write()

    def require_free(self, *, resume: bool) -> None:
        """Read what lies here; refuse what a run cannot begin or go on in, whatever its configuration.

        Raises:
            RunError: the folder is a file, holds a run without `resume`, or something else.
        """
        if self.path.exists() and not self.path.is_dir():
            raise RunError("this is a file, and a run is a folder", path=self.path, mend="choose another --out")
        if (self / RECORD).exists():
            told = read_json(self / RECORD)
            if not isinstance(told, dict):
                raise RunError("this is no record of a run", path=self / RECORD, mend="choose another --out")
            self.record = told
            self._refuse_taken(resume=resume)
            return
        there = self.path.iterdir() if self.path.exists() else ()
        strange = sorted(entry.name for entry in there if not entry.name.startswith("."))
        if strange:
            raise RunError(
                f"the folder holds other things ({', '.join(strange[:3])}) and no {RECORD}",
                path=self.path,
                mend="choose another --out",
            )

    def note(self, **facts: Any) -> None:
        """Add facts to the record and write it."""
        self.record |= facts
        self.write()

    def write(self) -> None:
        """Write run.json."""
        write_json(self / RECORD, self.record)

    def _refuse_taken(self, *, resume: bool) -> None:
        if resume:
            return
        if self.finished:
            report = self / REPORT
            mend = f"choose another --out, or look at {report if report.is_file() else self.path}"
            raise RunError("the folder holds a finished run", path=self.path, mend=mend)
        mend = "add --resume to go on with it, or choose another --out"
        raise RunError("the folder holds an unfinished run", path=self.path, mend=mend)

    def _require_same(self, config: dict[str, Any]) -> None:
        changed = _differences(self.record.get("config", {}), config)
        if changed:
            raise RunError(
                f"the run here was begun with other settings: {'; '.join(changed)}",
                path=self.path,
                mend="repeat them, or choose another --out",
            )


def _differences(old: Any, new: Any, place: str = "") -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(set(old) | set(new))
        return [line for key in keys for line in _differences(old.get(key), new.get(key), f"{place}.{key}".lstrip("."))]
    return [] if old == new else [f"{place} was {old!r} and is now {new!r}"]
