"""Makes the gate: draws its examples, trains its network, chooses its rules on held-out patients, writes the ONNX file.

    python benchmarks/gate/make_gate.py --films ../shared/data/cxr-512 --material MATERIAL

One seed, one core, one command. No film of covid-chestxray or Figure 1 is read: they are what `measure_gate.py` measures
on. MATERIAL is what `gather_material.py` lays out: CT scans and pictures of licences that let weights be shipped.
`--keep` names a folder where what was drawn is kept, so that a stopped run goes on.
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
PICTURES = 1_200  # of a kind at most
FLAT = 9  # of 255: paper, one grey as good as everywhere, is no picture
EXAMPLES = 24_000
STAGES = ((5, 4e-3), (2, 1.5e-3), (2, 1.5e-3))  # epochs and highest learning rate; each goes on from the one before
CT_HELD_OUT = "lung1_image.nrrd"  # the patient whose slices choose the rules
PROJECTED = ("lidc-idri-0001", "totalsegmentator-aorta.nii.gz")  # whole chests: laterals are projected through them
# pydicom's own test files that are examinations of something else.
OTHERS = ("JPEG2000.dcm", "examples_jpeg2k.dcm", "examples_palette.dcm", "examples_rgb_color.dcm")
RESONANCE = ("MR_small.dcm", "examples_overlay.dcm")


def find_lungs(folder: Path, names: list[str], *, seed: int) -> np.ndarray:
    """Lung masks (N, 96, 96) of real films by a segmenter that has seen phantoms only."""
    drawn, masks = lungs_from_phantoms.draw_phantoms(450, seed=seed + 5)
    net = lungs_from_phantoms.train(drawn, masks, epochs=10, seed=seed)
    real = np.stack([lungs_from_phantoms._read(folder / name) for name in names])
    return lungs_from_phantoms.segment(net, real)


def examinations(names: tuple[str, ...]) -> list[Image.Image]:
    """MR, ultrasound and scintigraphy from pydicom's test files."""
    from pydicom.data import get_testdata_file

    kept = []
    for name in names:
        pixels = read_radiograph(get_testdata_file(name)).pixels
        low, high = np.percentile(pixels, [0.5, 99.8])
        kept.append(Image.fromarray((np.clip((pixels - low) / (high - low + 1e-6), 0, 1) * 255).astype(np.uint8)))
    return kept


def load_volumes(folder: Path) -> dict[str, np.ndarray]:
    """Every scan of `folder`, by name."""
    return {path.name: volume.load_volume(path) for path in sorted(folder.iterdir())}


def gather(asked: argparse.Namespace) -> tuple[classes.Material, classes.Material]:
    """The material of training, and that of choosing the rules: other patients, other phantoms, another CT, other pictures."""
    frame = films.load_rows(asked.films)
    masks = find_lungs(asked.films, list(frame["image"]), seed=asked.seed)
    real = films.load_real(asked.films, frame, masks)
    patients = np.array(sorted(frame["patient"].unique()))
    rng = np.random.default_rng(asked.seed + 9)
    kept_back = set(rng.choice(patients, int(HELD_OUT * len(patients)), replace=False))
    phantoms = [films.draw_phantom(seed) for seed in range(PHANTOMS)]
    kinds, unseen = (  # drawings, icons, photographs; icons, photographs
        [
            pictures.load_pictures(folder, longest=224, most=PICTURES)
            for folder in sorted((asked.material / part).iterdir())
        ]
        for part in ("pictures", "rules")
    )
    scans = load_volumes(asked.material / "ct")
    projectors = [volume.Projector(scans[name]) for name in PROJECTED]
    others, resonance = examinations(OTHERS), examinations(RESONANCE)
    parts = []
    for held_out in (False, True):
        mine = [film for film in real if (film.patient in kept_back) == held_out]
        drawn = phantoms[-100:] if held_out else phantoms[:-100]
        seen = [[image for number, image in enumerate(kind) if (number % 10 == 9) == held_out] for kind in kinds]
        seen = [[image for image in kind if np.asarray(image).std() > FLAT] for kind in seen]
        if held_out:  # and icons of other packages than those trained on, in the place of these
            seen = [seen[0], unseen[0], seen[2] + unseen[1]]
        ct = [scan for name, scan in scans.items() if (name == CT_HELD_OUT) == held_out]
        parts.append(classes.Material(mine, drawn, seen, ct, others, resonance, projectors))
    return parts[0], parts[1]


