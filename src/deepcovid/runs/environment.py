"""The facts of a machine that a result may depend on."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

PACKAGES = (
    "deepcovid", "numpy", "pandas", "scipy", "scikit-learn", "pillow", "pydicom", "onnxruntime", "safetensors",
    "torch", "torchvision", "lightning-fabric", "onnx", "onnxscript",
)  # fmt: skip


def versions() -> dict[str, str | None]:
    """The version of Python and of every package that a result may depend on; None where it is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def machine() -> dict[str, str | int]:
    """Processor kind, operating system and cores; no host name and no user."""
    from deepcovid.models.engine import cores

    return {
        "processor": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "cores": cores(),
        "threads_variable": os.environ.get("OMP_NUM_THREADS", "not set"),
    }


def device_name(device: torch.device) -> str:
    """What trains, for the record: "cpu", or the accelerator with its model and, for NVIDIA's, the version of CUDA."""
    import torch

    if device.type != "cuda":
        return str(device)
    return f"{device}, {torch.cuda.get_device_name(device)}, CUDA {torch.version.cuda}"
