"""Icons of Iconify's packages and of icon themes, drawn from SVG to PNG by `rsvg-convert` (Debian's librsvg2-bin)."""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

HIGH = 192  # px

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'viewBox="{left} {top} {width} {height}" width="{width}" height="{height}">{body}</svg>'
)


def iconify(package: Path, *, most: int) -> Iterator[tuple[str, str]]:
    """Names and SVG of about `most` icons of an @iconify-json package, evenly thinned out by name."""
    with tarfile.open(package) as opened:
        member = opened.extractfile("package/icons.json")
        if member is None:
            raise FileNotFoundError(f"{package}: no icons.json in it")
        told = json.load(member)
    names = sorted(name for name, icon in told["icons"].items() if not icon.get("hidden"))
    default = {"left": 0, "top": 0, "width": told.get("width", 16), "height": told.get("height", 16)}
    for name in names[:: -(-len(names) // most)]:
        yield name, SVG.format(**{**default, **told["icons"][name]})


def draw(svg: str, to: Path) -> None:
    """The picture as PNG, HIGH pixels high; what librsvg cannot draw is left out."""
    done = subprocess.run(["rsvg-convert", "-h", str(HIGH), "-o", str(to)], input=svg.encode(), check=False)
    if done.returncode:
        to.unlink(missing_ok=True)
