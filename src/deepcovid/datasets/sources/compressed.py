"""The bytes of a metadata file that may be gzipped, as MIMIC-CXR's and PadChest's are."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from deepcovid.errors import TableError

MAX_BYTES = 1 << 30  # the largest known, MIMIC-CXR's, are below 70 MB
_GZIP = b"\x1f\x8b"


def plain_bytes(path: Path) -> bytes:
    """The content of a file, unpacked where it is gzip (RFC 1952), whatever its name.

    Raises:
        TableError: the gzip stream is cut off or damaged, or holds more than 1 GiB.
    """
    with path.open("rb") as file:
        if file.read(2) != _GZIP:
            file.seek(0)
            return file.read()
    try:
        with gzip.open(path, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"this gzip file is damaged ({error})", path=path, mend="get the file anew") from error
    if len(data) > MAX_BYTES:
        raise TableError(
            f"this gzip file unpacks to more than {MAX_BYTES >> 20} MiB", path=path, mend="get the file anew"
        )
    return data