def draw_examples(
    material: classes.Material, count: int, *, seed: int, part: int, keep: Path | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """About `count` examples uint8 (n, 96, 96) and class numbers (n,), in random order."""
    drawn = []
    for name, share in classes.SHARES.items():
        path = keep / f"{seed}-{part}-{name.replace(' ', '-')}-{round(count * share)}.npy" if keep else None
        if path is None or not path.exists():
            made = draw_class(material, name, round(count * share), seed=seed, part=part)
            if path is None:
                drawn.append(made)
                continue
            np.save(path, made)
        drawn.append(np.load(path))
    y = np.repeat([CLASSES.index(name) for name in classes.SHARES], [len(made) for made in drawn])
    order = np.random.default_rng([seed, part]).permutation(len(y))
    return np.concatenate(drawn)[order], y[order]


def draw_class(material: classes.Material, name: str, count: int, *, seed: int, part: int) -> np.ndarray:
    """Examples of one class, uint8 (count, 96, 96): each from a seed of its own."""
    made = np.empty((count, SIDE, SIDE), np.uint8)
    for number in range(count):
        rng = np.random.default_rng([seed, part, CLASSES.index(name), number])
        made[number] = classes.as_input(classes.example(material, name, rng), side=SIDE)
    return made


def write_gate(graph: bytes, facts: dict[str, Any], folder: Path) -> None:
    """The graph and the description that names it."""
    write_bytes(folder / GRAPH, graph)
    write_json(folder / DESCRIPTION, {"format": FORMAT, "sha256": sha256_bytes(graph), "bytes": len(graph), **facts})


def fit(
    x: np.ndarray, y: np.ndarray, other_x: np.ndarray, other_y: np.ndarray, *, seed: int
) -> tuple[bytes, dict[str, Any]]:
    """The graph trained on the examples, its rules chosen on the held-out ones; and what the card tells of that."""
    net = None
    for number, (epochs, rate) in enumerate(STAGES):
        net = training.train(x, y, epochs=epochs, rate=rate, seed=seed + number, start=net)
    _, features = training.answers(net, x[y == CLASSES.index(PASSES)])
    shipped = training.Shipped(net, features)
    shifts = training.shift(net, training.answers(net, other_x)[0], other_y)
    logits, features = training.answers(net, other_x)
    apart = (torch.from_numpy(features) - shipped.mean) @ shipped.whiten
    rules = training.choose_rules(logits, apart.square().sum(dim=1).sqrt().numpy(), other_y)
    return training.export(shipped, rules), {
        "examples": {name: int((y == number).sum()) for number, name in enumerate(CLASSES)},
        "seed": seed, "epochs": [epochs for epochs, _ in STAGES], "shifts": shifts,
        "held_out": training.confusion(logits, other_y)["right"],
        "held_out_pictures": training.pictures_right(logits, other_y),
    }  # fmt: skip


def told(material: classes.Material) -> dict[str, Any]:
    """What the card tells of the material."""
    return {
        "real": {"films": len(material.real), "patients": len({film.patient for film in material.real})},
        "phantoms": len(material.phantoms), "pictures": [len(kind) for kind in material.pictures], "ct": len(material.volumes),
    }  # fmt: skip


def make(asked: argparse.Namespace) -> dict[str, Any]:
    """The gate from nothing; the facts that its card tells."""
    began = time.perf_counter()
    material, held_out = gather(asked)
    x, y = draw_examples(material, asked.examples, seed=asked.seed, part=1, keep=asked.keep)
    other_x, other_y = draw_examples(held_out, asked.examples // 6, seed=asked.seed, part=2, keep=asked.keep)
    print(f"{len(x)} examples drawn, {time.perf_counter() - began:.0f} s", flush=True)
    graph, facts = fit(x, y, other_x, other_y, seed=asked.seed)
    facts |= told(material)
    write_gate(graph, facts, asked.out)
    return facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, required=True, help="a folder with table.csv and images")
    parser.add_argument("--material", type=Path, required=True, help="the folder that gather_material.py made")
    parser.add_argument("--keep", type=Path, help="where drawn examples are kept")
    parser.add_argument("--examples", type=int, default=EXAMPLES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=FOLDER, help="where gate.onnx and gate.json go")
    torch.set_num_threads(1)
    print(json.dumps(make(parser.parse_args()), indent=2))


if __name__ == "__main__":
    main()
