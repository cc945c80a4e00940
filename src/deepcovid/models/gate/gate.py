"""The gate as it is shipped: one ONNX graph from pixels to reasons, and the rules by which it lets a film pass or abstains."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcovid.configuration import from_mapping
from deepcovid.errors import DeepCovidError, DetectorError, WeightsError
from deepcovid.imaging.radiograph import check_film
from deepcovid.models.engine import open_session
from deepcovid.models.gate.reasons import BLANK, CLASSES, PASSES, REASON_OF, REASONS, SENTENCES, UNSURE
from deepcovid.models.gate.statistics import SMALLEST, aspect, reduced, spread
from deepcovid.storage import read_json, sha256_bytes

if TYPE_CHECKING:
    import onnxruntime

FOLDER = Path(__file__).parent
GRAPH, DESCRIPTION, CARD = "gate.onnx", "gate.json", "MODEL_CARD.md"
FORMAT = 1
RULES = "deepcovid.gate"  # the key of the graph's metadata that holds the rules
MEND = "install deepcovid again, or use --no-gate and look at each film yourself"


@dataclass(frozen=True)
class Rules:
    """When the gate decides and when it abstains; they travel in the graph's metadata, so that the file alone says all.

    Attributes:
        classes: of the logits, in order.
        pass_at: probability of a frontal film from which one passes.
        refuse_at: probability of another class from which its reason is given; below both, "unsure".
        farthest: distance from the training films' features beyond which a film is "unsure".
        least_spread: range of the greys below which an image is blank.
        longest_side: ratio of the longer to the shorter side beyond which no picture is a whole film.
    """

    classes: tuple[str, ...]
    pass_at: float
    refuse_at: float
    farthest: float
    least_spread: float = 0.03
    longest_side: float = 3.0


@dataclass(frozen=True)
class Verdict:
    """What the gate says of one picture.

    Attributes:
        passes: whether it may be taken for a frontal chest film.
        reason: one of REASONS; "frontal chest film" where it passes.
        confidence: the network's probability of that reason, in [0, 1]; for "blank" 1, for "unsure" the highest one.
        probabilities: of every reason that the network knows, summing to 1; empty where it was not asked.
        sentence: the reason in words, with what to do about it.
    """

    passes: bool
    reason: str
    confidence: float
    probabilities: Mapping[str, float] = field(default_factory=dict)
    sentence: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able values."""
        return {
            "passes": self.passes,
            "reason": self.reason,
            "confidence": round(self.confidence, 4),
            "sentence": self.sentence,
            "probabilities": {name: round(value, 4) for name, value in self.probabilities.items()},
        }


