"""What an installation can do here, and what to do about what it cannot."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

from deepcovid.imaging.isolation import limits
from deepcovid.runs.environment import machine, versions
from deepcovid.storage import cache_dir

EXTRAS = {"train": ("torch", "torchvision", "lightning_fabric", "onnx", "onnxscript")}


def examine() -> dict[str, Any]:
    """Sections of facts: versions, machine, devices, extras, weights, and what to do."""
    extras = {extra: _state(extra, packages) for extra, packages in EXTRAS.items()}
    can_train = extras["train"] == "installed"
    weights = _weights()
    return {
        "versions": {name: version or "not installed" for name, version in versions().items()},
        "machine": machine() | {"python": sys.executable, "decoders": f"in a process with {limits()}"},
        "devices": _devices() if can_train else {"cpu": "predict, evaluate"},
        "extras": extras,
        "weights": weights,
        "folders": {"cache": str(cache_dir())},
        "to do": _to_do(can_train, weights),
    }


def _state(extra: str, packages: tuple[str, ...]) -> str:
    missing = [package for package in packages if find_spec(package) is None]
    return "installed" if not missing else f"{', '.join(missing)} missing: pip install 'deepcovid[{extra}]'"


def _devices() -> dict[str, str]:
    import torch

    found = {"cpu": f"{torch.get_num_threads()} threads"}
    for number in range(torch.cuda.device_count()):
        found[f"cuda:{number}"] = torch.cuda.get_device_name(number)
    if torch.backends.mps.is_available():
        found["mps"] = "Apple GPU"
    return found


def _weights() -> dict[str, str]:
    from deepcovid.models.weight_cache import list_weights

    return {row.name: f"cached, {row.megabytes:.0f} MB" if row.cached else "not cached" for row in list_weights()}


def _to_do(can_train: bool, weights: dict[str, str]) -> list[str]:
    advice = []
    if not can_train:
        advice.append("to train: pip install 'deepcovid[train]'")
    absent = [name for name, state in weights.items() if state == "not cached"]
    if absent:
        advice.append(
            f"ImageNet weights of {', '.join(absent)} are downloaded when first needed; without a network: "
            "deepcovid weights fetch NAME --from DIR_OR_URL"
        )
    return advice or ["nothing: all is there"]
