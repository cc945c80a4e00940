"""Hostile tables: CSV and Parquet."""

from __future__ import annotations

import io
import os
import pickle
from functools import partial
from pathlib import Path

import pandas as pd

from tests.hostile.kinds import PLANTED, Content, cut, flipped
from tests.hostile.kinds import kind as register
from tests.hostile.originals import png

kind = partial(register, family="table", way="table")
ROWS = "image,label,patient\na.png,covid,1\nb.png,normal,2\n"


def films(folder: Path) -> None:
    """The two films that a sound table names."""
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(png())


def beside(folder: Path, **tables: Content) -> dict[str, Content]:
    """Tables beside the films."""
    films(folder)
    return {f"{name}.csv": content for name, content in tables.items()}


@kind("CSV with a byte order mark, semicolons, tabs, UTF-16, latin-1, sep=", outcome="read")
def readable(folder: Path) -> dict[str, Content]:
    """Read right, and said in a note where it was guessed."""
    return beside(
        folder,
        bom=b"\xef\xbb\xbf" + ROWS.encode(),
        semicolons=ROWS.replace(",", ";"),
        tabs=ROWS.replace(",", "\t"),
        utf16=ROWS.encode("utf-16"),
        latin1=ROWS.replace("normal", "Málaga").encode("latin-1"),
        sep=b"sep=;\r\n" + ROWS.replace(",", ";").replace("\n", "\r\n").encode(),
        mac_lines=ROWS.replace("\n", "\r\n") + "\r\n\r\n",
        quoted='"image","label","patient"\n"a.png","co""vid\nsevere","1"\n"b.png","normal","2"\n',
    )


@kind("CSV with zero bytes, or of a width that no text has", words="zero bytes")
def zero_bytes(folder: Path) -> dict[str, Content]:
    return beside(
        folder,
        nul=ROWS.replace("covid", "co\0vid"),
        utf16_without_mark=ROWS.encode("utf-16-le"),
        utf32=ROWS.encode("utf-32"),
        zeros=bytes(4_000),
        random=bytes(range(256)) * 40,
    )


@kind("another file under the name of a CSV", words="not a text table")
def disguised(folder: Path) -> dict[str, Content]:
    return beside(
        folder,
        excel=b"PK\x03\x04" + PLANTED.encode(),
        old_excel=b"\xd0\xcf\x11\xe0" + bytes(600),
        parquet=b"PAR1" + bytes(60),
        gzip=b"\x1f\x8b\x08" + bytes(60),
        pdf=b"%PDF-1.7\n" + PLANTED.encode(),
        png=png(),
        pickle=pickle.dumps({"patient": PLANTED}),
        page=f"<!DOCTYPE html><html><title>{PLANTED}</title></html>",
        json=f'[{{"image": "a.png", "patient": "{PLANTED}"}}]',
    )


@kind("CSV with repeated columns", words="stands 2 times")
def repeated(folder: Path) -> dict[str, Content]:
    return beside(folder, repeated="image,label,label\na.png,covid,normal\nb.png,normal,covid\n")


@kind("CSV of a million columns", words=("columns", "characters"), bomb=True)
def wide(folder: Path) -> dict[str, Content]:
    return beside(
        folder,
        header="image,label" + ",x" * 1_000_000 + "\n",
        empty_names="image,label" + "," * 1_000_000 + "\n",
        one_line="," * 20_000_000,
        rows="image,label\n" + "a.png,covid" + "," * 9_000_000 + "\n",
    )


@kind("CSV of a gigantic cell, or a quote that is never closed", words="cannot be read", bomb=True)
def long_cells(folder: Path) -> dict[str, Content]:
    return beside(
        folder,
        cell="image,label\na.png," + "x" * 1_000_000 + "\n",
        open_quote='image,label\na.png,"covid\n' + "b.png,normal\n" * 100_000,
        open_quote_at_once='"image,label\na.png,covid\n',
        quote_inside='image,label\n"a.png"x,covid\n',
    )


@kind("CSV longer than any table of films", words="are read", bomb=True)
def sparse(folder: Path) -> dict[str, Content]:
    films(folder)
    with (folder / "sparse.csv").open("wb") as stream:
        stream.write(ROWS.encode())
        stream.truncate(10**10)
    return {"sparse.csv": None}


@kind("CSV with formulas", outcome="read")
def formulas(folder: Path) -> dict[str, Content]:
    """They stay text; where they are written again an apostrophe stands before them."""
    (folder / "=1+1.png").write_bytes(png())
    return beside(
        folder,
        command="image,label,notes\na.png,covid,=cmd|' /C calc'!A0\nb.png,normal,@SUM(1)*cmd|' /C calc'!A0\n",
        label="image,label\na.png,=1+1\nb.png,+normal\n",
        header='image,label,"=HYPERLINK(""http://x"")"\na.png,covid,1\nb.png,normal,-2\n',
        path="image,label\n=1+1.png,covid\nb.png,normal\n",
    )


@kind("CSV whose paths lead out of the folder", words=("leaves the table's folder", "absolute", "leads the image path"))
def paths(folder: Path) -> dict[str, Content]:
    outside = folder.parent / f"{folder.name}-beside"
    outside.mkdir(exist_ok=True)
    (outside / "film.png").write_bytes(png())
    (folder / "link.png").symlink_to(outside / "film.png")
    (folder / "links").symlink_to(outside, target_is_directory=True)

    def of(path: str) -> str:
        return f'image,label\n"{path}",covid\nb.png,normal\n'

    return beside(
        folder,
        dots=of("../../../../etc/passwd"),
        dots_inside=of("x/../../secret.png"),
        absolute=of("/etc/passwd"),
        home=of("~/film.png"),
        url=of("file:///etc/passwd"),
        windows=of("C:\\Windows\\film.png"),
        share=of("\\\\server\\share\\film.png"),
        backslashes=of("..\\..\\film.png"),
        device_path=of("/dev/zero"),
        link=of("link.png"),
        linked_folder=of("links/film.png"),
    )


