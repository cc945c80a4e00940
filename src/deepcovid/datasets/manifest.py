"""What a copy of a published collection must consist of: every file's path, size and digest, pinned once and for all."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any

from deepcovid.datasets.download import is_web_address
from deepcovid.datasets.validation import is_absolute, leaves_folder, shown
from deepcovid.errors import FetchError, UnknownNameError, did_you_mean
from deepcovid.imaging.finding import refuse_unreadable
from deepcovid.storage import git_blob_file, read_json, sha256_file

FORMAT = 1
LISTED = 20  # problems that are spelt out; the rest are counted
RECORD = ".fetched.json"  # beside the files: what was fetched and verified
_RESERVED = (RECORD, ".lock", ".lock.json")
_DIGESTS = {"sha256": 64, "git_blob": 40}  # hexadecimal digits


@dataclass(frozen=True, kw_only=True)
class PinnedFile:
    """One file of a collection.

    Attributes:
        path: relative to the collection's folder, with "/".
        size: in bytes; -1 where it is not known.
        sha256: 64 hexadecimal digits, or "".
        git_blob: git's id of the content (SHA-1 of "blob <size>\\0" and the bytes), or "".
    """

    path: str
    size: int = -1
    sha256: str = ""
    git_blob: str = ""

    @property
    def is_pinned(self) -> bool:
        """Whether the content is fixed by a digest."""
        return bool(self.sha256 or self.git_blob)

    def difference(self, place: Path) -> str:
        """What a file at `place` has that this one has not, as a sentence's end; empty where they are the same."""
        size = place.stat().st_size
        if self.size not in {-1, size}:
            return f"has {size:,} bytes, not {self.size:,}"
        if self.sha256 and (found := sha256_file(place)) != self.sha256:
            return f"has SHA-256 {found[:16]}…, not {self.sha256[:16]}…"
        if self.git_blob and (found := git_blob_file(place)) != self.git_blob:
            return f"has the git blob id {found[:12]}…, not {self.git_blob[:12]}…"
        return ""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A collection's files at one version.

    Attributes:
        name: the collection's, as a source is called here.
        version: a commit or release, short.
        title: for people.
        address: what a file's path is added to, to fetch it.
        licence: whose terms the files are under.
        files: what a whole copy holds.
        left_out: files of the collection whose content could not be pinned.
        why_left_out: the reason, a sentence.
        path: the manifest's own file, when it came from one.
    """

    name: str
    version: str
    title: str
    address: str
    licence: str
    files: tuple[PinnedFile, ...]
    left_out: tuple[PinnedFile, ...] = ()
    why_left_out: str = ""
    path: Path | None = None

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(max(file.size, 0) for file in self.files)

    def file(self, path: str) -> PinnedFile | None:
        """The file of this path, if it is one of the collection's."""
        return next((file for file in self.files if file.path == path), None)

    def to_dict(self) -> dict[str, Any]:
        """As it is written: JSON-safe, without what is empty."""
        facts: dict[str, Any] = {"format": FORMAT} | {
            name: value for name, value in asdict(self).items() if isinstance(value, str) and value
        }
        facts["files"] = [_entry(file) for file in self.files]
        if self.left_out:
            facts["left_out"] = [_entry(file) for file in self.left_out]
        return facts


def _entry(file: PinnedFile) -> dict[str, Any]:
    return {name: value for name, value in asdict(file).items() if value not in ("", -1)}


def manifest_names() -> list[str]:
    """The collections whose files are pinned here, sorted."""
    return sorted(entry.name.removesuffix(".json") for entry in _folder().iterdir() if entry.name.endswith(".json"))


