"""The lung segmenter as it is shipped: small ONNX graphs from ranked greys to lung, one for every film that it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from deepcovid.datasets.perceptual import perceptual_codes, thumbnail_of
from deepcovid.errors import DeepCovidError, DetectorError, WeightsError
from deepcovid.imaging.radiograph import check_film
from deepcovid.imaging.resizing import resized
from deepcovid.models.engine import open_session
from deepcovid.models.lungs.ranks import network_input
from deepcovid.storage import read_json, sha256_bytes

if TYPE_CHECKING:
    import onnxruntime

FOLDER = Path(__file__).parent
DESCRIPTION, CARD = "lungs.json", "MODEL_CARD.md"
FORMAT = 1
MEND = "install deepcovid again"
PROCEDURE = 2  # of what is done before and after the graphs; raise it when masks change
SAME = 6  # bits of 64 by which two copies of one film may differ


class LungSegmenter:
    """Finds the lungs of frontal chest films; `LungSegmenter.load()` gives the one that comes with deepcovid.

    The first network has learnt from all its films. The others have each learnt without a part of them, and a film of
    that part (known again by a perceptual code) is given to its own network, so that no mask is of a film that was
    learnt from.

    Attributes:
        hash: SHA-256 of the graphs, the codes and the number of the procedure.
    """

    def __init__(self, graphs: Sequence[bytes], *, codes: Mapping[str, int] | None = None) -> None:
        """
        Args:
            graphs: ONNX, ranked greys (N, 1, 128, 128) → logits of lung of the same shape; the first is for unknown films.
            codes: perceptual code of each film that was learnt from, as 16 hexadecimal digits → number of its graph.
        """
        self._graphs, codes = tuple(graphs), dict(sorted((codes or {}).items()))
        self._parts = np.array([*codes.values()], dtype=np.int64)
        self._signs = np.stack([_signs(code) for code in codes]) if codes else np.zeros((0, 64), np.float32)
        told = [*(sha256_bytes(graph) for graph in graphs), *(f"{code} {part}" for code, part in codes.items())]
        told.append(f"procedure {PROCEDURE}")
        self.hash = sha256_bytes("\n".join(told).encode())

    @classmethod
    def load(cls, folder: Path | str | None = None) -> LungSegmenter:
        """The segmenter in `folder`, by default the one in this package; files are checked, and opened when first asked.

        Raises:
            WeightsError: a file is missing, damaged, altered, or of another format.
        """
        folder = FOLDER if folder is None else Path(folder)
        told = _description(folder / DESCRIPTION)
        graphs = [_graph(folder / name, digest) for name, digest in told["graphs"].items()]
        return cls(graphs, codes=told["codes"])

    @cached_property
    def _sessions(self) -> list[onnxruntime.InferenceSession]:
        try:
            return [open_session(graph) for graph in self._graphs]
        except DetectorError as error:
            raise WeightsError(error.problem, mend=MEND) from error

    def segment(self, pixels: np.ndarray) -> np.ndarray:
        """The lungs of a film: bool (H, W), at most two pieces without holes.

        Args:
            pixels: float32 (H, W) in [0, 1], bone bright, as `read_radiograph` gives them.

        Raises:
            ValueError: another type, shape or range.
            WeightsError: this runtime cannot open a graph.
        """
        share = self.probability(pixels)
        kept = two_largest(share > 0.5)
        share = np.where(kept == (share > 0.5), share, kept).astype(np.float32)  # small pieces out, holes in
        lungs: np.ndarray = resized(share, size=pixels.shape) > 0.5
        return lungs

    def probability(self, pixels: np.ndarray) -> np.ndarray:
        """The probability of lung, float32 (128, 128), of a film as in `segment`."""
        check_film(pixels)
        session = self._sessions[self.part(pixels)]
        logits = session.run(["lungs"], {"ranks": network_input(pixels)[None, None]})[0][0, 0]
        share: np.ndarray = 1 / (1 + np.exp(-logits))
        return share

    def part(self, pixels: np.ndarray) -> int:
        """Which graph a film is given to: 0, or that which has not learnt from it."""
        if not len(self._signs):
            return 0
        apart = (64 - self._signs @ code_of(pixels)) / 2
        nearest = int(apart.argmin())
        return int(self._parts[nearest]) if apart[nearest] <= SAME else 0


def code_of(pixels: np.ndarray) -> np.ndarray:
    """The perceptual code of a film, float32 (64,) of −1 and 1; that of a copy in another size or window differs little."""
    thumbnail = thumbnail_of(pixels).astype(np.float32)
    return perceptual_codes(thumbnail[None])[0][0]


def as_digits(code: np.ndarray) -> str:
    """A code as 16 hexadecimal digits."""
    return np.packbits(code > 0).tobytes().hex()


def _signs(digits: str) -> np.ndarray:
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(digits), np.uint8))
    return np.where(bits, np.float32(1), np.float32(-1))


def two_largest(mask: np.ndarray) -> np.ndarray:
    """The two largest pieces of a bool (H, W) mask, their holes filled."""
    labels, count = ndimage.label(mask)
    if count > 2:
        areas = np.bincount(labels.ravel())[1:]
        mask = np.isin(labels, 1 + np.argsort(areas, kind="stable")[-2:])
    filled: np.ndarray = ndimage.binary_fill_holes(mask)
    return filled


def _graph(path: Path, digest: str) -> bytes:
    if not path.is_file():
        raise WeightsError(f"the lung segmenter's {path.name} is missing", path=path.parent, mend=MEND)
    graph = path.read_bytes()
    if sha256_bytes(graph) != digest:
        raise WeightsError(
            f"this is not the graph that {DESCRIPTION} names: the file is damaged or was altered", path=path, mend=MEND
        )
    return graph


def _description(path: Path) -> dict[str, Any]:
    try:
        told = read_json(path)
    except DeepCovidError as error:
        raise WeightsError("the lung segmenter's description is missing or damaged", path=path, mend=MEND) from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        found = told.get("format") if isinstance(told, dict) else type(told).__name__
        raise WeightsError(f"the format is {found!r}; this version reads {FORMAT}", path=path, mend=MEND)
    return told
