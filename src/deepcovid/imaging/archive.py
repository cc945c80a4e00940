"""A zip of a study, read as if it were a folder: nothing is unpacked to disk, so nothing can slip out of it."""

from __future__ import annotations

import functools
import threading
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from deepcovid.errors import ImageError

MAX_MEMBERS = 100_000
# zipfile unpacks bzip2 and LZMA without a bound: a kilobyte became gigabytes
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BYTES_A_NAME = 320  # of the index, for each member
LONGEST_END = 22 + 0xFFFF + 76  # the end of the index with its comment, and what Zip64 puts before it
_turns = threading.Lock()  # a ZipFile counts its readers without one
_FAILURES = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, KeyError)
_DAMAGED = "this ZIP archive is damaged, or packed by a method that is not read"
_REPACK = "unpack it yourself and name the folder"


def is_archive(path: Path | str) -> bool:
    """Whether a file begins as a ZIP archive does."""
    path = Path(path)
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError:
        return False


def members(archive: Path | str) -> list[Path]:
    """The files in an archive, as paths below it ("study.zip/CR1/6154"), sorted; hidden ones and folders left out.

    Raises:
        ImageError: damaged, encrypted, of more than 100,000 members, or a member has a name that leads out of it.
    """
    path = Path(archive)
    infos = _infos(path)
    if len(infos) > MAX_MEMBERS:
        raise ImageError(
            f"this ZIP archive has {len(infos):,} members, at most {MAX_MEMBERS:,} are read", path=path, mend=_REPACK
        )
    odd = sum(_leads_out(info.filename) for info in infos)
    if odd:
        raise ImageError(
            f"{odd} members of this ZIP archive have names that lead out of it; nothing was read",
            path=path,
            mend="ask whoever made it; unpack it yourself if you trust it",
        )
    names = {PurePosixPath(info.filename) for info in infos if not info.is_dir()}
    shown = [name for name in names if not any(part.startswith((".", "__MACOSX")) for part in name.parts)]
    return sorted(path / name for name in shown)


def archived_films(archive: Path | str, *, suffixes: Collection[str]) -> list[Path]:
    """Those of the members that are films by their suffix (in small letters) or by the DICOM prefix.

    Raises:
        ImageError: as for `members`; or there is no film.
    """
    films = [member for member in members(archive) if _is_film(member, suffixes)]
    if not films:
        raise ImageError("this ZIP archive holds no film", path=archive, mend="name another")
    return films


def archive_of(path: Path | str) -> Path | None:
    """The archive that a path leads into, or None; a path that exists leads into none."""
    path = Path(path)
    if path.exists():
        return None
    return next((parent for parent in path.parents if is_archive(parent)), None)


def member_bytes(path: Path | str, *, limit: int) -> bytes:
    """The bytes of a member.

    Args:
        path: of an archive and a member below it.
        limit: how many bytes are unpacked at most.

    Raises:
        ImageError: no such member, damaged, encrypted, or longer than `limit`.
    """
    if _stated_size(Path(path)) > limit:
        raise ImageError(
            f"this member unpacks to more than {limit / 1e6:,.0f} MB, which no film has", path=path, mend=_REPACK
        )
    return member_start(path, size=limit)


def _stated_size(path: Path) -> int:
    """What the archive's index says of a member; no more than that is ever unpacked."""
    archive = archive_of(path)
    if archive is None:
        return 0
    name = path.relative_to(archive).as_posix()
    try:
        return _opened(archive, archive.stat().st_mtime_ns).getinfo(name).file_size
    except _FAILURES:
        return 0  # `member_start` says why


def member_start(path: Path | str, *, size: int) -> bytes:
    """The first `size` bytes of a member, or all where it has fewer.

    Raises:
        ImageError: no such member, damaged or encrypted.
    """
    path = Path(path)
    archive = archive_of(path)
    if archive is None:
        raise ImageError("there is no such file", path=path, mend="check the path")
    name = path.relative_to(archive).as_posix()
    try:
        whole = _opened(archive, archive.stat().st_mtime_ns)
        info = whole.getinfo(name)
        if info.compress_type not in METHODS:
            raise ImageError(_DAMAGED, path=path, mend=_REPACK)
        with _turns, whole.open(info) as stream:
            # zipfile unpacks as much as is asked for before it looks at the size that the header states
            return stream.read(min(size, info.file_size))
    except KeyError:
        raise ImageError("there is no such member in this ZIP archive", path=path, mend="check the path") from None
    except _FAILURES as error:
        if "encrypted" in str(error):
            raise ImageError("this ZIP archive has a password", path=archive, mend=_REPACK) from None
        raise ImageError(_DAMAGED, path=path, mend=_REPACK) from None


@functools.lru_cache(maxsize=2)
def _opened(archive: Path, changed: int) -> zipfile.ZipFile:
    """The open archive, since its index is read anew at every opening; `changed` tells a newer file of that name."""
    _check_index(archive)
    return zipfile.ZipFile(archive)


def _check_index(archive: Path) -> None:
    """Refuse an index (APPNOTE.TXT, 4.3.16 and 4.3.14) that is too long to be one, before zipfile reads it whole.

    Raises:
        ImageError: it is.
    """
    with archive.open("rb") as stream:
        stream.seek(-min(archive.stat().st_size, LONGEST_END), 2)
        end = stream.read()
    at, wide = end.rfind(b"PK\x05\x06"), end.rfind(b"PK\x06\x06")
    size = int.from_bytes(end[at + 12 : at + 16], "little") if at >= 0 else 0
    if size == 0xFFFFFFFF and wide >= 0:  # Zip64
        size = int.from_bytes(end[wide + 40 : wide + 48], "little")
    if size > BYTES_A_NAME * MAX_MEMBERS:
        raise ImageError("the index of this ZIP archive is too long to be one", path=archive, mend=_REPACK)


def _infos(path: Path) -> list[zipfile.ZipInfo]:
    try:
        return _opened(path, path.stat().st_mtime_ns).infolist()
    except _FAILURES:
        raise ImageError(_DAMAGED, path=path, mend=_REPACK) from None


def _is_film(member: Path, suffixes: Collection[str]) -> bool:
    if member.name.upper() == "DICOMDIR":
        return False
    return member.suffix.lower() in suffixes or member_start(member, size=132)[128:] == b"DICM"


def _leads_out(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or not name.isprintable()
