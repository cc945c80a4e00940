"""Hostile zip archives, named as a study."""

from __future__ import annotations

import struct
from functools import partial
from pathlib import Path

from tests.hostile.dicom_bytes import sound
from tests.hostile.kinds import PLANTED, Content, cut, flipped
from tests.hostile.kinds import kind as register
from tests.hostile.makers_disguise import archive
from tests.hostile.originals import raw_zeros

kind = partial(register, family="ZIP", way="folder")


def forged(megabytes: int, size: int) -> bytes:
    """An archive of one member that unpacks to so many zeros and states this size (APPNOTE, 4.3.7 and 4.3.12)."""
    name, packed = b"film.dcm", raw_zeros(megabytes)
    both = struct.pack("<HHHHHLLLHH", 20, 0, 8, 0, 0, 0, len(packed), size, len(name), 0)
    local = b"PK\3\4" + both + name + packed
    central = b"PK\1\2" + struct.pack("<H", 20) + both + struct.pack("<HHHLL", 0, 0, 0, 0, 0) + name
    return local + central + b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, 1, 1, len(central), len(local), 0)


@kind("zip of a study whose members lead out of it", words="lead out")
def slip(folder: Path) -> dict[str, Content]:
    return {
        "slip.zip": archive({"a/film.dcm": sound(), "../../../../tmp/slipped.dcm": sound()}),
        "absolute.zip": archive({"/tmp/slipped.dcm": sound()}),
        "windows.zip": archive({"..\\..\\slipped.dcm": sound()}),
        "drive.zip": archive({"C:/slipped.dcm": sound()}),
    }


@kind("zip bomb of a study", words=("unpacks to more", "not a film", "too large", "damaged"), bomb=True)
def bomb(folder: Path) -> dict[str, Content]:
    return {"gigabyte.zip": forged(1000, 1000 * 2**20), "gigabyte-that-says-4-kB.zip": forged(1000, 4_000)}


@kind("zip of a hundred thousand members", words="members")
def many(folder: Path) -> dict[str, Content]:
    count = 100_100
    head = struct.pack("<HHHHHLLLHH", 20, 0, 0, 0, 0, 0, 0, 0, 8, 0)
    local = b"PK\3\4" + head + b"film.dcm"
    entry = b"PK\1\2" + struct.pack("<H", 20) + head + struct.pack("<HHHLL", 0, 0, 0, 0, 0)
    central = b"".join(entry + b"%08d" % number for number in range(count))
    end = b"PK\6\6" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, count, count, len(central), len(local))
    end += b"PK\6\7" + struct.pack("<LQL", 0, len(local) + len(central), 1)
    last = b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return {"many.zip": local + central + end + last}


@kind(
    "zip that is damaged, cut off, or holds no film", words=("damaged", "no film", "cut off", "holds no", "not a film")
)
def damaged(folder: Path) -> dict[str, Content]:
    whole = archive({"film.dcm": sound()})
    return {
        "cut.zip": cut(whole, 0.6),
        "flip.zip": whole[:40] + flipped(whole[40:-120], 3, bits=6) + whole[-120:],
        "empty.zip": archive({}),
        "text.zip": archive({"notes.txt": PLANTED.encode()}),
        "nested.zip": archive({"study.zip": whole}),
    }
