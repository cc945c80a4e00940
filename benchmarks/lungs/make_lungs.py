"""Makes the lung segmenter: draws phantoms, trains its networks, writes the ONNX graphs, measures them and writes the card.

    python benchmarks/lungs/make_lungs.py --films ../shared/data/cxr-512 --keep /tmp/lungs

One seed, one core, one command. A network learns from phantoms first; from it four go on with real films beside the
phantoms: one with all whose licences allow it, three each without a third of the patients. `--keep` names a folder where
phantoms and finished networks are kept, so that a stopped run goes on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import fitting
import material
from measuring import measured
from safetensors.torch import load_file, save_file
from unet import LungNetwork
from writing import write_card

from deepcovid.models.lungs.ranks import SIDE
from deepcovid.models.lungs.segmenter import DESCRIPTION, FOLDER, FORMAT, LungSegmenter
from deepcovid.storage import sha256_bytes, write_bytes, write_json

PHANTOMS = 2_400
STEPS, RATE = 800, 4e-3  # on phantoms
MORE, MORE_RATE = 200, 2e-3  # with real films
LOOKS = """
The held-out films were looked at twice: once when these graphs were made, and again after the mask's pieces were chosen before it
is brought to the film's size in place of after; nothing was changed for what was seen.
"""


def trained(asked: argparse.Namespace, frame: pd.DataFrame) -> list[LungNetwork]:
    """The network that has seen phantoms alone, that of all real films, and those without a fold each."""
    drawn = material.phantoms(asked.phantoms, seed=asked.seed, keep=asked.keep)
    print(f"{len(drawn)} phantoms", flush=True)
    real = material.load_pairs(asked.films, frame[frame["free"]])
    fold = frame.loc[frame["free"], "fold"].to_numpy()
    first = _kept(asked, "phantoms", lambda: fitting.train(drawn, None, steps=asked.steps, rate=RATE, seed=asked.seed))
    nets = [first]
    for part in range(material.FOLDS + 1):
        rows = np.flatnonzero(fold != part - 1)
        more = {"steps": asked.more, "rate": MORE_RATE, "seed": asked.seed + 1 + part, "start": first}
        nets.append(_kept(asked, f"part-{part}", lambda rows=rows, more=more: fitting.train(drawn, real[rows], **more)))
    return nets


def _kept(asked: argparse.Namespace, name: str, make) -> LungNetwork:  # type: ignore[no-untyped-def]
    path = asked.keep / f"{name}-{asked.seed}-{asked.steps}-{asked.more}.safetensors" if asked.keep else None
    if path is None or not path.exists():
        net = make()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file({key: value.contiguous() for key, value in net.state_dict().items()}, path)
        return net
    net = LungNetwork()
    net.load_state_dict(load_file(path))
    return net.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, required=True, help="a folder with table.csv, images and lung masks")
    parser.add_argument("--keep", type=Path, help="where phantoms and networks are kept")
    parser.add_argument("--phantoms", type=int, default=PHANTOMS)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--more", type=int, default=MORE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=FOLDER, help="where the graphs, lungs.json and the card go")
    parser.add_argument("--look", action="store_true", help="measure on the held-out films too, and write the card")
    torch.set_num_threads(1)
    asked = parser.parse_args()
    frame = material.rows_with_masks(asked.films)
    first, *nets = [fitting.export(net) for net in trained(asked, frame)]
    graphs = {"lungs.onnx" if part == 0 else f"lungs-{part}.onnx": graph for part, graph in enumerate(nets)}
    for name, graph in graphs.items():
        write_bytes(asked.out / name, graph)
    facts = {
        "format": FORMAT, "side": SIDE, "graphs": {name: sha256_bytes(graph) for name, graph in graphs.items()},
        "codes": material.codes(asked.films, frame), "seed": asked.seed, "steps": [asked.steps, asked.more],
        "phantoms": asked.phantoms,
        "real": {
            "films": int(frame["free"].sum()), "patients": int(frame.loc[frame["free"], "patient"].nunique()),
            "masks": frame.loc[frame["free"], "mask_source"].value_counts().to_dict(),
        },
    }  # fmt: skip
    write_json(asked.out / DESCRIPTION, facts)
    segmenter = LungSegmenter.load(asked.out)
    figures = measured(asked.films, frame, segmenter=segmenter, phantoms_alone=LungSegmenter([first]), look=asked.look)
    for name, figure in figures.items():
        print(name, figure, flush=True)
    if asked.look:
        weights = sum(array.numel() for array in LungNetwork().parameters())
        write_card(asked.out, facts=facts, figures=figures, digest=segmenter.hash, weights=weights, looks=LOOKS)


if __name__ == "__main__":
    main()
