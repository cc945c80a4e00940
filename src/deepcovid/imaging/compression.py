"""How strongly a JPEG file is compressed, from its first quantisation table."""

from __future__ import annotations

from pathlib import Path

HEAD = 256 * 1024  # bytes; EXIF and colour profiles stand before the tables of a JPEG
START_OF_SCAN, QUANTISATION = 0xDA, 0xDB
# ITU-T T.81, table K.1: luminance at quality 50 of the Independent JPEG Group's scale, in zigzag order
STANDARD = (
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51,
    61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77,
    113, 121, 112, 100, 120, 92, 101, 103, 99,
)  # fmt: skip


def jpeg_quality(path: Path) -> int | None:
    """The quality, 1 to 100, on the Independent JPEG Group's scale that comes nearest to a JPEG file's first table.

    None where the file is no JPEG or has no table in its first 256 KiB.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    table = _first_table(head)
    if table is None:
        return None
    # entries above 255 are cut there in baseline files (T.81, table B.4)
    pairs = [(value, standard) for value, standard in zip(table, STANDARD, strict=True) if value < 255]
    scale = 100 * sum(value for value, _ in pairs) / max(1, sum(standard for _, standard in pairs))
    quality = 100 - scale / 2 if scale <= 100 else 5000 / scale
    return max(1, min(100, round(quality)))


def _first_table(head: bytes) -> tuple[int, ...] | None:
    """The 64 numbers of the first quantisation table (T.81, section B.2.4.1)."""
    if not head.startswith(b"\xff\xd8"):
        return None
    at = 2
    while at + 4 <= len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4], "big")
        if marker == QUANTISATION:
            wide = head[at + 4] >> 4 if at + 4 < len(head) else 0
            cells = head[at + 5 : at + 5 + 64 * (wide + 1)]
            step = wide + 1
            values = tuple(int.from_bytes(cells[i : i + step], "big") for i in range(0, len(cells), step))
            return values if len(values) == 64 else None
        if marker == START_OF_SCAN or length < 2:
            return None
        at += 2 + length
    return None
