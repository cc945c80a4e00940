"""A detector: the folder that predicts, frozen once written; its hash is its name in every result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from deepcovid.configuration import from_mapping, to_mapping
from deepcovid.errors import DeepCovidError, DetectorError
from deepcovid.evaluation.conformal import Conformal
from deepcovid.evaluation.recalibration import Calibration
from deepcovid.imaging.preprocessing import LATER, Preprocessing
from deepcovid.imaging.radiograph import check_film
from deepcovid.models.activations import Activation
from deepcovid.models.engine import open_session
from deepcovid.models.heads import LINEAR, HeadShape
from deepcovid.models.outputs import Output, probabilities_of
from deepcovid.models.seen import Seen
from deepcovid.storage import read_json, sha256_bytes, sha256_file, write_bytes, write_json, write_tensors

if TYPE_CHECKING:
    import onnxruntime

    from deepcovid.models.network import FilmNetwork

FORMAT = 1
FILES = DESCRIPTION, GRAPH, WEIGHTS = "detector.json", "model.onnx", "weights.safetensors"
IMPORTANCE = "cam_weights"  # a graph's third output where the head has hidden layers
MEMBERS, FEATURES = "member_scores", "features"  # a stack's second and third output
STACK = "stack"  # what stands for the network of a stack
FEW_CHANNELS, MOST_CELLS = (
    16,
    512,
)  # channels of a map below which cells are told apart, and how many numbers that gives
INTENDED_USE = "Research on chest radiographs. Not a medical device; not for the care of patients."


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """A threshold and where it comes from: a film is called positive when its score is at or above `threshold`.

    Of a point chosen by rule `chosen_with` counts the films that the rule looked at and holds the hash of their rows.
    """

    name: str
    threshold: float
    chosen_on: str
    note: str = ""
    chosen_with: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise DetectorError(f"the threshold of {self.name!r} is {self.threshold}", mend="give one from 0 to 1")


@dataclass(frozen=True, kw_only=True)
class StackMember:
    """A network within a stack: the name of its run, the hash of its detector, and what a description says of its network.

    Its weights stand in `weights.safetensors` under its name and a slash.
    """

    name: str
    detector: str
    network: str
    neck: Literal["pool", "flatten"]
    preprocessing: Preprocessing
    head: HeadShape = LINEAR
    output: Output = "softmax"
    hidden_activation: Literal[""] | Activation = ""


@dataclass(frozen=True, kw_only=True)
class Description:
    """What detector.json says.

    Attributes:
        network, neck, classes, positive: the architecture; classes in the order of the logits. Of a stack "stack" and "".
        preprocessing: what the graph does to a film; None for a stack, whose members have each their own.
        members: of a stack, in the order of its graph's `member_scores`; empty otherwise.
        operating_points: the first is the one that calls are made at.
        calibration: what is done to the graph's probabilities; None: nothing.
        conformal: which classes a film may be of, by its calibrated probabilities; None: there is no such rule.
        activation: "softmax": the classes exclude one another; "sigmoid": each is present or absent on its own.
        head, output: from the neck to the logits, whose softmax are the probabilities.
        hidden_activation: of the network's own hidden units, where it was chosen; "" is the paper's.
        training: recipe, weights, data hash and counts.
        licence, intended_use: who may use it for what.
        files: SHA-256 of the other files.
        format: of this file.
    """

    network: str
    neck: Literal["", "pool", "flatten"]
    classes: tuple[str, ...]
    positive: str
    preprocessing: Preprocessing | None
    operating_points: tuple[OperatingPoint, ...]
    members: tuple[StackMember, ...] = ()
    training: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)
    calibration: Calibration | None = None
    conformal: Conformal | None = None
    activation: Literal["softmax", "sigmoid"] = "softmax"
    head: HeadShape = LINEAR
    output: Output = "softmax"
    hidden_activation: Literal[""] | Activation = ""
    licence: str = "not stated"
    intended_use: str = INTENDED_USE
    format: int = FORMAT

    def __post_init__(self) -> None:
        if self.positive not in self.classes:
            raise DetectorError(
                f"the positive class {self.positive!r} is none of {list(self.classes)}", mend="name one of the classes"
            )
        stack = bool(self.members)
        if (self.preprocessing is None) != stack or (self.neck == "") != stack:
            raise DetectorError(
                f"there are {len(self.members)} members, the preprocessing is {self.preprocessing}, the neck {self.neck!r}",
                mend="a stack's members have these each, and the stack none; any other detector has both and no members",
            )
        if not self.operating_points:
            raise DetectorError("a detector without an operating point", mend="give at least one threshold")
        if self.calibration and self.calibration.method == "isotonic" and len(self.classes) != 2:
            raise DetectorError("an isotonic calibration of several classes", mend="calibrate by temperature")
        if self.conformal and (len(self.conformal.lowest) != len(self.classes) or self.activation != "softmax"):
            raise DetectorError(
                f"the conformal rule has {len(self.conformal.lowest)} probabilities for {len(self.classes)} classes",
                mend="give one for each of classes that exclude one another",
            )
        words = [*self.classes, *(member.name for member in self.members)]
        words += [*(word for point in self.operating_points for word in (point.name, point.chosen_on))]
        if not all(word.isprintable() for word in words):
            raise DetectorError("a name holds control characters", mend="name classes and thresholds in plain letters")

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able values."""
        return to_mapping(self)


