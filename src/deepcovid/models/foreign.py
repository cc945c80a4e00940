"""Anybody's ONNX classifier: how its input is made stands in a JSON file, its features are what its last layer receives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from deepcovid.configuration import from_mapping
from deepcovid.errors import DetectorError, MissingPackageError
from deepcovid.imaging.resizing import centred, fitted, resized, scaled_size
from deepcovid.models.classifier import Scored
from deepcovid.models.engine import open_session
from deepcovid.models.outputs import probabilities_of
from deepcovid.storage import read_json, sha256_bytes, sha256_json

LAST = ("Gemm", "MatMul", "Conv")  # what a classifier's last layer is
EXAMPLE = (
    '{"size": [224, 224], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], '
    '"classes": ["normal", "covid"], "positive": "covid"}'
)


@dataclass(frozen=True, kw_only=True)
class ForeignInput:
    """How a film, float32 in [0, 1], becomes the input of a stranger's model, and what its output means.

    Attributes:
        size: height and width of the input, in pixels.
        fit: "stretch", "crop" or "pad", as in a detector's preprocessing.
        shorter: of "crop": what the shorter side is brought to before the middle is cut (torchvision's `Resize(256)`);
            0: the input's own.
        channels: 1 or 3 equal ones.
        mean, std: subtracted and divided by, one a channel, in units of `value_range`.
        value_range: what black and white become before mean and std: [0, 1], [0, 255], [-1024, 1024] …
        layout: "NCHW" or "NHWC".
        classes: of the outputs, in order; a single one for a model with one output.
        positive: the class that is audited.
        activation: "softmax", "sigmoid", or "none" where the model gives probabilities.
        threshold: where calls are made, in [0, 1].
        input, output: names in the graph; empty: the first input, and the first output of the right shape.
    """

    size: tuple[int, int]
    classes: tuple[str, ...]
    positive: str
    fit: Literal["stretch", "crop", "pad"] = "stretch"
    shorter: int = 0
    channels: int = 3
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    value_range: tuple[float, float] = (0.0, 1.0)
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    activation: Literal["softmax", "sigmoid", "none"] = "softmax"
    threshold: float = 0.5
    input: str = ""
    output: str = ""

    def __post_init__(self) -> None:
        if self.positive not in self.classes:
            raise DetectorError(
                f"the positive class {self.positive!r} is none of {list(self.classes)}", mend="name one of the classes"
            )
        if len(self.size) != 2 or min(self.size) < 1 or max(self.size) > 4096:
            raise DetectorError(
                f"size = {list(self.size)} is not allowed", mend="give height and width, 1 to 4096 pixels"
            )
        if self.channels not in (1, 3):
            raise DetectorError(f"channels = {self.channels} is not allowed", mend="use 1 or 3")
        if len(self.mean) != self.channels or len(self.std) != self.channels or min(self.std) <= 0:
            raise DetectorError(
                f"mean and std need {self.channels} numbers each, std above zero", mend="give one a channel"
            )
        if self.value_range[0] >= self.value_range[1]:
            raise DetectorError("value_range must rise", mend="give a lower and a higher number")
        if not 0 <= self.threshold <= 1:
            raise DetectorError(f"threshold = {self.threshold} is not allowed", mend="give one from 0 to 1")
        if self.shorter and (self.fit != "crop" or self.shorter < max(self.size)):
            raise DetectorError(
                f"shorter = {self.shorter} goes with fit = 'crop' and at least the size",
                mend="leave it out, or mend it",
            )
        if len(self.classes) == 1 and self.activation == "softmax":
            raise DetectorError("a softmax of one class is always 1", mend="use activation 'sigmoid' or 'none'")

    @classmethod
    def load(cls, path: Path | str) -> ForeignInput:
        """The JSON file, every key checked.

        Raises:
            DetectorError: it is no JSON object, or a key is unknown, missing or out of range.
        """
        values = read_json(Path(path))
        if not isinstance(values, dict):
            raise DetectorError("this is no JSON object", path=path, mend=f"write one such as {EXAMPLE}")
        try:
            return from_mapping(cls, values, where="it", error=DetectorError)
        except DetectorError as error:
            raise DetectorError(error.problem, path=path, mend=f"{error.mend}; such as {EXAMPLE}") from error

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """A film, float32 (H, W) in [0, 1], as the model's input, float32 (1, C, h, w) or (1, h, w, C)."""
        film = self._fitted(pixels)
        low, high = self.value_range
        film = film * np.float32(high - low) + np.float32(low)
        mean, std = (np.asarray(values, np.float32)[:, None, None] for values in (self.mean, self.std))
        planes = (np.broadcast_to(film, (self.channels, *film.shape)) - mean) / std
        batch = planes[None].astype(np.float32)
        return batch if self.layout == "NCHW" else np.ascontiguousarray(batch.transpose(0, 2, 3, 1))

    def _fitted(self, pixels: np.ndarray) -> np.ndarray:
        if not self.shorter:
            return fitted(pixels, size=self.size, fit=self.fit)
        scaled = scaled_size(pixels.shape, size=(self.shorter, self.shorter), fit="crop")
        return centred(resized(pixels, size=scaled), size=self.size)


class OnnxClassifier:
    """A stranger's model.

    Args:
        path: the ONNX file.
        how: how films become its input.

    Raises:
        DetectorError: the file is no ONNX model, or it does not give a number for each class.
        MissingPackageError: the package onnx, which finds the layer that features are taken from, is not installed.
    """

    def __init__(self, path: Path | str, how: ForeignInput) -> None:
        self.path, self.how = Path(path), how
        open_session(self.path)  # refuses what is no model, in words
        content = self.path.read_bytes()
        self._hash = sha256_json({"model": sha256_bytes(content), "input": repr(how)})
        graph, self._tap = tapped(content)
        self._session = open_session(graph)
        given = [one.name for one in self._session.get_inputs()]
        self._input = self._named(how.input, given, "input")
        outputs = [one.name for one in self._session.get_outputs() if one.name != self._tap]
        self._output = self._named(how.output, outputs, "output")

    @property
    def name(self) -> str:
        """The file's."""
        return self.path.stem

    @property
    def hash(self) -> str:
        """Of the file and of how films become its input."""
        return self._hash

    @property
    def positive(self) -> str:
        """The class that is audited."""
        return self.how.positive

    @property
    def threshold(self) -> float | None:
        """As the JSON file says."""
        return self.how.threshold

    def undecided(self, scores: np.ndarray) -> np.ndarray | None:
        """It always says."""
        return None

    def look(self, pixels: np.ndarray) -> Scored:
        """Run the model on one film on one thread.

        Raises:
            DetectorError: the model does not take such an input, or gives something else than a number for each class.
        """
        try:
            values, *tapped_values = self._session.run(
                [self._output, *([self._tap] if self._tap else [])], {self._input: self.how.apply(pixels)}
            )
        except Exception as error:  # the runtime raises its own untyped errors
            raise self._unusable(
                f"the model cannot be run on an input as described ({type(error).__name__})"
            ) from error
        flat = np.asarray(values, dtype=np.float64).reshape(-1)
        if flat.shape != (len(self.how.classes),) or not np.isfinite(flat).all():
            raise self._unusable(
                f"the model gives {np.asarray(values).shape} in {self._output!r}, not one finite number for each of "
                f"{len(self.how.classes)} classes"
            )
        features = np.asarray(tapped_values[0] if tapped_values else values, dtype=np.float32)
        if features.ndim == 4:  # a map: its mean over positions
            features = features.mean(axis=(2, 3))
        return Scored(self._score(flat), features.reshape(-1))

    def _score(self, flat: np.ndarray) -> float:
        place = self.how.classes.index(self.how.positive)
        if self.how.activation == "none":
            if not 0 <= flat[place] <= 1:
                raise self._unusable(f"the model gives {flat[place]:.4g}, no probability; its activation is not 'none'")
            return float(flat[place])
        return float(probabilities_of(flat[None], activation=self.how.activation)[0, place])

    def _named(self, wanted: str, names: list[str], what: str) -> str:
        if wanted and wanted not in names:
            raise self._unusable(f"the model has no {what} {wanted!r}; it has {', '.join(names)}")
        return wanted or names[0]

    def _unusable(self, problem: str) -> DetectorError:
        return DetectorError(problem, path=self.path, mend="mend the JSON file that describes the input")


def tapped(graph: bytes) -> tuple[bytes, str]:
    """The model with one more output: what its last layer with weights receives; and that output's name, or "".

    Raises:
        MissingPackageError: onnx is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingPackageError("onnx", extra="train", purpose="auditing a model of other makers") from error
    model = onnx.load_model_from_string(graph)
    learned = {tensor.name for tensor in model.graph.initializer}
    learned |= {node.output[0] for node in model.graph.node if node.op_type in ("Constant", "Identity", "Transpose")
                and set(node.input) <= learned}  # fmt: skip
    for node in reversed(model.graph.node):
        if node.op_type in LAST and len(node.input) > 1 and node.input[1] in learned:
            name = node.input[0]
            taken = {one.name for one in (*model.graph.output, *model.graph.input)}
            if name not in taken:
                model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
                return bytes(model.SerializeToString()), name
            return graph, ""
    return graph, ""
