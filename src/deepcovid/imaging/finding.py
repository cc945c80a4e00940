"""Finding films: which names are films, and all films under files, folders and patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from deepcovid.errors import ImageError

FILM_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".dcm", ".dicom"})


def is_film_name(path: Path | str) -> bool:
    """Whether a file in a folder is taken for a film: by suffix, or by the DICOM prefix where the name has no suffix.

    DICOM files are often named by UID ("1.2.840.10008…"), whose last number looks like a suffix; the prefix "DICM" at
    byte 128 (PS3.10, section 7.1) tells them. Hidden files and the index DICOMDIR are no films.
    """
    path = Path(path)
    if path.name.startswith(".") or path.name.upper() == "DICOMDIR":
        return False
    suffix = path.suffix.lower()
    if suffix in FILM_SUFFIXES:
        return True
    return (suffix == "" or suffix[1:].isdigit()) and _has_dicom_prefix(path)


def find_films(paths: Iterable[Path | str] | Path | str) -> list[Path]:
    """Every film in the given files, folders (with all below them) and glob patterns, sorted, each once.

    A file that is named outright is taken whatever its name: what it is shows when it is read.

    Raises:
        ImageError: a path does not exist, a pattern matches nothing, or a folder holds no film.
    """
    named = [paths] if isinstance(paths, str | Path) else list(paths)
    found: set[Path] = set()
    for path in named:
        found.update(_films_at(Path(path)))
    return sorted(found)


def _films_at(path: Path) -> list[Path]:
    if path.is_dir():
        films = _films_below(path)
        if not films:
            raise ImageError(
                "this folder holds no film", path=path, mend=f"name one with {', '.join(sorted(FILM_SUFFIXES))} files"
            )
        return films
    if path.exists():
        return [path]
    if glob.has_magic(str(path)):
        return _films_matching(path)
    raise ImageError("there is no such file or folder", path=path, mend="check the path")


def _films_matching(pattern: Path) -> list[Path]:
    films: list[Path] = []
    for match in map(Path, glob.glob(str(pattern.expanduser()), recursive=True)):
        if match.is_dir():
            films += _films_below(match)
        elif is_film_name(match):
            films.append(match)
    if not films:
        raise ImageError("no film matches this pattern", path=pattern, mend="check the pattern, and quote it")
    return films


def _films_below(folder: Path) -> list[Path]:
    films: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=_refuse_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        films += [Path(parent, name) for name in names if is_film_name(Path(parent, name))]
    return films


def _refuse_unreadable(error: OSError) -> None:
    raise ImageError(
        f"this folder cannot be read ({error.strerror})",
        path=error.filename,
        mend="change its permissions, or name others",
    )


def _has_dicom_prefix(path: Path) -> bool:
    try:
        if not path.is_file():  # opening a pipe would wait for ever
            return False
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return False
