"""The header of a DICOM file without its pixels: what a collection says of a film nowhere else."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deepcovid.errors import ImageError
from deepcovid.imaging.dicom_parsing import DEFLATED, check_deflated
from deepcovid.imaging.guards import DECODER_FAILURES

VIEW_KEYWORDS = (
    "ViewPosition", "ViewCodeSequence", "PatientOrientationCodeSequence", "SeriesDescription", "ProtocolName",
    "AcquisitionDeviceProcessingDescription",
)  # fmt: skip
_SIGNS = ("SOPClassUID", "Rows")  # every image has both; a file may lack the preamble and the meta header
_MAX_PIXELS = 1 << 26  # of a deflated file, which is unpacked whole
_FAILURES: tuple[type[Exception], ...] = (OSError, *DECODER_FAILURES)


def read_header(path: Path, *, keywords: Sequence[str]) -> Any:
    """A pydicom data set with the elements of these keywords, SOPClassUID and Rows only, as far as the header has them.

    A missing preamble or meta header is mended, as for films that are opened.

    Raises:
        ImageError: the file cannot be read as DICOM; nothing that it says is repeated.
    """
    from pydicom import dcmread

    try:
        _check_unpacked_size(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # values that break a rule of the Standard are said by their readers
            header = dcmread(path, stop_before_pixels=True, specific_tags=[*keywords, *_SIGNS], force=True)
            list(header)  # values are decoded when they are looked at: here, where what they break stays unsaid
    except ImageError:
        raise
    except _FAILURES:
        header = {}
    if not any(sign in header for sign in _SIGNS):
        raise ImageError("this is not readable as DICOM", path=path, mend="copy the file again")
    return header


def header_text(header: Any, keyword: str) -> str:
    """The first value of an element as trimmed text; "" where there is none."""
    value = header.get(keyword)
    if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue":
        value = value[0] if len(value) else ""
    return "" if value is None else str(value).strip()


def _check_unpacked_size(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(2048)
        if DEFLATED in head:
            check_deflated(head + file.read(), path=path, max_pixels=_MAX_PIXELS)
