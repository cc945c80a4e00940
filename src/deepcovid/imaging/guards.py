"""Guards round the decoders: no warning reaches the user, no half file passes, no size is believed unchecked."""

from __future__ import annotations

import contextlib
import logging
import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from deepcovid.errors import ImageError

# What Pillow, pydicom and their plug-ins are known to raise on damaged files. Their own errors that derive from
# Exception alone (DecompressionBombError, InvalidDicomError, BytesLengthException) are caught where they can arise.
DECODER_FAILURES: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)

# JPEG and DICOM count rows and columns in 16 bits (T.81, B.2.2; PS3.3, C.7.6.3); no film is a line.
LONGEST_SIDE, LONGEST_TO_SHORTEST = 65_535, 10_000

# Told the pixels of every accepted header; a process with limits makes room for them.
on_accepted: Callable[[int], None] | None = None

_lock = threading.Lock()
_held = contextlib.ExitStack()
_inside = 0


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence decoders' warnings and refuse truncated images, for as long as any thread is inside.

    Warning filters belong to the process, and `warnings.catch_warnings` in two threads at once can leave them
    changed for good. Hence the count: the first to come in sets them, the last to go out restores them.
    A warning may quote a DICOM value, so none is shown, logged or kept.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _inside
    with _lock:
        if _inside == 0:
            _silence()
        _inside += 1


def _leave() -> None:
    global _inside
    with _lock:
        _inside -= 1
        if _inside == 0:
            _held.close()


def _silence() -> None:
    from PIL import ImageFile

    _held.enter_context(warnings.catch_warnings())
    warnings.simplefilter("ignore")
    for name in ("pydicom", "PIL"):  # Pillow logs the values of TIFF tags
        logger = logging.getLogger(name)
        _held.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL + 1)
    _held.callback(setattr, ImageFile, "LOAD_TRUNCATED_IMAGES", ImageFile.LOAD_TRUNCATED_IMAGES)
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # other packages set it; half a film is no film


def check_size(*, width: int, height: int, frames: int = 1, max_pixels: int, path: Path) -> None:
    """Refuse an image whose header promises none or too many pixels, or a line, before anything is decoded.

    Raises:
        ImageError: names the size and the limit.
    """
    if width < 1 or height < 1:
        raise ImageError(f"the header gives a size of {width} × {height}", path=path, mend="export the film again")
    total = width * height * max(frames, 1)
    if total > max_pixels:
        times = f" × {frames} frames" if frames > 1 else ""
        raise ImageError(
            f"this image is too large: {width} × {height}{times} is {total / 1e6:,.1f} million pixels, "
            f"at most {max_pixels / 1e6:,.1f} million are read",
            path=path,
            mend="export the film at a smaller size, or raise max_pixels if you trust the file",
        )
    longest, shortest = max(width, height), min(width, height)
    if longest > LONGEST_SIDE or longest > LONGEST_TO_SHORTEST * shortest:
        raise ImageError(
            f"the header gives a size of {width} × {height}: no film has this shape", path=path, mend="name a film"
        )
    if on_accepted is not None:
        on_accepted(total)
