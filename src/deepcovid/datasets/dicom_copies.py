"""A film without its header: the pixels of a DICOM file as a 16-bit PNG, which can hold no name but one burnt in."""

from __future__ import annotations

from pathlib import Path

from deepcovid.imaging.export import png16
from deepcovid.imaging.readers import read_radiograph
from deepcovid.storage import write_bytes


def copy_film(path: Path, to: Path) -> Path:
    """Write the film at `path`, as `read_radiograph` gives it, to `to`; returns `to`.

    Raises:
        ImageError: the film cannot be read.
        DeepCovidError: the copy cannot be written.
    """
    return write_bytes(to, png16(read_radiograph(path).pixels))
