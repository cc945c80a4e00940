"""A table from folders of films: one folder a class, with or without train, val and test folders over them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from deepcovid.datasets.table import Table
from deepcovid.datasets.validation import is_absolute
from deepcovid.errors import TableError, printable
from deepcovid.imaging.finding import leads_out, refuse_unreadable

SPLIT_FOLDERS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test",
    "testing": "test",
}  # fmt: skip

LISTED = 10
LAYOUTS = """give a folder of one of these layouts:
    FOLDER/covid/*.png           FOLDER/normal/*.png
    FOLDER/train/covid/*.png     FOLDER/val/covid/*.png     FOLDER/test/covid/*.png     (val may be absent)"""


@dataclass
class _Walk:
    """What was found on the way."""

    root: Path
    follow_links: bool = False
    films: list[dict[str, str]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def import_folder(folder: Path | str, *, source: str | None = None, allow_outside: bool = False) -> Table:
    """A table of all films under class folders; their names are the labels.

    Films are looked for at any depth inside a class folder, in the order of their names. Folders called train, val,
    valid, validation or test (upper case or lower) over the class folders give the split. What is no film, and what
    lies outside the class folders, is left out and counted in the notes.

    Args:
        folder: the folder that holds the class folders (or the split folders); the table's paths start from it.
        source: the collection or hospital that all these films come from; no column is made when it is not given.
        allow_outside: whether symbolic links may lead out of the folder, and class folders may be links; otherwise
            these are left out and counted.

    Raises:
        TableError: there is no such folder, no class folder, no film, or split folders stand one level too deep.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise TableError("there is no such folder", path=folder, mend=LAYOUTS)
    walk = _Walk(folder, follow_links=allow_outside)
    walk.notes += [] if allow_outside else _linked_folders(folder)
    splits = [child for child in _subfolders(folder, walk) if child.name.lower() in SPLIT_FOLDERS]
    if splits:
        _walk_splits(folder, splits, walk)
    else:
        _walk_labels(folder, "", walk)
    if not walk.films:
        raise TableError("no film lies in a class folder here", path=folder, mend=LAYOUTS)
    return Table(frame=_frame(walk.films, source), folder=folder, notes=tuple(_notes(walk)))


def _walk_splits(folder: Path, splits: list[Path], walk: _Walk) -> None:
    others = [child for child in _subfolders(folder, walk) if child not in splits]
    mixed = [child.name for child in others if any(True for _ in _films(child, _Walk(folder)))]
    if mixed:
        raise TableError(
            f"films lie in {', '.join(mixed)}, beside the split folders {', '.join(c.name for c in splits)}",
            path=folder,
            mend="move them into the class folders of one split, or elsewhere",
        )
    for child in splits:
        _walk_labels(child, SPLIT_FOLDERS[child.name.lower()], walk)
    found = {film["split"] for film in walk.films}
    if found and "val" not in found:
        walk.notes.append("there is no val folder: thresholds need one, so take it from train by patient")


def _walk_labels(parent: Path, split: str, walk: _Walk) -> None:
    loose = sum(_is_film(child) for child in parent.iterdir() if child.is_file())
    if loose:
        walk.notes.append(f"{loose} films lie in {parent.name} itself, without a class folder, and were left out")
    for child in _subfolders(parent, walk):
        _refuse_deeper_splits(child, walk)
        films = list(_films(child, walk))
        if not films:
            walk.notes.append(f"the class folder {child.relative_to(walk.root).as_posix()} holds no film")
        for film in films:
            row = {"image": film.relative_to(walk.root).as_posix(), "label": child.name.strip()}
            walk.films.append({**row, "split": split} if split else row)


def _refuse_deeper_splits(label: Path, walk: _Walk) -> None:
    deeper = [child.name for child in _subfolders(label, walk) if child.name.lower() in SPLIT_FOLDERS]
    if deeper:
        raise TableError(
            f"the split folder {deeper[0]} lies inside {label.name}, where a class was expected",
            path=label,
            mend=f"if {label.name} is no class, give {label} itself; " + LAYOUTS,
        )


def _films(folder: Path, walk: _Walk) -> Iterator[Path]:
    """Every film under `folder`, sorted; what is none is counted in `walk.skipped`."""
    for place, names, files in os.walk(folder, onerror=refuse_unreadable):
        names[:] = sorted(name for name in names if not _is_hidden(name))
        for name in sorted(files):
            reason = _reason_to_skip(Path(place) / name, walk)
            if reason:
                walk.skipped[reason] += 1
            else:
                yield Path(place) / name


def _reason_to_skip(path: Path, walk: _Walk) -> str:
    if not _is_film(path):
        return "files are no films"
    if not os.path.isfile(path):
        return "are no ordinary files (pipes, devices, links that lead nowhere)"
    if not walk.follow_links and leads_out(path, root=os.path.realpath(walk.root)):
        return "films are links out of the folder (copy them, or allow it with --allow-outside)"
    cell = path.relative_to(walk.root).as_posix()
    odd = not cell.isprintable() or cell != cell.strip() or "\\" in cell or is_absolute(cell)
    return "films have a name that a table cannot hold (rename them)" if odd else ""


def _is_film(path: Path) -> bool:
    from deepcovid.imaging.readers import is_film_name

    return is_film_name(path)


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))


def _subfolders(folder: Path, walk: _Walk) -> list[Path]:
    children = [child for child in folder.iterdir() if child.is_dir() and not _is_hidden(child.name)]
    return sorted(child for child in children if walk.follow_links or not child.is_symlink())


def _linked_folders(folder: Path) -> list[str]:
    """Folders that are links, here and one below: a class or a split that a reader would miss."""
    below = [child for child in folder.iterdir() if child.is_dir()]
    deeper = [child for parent in below if not parent.is_symlink() for child in parent.iterdir() if child.is_dir()]
    names = [child.relative_to(folder).as_posix() for child in sorted([*below, *deeper]) if child.is_symlink()]
    if not names:
        return []
    told = ", ".join(map(printable, names[:LISTED])) + (", …" if len(names) > LISTED else "")
    return [f"{len(names)} folders are links and were not entered: {told} (--allow-outside enters them)"]


def _frame(films: list[dict[str, str]], source: str | None) -> pd.DataFrame:
    frame = pd.DataFrame(films, dtype="str")
    return frame if source is None else frame.assign(source=source)


def _notes(walk: _Walk) -> list[str]:
    labels = sorted({film["label"] for film in walk.films})
    notes = [
        "patients are not known: films of one patient may stand under different names, also on two sides of a split"
    ]
    if len(labels) == 1:
        notes.append(f"all films carry the one label {labels[0]!r}")
    folded = Counter(label.lower() for label in labels)
    notes += [f"labels that differ in case alone: {name}" for name, count in folded.items() if count > 1]
    notes += [f"{count} {reason} and were left out" for reason, count in sorted(walk.skipped.items())]
    return notes + walk.notes
