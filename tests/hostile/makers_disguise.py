"""Files that are something else than their name says, and archives."""

from __future__ import annotations

import io
import pickle
import zipfile
from functools import partial
from pathlib import Path

from PIL import Image

from tests.hostile.dicom_bytes import sound
from tests.hostile.kinds import PLANTED, Content
from tests.hostile.kinds import kind as register
from tests.hostile.originals import grey, jpeg, png, saved, tiff, webp

kind = partial(register, family="disguise")


@kind("film under another format's name", outcome="read")
def misnamed(folder: Path) -> dict[str, Content]:
    """The content decides."""
    return {
        "png.dcm": png(),
        "jpeg.tif": jpeg(),
        "dicom.jpg": sound(),
        "tiff.png": tiff(),
        "webp.jpeg": webp(),
        "dicom.tif": sound(),
    }


@kind("PostScript, SVG, HTML, PDF under a film's name", words="not a film")
def documents(folder: Path) -> dict[str, Content]:
    return {
        "eps.jpg": f"%!PS-Adobe-3.0 EPSF-3.0\n%%Title: {PLANTED}\n(/etc/passwd) (r) file\n",
        "eps-with-preview.tif": b"\xc5\xd0\xd3\xc6" + bytes(40) + b"%!PS-Adobe",
        "svg.png": f'<svg xmlns="http://www.w3.org/2000/svg"><text>{PLANTED}</text></svg>',
        "svg-xxe.png": '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
        "laughs.svg.png": '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]><svg>&b;</svg>',
        "page.jpg": f"<!DOCTYPE html><html><script>alert('{PLANTED}')</script></html>",
        "page-lower.webp": "<html><body>404</body></html>",
        "report.dcm": f"%PDF-1.7\n{PLANTED}\n%%EOF",
    }


@kind("image of another format under a film's name", words="not a film")
def images(folder: Path) -> dict[str, Content]:
    pages = [Image.fromarray(grey()), Image.fromarray(255 - grey())]
    return {
        "gif.png": saved(grey(), "GIF"),
        "animated-gif.jpg": saved(pages[0], "GIF", save_all=True, append_images=pages[1:]),
        "bmp.png": saved(grey(), "BMP"),
        "j2k.jpg": saved(grey(), "JPEG2000"),
        "avif.webp": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(60),
        "ico.png": b"\0\0\1\0\1\0" + bytes(60),
    }


@kind("no image under a film's name", words=("not a film", "empty"))
def others(folder: Path) -> dict[str, Content]:
    return {
        "empty.png": b"",
        "zeros.dcm": bytes(5_000),
        "ff.jpg": b"\xff" * 5_000,
        "pickle.png": pickle.dumps({"patient": PLANTED}),
        "elf.dcm": b"\x7fELF\x02\x01\x01" + bytes(200),
        "script.jpg": "#!/bin/sh\nrm -rf /\n",
        "table.png": f"image,label,patient\na.png,covid,{PLANTED}\n",
        "lfs.dcm": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
        "hdf5.tif": b"\x89HDF\r\n\x1a\n" + bytes(100),
        "gzip.dcm": b"\x1f\x8b\x08" + bytes(100),
        "half-signature.png": b"\x89PNG",
        "riff-wave.webp": b"RIFF\x24\0\0\0WAVEfmt " + bytes(30),
    }


def archive(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return buffer.getvalue()


@kind("zip bomb, zip slip and nested zip under a film's name", words="not a film", bomb=True)
def zips(folder: Path) -> dict[str, Content]:
    bomb = archive({"film.dcm": bytes(20 * 2**20)})
    return {
        "bomb.dcm": bomb,
        "nested.png": archive({"a.zip": bomb, "b.zip": bomb}),
        "slip.dcm": archive({"../../../../tmp/slipped.dcm": sound(), "/tmp/slipped.dcm": sound()}),
    }
