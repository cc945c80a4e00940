"""The page of hostile files: every kind that tests/hostile makes, run as the tests run it.

    python docs/make_hostile.py            writes docs/hostile.md

A test fails when the page is out of date.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.hostile.kinds import Kind, attempt  # noqa: E402 - the tests are no installed package
from tests.hostile.registered import all_kinds  # noqa: E402

PAGE = ROOT / "docs" / "hostile.md"
EITHER = "refused or read"
OUTCOMES = {"refused": "refused", "read": "read", "either": EITHER}
TEXT = """# Hostile files

deepcovid is given files by strangers: uploads, discs, collections from the web. `tests/hostile` makes {files} files
of {kinds} kinds, nearly all of them bad, and runs each through the reader that it is meant for, the images through
`deepcovid predict` and `deepcovid data import`, the tables through `deepcovid data split` and `deepcovid train`.
This page is made from that run (`python docs/make_hostile.py`); a test fails when it is out of date.

## The contract

- A file that cannot be used is **refused** by one sentence that names the file, what is wrong, and the mend; never
  by a traceback. In a folder the others go on: `deepcovid predict` scores what it can, lists the rest, and exits
  with 1.
- What is odd but sound is **read** right, and what was guessed is said in a note.
- Some formats have no checksum (JPEG, WebP, TIFF, DICOM): a flipped bit there can give other pixels, which nothing
  can notice. Such a file is **refused or read**, quickly, and never with half of its rows missing where that shows.
- Nothing partial is left behind, and no name that stands in a file (DICOM elements, EXIF, text chunks, table cells
  of patients) reaches an output or a log: every file that has room for one carries a planted name.
- Time and memory are bounded, whatever the header says.

## How

**Headers first.** The size, pages, scans, chunks, strips and texts that a file promises are read by deepcovid
itself before a decoder believes them (`imaging/headers.py`, `imaging/png.py`, `imaging/codestream.py`). More than
100 million pixels, a side above 65,535, a line of 1 × 10,000 and longer are no film; what is scored or trained on
has at least 16 pixels a side and is at most five times as long as wide.

**A child with limits.** Plain PNG and JPEG are decoded in the process: Pillow's own decoder and libjpeg-turbo
neither hung nor crashed on any damaged file. DICOM, WebP and compressed TIFF go to a child process
(`imaging/isolation.py`) that is kept for the next film. It may use 1 GiB and 48 bytes a pixel of memory, 10 s and
half a second a million pixels of processor time, and some 90 s by the clock. When it is stopped or crashes, that
film is refused and a new child takes the next. This is why: of 6,000 damaged copies of a 3 KB JPEG 2000 film, one
made OpenJPEG take 8 GiB, where its limit was, and 26 s of processor time, and of as many copies of a JPEG-LS film
one kept libjpeg busy until it was stopped. Nothing between parent and child is pickled, and what the decoders print
goes nowhere.

**Places.** A symbolic link in a folder or table that leads out of it is refused (`--allow-outside` for tables; a
film that is named outright is read). Links to folders are not followed. In a folder that is predicted, images of
formats that are not read (`.gif`, `.bmp`, `.svg` …) are listed with the films that could not be scored, and every
other file is listed as left out. Pipes, devices and sockets are never opened. A member of a zip is read from the
archive, nothing is unpacked to disk, and no more of it than the index states.

**Tables and formulas.** Cells stay the text that they are. A cell that begins with `=`, `+`, `-` or `@` and is no
number would run in a spreadsheet: loading says how many there are, and where deepcovid writes CSV it puts an
apostrophe before such a cell, which it takes away again when it reads the file. Paths of that kind are written as
`./=film.png`.

**Detectors and weights.** No pickle is loaded. A graph that takes numbers from other files, and a checkpoint that
unpacks to more than it holds, are refused before any library opens them.

## What was made, and what came of it

`…` stands for the file. Where a kind's files are refused with different sentences, the first is shown.
"""


def page() -> str:
    """The whole page."""
    kinds, parts, count = all_kinds(), [], 0
    family = ""
    for kind in kinds:
        if kind.family != family:
            family = kind.family
            parts += ["", f"### {family}", "", "| kind | files | outcome | said |", "|---|---|---|---|"]
        files, sentence = outcome(kind)
        count += files
        parts.append(f"| {cell(kind.name)} | {files} | {OUTCOMES[kind.outcome]} | {cell(sentence)} |")
    return TEXT.format(files=count, kinds=len(kinds)) + "\n".join(parts) + "\n"


def outcome(kind: Kind) -> tuple[int, str]:
    """How many files a kind has, and the first refusal."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve() / "films"
        folder.mkdir()
        files = kind.files(folder)
        if kind.outcome == "read":
            return len(files), ""
        results = [attempt(kind, path) for path in files]
        told = next((result.error for result in results if result.error is not None), None)
        return len(files), "" if told is None else plain(str(told), folder)


def plain(said: str, folder: Path) -> str:
    """Without the folder, the file's name and what belongs to a version of a library."""
    said = re.sub(re.escape(f"{folder}/") + r"[^:]*?: ", "… ", said, count=1).replace(str(folder), "FOLDER")
    said = re.sub(r"(damaged|plain numbers|not JSON) \(.*?\)(?=[ ;,]|$)", r"\1", said)
    return re.sub(r"ONNX Runtime [\d.]+", "ONNX Runtime", said).removeprefix("… ").removeprefix("FOLDER: ")


def comparable(text: str) -> str:
    """Without the sentences of kinds whose outcome depends on the decoders' versions."""
    return re.sub(rf"(\| {EITHER} \|).*", r"\1", text)


def cell(text: str) -> str:
    """For a table of Markdown."""
    lines = [line.strip() for line in text.splitlines()]
    return "<br>".join(lines).replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
