"""Elements of a header that decide no pixel: a damaged one is as one that is absent, and costs no film."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deepcovid.imaging.guards import DECODER_FAILURES


def optional(dataset: Any, keyword: str) -> Any:
    """The value of an element; None where it is absent, or where pydicom, which converts it only now, cannot."""
    from pydicom.errors import BytesLengthException

    try:
        return dataset.get(keyword)
    except (BytesLengthException, *DECODER_FAILURES):
        return None


def code_string(dataset: Any, keyword: str) -> str:
    """A code string (CS) in capitals; "" where it is absent, damaged or of several values."""
    value = optional(dataset, keyword)
    return value.strip().upper() if isinstance(value, str) else ""


def text(dataset: Any, keyword: str) -> str:
    """The first value of an element, trimmed; "" where there is none."""
    value = optional(dataset, keyword)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):  # several values
        value = value[0] if len(value) else None
    return "" if value is None or isinstance(value, bytes) else str(value).strip().strip("\0")
