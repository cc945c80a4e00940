"""Where DICOM files may lie: in a folder at any depth, in a ZIP archive, behind an index of a disc, or one alone."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from deepcovid.errors import TableError
from deepcovid.imaging.archive import is_archive, members
from deepcovid.imaging.dicom_directory import NAME, directory_images
from deepcovid.imaging.finding import leads_out, refuse_unreadable


@dataclass
class Candidates:
    """Files that may be DICOM.

    Attributes:
        files: sorted; members of an archive as paths below it.
        base: the folder (or archive) that their names start from.
        skipped: how many others there are, by what they are.
    """

    files: list[Path]
    base: Path
    skipped: Counter[str] = field(default_factory=Counter)


def candidates(place: Path | str) -> Candidates:
    """The files under a folder, in a ZIP archive, listed by a DICOMDIR, or the one that is named.

    Hidden files and folders, links to folders, and links that lead out of the folder are left out and counted.

    Raises:
        TableError: there is nothing there.
        ImageError: the archive or the index cannot be used.
    """
    place = Path(place)
    if place.is_dir():
        return _below(place)
    if not place.is_file():
        raise TableError("there is no such file or folder", path=place, mend="name a folder of DICOM files, or a ZIP")
    if place.name.upper() == NAME:
        return Candidates(directory_images(place), place.parent)
    if is_archive(place):
        inside = [member for member in members(place) if member.name.upper() != NAME]
        return Candidates(inside, place)
    return Candidates([place], place.parent)


def _below(folder: Path) -> Candidates:
    found = Candidates([], folder)
    root = os.path.realpath(folder)
    for parent, folders, names in os.walk(folder, onerror=refuse_unreadable):
        linked = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        hidden = [name for name in folders if name.startswith(".")]
        found.skipped["links to folders"] += len(linked)
        found.skipped["hidden folders"] += len(hidden)
        folders[:] = sorted(set(folders) - {*linked, *hidden})
        for name in names:
            path = Path(parent, name)
            reason = _reason_to_skip(path, root)
            if reason:
                found.skipped[reason] += 1
            else:
                found.files.append(path)
    found.files.sort()
    return found


def _reason_to_skip(path: Path, root: str) -> str:
    if path.name.startswith("."):
        return "hidden files"
    if path.name.upper() == NAME:
        return "indexes (DICOMDIR)"
    if path.suffix.lower() == ".zip":
        return "ZIP archives (import each by itself)"
    if leads_out(path, root=root):
        return "links that lead out of the folder"
    return "" if path.is_file() else "no ordinary files"
