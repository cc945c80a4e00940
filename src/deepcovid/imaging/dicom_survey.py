"""The header of a DICOM file without its pixels, and whether pixels follow: what an import needs of ten thousand files."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from deepcovid.errors import ImageError
from deepcovid.imaging.archive import archive_of, member_bytes, member_start
from deepcovid.imaging.dicom_parsing import DEFLATED, check_deflated
from deepcovid.imaging.guards import DECODER_FAILURES
from deepcovid.imaging.readers import BYTES_A_PIXEL, BYTES_BESIDE, MAX_PIXELS, kind_of

LONGEST_HEADER = 16 * 2**20  # bytes of a member of an archive that are unpacked to look for its pixels
DIRECTORY = "1.2.840.10008.1.3.10"  # Media Storage Directory Storage
PIXELS = {0x7FE00008, 0x7FE00009, 0x7FE00010}  # Float, Double Float and plain Pixel Data


@dataclass(frozen=True)
class Survey:
    """What a file says before its pixels.

    Attributes:
        dataset: a pydicom data set with the elements that were asked for.
        has_pixels: whether pixels follow it.
        is_index: whether it is the index of a disc (DICOMDIR), whatever its name.
        syntax: the transfer syntax as PS3.6 calls it; "unknown" where it is none of the Standard's, "not said" where
            the file has no meta header.
    """

    dataset: Any
    has_pixels: bool
    is_index: bool
    syntax: str


def survey(path: Path | str, *, keywords: Sequence[str]) -> Survey | None:
    """The elements of these keywords in a DICOM file (or in a member of a ZIP archive); None where it is no DICOM.

    Call it inside `guards.quiet()`: pydicom's warnings may quote what a patient is called.

    Raises:
        ImageError: the file cannot be read or is damaged; nothing that it says is repeated.
    """
    path = Path(path)
    with readable(path), _opened(path) as stream:
        start = stream.read(2048)
        if kind_of(start) != "DICOM":
            return None
        if DEFLATED in start:
            check_deflated(start + stream.read(), path=path, max_pixels=MAX_PIXELS)
        stream.seek(0)
        return _surveyed(stream, keywords)


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Whatever pydicom raises on damaged files inside becomes an ImageError that quotes nothing.

    Around the use of elements, too: pydicom converts one, and finds it damaged, only then.
    """
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        yield
    except (FileNotFoundError, PermissionError) as error:
        raise ImageError(
            f"the file cannot be read ({error.strerror})", path=path, mend="check that it is there, and its permissions"
        ) from None
    except (BytesLengthException, InvalidDicomError, *DECODER_FAILURES):
        raise ImageError("its data elements cannot be read", path=path, mend="copy or export it again") from None


def _opened(path: Path) -> IO[bytes]:
    if archive_of(path) is None:
        return path.open("rb")
    start = member_start(path, size=LONGEST_HEADER)
    if DEFLATED in start[:2048]:
        start = member_bytes(path, limit=BYTES_A_PIXEL * MAX_PIXELS + BYTES_BESIDE)
    return io.BytesIO(start)


def _surveyed(stream: IO[bytes], keywords: Sequence[str]) -> Survey:
    from pydicom.filereader import read_partial
    from pydicom.tag import Tag

    reached: list[int] = []

    def at_pixels(tag: Any, vr: str | None, length: int) -> bool:
        if tag in PIXELS:
            reached.append(int(tag))
        return tag in PIXELS

    wanted = [Tag(keyword) for keyword in keywords]
    dataset = read_partial(stream, stop_when=at_pixels, force=True, specific_tags=wanted)
    meta: Any = getattr(dataset, "file_meta", None) or {}
    index = meta.get("MediaStorageSOPClassUID") == DIRECTORY
    return Survey(dataset, bool(reached), index, _syntax(meta.get("TransferSyntaxUID")))


def _syntax(uid: Any) -> str:
    if uid is None:  # no meta header
        return "not said"
    return str(uid.name) if uid.is_valid and not uid.is_private and uid.is_transfer_syntax else "unknown"
