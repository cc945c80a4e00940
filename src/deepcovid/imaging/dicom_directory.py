"""DICOMDIR, the index of a disc or folder of DICOM files: which images it lists, and where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deepcovid.errors import ImageError
from deepcovid.imaging.guards import DECODER_FAILURES, quiet

NAME = "DICOMDIR"
LISTED = 5
LARGEST = 256 * 2**20  # bytes of an index


def directory_images(path: Path | str) -> list[Path]:
    """The files that an index lists as images, in its order.

    File IDs (PS3.10, 8.2) are written in capitals; where a file system keeps small letters, those are taken. Whether
    a file is there is not asked.

    Args:
        path: a file called DICOMDIR.

    Raises:
        ImageError: it is no index, damaged, lists no image, or an entry leads out of its folder.
    """
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    path = Path(path)
    if path.stat().st_size > LARGEST:
        raise ImageError("this index is too large to be one", path=path, mend="name the folder of the films instead")
    try:
        with quiet():
            listed, outside = _listed(dcmread(path), path.parent)
    except (InvalidDicomError, *DECODER_FAILURES):
        raise ImageError(
            "this index of films (DICOMDIR) is damaged", path=path, mend="name the folder of the films instead"
        ) from None
    if not listed:
        raise ImageError("this index (DICOMDIR) lists no image", path=path, mend="name the folder of the films instead")
    if outside:
        raise ImageError(
            f"{outside} entries of this index (DICOMDIR) lead out of its folder",
            path=path,
            mend="name the folder of the films instead",
        )
    return listed


def directory_refusal(dataset: Any, *, path: Path) -> ImageError:
    """What to say where an index was given and a film was wanted: how many images it lists, and the first of them."""
    images, _ = _listed(dataset, path.parent)
    first = ", ".join("/".join(image.relative_to(path.parent).parts) for image in images[:LISTED])
    more = f", and {len(images) - LISTED} more" if len(images) > LISTED else ""
    return ImageError(
        f"this is no film but an index (DICOMDIR), and holds no pixels; it lists {len(images)} images",
        path=path,
        mend=f"name one of them: {first}{more}" if images else "name the folder of the films instead",
    )


def _listed(dataset: Any, folder: Path) -> tuple[list[Path], int]:
    images: list[Path] = []
    outside = 0
    for record in dataset.get("DirectoryRecordSequence") or ():
        if str(record.get("DirectoryRecordType") or "").strip().upper() != "IMAGE":
            continue
        parts = _parts(record.get("ReferencedFileID"))
        if parts is None:
            outside += 1
        else:
            images.append(_as_on_disk(folder, parts))
    return list(dict.fromkeys(images)), outside


def _parts(value: Any) -> list[str] | None:
    """The components of a File ID; None where they are none or lead elsewhere."""
    values = [value] if isinstance(value, str) else list(value or ())
    parts = [part for text in values for part in str(text).replace("\\", "/").split("/")]
    plain = all(part not in ("", ".", "..") and part.isprintable() and ":" not in part for part in parts)
    return parts if parts and plain else None


def _as_on_disk(folder: Path, parts: list[str]) -> Path:
    exact = folder.joinpath(*parts)
    small = folder.joinpath(*(part.lower() for part in parts))
    return small if not exact.exists() and small.exists() else exact