class Gate:
    """Looks at pictures before a detector does; `Gate.load()` gives the one that comes with deepcovid.

    Attributes:
        hash: SHA-256 of the ONNX graph, whose metadata holds the rules.
        path: the graph.
    """

    def __init__(self, graph: bytes, *, path: Path | None = None) -> None:
        self._graph, self.path, self.hash = graph, path, sha256_bytes(graph)

    @classmethod
    def load(cls, folder: Path | str | None = None) -> Gate:
        """The gate in `folder`, by default the one in this package; the graph is checked, and opened when first asked.

        Raises:
            WeightsError: a file is missing, damaged, altered, or of another format.
        """
        folder = FOLDER if folder is None else Path(folder)
        for name in (GRAPH, DESCRIPTION):
            if not (folder / name).is_file():
                raise WeightsError(f"the gate's {name} is missing", path=folder, mend=MEND)
        told = _description(folder / DESCRIPTION)
        graph = (folder / GRAPH).read_bytes()
        if sha256_bytes(graph) != told.get("sha256"):
            raise WeightsError(
                f"this is not the gate that {DESCRIPTION} names: the file is damaged or was altered",
                path=folder / GRAPH,
                mend=MEND,
            )
        return cls(graph, path=folder / GRAPH)

    def open(self) -> None:
        """Open the graph now, so that what is wrong with it is said before any film is read.

        Raises:
            WeightsError: this runtime cannot open it, or its rules are absent or of another format.
        """
        _ = self.rules

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        try:
            return open_session(self._graph)
        except DetectorError as error:
            raise WeightsError(error.problem, path=self.path, mend=MEND) from error

    @cached_property
    def rules(self) -> Rules:
        """The rules in the graph's metadata.

        Raises:
            WeightsError: there are none, or they are of another format.
        """
        told = self._session.get_modelmeta().custom_metadata_map.get(RULES)
        if told is None:
            raise WeightsError("the graph holds no rules of the gate", path=self.path, mend=MEND)
        rules = from_mapping(Rules, json.loads(told), where=str(self.path or "the gate"), error=WeightsError)
        if not set(rules.classes) <= set(CLASSES):
            raise WeightsError("the graph's classes are not those of this version", path=self.path, mend=MEND)
        return rules

    def judge(self, pixels: np.ndarray) -> Verdict:
        """Is this one frontal chest X-ray, the right way up and not inverted?

        Args:
            pixels: float32 (H, W) in [0, 1], bone bright, as `read_radiograph` gives them.

        Raises:
            ValueError: another type, shape or range.
        """
        check_film(pixels)
        small = reduced(pixels)
        if spread(small) < self.rules.least_spread:
            return Verdict(False, BLANK, 1.0, {}, SENTENCES[BLANK])
        logits, distance = self._session.run(["logits", "distance"], {"film": np.ascontiguousarray(small)[None, None]})
        verdict = self._verdict(logits[0], float(distance[0]), strip=aspect(pixels) > self.rules.longest_side)
        return _too_small(verdict, pixels.shape) if verdict.passes and min(pixels.shape) < SMALLEST else verdict

    def _verdict(self, logits: np.ndarray, distance: float, *, strip: bool) -> Verdict:
        rules = self.rules
        each = dict(zip(rules.classes, map(float, _softmax(logits)), strict=True))
        summed = {reason: 0.0 for reason in REASONS if reason not in (BLANK, UNSURE)}
        for name, value in each.items():
            summed[REASON_OF[name]] += value
        best = max(each, key=lambda name: summed[REASON_OF[name]] + 1e-3 * each[name])
        reason = REASON_OF[best]
        if reason == PASSES and strip:
            best = reason = "cropped"
        elif self._doubtful(reason, summed[reason], distance):
            best = reason = UNSURE
        confidence = max(summed.values()) if reason == UNSURE else summed[reason]
        return Verdict(reason == PASSES, reason, confidence, summed, _sentence(best, summed))

    def _doubtful(self, reason: str, share: float, distance: float) -> bool:
        if reason == PASSES:
            return share < self.rules.pass_at or distance > self.rules.farthest
        return share < self.rules.refuse_at


def _too_small(verdict: Verdict, shape: tuple[int, ...]) -> Verdict:
    size = f"{shape[1]} × {shape[0]} pixels"
    sentence = f"{size} are too few to tell what this is → give the film in full size"
    return replace(verdict, passes=False, reason=UNSURE, sentence=sentence)


def _sentence(name: str, summed: Mapping[str, float]) -> str:
    if name != UNSURE:
        return SENTENCES[name]
    first, second = sorted(summed, key=lambda reason: -summed[reason])[:2]
    return f"{SENTENCES[UNSURE]} (most like: {first} {summed[first]:.2f}, {second} {summed[second]:.2f})"


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(np.float64) - logits.max())
    result: np.ndarray = powers / powers.sum()
    return result


def _description(path: Path) -> dict[str, Any]:
    try:
        told = read_json(path)
    except DeepCovidError as error:
        raise WeightsError("the gate's description is damaged", path=path, mend=MEND) from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        found = told.get("format") if isinstance(told, dict) else type(told).__name__
        raise WeightsError(f"the format is {found!r}; this version reads {FORMAT}", path=path, mend=MEND)
    return told