@kind("CSV that names a pipe, a device, a folder or nothing", words="missing")
def no_files(folder: Path) -> dict[str, Content]:
    os.mkfifo(folder / "pipe.png")
    (folder / "folder.png").mkdir()
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "zero.png").symlink_to("/dev/zero")
    names = ("pipe.png", "folder.png", "loop.png", "zero.png", "gone.png", "a.png/inside.png", "x" * 5_000)
    return beside(
        folder, **{f"names_{at}": f"image,label\n{name},covid\nb.png,normal\n" for at, name in enumerate(names)}
    )


@kind("CSV with control characters in its cells", words=("missing", "no column"))
def control(folder: Path) -> dict[str, Content]:
    return beside(
        folder,
        cells="image,label\n\x1b[2J\x07a.png,covid\nb.png,normal\n",
        header="im\x1bage,label\na.png,covid\n",
        bidi="image,label\n\u202egnp.exe,covid\nb.png,normal\n",
    )


@kind(
    "CSV with other rows than its header",
    words=("cells under a header", "empty", "no rows", "no column", "where the header should"),
)
def ragged(folder: Path) -> dict[str, Content]:
    return beside(
        folder,
        ragged="image,label\na.png\nb.png,normal,PA,x\n",
        empty="",
        blank="\n\n \n",
        header_alone="image,label\n",
        no_image="label,patient\ncovid,1\n",
        prose="Dear all, the films are in the post.\n",
        no_header=f"a.png,covid,{PLANTED}\nb.png,normal,{PLANTED}\n",
    )


@kind("CSV with one patient on two sides, and ages of no one", words=("more than one side", "the age is"))
def contradictions(folder: Path) -> dict[str, Content]:
    return beside(
        folder,
        sides=f"image,label,patient,split\na.png,covid,{PLANTED},train\nb.png,normal,{PLANTED},test\n",
        ages=f"image,label,patient,age\na.png,covid,{PLANTED},1e400\nb.png,normal,2,nan\n",
    )


@kind(
    "no file, a folder, a pipe or a device under the name of a table",
    words=("no such file", "a folder, not a table", "no finished run folder"),
)
def places(folder: Path) -> dict[str, Content]:
    os.mkfifo(folder / "pipe.csv")
    os.mkfifo(folder / "pipe.parquet")
    (folder / "folder.csv").mkdir()
    (folder / "zero.csv").symlink_to("/dev/zero")
    (folder / "loop.csv").symlink_to("loop.csv")
    return dict.fromkeys(("pipe.csv", "pipe.parquet", "folder.csv", "zero.csv", "loop.csv", "gone.csv"))


def parquet() -> bytes:
    """A sound table with a planted name in a column and in the metadata."""
    buffer = io.BytesIO()
    frame = pd.DataFrame({"image": ["a.png", "b.png"], "label": ["covid", "normal"], "referrer": [PLANTED, PLANTED]})
    frame.attrs = {"patient": PLANTED}
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def promising(rows: int) -> bytes:
    """A Parquet file of few bytes and many equal rows."""
    import pyarrow as pa
    from pyarrow import parquet as pq

    buffer = io.BytesIO()
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int8()), pa.array(["a.png"]))
    with pq.ParquetWriter(buffer, pa.schema([("image", column.type)]), compression="zstd") as writer:
        for _ in range(rows // 1_000_000):
            writer.write_table(pa.table({"image": column}))
    return buffer.getvalue()


@kind(
    "Parquet that is damaged, cut off or something else",
    outcome="either",
    words=("not readable as Parquet", "no column", "missing"),
)
def damaged_parquet(folder: Path) -> dict[str, Content]:
    films(folder)
    flips = {f"flip-{seed}.parquet": flipped(parquet(), seed, start=4, bits=6) for seed in range(8)}
    cuts = {f"cut-{share}.parquet": cut(parquet(), share) for share in (0.3, 0.9)}
    return flips | cuts | {"sound.parquet": parquet()}


@kind("another file under the name of a Parquet file", words="not readable as Parquet")
def other_parquet(folder: Path) -> dict[str, Content]:
    films(folder)
    return {
        "pickle.parquet": pickle.dumps({"patient": PLANTED}),
        "csv.parquet": ROWS,
        "empty.parquet": b"",
        "magic.parquet": b"PAR1PAR1",
        "footer.parquet": b"PAR1" + b"\xff\xff\xff\x7fPAR1",
    }


@kind("Parquet bomb", words="the footer promises", bomb=True)
def parquet_bomb(folder: Path) -> dict[str, Content]:
    return {"rows.parquet": promising(60_000_000)}


@kind("Parquet whose columns are no text", outcome="either", words=("missing", "no column", "stands 2 times"))
def parquet_types(folder: Path) -> dict[str, Content]:
    films(folder)

    def of(frame: pd.DataFrame) -> bytes:
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False)
        return buffer.getvalue()

    return {
        "numbers.parquet": of(pd.DataFrame({"image": [1, 2], "label": [0, 1]})),
        "bytes.parquet": of(pd.DataFrame({"image": [b"a.png", b"b.png"], "label": ["x", "y"]})),
        "lists.parquet": of(pd.DataFrame({"image": [["a.png"], ["b.png"]], "label": [{"a": 1}, {"a": 2}]})),
        "dates.parquet": of(pd.DataFrame({"image": pd.to_datetime(["2020-01-01", None]), "label": [None, "x"]})),
    }