def load_manifest(name: str | Path) -> Manifest:
    """The manifest of a collection by its name, or one in a .json file.

    Raises:
        UnknownNameError: no collection of that name is pinned.
        FetchError: the file is no manifest, or names files outside the folder; every problem at once.
    """
    text = str(name)
    if text.endswith(".json"):
        return read_manifest(Path(text))
    if text not in manifest_names():
        raise UnknownNameError(
            f"the files of {shown(text)!r} are not pinned here",
            mend=f"{did_you_mean(text, manifest_names())}choose one of: {', '.join(manifest_names())}; or give a manifest "
            "of your own, FILE.json",
        )
    with resources.as_file(_folder() / f"{text}.json") as path:
        return read_manifest(path)


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file; see `load_manifest`."""
    facts = read_json(path)
    problems = _problems(facts)
    if problems:
        hidden = len(problems) - LISTED
        told = [*problems[:LISTED], *([f"… and {hidden} more problems"] if hidden > 0 else [])]
        raise FetchError(
            "this manifest cannot be used; nothing was fetched\n  " + "\n  ".join(told),
            path=path,
            mend="get the manifest anew from where it came",
        )
    words = {name: facts.get(name, "") for name in ("name", "version", "title", "address", "licence", "why_left_out")}
    return Manifest(
        **words,
        files=tuple(PinnedFile(**entry) for entry in facts["files"]),
        left_out=tuple(PinnedFile(**entry) for entry in facts.get("left_out", [])),
        path=path,
    )


def pin_folder(folder: Path, **facts: str) -> Manifest:
    """The manifest of the files that lie in a folder now, hidden ones left out, in the order of their paths."""
    files = []
    for place, names, found in os.walk(folder, onerror=refuse_unreadable):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for file in (Path(place) / name for name in found if not name.startswith(".")):
            path = file.relative_to(folder).as_posix()
            files.append(PinnedFile(path=path, size=file.stat().st_size, sha256=sha256_file(file)))
    return Manifest(files=tuple(sorted(files, key=lambda file: file.path)), **facts)  # type: ignore[arg-type]


def _folder() -> Any:
    return resources.files("deepcovid.datasets") / "manifests"


def _problems(facts: Any) -> list[str]:
    """Everything that is wrong with a manifest's content."""
    if not isinstance(facts, Mapping):
        return ["it is no JSON object"]
    if facts.get("format") != FORMAT:
        return [f"its format is {shown(str(facts.get('format')))}; this deepcovid reads format {FORMAT}"]
    problems = [f"{name} is absent or no text" for name in ("name", "version", "address") if not _text(facts.get(name))]
    problems += [
        f"{name} is no text" for name in ("title", "licence", "why_left_out") if not _text(facts.get(name, "-"))
    ]
    if _text(facts.get("name")) and not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", facts["name"]):
        problems.append(f"the name {shown(facts['name'])!r} is not of small letters, digits and hyphens")
    if _text(facts.get("address")) and not is_web_address(facts["address"]):
        problems.append(f"the address {shown(facts['address'])!r} is no http or https address")
    for part, optional in (("files", False), ("left_out", True)):
        problems += _list_problems(facts.get(part, [] if optional else None), part, pinned=not optional)
    return (
        problems if problems else _clashes([entry["path"] for entry in (*facts["files"], *facts.get("left_out", []))])
    )


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _list_problems(entries: Any, part: str, *, pinned: bool) -> list[str]:
    if not isinstance(entries, list) or (pinned and not entries):
        return [f"{part} is absent or no list of files"]
    return [
        f"{part}, entry {number}: {problem}"
        for number, entry in enumerate(entries, 1)
        for problem in _entry_problems(entry, pinned=pinned)
    ]


def _entry_problems(entry: Any, *, pinned: bool) -> Iterator[str]:
    if not isinstance(entry, Mapping) or not _text(entry.get("path")):
        yield "it is no object with a path"
        return
    path = shown(entry["path"])
    if not _is_inside(entry["path"]):
        yield f"{path!r} lies outside the folder, or has a name that a folder should not hold"
    if odd := set(entry) - {"path", "size", *_DIGESTS}:
        yield f"{path!r} has the unknown key {shown(sorted(odd)[0])!r}"
    if not _is_size(entry.get("size", 0)):
        yield f"{path!r} has the size {shown(str(entry['size']))!r}; a number of bytes is wanted"
    if pinned and "size" not in entry:
        yield f"{path!r} has no size"
    if pinned and not set(entry) & set(_DIGESTS):
        yield f"{path!r} has neither sha256 nor git_blob"
    for name, digits in _DIGESTS.items():
        if name in entry and not re.fullmatch(rf"[0-9a-f]{{{digits}}}", str(entry[name])):
            yield f"{path!r} has no {name} of {digits} hexadecimal digits"


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_inside(path: str) -> bool:
    """Whether a path is relative, stays in the folder on every system, and is written in one way only."""
    parts = path.split("/")
    plain = all(part not in ("", ".", "..") and part == part.strip() and not part.endswith(".") for part in parts)
    odd = not path.isprintable() or any(sign in path for sign in '\\:*?"<>|') or path.startswith("~")
    hidden = parts[0] in _RESERVED or parts[0] == ".git" or path.endswith(".part")
    return plain and not odd and not hidden and not is_absolute(path) and not leaves_folder(path)


def _clashes(paths: list[str]) -> list[str]:
    """Paths that are one file on a disk that knows no capitals, and files that another needs as a folder."""
    folded = Counter(path.casefold() for path in paths)
    problems = [f"{shown(path)!r} stands {count} times (capitals aside)" for path, count in folded.items() if count > 1]
    parents = {str(parent) for path in folded for parent in PurePosixPath(path).parents}
    return problems + [f"{shown(path)!r} is a file and a folder" for path in folded if path in parents]
