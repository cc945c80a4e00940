"""The files of a copy, found by listing each of its folders once and not by one question a film."""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from deepcovid.errors import TableError
from deepcovid.imaging.finding import FILM_SUFFIXES, refuse_unreadable


def files_there(folder: Path, cells: pd.Series) -> pd.Series:
    """Whether each path of `cells` (relative to `folder`, with "/") is a file; bool, same index."""
    known: dict[str, set[str]] = {}
    found = []
    for cell in cells:
        parent, name = posixpath.split(cell)
        if parent not in known:
            known[parent] = _files_of(os.path.join(folder, parent))
        found.append(name in known[parent])
    return pd.Series(found, index=cells.index, dtype=bool)


def linked_outside(folder: Path, cells: pd.Series) -> list[str]:
    """The paths of `cells` whose file a symbolic link leads out of `folder`; `load_table` refuses them unless told."""
    root = os.path.realpath(folder)
    homes = {parent: os.path.realpath(os.path.join(folder, parent)) for parent in set(map(posixpath.dirname, cells))}

    def leaves(cell: str) -> bool:
        place = os.path.join(homes[posixpath.dirname(cell)], posixpath.basename(cell))
        place = os.path.realpath(place) if os.path.islink(place) else place
        return os.path.commonpath([root, place]) != root

    return [cell for cell in cells if leaves(cell)]


def films_beside(folder: Path, cells: pd.Series) -> list[str]:
    """The films in the folders that `cells` name which are none of `cells`; relative to `folder`, sorted."""
    named = set(cells.dropna())
    parents = {posixpath.dirname(cell) for cell in named}
    found = (posixpath.join(parent, name) for parent in parents for name in _files_of(os.path.join(folder, parent)))
    return sorted(path for path in found if path not in named and path.lower().endswith(tuple(FILM_SUFFIXES)))


def files_below(folder: Path, *, suffixes: Sequence[str]) -> list[str]:
    """Every file below `folder` with one of the suffixes (".png", capitals aside), relative to `folder`, sorted.

    Hidden files and folders, and what archives made on a Mac add, are not listed.
    """
    return sorted(_walk(Path(folder), tuple(suffix.lower() for suffix in suffixes)))


def named_films(folder: Path, *, suffixes: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Where each film below `folder` lies, by its bare name; and a problem for every name that two files have."""
    places: dict[str, str] = {}
    problems = []
    for film in files_below(folder, suffixes=suffixes):
        name = posixpath.basename(film)
        if name in places:
            problems.append(f"{places[name]} and {film} have one name; allowed is one file a film")
        places.setdefault(name, film)
    return places, problems


def place_of(home: Path, names: pd.Series, *, usual: Sequence[str] = ("images/", "")) -> str:
    """The folder of `home` that holds the films `names`, "" or with a "/" behind it.

    That is the first of `usual` with any of them; else the only one of all folders below `home` with half of them or
    more; else the first of `usual`, so that the films are told as absent from there.
    """
    wanted = set(names.dropna())
    for place in usual:
        if wanted & _files_of(os.path.join(home, place)):
            return place
    found = (posixpath.split(path) for path in files_below(home, suffixes=tuple(FILM_SUFFIXES)))
    held = Counter(place for place, name in found if name in wanted)
    full = [place for place, number in held.items() if 2 * number >= len(wanted)]
    return f"{full[0]}/" if len(full) == 1 else usual[0]


def home_of(folder: Path, *names: str, layout: str) -> Path:
    """The folder that holds one of the files or folders `names`: `folder` itself, or the only one inside it that does.

    Raises:
        TableError: there is no such folder or none that holds them, or several do.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise TableError("there is no such folder", path=folder, mend=f"give a folder that holds\n{layout}")
    if _holds(folder, names):
        return folder
    children = (child for child in sorted(folder.iterdir()) if child.is_dir() and not _hidden(child.name))
    inside = [child for child in children if _holds(child, names)]
    if len(inside) == 1:
        return inside[0]
    if inside:
        several = ", ".join(child.name for child in inside)
        raise TableError(f"there are several copies here: {several}", path=folder, mend="give one of these folders")
    raise TableError(f"there is no {' or '.join(names)} here", path=folder, mend=f"give a folder that holds\n{layout}")


def prefix_of(home: Path, folder: Path) -> str:
    """What stands before a path of `home` so that it counts from `folder`: "" or "home/"."""
    inner = home.relative_to(folder).as_posix()
    return "" if inner == "." else f"{inner}/"


def _holds(folder: Path, names: Sequence[str]) -> bool:
    return any(any(folder.glob(name)) if "*" in name else (folder / name).exists() for name in names)


def _files_of(place: str) -> set[str]:
    try:
        with os.scandir(place) as entries:
            return {entry.name for entry in entries if entry.is_file()}
    except (OSError, ValueError):
        return set()


def _walk(folder: Path, suffixes: tuple[str, ...]) -> Iterator[str]:
    for place, names, files in os.walk(folder, onerror=refuse_unreadable):
        names[:] = [name for name in names if not _hidden(name)]
        inner = Path(place).relative_to(folder).as_posix()
        prefix = "" if inner == "." else f"{inner}/"
        yield from (prefix + name for name in files if name.lower().endswith(suffixes) and not _hidden(name))


def _hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))