class Detector:
    """A detector folder, loaded; `Detector.load(folder)` makes one.

    Attributes:
        folder: where it lies.
        description: what detector.json says.
        hash: SHA-256 of detector.json, which holds those of the other files.
    """

    def __init__(self, folder: Path, description: Description, digest: str) -> None:
        self.folder, self.description, self.hash = folder, description, digest

    @classmethod
    def load(cls, folder: Path | str) -> Detector:
        """The detector in `folder` (a run folder's own is found too); nothing is run or unpickled.

        Raises:
            DetectorError: a file is missing, was altered, or is of another format.
        """
        folder = Path(folder)
        if not (folder / DESCRIPTION).is_file() and (folder / "detector" / DESCRIPTION).exists():
            folder = folder / "detector"
        if not (folder / DESCRIPTION).is_file():
            what = f"there is no {DESCRIPTION} here" if folder.is_dir() else "there is no such folder"
            what = "this is a file, and a detector is a folder" if folder.is_file() else what
            mend = "give the folder that `deepcovid train` wrote: runs/NAME/detector"
            raise DetectorError(what, path=folder, mend=mend)
        values = read_json(folder / DESCRIPTION)
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            found = values.get("format") if isinstance(values, dict) else type(values).__name__
            raise DetectorError(
                f"the format is {found!r}; this version reads {FORMAT}",
                path=folder / DESCRIPTION,
                mend="update deepcovid, or train the detector anew",
            )
        if "preprocessing" not in values:
            raise DetectorError(
                "the preprocessing is not stated, so scores would be wrong",
                path=folder / DESCRIPTION,
                mend="copy the detector folder again",
            )
        description = _described(_with_preprocessing(values, folder / DESCRIPTION), folder / DESCRIPTION)
        _require_files(folder, description.files)
        return cls(folder, description, sha256_file(folder / DESCRIPTION))

    @property
    def preprocessing(self) -> Preprocessing:
        """What happens between a film and the network.

        Raises:
            DetectorError: it is a stack.
        """
        if self.description.preprocessing is None:
            raise self._no_single("preprocessing")
        return self.description.preprocessing

    @property
    def is_stack(self) -> bool:
        """Whether the graph holds several networks, each with a preprocessing of its own."""
        return bool(self.description.members)

    @property
    def positive_index(self) -> int:
        """Where the positive class stands among the logits."""
        return self.description.classes.index(self.description.positive)

    @property
    def operating_point(self) -> OperatingPoint:
        """The one that calls are made at."""
        return self.description.operating_points[0]

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        session = open_session(self.folder / GRAPH)
        told = session.get_modelmeta().custom_metadata_map
        for key, allowed in _facts(self.description).items():
            if told.get(key, allowed[0]) not in allowed:
                raise DetectorError(
                    f"detector.json and model.onnx differ in {key.partition('.')[2]}",
                    path=self.folder,
                    mend="copy the detector folder again",
                )
        return session

    @cached_property
    def head_weight(self) -> np.ndarray:
        """A linear head's weight, float32 (U, D): what a heat map needs besides the feature map."""
        from safetensors import SafetensorError, safe_open

        name = "head.output.weight" if self.description.head.dropout else "head.weight"
        try:
            with safe_open(self.folder / WEIGHTS, framework="np") as file:
                weight: np.ndarray = file.get_tensor(name)
        except (SafetensorError, OSError) as error:
            raise self._unusable(f"{WEIGHTS} holds no {name}") from error
        return weight

    def _no_single(self, thing: str) -> DetectorError:
        names = ", ".join(member.name for member in self.description.members)
        return DetectorError(
            f"a stack has no {thing} of its own", path=self.folder, mend=f"take a member's run: {names}"
        )

    def _unusable(self, problem: str) -> DetectorError:
        return DetectorError(problem, path=self.folder, mend="copy the detector folder again, or train it anew")

    def see(self, pixels: np.ndarray) -> Seen:
        """Run `model.onnx` on one film, on one thread: a film has one score, alone or among others.

        Args:
            pixels: float32 (H, W) in [0, 1] of any size.

        Raises:
            DetectorError: the graph does not take such a film, or gives something else than a number for each class.
        """
        if self.is_stack:
            check_film(pixels)  # each member's size is within the graph
            logits, members, means = self._run(pixels, ["logits", MEMBERS, FEATURES])
            return Seen(self._probabilities(logits), None, members=members[0], means=means[0])
        film = self.preprocessing.resize_film(pixels)
        names = ["logits", "feature_map", *([IMPORTANCE] if self.description.head.hidden else [])]
        logits, feature_map, *weights = self._run(film, names)
        flattened, importance = self.description.neck == "flatten", weights[0][0] if weights else None
        return Seen(self._probabilities(logits), feature_map[0], importance, flattened=flattened)

    def _run(self, film: np.ndarray, names: list[str]) -> list[np.ndarray]:
        session = self._session
        try:
            outputs: list[np.ndarray] = session.run(names, {"film": film[None, None]})
        except Exception as error:  # the runtime raises its own untyped errors
            raise self._unusable(f"model.onnx cannot be run on a film ({type(error).__name__})") from error
        return outputs

    def _probabilities(self, logits: np.ndarray) -> np.ndarray:
        if logits.shape != (1, len(self.description.classes)) or not np.isfinite(logits).all():
            raise self._unusable("model.onnx gives something else than one finite number for each class")
        probabilities = probabilities_of(logits, activation=self.description.activation)
        calibrated: np.ndarray = self._calibrated(probabilities)[0]
        return calibrated

    def _calibrated(self, probabilities: np.ndarray) -> np.ndarray:
        told = self.description
        if told.calibration is None:
            return probabilities
        exclusive = told.activation == "softmax"
        return told.calibration.apply(probabilities, exclusive=exclusive, positive=self.positive_index)

    def score(self, pixels: np.ndarray) -> float:
        """The probability of the positive class of one film, float32 (H, W) in [0, 1]."""
        return float(self.see(pixels).probabilities[self.positive_index])

    def network(self) -> FilmNetwork:
        """The network with its weights, to train on (needs the extra `train`).

        Raises:
            MissingPackageError: torch is not installed.
            DetectorError: it is a stack.
        """
        from safetensors.torch import load_file

        from deepcovid.models.zoo import build_network

        told = self.description
        if told.preprocessing is None:
            raise self._no_single("network to train on")
        network = build_network(
            told.network,
            classes=len(told.classes),
            neck=told.neck or None,
            size=told.preprocessing.size,
            preprocessing=told.preprocessing,
            head=told.head,
            output=told.output,
            activation=told.hidden_activation,
        )
        network.load_state_dict(load_file(self.folder / WEIGHTS), strict=True)
        return network.eval()


