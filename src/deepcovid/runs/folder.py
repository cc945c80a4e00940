"""A run folder: everything needed to repeat a run, and everything that came out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deepcovid.errors import RunError
from deepcovid.storage import read_json, sha256_json, write_json

FORMAT = 1
RECORD = "run.json"


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
        if (self / RECORD).exists():
            self.record = read_json(self / RECORD)
            self._require_same(config, resume=resume)
            return
        strange = (
            [entry.name for entry in self.path.iterdir() if not entry.name.startswith(".")]
            if self.path.exists()
            else []
        )
        if strange:
            raise RunError(
                f"the folder holds other things ({', '.join(sorted(strange)[:3])}) and no {RECORD}",
                path=self.path,
                mend="choose another --out",
            )
        self.record = {"format": FORMAT, "status": "running", "config": config}
        self.write()

    def note(self, **facts: Any) -> None:
        """Add facts to the record and write it."""
        self.record |= facts
        self.write()

    def write(self) -> None:
        """Write run.json."""
        write_json(self / RECORD, self.record)

    def _require_same(self, config: dict[str, Any], *, resume: bool) -> None:
        if not resume:
            state = "a finished run" if self.finished else "an unfinished run"
            raise RunError(
                f"the folder holds {state}",
                path=self.path,
                mend="add --resume to go on with it, or choose another --out",
            )
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
