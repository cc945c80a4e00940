"""Whether an exported file says what its network says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepcovid.errors import DetectorError
from deepcovid.export.onnx import graph_of
from deepcovid.models.engine import open_session

if TYPE_CHECKING:
    from deepcovid.models.network import FilmNetwork

TOLERANCE = 1e-3  # of logits and feature maps, relative to their largest magnitude


def largest_difference(graph: bytes, network: FilmNetwork, films: np.ndarray) -> float:
    """The largest difference between ONNX Runtime's and torch's outputs, relative to the largest magnitude of each output.

    Args:
        graph: ONNX bytes.
        network: what it was exported from.
        films: float32 (N, 1, H, W) in [0, 1], of any size.
    """
    import torch

    exported, outputs = graph_of(network.cpu().eval())
    with torch.inference_mode():
        expected = [output.numpy() for output in exported(torch.from_numpy(films))]
    session = open_session(graph)
    found = session.run(outputs, {"film": films})
    return max(
        float(np.abs(ours - theirs).max() / max(1e-6, np.abs(theirs).max()))
        for ours, theirs in zip(found, expected, strict=True)
    )


def require_parity(graph: bytes, network: FilmNetwork, films: np.ndarray) -> float:
    """The largest relative difference; an error when it is above `TOLERANCE`.

    Raises:
        DetectorError: the exported file is another function.
    """
    difference = largest_difference(graph, network, films)
    if not difference <= TOLERANCE:
        raise DetectorError(
            f"model.onnx and the network differ by {difference:.1e} of their range (allowed: {TOLERANCE:.0e})",
            mend="report this with the versions that `deepcovid doctor` prints; do not use the file",
        )
    return difference