def write_detector(
    folder: Path, *, description: Description, graph: bytes, weights: Mapping[str, np.ndarray]
) -> Detector:
    """Write a detector folder; detector.json comes last, so that a folder with one is whole.

    Args:
        folder: where; replaced file by file when it exists.
        description: `files` is filled in here.
        graph: model.onnx.
        weights: the network's state.
    """
    from dataclasses import replace

    (folder / DESCRIPTION).unlink(missing_ok=True)
    write_bytes(folder / GRAPH, graph)
    write_tensors(folder / WEIGHTS, weights)
    files = {GRAPH: sha256_bytes(graph), WEIGHTS: sha256_file(folder / WEIGHTS)}
    write_json(folder / DESCRIPTION, replace(description, files=files).to_dict())
    return Detector.load(folder)


def _described(values: dict[str, Any], path: Path) -> Description:
    try:
        return from_mapping(Description, values, where="it", error=DetectorError)
    except DeepCovidError as error:
        raise DetectorError(error.problem, path=path, mend=error.mend) from error


def _with_preprocessing(values: dict[str, Any], path: Path) -> dict[str, Any]:
    """The values with every preprocessing built; of a stack the members' alone."""
    members = values.get("members") or []
    if not isinstance(members, list) or not all(isinstance(member, dict) for member in members):
        raise DetectorError("members is no list of members", path=path, mend="copy the detector folder again")
    built = [member | {"preprocessing": _preprocessing(member.get("preprocessing"), path)} for member in members]
    whole = values["preprocessing"]
    # null is no preprocessing, and only a stack is without one
    single = None if whole is None and members else _preprocessing(whole, path)
    return values | {"preprocessing": single, "members": built}


