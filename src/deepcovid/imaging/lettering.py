"""Letters on a film: words as small grey pictures, and how they are burnt in."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from deepcovid.errors import DeepCovidError

# five columns by seven rows a letter, one hexadecimal byte a row, the usual dot-matrix shapes
_SHAPES = {
    "A": "0E11111F111111", "B": "1E11111E11111E", "C": "0E11101010110E", "D": "1E11111111111E", "E": "1F10101E10101F",
    "F": "1F10101E101010", "G": "0E11101711110F", "H": "1111111F111111", "I": "0E04040404040E", "J": "0702020202120C",
    "K": "11121418141211", "L": "1010101010101F", "M": "111B1515111111", "N": "11111915131111", "O": "0E11111111110E",
    "P": "1E11111E101010", "Q": "0E11111115120D", "R": "1E11111E141211", "S": "0F10100E01011E", "T": "1F040404040404",
    "U": "1111111111110E", "V": "11111111110A04", "W": "1111111515150A", "X": "11110A040A1111", "Y": "1111110A040404",
    "Z": "1F01020408101F", "0": "0E11131519110E", "1": "040C040404040E", "2": "0E11010204081F", "3": "1F02040201110E",
    "4": "02060A121F0202", "5": "1F101E0101110E", "6": "0608101E11110E", "7": "1F010204080808", "8": "0E11110E11110E",
    "9": "0E11110F01020C", " ": "00000000000000", "-": "0000001F000000", ".": "00000000000C0C", "/": "01010204081010",
}  # fmt: skip


def word_bitmap(text: str, *, height: float) -> np.ndarray:
    """A word as a grey image in [0, 1], float32, letters about `height` pixels high with soft edges.

    Raises:
        DeepCovidError: a character that has no shape here.
    """
    unknown = sorted(set(text) - set(_SHAPES))
    if unknown:
        raise DeepCovidError(
            f"the text {text!r} has {unknown[0]!r}; what is drawn on a film may hold A to Z, 0 to 9, space and - . /",
            mend="write it in capitals without other signs",
        )
    rows = [np.array([int(_SHAPES[c][i : i + 2], 16) for i in range(0, 14, 2)]) for c in text]
    letters = [(row[:, None] >> np.arange(4, -1, -1)) & 1 for row in rows]
    word = np.concatenate([np.pad(letter, ((1, 1), (1, 0))) for letter in letters], axis=1)
    word = np.pad(word, ((0, 0), (0, 1))).astype(np.float32)
    coarse = np.kron(word, np.ones((4, 4), np.float32))
    smooth = ndimage.gaussian_filter(coarse, 1.2)
    return np.clip(ndimage.zoom(smooth, height / 28, order=1) * 1.3 - 0.15, 0, 1)


def stamp(film: np.ndarray, bitmap: np.ndarray, row: float, column: float) -> None:
    """Lay a bitmap over the film in place, centred, pushed inwards where it would leave it."""
    height = min(bitmap.shape[0], film.shape[0])
    width = min(bitmap.shape[1], film.shape[1])
    top = int(np.clip(round(row - height / 2), 0, film.shape[0] - height))
    start = int(np.clip(round(column - width / 2), 0, film.shape[1] - width))
    patch = film[top : top + height, start : start + width]
    np.maximum(patch, 0.97 * bitmap[:height, :width], out=patch)
