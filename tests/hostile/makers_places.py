"""Names that lead elsewhere: links, pipes, devices, folders."""

from __future__ import annotations

import os
import socket
from functools import partial
from pathlib import Path

from tests.hostile.kinds import Content
from tests.hostile.kinds import kind as register
from tests.hostile.originals import png

kind = partial(register, family="places")
NOWHERE = ("leads nowhere", "no such file")


@kind("symbolic link in a circle, to nothing, to a device", words=(*NOWHERE, "no ordinary file"))
def links(folder: Path) -> dict[str, Content]:
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "a.dcm").symlink_to("b.dcm")
    (folder / "b.dcm").symlink_to("a.dcm")
    (folder / "nothing.jpg").symlink_to("nowhere/at/all.jpg")
    (folder / "zero.png").symlink_to("/dev/zero")
    (folder / "random.dcm").symlink_to("/dev/urandom")
    return dict.fromkeys(("loop.png", "a.dcm", "b.dcm", "nothing.jpg", "zero.png", "random.dcm"))


@kind("symbolic link out of the named folder", words="leads out of the folder", way="folder")
def out(folder: Path) -> dict[str, Content]:
    """Named outright such a film is read; in a folder it is listed."""
    outside = folder.parent / f"{folder.name}-outside"
    outside.mkdir(exist_ok=True)
    (outside / "film.png").write_bytes(png())
    for name, target in (
        ("relative", f"../{outside.name}/film.png"),
        ("absolute", str(outside / "film.png")),
        ("passwd", "/etc/passwd"),
    ):
        (folder / name).mkdir()
        (folder / name / "film.png").symlink_to(os.path.join("..", target) if name == "relative" else target)
    return dict.fromkeys(("relative", "absolute", "passwd"))


@kind("folder that links to itself", outcome="read", way="folder")
def circle(folder: Path) -> dict[str, Content]:
    """Links to folders are not followed."""
    (folder / "tree").mkdir()
    (folder / "tree" / "film.png").write_bytes(png())
    (folder / "tree" / "again").symlink_to(".", target_is_directory=True)
    (folder / "tree" / "up").symlink_to("..", target_is_directory=True)
    return {"tree": None}


@kind("pipe, socket or folder under a film's name", words=("no ordinary file", "this is a folder"))
def specials(folder: Path) -> dict[str, Content]:
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "pipe.dcm")
    (folder / "folder.png").mkdir()
    here = os.getcwd()
    with socket.socket(socket.AF_UNIX) as made:
        os.chdir(folder)  # a socket's path may have 108 bytes
        try:
            made.bind("socket.png")
        finally:
            os.chdir(here)
    return dict.fromkeys(("pipe.png", "pipe.dcm", "folder.png", "socket.png"))


@kind("sparse file of 10 GB", words="too large", bomb=True)
def sparse(folder: Path) -> dict[str, Content]:
    with (folder / "sparse.png").open("wb") as stream:
        stream.truncate(10**10)
    return {"sparse.png": None}


@kind("name that a terminal or a shell would obey", outcome="read")
def odd_names(folder: Path) -> dict[str, Content]:
    """Shown escaped; a spreadsheet runs none of them."""
    return dict.fromkeys(
        (
            "\x1b[2J.png",
            "two\nlines.png",
            "=cmd|' /C calc'!A0.png",
            "-rf.png",
            "$(reboot).png",
            "a,b;c\"d'.png",
            "\u202egnp.exe.png",
        ),
        png(),
    )