def _facts(description: Description) -> dict[str, tuple[str, ...]]:
    """What the graph's metadata may say under each of our keys; the first is what is written today."""
    classes = (json.dumps(list(description.classes)),)
    if description.preprocessing is None:
        members = [{"name": one.name, "preprocessing": one.preprocessing.to_dict()} for one in description.members]
        return {"deepcovid.classes": classes, "deepcovid.members": (json.dumps(members),)}
    known = description.preprocessing.to_dict()
    # files written before a key existed have it in neither place
    without = {key: known[key] for key in known if not (key in LATER and known[key] == LATER[key])}
    return {"deepcovid.classes": classes, "deepcovid.preprocessing": (json.dumps(known), json.dumps(without))}


def _preprocessing(values: Any, path: Path) -> Preprocessing:
    """Every key must be there: a default would change scores in silence."""
    if not isinstance(values, Mapping):
        raise DetectorError(
            f"the preprocessing is {values!r}, so scores would be wrong",
            path=path,
            mend="copy the detector folder again",
        )
    try:
        return Preprocessing.from_dict(values)
    except DeepCovidError as error:
        raise DetectorError(error.problem, path=path, mend="copy the detector folder again") from error


def _require_files(folder: Path, files: Mapping[str, str]) -> None:
    for name in (GRAPH, WEIGHTS):
        if not (folder / name).is_file():
            raise DetectorError(f"{name} is missing", path=folder, mend="copy the detector folder again")
        if sha256_file(folder / name) != files.get(name):
            raise DetectorError(
                "this file was altered after the detector was written", path=folder / name, mend="copy the folder again"
            )
