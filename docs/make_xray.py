"""The figures of deepcovid's own weights in docs/pretrain.md, from those that lie beside the weights in the package.

    python docs/make_xray.py

A test fails where the page differs from them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from deepcovid.models.xray import Shipped, shipped_weights, xray_networks
from deepcovid.storage import read_json, write_text

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

from xray.tables import sections

PAGE = Path(__file__).resolve().parent / "pretrain.md"
BEGIN, END = "<!-- figures of weights: python docs/make_xray.py -->\n", "<!-- end of figures -->"
NONE = "This version has none yet."
FOOT = (
    "`--weights xray` starts from numbers that are better than random ones where the tables say so, and no further: every "
    "question was asked of films of these few collections."
)


def with_figures(page: str) -> str:
    """The page with the part between its two marks made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{_figures()}\n{END}{after}"


def _figures() -> str:
    networks = [shipped_weights(name) for name in xray_networks()]
    return "\n\n".join([*map(_one, networks), FOOT]) if networks else NONE


def _one(ours: Shipped) -> str:
    height, width = ours.preprocessing.size
    size = f"{ours.path.stat().st_size / 1e6:.1f} MB as float16, films of {height} × {width} pixels"
    head = f"### {ours.network}\n\n`{ours.path.name}`, {size}, SHA-256 `{ours.sha256}`."
    figures = read_json(ours.figures)
    return f"{head} Made by\n\n```sh\n{figures['command']}\n```\n\n{sections(figures).replace('## ', '#### ')}"


if __name__ == "__main__":
    write_text(PAGE, with_figures(PAGE.read_text(encoding="utf-8")))
