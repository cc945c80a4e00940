"""Hostile detectors and weights."""

from __future__ import annotations

import functools
import io
import json
import os
import pickle
import struct
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.storage import sha256_bytes
from tests.hostile.kinds import PLANTED, Content
from tests.hostile.kinds import kind as register

kind = partial(register, family="detector", way="detector")
weights_kind = partial(register, family="weights", way="weights")


@functools.cache
def graph(classes: int = 2, *, output: str = "logits", external: str = "", value: float = 0.5) -> bytes:
    """An ONNX graph of a few nodes: logits from the film's mean, and the film as feature map."""
    from onnx import TensorProto, helper

    weight = helper.make_tensor("w", TensorProto.FLOAT, [1, classes], [value] * classes)
    if external:
        weight = TensorProto(name="w", data_type=1, dims=[1, classes], data_location=1)
        for key, text in (("location", external), ("offset", "0"), ("length", str(4 * classes))):
            weight.external_data.add(key=key, value=text)
    nodes = [
        helper.make_node("ReduceMean", ["film"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["mean", "w"], [output]),
        helper.make_node("Identity", ["film"], ["feature_map"]),
    ]
    film = helper.make_tensor_value_info("film", TensorProto.FLOAT, ["n", 1, 48, 48])
    outputs = [
        helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", classes]),
        helper.make_tensor_value_info("feature_map", TensorProto.FLOAT, ["n", 1, 48, 48]),
    ]
    made = helper.make_graph(nodes, "g", [film], outputs, [weight])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    data: bytes = model.SerializeToString()
    return data


def tensors() -> bytes:
    """The weights that a detector holds."""
    from safetensors.numpy import save

    data: bytes = save({"head.weight": np.zeros((2, 1), np.float32)})
    return data


def described(**changes: Any) -> dict[str, Any]:
    """What detector.json says of a small detector."""
    told: dict[str, Any] = {
        "network": "squeezenet1_1", "neck": "pool", "classes": ["not covid", "covid"], "positive": "covid",
        "preprocessing": {
            "size": [48, 48], "resize": "bilinear-antialias", "fit": "stretch", "channels": 1, "mean": [0.5],
            "std": [0.2], "value_range": [0.0, 1.0],
        },
        "operating_points": [{"name": "youden", "threshold": 0.5, "chosen_on": "given", "note": ""}],
        "format": 1,
    }  # fmt: skip
    return told | changes


def detector(*, model: bytes = b"", numbers: bytes | None = None, text: str = "", **changes: Any) -> dict[str, bytes]:
    """The files of a detector whose seals are right."""
    model, numbers = model or graph(), tensors() if numbers is None else numbers
    told = described(**changes)
    told.setdefault("files", {"model.onnx": sha256_bytes(model), "weights.safetensors": sha256_bytes(numbers)})
    text = text or json.dumps(told)
    return {"detector.json": text.encode(), "model.onnx": model, "weights.safetensors": numbers}


def folders(folder: Path, **made: dict[str, bytes]) -> dict[str, Content]:
    """Write detector folders."""
    for name, files in made.items():
        (folder / name).mkdir()
        for file, content in files.items():
            (folder / name / file).write_bytes(content)
    return dict.fromkeys(made)


@kind("sound detector", outcome="read")
def sound(folder: Path) -> dict[str, Content]:
    """What the others damage is read and run."""
    return folders(folder, sound=detector())


@kind(
    "detector.json that is no JSON, or JSON without end",
    words=("not JSON", "the format is", "unknown key", "not stated"),
)
def no_json(folder: Path) -> dict[str, Content]:
    return folders(
        folder,
        deep=detector(text="[" * 10_000 + "]" * 10_000),
        deep_objects=detector(text='{"a":' * 10_000 + "1" + "}" * 10_000),
        digits=detector(text='{"format": ' + "9" * 6_000 + "}"),
        infinite=detector(text='{"format": Infinity}'),
        latin=detector() | {"detector.json": b"\xff\xfe{}"},
        empty=detector() | {"detector.json": b""},
        pickled=detector() | {"detector.json": pickle.dumps(PLANTED)},
        number=detector(text="7"),
        unknown=detector(**{"__class__": "os.system"}),
        nothing=detector(text='{"format": 1}'),
    )


@kind(
    "detector.json with values that no detector has",
    words=("threshold", "positive class", "size", "control", "list", "value", "std"),
)
def wrong_values(folder: Path) -> dict[str, Content]:
    def prepared(**changes: Any) -> dict[str, Any]:
        return described()["preprocessing"] | changes

    return folders(
        folder,
        threshold=detector(operating_points=[{"name": "x", "threshold": 1e400, "chosen_on": "given", "note": ""}]),
        positive=detector(positive="flu"),
        terminal=detector(classes=["not", "\x1b[2J"], positive="\x1b[2J"),
        large=detector(preprocessing=prepared(size=[10**9, 10**9])),
        negative=detector(preprocessing=prepared(size=[-1, 48])),
        zero_std=detector(preprocessing=prepared(std=[0.0])),
        classes=detector(classes=7),
    )


@kind("detector whose files were altered, or are missing", words=("altered", "missing", "no detector.json"))
def altered(folder: Path) -> dict[str, Content]:
    made = folders(
        folder,
        graph=detector() | {"model.onnx": graph(3)},
        weights=detector() | {"weights.safetensors": tensors() + b"x"},
        no_graph={name: data for name, data in detector().items() if name != "model.onnx"},
        no_description={"model.onnx": graph()},
    )
    (folder / "pipes").mkdir()
    for name in ("detector.json", "model.onnx", "weights.safetensors"):
        os.mkfifo(folder / "pipes" / name)
    return made | {"pipes": None}


@kind("model.onnx that takes numbers from other files", words="other files")
def external(folder: Path) -> dict[str, Content]:
    (folder / "secret.bin").write_bytes(np.ones(2, np.float32).tobytes())
    return folders(
        folder,
        above=detector(model=graph(external="../secret.bin")),
        absolute=detector(model=graph(external="/etc/passwd")),
        beside=detector(model=graph(external="weights.safetensors")),
    )


@kind(
    "model.onnx that is damaged, or gives something else",
    words=("cannot open the model", "cannot be run", "something else"),
)
def graphs(folder: Path) -> dict[str, Content]:
    return folders(
        folder,
        noise=detector(model=bytes(range(256)) * 40),
        pickled=detector(model=pickle.dumps(PLANTED)),
        cut=detector(model=graph()[: len(graph()) // 2]),
        three_classes=detector(model=graph(3)),
        no_logits=detector(model=graph(output="scores")),
        not_a_number=detector(model=graph(value=float("nan"))),
    )


@kind("safetensors in a detector that lie", words="holds no head.weight", bomb=True)
def detector_weights(folder: Path) -> dict[str, Content]:
    return folders(
        folder,
        **{name: detector(numbers=data) for name, data in lying_tensors().items()},
        other_names=detector(numbers=_saved({"x": np.zeros(1, np.float32)})),
    )


def _saved(arrays: dict[str, np.ndarray]) -> bytes:
    from safetensors.numpy import save

    data: bytes = save(arrays)
    return data


def lying_tensors() -> dict[str, bytes]:
    """Safetensors whose header lies."""

    def of(header: bytes, length: int | None = None) -> bytes:
        return struct.pack("<Q", len(header) if length is None else length) + header

    shape = {"head.weight": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}}
    offsets = {"head.weight": {"dtype": "F32", "shape": [1], "data_offsets": [2**60, 2**60 + 4]}}
    return {
        "header_4e18": of(b"{}", 2**62),
        "header_100_mb": of(b"{}", 99_000_000),
        "deep": of(b"[" * 100_000),
        "shape": of(json.dumps(shape).encode()) + bytes(4),
        "offsets": of(json.dumps(offsets).encode()) + bytes(4),
        "empty": b"",
        "pickled": pickle.dumps(PLANTED),
    }


@weights_kind("safetensors whose header lies", words="damaged", bomb=True)
def weights(folder: Path) -> dict[str, Content]:
    return {f"{name}.safetensors": data for name, data in lying_tensors().items()}


class Runs:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


@weights_kind("pickled code under the name of weights", words=("never run", "damaged", "not from"))
def pickles(folder: Path) -> dict[str, Content]:
    code = pickle.dumps(Runs(folder / "it-ran"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", code)
        archive.writestr("archive/version", "3\n")
    return {"plain.pth": code, "zipped.pt": buffer.getvalue(), "named.safetensors": code, "code.pkl": code}


@weights_kind("checkpoint that is a zip bomb", words="unpacks to", bomb=True)
def checkpoint_bomb(folder: Path) -> dict[str, Content]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
        archive.writestr("archive/data/0", bytes(50 * 2**20))
    return {"bomb.pth": buffer.getvalue()}
