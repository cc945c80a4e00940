"""A film as the bytes of a file: pixels alone, nothing of where they came from."""

from __future__ import annotations

import io

import numpy as np

from deepcovid.imaging.radiograph import check_film


def png16(pixels: np.ndarray) -> bytes:
    """A film, float32 (H, W) in [0, 1], as a grey 16-bit PNG without any text: rounded to the nearest 1/65535.

    Films of up to 16 stored bits shown over their whole range come back from it to half a step.

    Raises:
        ValueError: it is no film.
    """
    from PIL import Image

    check_film(pixels)
    values = np.rint(pixels.astype(np.float64) * 65535).astype(np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()
