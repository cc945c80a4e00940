"""ONNX Runtime sessions as everything here uses them: on the CPU, one thread a film, several films at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from deepcovid.errors import DetectorError

if TYPE_CHECKING:
    import onnxruntime

ENGINE = "onnxruntime"
NO_GRAPH = "No graph was found"  # what the runtime says of bytes that happen to be a protobuf
# The key of StringStringEntryProto that points a tensor at another file (onnx.proto3, TensorProto.external_data)
ELSEWHERE = b"\x0a\x08location\x12"


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_session(model: bytes | Path, *, threads: int = 1) -> onnxruntime.InferenceSession:
    """A session on the CPU.

    One film a call on one thread gives the same bits whatever else runs, and two such calls side by side are as fast as a
    batch on two threads; a single film answers sooner with `threads` at the number of cores.

    Args:
        model: the ONNX file or its bytes.
        threads: threads within one call.

    Raises:
        DetectorError: the file is absent, keeps numbers in other files, or is no ONNX model that this runtime can run.
    """
    import onnxruntime as ort

    path = None if isinstance(model, bytes) else model
    graph = model if isinstance(model, bytes) else _bytes_of(model)
    if ELSEWHERE in graph:
        raise DetectorError(
            "the model takes numbers from other files, which may be any on this machine",
            path=path,
            mend="save the ONNX model in one file, without external data",
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime raises its own untyped errors
        told = f"ONNX Runtime {ort.__version__} cannot open the model ({type(error).__name__})"
        if type(error).__name__ == "InvalidProtobuf" or NO_GRAPH in str(error):
            mend = "give a file that was saved as ONNX, or copy the detector folder again"
            raise DetectorError(f"this is no ONNX model: {told}", path=path, mend=mend) from error
        mend = "copy the detector folder again, or update onnxruntime"
        raise DetectorError(told, path=path, mend=mend) from error


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DetectorError(
            f"the model cannot be read ({error.strerror})", path=path, mend="copy the detector folder again"
        ) from error
