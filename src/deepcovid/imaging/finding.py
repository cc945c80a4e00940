"""Finding films: which names are films, all films under files, folders and patterns, and what was left out there."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from deepcovid.errors import ImageError, printable
from deepcovid.imaging.archive import archive_of, archived_films, is_archive, members

FILM_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".dcm", ".dicom"})
# images that a person may take for a film, and that are not read
OTHER_SUFFIXES = frozenset({".gif", ".bmp", ".jp2", ".j2k", ".jls", ".svg", ".eps", ".ps", ".heic", ".avif", ".jxl"})


@dataclass
class Found:
    """What lies under the named files, folders and patterns.

    Attributes:
        films: sorted, each once.
        refused: what looks like a film and is not taken, with the reason and the mend: links that lead out of the
            folder, images of other formats.
        left_out: what is no film by its name, and what is hidden or a link to a folder, with the reason.
    """

    films: list[Path]
    refused: dict[Path, str] = field(default_factory=dict)
    left_out: dict[Path, str] = field(default_factory=dict)


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

    A file that is named outright is taken whatever its name: what it is shows when it is read. A ZIP archive stands
    for the films in it, an index of a disc (DICOMDIR) for those that it lists.

    Raises:
        ImageError: a path does not exist, a pattern matches nothing, or a folder holds no film.
    """
    return look_for_films(paths).films


def look_for_films(paths: Iterable[Path | str] | Path | str) -> Found:
    """As `find_films`, with what was not taken and why.

    Folders that are links are not entered, and a link in a folder to a file outside it is refused: name such a film
    outright.

    Raises:
        ImageError: a path does not exist, a pattern matches nothing, or a folder holds neither a film nor a refused one.
    """
    found = Found([])
    for path in [paths] if isinstance(paths, str | Path) else list(paths):
        _add(Path(path), found)
    films = sorted(set(found.films))
    named = set(films)  # a film that was also named outright is taken
    refused = {path: found.refused[path] for path in sorted(found.refused) if path not in named}
    return Found(films, refused, {path: found.left_out[path] for path in sorted(found.left_out) if path not in named})


def _add(path: Path, found: Found) -> None:
    if path.is_dir():
        before = len(found.films) + len(found.refused)
        _add_below(path, found)
        if len(found.films) + len(found.refused) == before:
            raise ImageError(
                "this folder holds no film", path=path, mend=f"name one with {', '.join(sorted(FILM_SUFFIXES))} files"
            )
    elif path.exists():
        _add_file(path, found)
    elif archive_of(path) is not None:
        found.films.append(path)
    elif glob.has_magic(str(path)):
        _add_matching(path, found)
    else:
        raise ImageError("there is no such file or folder", path=path, mend="check the path")


def _add_file(path: Path, found: Found) -> None:
    """A film named outright; or those in a ZIP archive, or those that the index of a disc (DICOMDIR) lists."""
    if path.name.upper() == "DICOMDIR":
        from deepcovid.imaging.dicom_directory import directory_images

        found.films += directory_images(path)
    elif is_archive(path):
        films = archived_films(path, suffixes=FILM_SUFFIXES)
        found.films += films
        found.left_out |= dict.fromkeys(set(members(path)) - set(films), "no film by its name")
    else:
        found.films.append(path)


def _add_matching(pattern: Path, found: Found) -> None:
    before = len(found.films)
    for match in sorted(map(Path, glob.glob(str(pattern.expanduser()), recursive=True))):
        if match.is_dir():
            _add_below(match, found)
        elif is_film_name(match):
            found.films.append(match)
        else:
            _set_aside(match, found)
    if len(found.films) == before:
        raise ImageError("no film matches this pattern", path=pattern, mend="check the pattern, and quote it")


def _add_below(folder: Path, found: Found) -> None:
    root = os.path.realpath(folder)
    for parent, folders, names in os.walk(folder, onerror=refuse_unreadable):
        for name in sorted(folders):
            if name.startswith(".") or os.path.islink(os.path.join(parent, name)):
                folders.remove(name)
                hidden = "a hidden folder" if name.startswith(".") else "a link to a folder, which is not followed"
                found.left_out[Path(parent, name)] = hidden
        for name in names:
            path = Path(parent, name)
            if not is_film_name(path):
                _set_aside(path, found)
            elif leads_out(path, root=root):
                found.refused[path] = (
                    f"{printable(path)}: this link leads out of the folder that was named → "
                    "name the film itself, or copy it into the folder"
                )
            else:
                found.films.append(path)


def leads_out(path: Path, *, root: str) -> bool:
    """Whether a symbolic link at `path` ends outside `root`, a path without links."""
    if not os.path.islink(path):  # unlike Path.is_symlink, content with any name
        return False
    try:
        return os.path.commonpath([os.path.realpath(path), root]) != root
    except ValueError:  # another drive, on Windows
        return True


def _set_aside(path: Path, found: Found) -> None:
    if path.name.startswith("."):
        found.left_out[path] = "a hidden file"
    elif path.suffix.lower() in OTHER_SUFFIXES:
        found.refused[path] = (
            f"{printable(path)}: a {path.suffix.lower()} image is not read → save the film as PNG, JPEG, WebP, TIFF or DICOM"
        )
    else:
        found.left_out[path] = "no film by its name"


def refuse_unreadable(error: OSError) -> None:
    """What `os.walk(onerror=…)` calls, which otherwise passes over such a folder without a word.

    Raises:
        ImageError: the folder cannot be read.
    """
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
