"""DICOM's grayscale pipeline (PS3.4, annex N.2): modality LUT or rescale, VOI LUT or window, polarity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcovid.imaging.luma import range_scaled

LARGEST = 1e100  # float64 can still subtract and divide such values
FAINT = 1 / 16  # twelve bits' worth in sixteen


@dataclass(frozen=True)
class Modality:
    """Values after the modality transformation.

    Args:
        values: (H, W), integers or float64, in the modality's units.
        low: the lowest value that the stored bits allow.
        high: the highest.
        bits: how many bits the values have; above 16, or for floats, the range says nothing about a film.
        notes: what the reader of the film should know.
    """

    values: np.ndarray
    low: float
    high: float
    bits: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scaled:
    """A film in [0, 1], float32 (H, W), and how it got there."""

    pixels: np.ndarray
    voi: str | None
    inverted: bool = False
    notes: tuple[str, ...] = ()


def modality(stored: np.ndarray, dataset: Any) -> Modality:
    """Apply the Modality LUT Sequence, or else Rescale Slope and Intercept (PS3.3, C.11.1)."""
    bits = int(dataset.get("BitsStored") or dataset.BitsAllocated) if stored.dtype.kind in "iu" else 64
    signed = int(dataset.get("PixelRepresentation") or 0) == 1
    low, high = (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) if signed else (0.0, 2.0**bits - 1)
    if dataset.get("ModalityLUTSequence"):
        table, first, depth = lut(dataset.ModalityLUTSequence[0], dataset)
        return Modality(through(stored, table, first), 0.0, 2.0**depth - 1, depth)
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
    if slope is None or intercept is None or (slope == 1 and intercept == 0):
        return Modality(stored, low, high, bits)
    if slope == 0:
        return Modality(stored, low, high, bits, ("rescale slope 0 ignored",))
    ends = sorted((low * slope + intercept, high * slope + intercept))
    if not -LARGEST < ends[0] <= ends[1] < LARGEST:
        raise ValueError("a rescale beyond any unit of measurement")
    return Modality(stored.astype(np.float64) * slope + intercept, ends[0], ends[1], bits)


def presented(film: Modality, dataset: Any, *, inverted: bool) -> Scaled:
    """Apply the first VOI LUT, or else the first window (PS3.3, C.11.2), and map its output range to [0, 1].

    The output is (y − y_min) / (y_max − y_min), clipped, of y as pydicom's `apply_voi_lut(apply_modality_lut(…))`
    gives it. After a VOI LUT of n bits y_min is 0 and y_max is 2^n − 1; otherwise they are the least and greatest value
    that the stored bits allow (0 and 2^n − 1; −2^(n−1) and 2^(n−1) − 1 where signed; 0 and 2^n − 1 of a Modality LUT),
    rescaled. A window fills that range; without one it is mapped as it stands, the identity of PS3.4, N.2.1: the
    same value is the same grey in every film of a device, which the lowest and highest of each film would not give.
    Only where more than 16 bits are stored, y_min and y_max are the film's own lowest and highest value.
    Polarity comes last (`inverted`: 1 − x).
    """
    notes = [*film.notes, *_alternatives(dataset)]
    pixels, voi = _voi_lut(film, dataset), "lut"
    if pixels is None:
        pixels, voi = _windowed(film, dataset, notes)
    if pixels is None and film.bits <= 16:
        pixels, voi = range_scaled(film.values, low=film.low, high=film.high), f"stored range ({film.bits} bits)"
        beyond = np.count_nonzero((film.values < film.low) | (film.values > film.high)) / film.values.size
        if beyond:
            notes.append(f"{beyond:.2%} of the pixels lie beyond the range of their bits, and were clipped")
        if np.ptp(pixels) < FAINT:
            notes.append(f"no window is given, and the pixels fill {np.ptp(pixels):.1%} of the range of their bits")
    if pixels is None:
        low, high = float(film.values.min()), float(film.values.max())
        pixels, voi = range_scaled(film.values, low=low, high=high), "lowest to highest"
    return Scaled(np.float32(1) - pixels if inverted else pixels, voi, inverted, tuple(notes))


def lut(item: Any, dataset: Any) -> tuple[np.ndarray, int, int]:
    """The table, the first value that it maps, and its bits (PS3.3, C.11.1.1.1 and C.11.2.1.1).

    Raises:
        ValueError: the table is shorter than its descriptor says, or has bits that the Standard does not know.
    """
    entries, first, depth = (int(value) for value in item.LUTDescriptor)
    entries = entries or 2**16
    if not 8 <= depth <= 16:
        raise ValueError(f"a LUT of {depth} bits")
    data = item.LUTData
    if isinstance(data, bytes):  # VR OW: words in the byte order of the file, or packed bytes
        order = "<" if dataset.file_meta.TransferSyntaxUID.is_little_endian else ">"
        packed = depth == 8 and len(data) < 2 * entries
        table = np.frombuffer(data, np.uint8 if packed else f"{order}u2")
    else:
        table = np.asarray(data, dtype=np.int64).ravel() & 0xFFFF  # VR US or SS
    if table.size < entries:
        raise ValueError(f"a LUT of {table.size} entries where {entries} are declared")
    return table[:entries].astype(np.int64), first, depth


def through(values: np.ndarray, table: np.ndarray, first: int) -> np.ndarray:
    """Values mapped by a table whose entry 0 belongs to `first`; values outside take its first or last entry.

    Done here, since pydicom 3.0's `apply_voi` keeps the index in the type of the table's output: 12-bit values wrap
    round in a table of 8-bit entries. Fractions, after a rescale, are cut off as pydicom does.
    """
    if values.dtype.kind == "f":
        # clipped as floats: a rescale may leave the range of any integer
        return table[np.clip(values - first, 0, table.size - 1).astype(np.int64)]
    return table[np.clip(values.astype(np.int64) - first, 0, table.size - 1)]


def window(values: np.ndarray, *, center: float, width: float, function: str = "LINEAR") -> np.ndarray:
    """A window's output with its range mapped to [0, 1], float64.

    Args:
        values: any shape, in the modality's units.
        center: Window Center.
        width: Window Width; at least 1 for LINEAR, above 0 for the others.
        function: LINEAR (PS3.3, C.11.2.1.2.1), LINEAR_EXACT (C.11.2.1.3.2) or SIGMOID (C.11.2.1.3.1).
    """
    x = values.astype(np.float64)
    if function == "SIGMOID":
        return 1.0 / (1.0 + np.exp(np.clip(-4.0 * (x - center) / width, -700.0, 700.0)))
    if function == "LINEAR":
        center, width = center - 0.5, width - 1.0
    if width <= 0:  # LINEAR with width 1 is a threshold: at or below its centre black
        return (x > center).astype(np.float64)
    x -= center
    x /= width
    x += 0.5
    return np.clip(x, 0.0, 1.0, out=x)


def number(dataset: Any, keyword: str) -> float | None:
    """The first value of an element as a finite number, or None where it is absent, empty or no number."""
    value = dataset.get(keyword)
    if value is not None and not isinstance(value, str | bytes) and hasattr(value, "__len__"):
        value = value[0] if len(value) else None
    try:
        found = None if value is None or value == "" else float(value)
    except (TypeError, ValueError):
        return None
    return found if found is not None and math.isfinite(found) else None


def _alternatives(dataset: Any) -> list[str]:
    """Where several views are offered (PS3.3, C.11.2.1.1 and C.11.2.1.2), that the first was taken."""
    luts, centers = dataset.get("VOILUTSequence") or (), dataset.get("WindowCenter")
    if len(luts) > 1:
        return [f"the first of {len(luts)} VOI LUTs was taken"]
    several = not luts and centers is not None and not isinstance(centers, str) and hasattr(centers, "__len__")
    return [f"the first of {len(centers)} windows was taken"] if several and len(centers) > 1 else []


def _voi_lut(film: Modality, dataset: Any) -> np.ndarray | None:
    sequence = dataset.get("VOILUTSequence")
    if not sequence or sequence[0].get("LUTDescriptor") is None or sequence[0].get("LUTData") is None:
        return None
    table, first, depth = lut(sequence[0], dataset)
    return range_scaled(through(film.values, table, first), low=0.0, high=2.0**depth - 1)


def _windowed(film: Modality, dataset: Any, notes: list[str]) -> tuple[np.ndarray | None, str]:
    center, width = number(dataset, "WindowCenter"), number(dataset, "WindowWidth")
    if center is None or width is None:
        return None, ""
    function = str(dataset.get("VOILUTFunction") or "LINEAR").strip().upper()
    if function not in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        notes.append("unknown VOI LUT Function, taken as LINEAR")
        function = "LINEAR"
    if width < 1 if function == "LINEAR" else width <= 0:
        notes.append(f"window of width {width:g} ignored")
        return None, ""
    pixels = window(film.values, center=center, width=width, function=function).astype(np.float32)
    suffix = "" if function == "LINEAR" else f" {function.lower()}"
    return pixels, f"window {center:g}/{width:g}{suffix}"
