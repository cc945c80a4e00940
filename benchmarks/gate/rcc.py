"""The photographs inside GCompris's Qt resource files whose licences, file by file, let weights be shipped."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from debian_copyright import Copyright

FREE = re.compile(r"CC0|CC-BY-[0-9]|public-domain")
SOURCES = (".jpg", ".jpeg", ".png", ".webp")  # the copyright file names what they were before they became WebP


def free_pictures(opened: Path) -> Iterator[tuple[str, bytes, str]]:
    """Path, bytes and licence of every free picture in the unpacked package, by the last rule of its copyright file."""
    told = Copyright.of(opened)
    for path in sorted(opened.rglob("*.rcc")):
        for name, data in files(path.read_bytes()):
            name = "src/" + name.split("src/")[-1]
            if not name.endswith(".webp"):
                continue
            sources = [name.removesuffix(".webp") + ending for ending in SOURCES]
            licence = told.licence(*sources)
            if FREE.match(licence):
                yield name, data, licence


def files(blob: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and contents of a Qt resource file (`rcc --binary`), stored plain or by zlib; others are left out."""
    if blob[:4] != b"qres":
        return
    version, tree, data, names = struct.unpack(">4I", blob[4:20])
    step = 22 if version >= 2 else 14

    def walk(node: int, above: str) -> Iterator[tuple[str, bytes]]:
        at = tree + node * step
        name_at, flags = struct.unpack(">IH", blob[at : at + 6])
        length = struct.unpack(">H", blob[names + name_at : names + name_at + 2])[0] if node else 0
        name = above + blob[names + name_at + 6 : names + name_at + 6 + 2 * length].decode("utf-16-be")
        if flags & 2:
            count, first = struct.unpack(">2I", blob[at + 6 : at + 14])
            for child in range(first, first + count):
                yield from walk(child, f"{name}/" if name else "")
        elif not flags & 4:
            start = data + struct.unpack(">I", blob[at + 10 : at + 14])[0]
            body = blob[start + 4 : start + 4 + struct.unpack(">I", blob[start : start + 4])[0]]
            yield name, zlib.decompress(body[4:]) if flags & 1 else body

    yield from walk(0, "")
