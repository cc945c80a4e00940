"""The lung segmenter's model card, from the facts of `make_lungs.py` and the figures of `measuring.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deepcovid.models.lungs.segmenter import CARD, SAME
from deepcovid.storage import write_text

HEAD = """# The lung segmenter

*Which pixels of a frontal chest film are lung?* It serves audits (the chest blacked out, the share of a heat map inside
the lungs) and crops. It finds no disease, and its outlines are not made for measuring a lung.

| | |
|---|---|
| files | `lungs.onnx` and `lungs-1.onnx` … `lungs-{folds}.onnx`, {bytes:,} bytes together |
| hash | `{digest}`: of all graphs and of the codes of the films that were learnt from |
| in | `ranks`: float32 (N, 1, {side}, {side}) in [−1, 1]: the film as a square, its greys replaced by their ranks (`ranks.py`) |
| out | `lungs`: logits of the same shape; `LungSegmenter.segment` makes a mask of the film's size |
| network | U-Net of four scales, {weights:,} weights, kept in half precision |
| made and measured by | `benchmarks/lungs/make_lungs.py`, seed {seed} |

## What it was made from

{phantoms:,} phantoms of this package ({steps} steps of 16), then {more} steps of 8 phantoms and 8 of {films} real films of
{patients} patients: those films of covid-chestxray (June 2020) that have a lung mask and a licence CC BY, CC BY 3.0 or
CC BY 4.0. {masks}. No other real film was trained on.

## Cross-fitting

`lungs.onnx` has learnt from all {films} films. Each of the other {folds} has learnt without a part of the patients, and a film of
these is given to it: `LungSegmenter` knows such a film again by a perceptual code of 64 bits of which at most {same} may
differ. So no mask is of a film that the network had learnt from; the training films are all but two of covid, and masks
better than others' would tell the label.

## Figures

Dice, 2 |A ∩ B| / (|A| + |B|), the mean over films at the film's own size (longer side 512 at most), with the 95 % interval of
a bootstrap over patients; "phantoms alone" is the network before it saw a real film.

| films | Dice | interval | a tenth lies below | films | patients |
|---|---|---|---|---|---|
"""

REST = """
"Cross-fitted" are the films that were learnt from, each measured by the network that has not learnt from its patient. "Held
out" are the films of patients none of whose films was learnt from; those of patients whose films and masks were looked at while
the phantoms were made stand apart. Hand-drawn masks and lungVAE's, which a network made, stand apart too.
{looks}
## Limits

- All hand-drawn masks here are of COVID-19 films of one collection. How well it does on healthy films, children and other
  hospitals is known from phantoms alone, and from looking at what it finds.
- A lung that disease has whitened throughout may be missed or cut, so that the shape of what is found tells a little of the
  disease; that is why the audit blacks out the hull of both lungs, with a margin, and prints what the shape alone tells.
- Lateral films, films of one lung, and films turned or inverted are not meant: ask the gate first.
"""


def write_card(
    folder: Path, *, facts: dict[str, Any], figures: dict[str, Any], digest: str, weights: int, looks: str = ""
) -> None:
    """MODEL_CARD.md beside the graphs."""
    size = sum((folder / name).stat().st_size for name in facts["graphs"])
    head = HEAD.format(
        folds=len(facts["graphs"]) - 1, bytes=size, digest=digest, side=facts["side"], weights=weights, seed=facts["seed"],
        phantoms=facts["phantoms"], steps=facts["steps"][0], more=facts["steps"][1], same=SAME,
        masks=_masks(facts["real"]), films=facts["real"]["films"], patients=facts["real"]["patients"],
    )  # fmt: skip
    rows = [_row(name, figure) for name, figure in figures.items()]
    write_text(folder / CARD, head + "\n".join(rows) + "\n" + REST.format(looks=looks))


def _row(name: str, figure: dict[str, Any]) -> str:
    small = ", n small" if figure["patients"] < 10 else ""
    return (
        f"| {name} | {figure['value']:.3f} | {figure['low']:.3f}–{figure['high']:.3f} | {figure['worst_tenth']:.3f} | "
        f"{figure['n']} | {figure['patients']}{small} |"
    )


def _masks(real: dict[str, Any]) -> str:
    drawn, made = real["masks"].get("v7labs", 0), real["masks"].get("lungVAE", 0)
    return f"Of their masks {drawn} were drawn by hand (V7 Labs; CC BY-SA), {made} are lungVAE's"
