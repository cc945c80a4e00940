"""Files of numbers: safetensors and torchvision's checkpoints, read without running a pickle, fitted to a backbone."""

from __future__ import annotations

import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.errors import WeightsError
from deepcovid.models.architecture import Architecture
from deepcovid.models.torchvision_import import import_torch
from deepcovid.storage import sha256_file

BACKBONE, HEAD = "backbone.", "head."
COUNTER = "num_batches_tracked"  # BatchNorm's tally: no output depends on it, and old checkpoints have none
CHECKPOINTS = {".pth", ".pt"}
WRAPPERS = ("state_dict", "model_state_dict", "model")  # under which training scripts keep the numbers
DATA_PARALLEL = "module."  # put before every name by torch.nn.DataParallel
# DenseNet's published checkpoints are older than the ban of dots in module names: norm.1 is norm1 now.
OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.")

_UNREADABLE = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    OverflowError,
    struct.error,
    MemoryError,
)


@dataclass(frozen=True)
class WeightFile:
    """Named arrays as they stood in a file, with the file's SHA-256."""

    path: Path
    sha256: str
    tensors: Mapping[str, np.ndarray] = field(repr=False)


@dataclass(frozen=True)
class FittedWeights:
    """Arrays under a network's own names: of its backbone, of its head if the file has one, and what was left out."""

    backbone: Mapping[str, np.ndarray] = field(repr=False)
    head: Mapping[str, np.ndarray] = field(repr=False)
    left_out: tuple[str, ...] = ()


def read_weights(path: Path | str) -> WeightFile:
    """Read a weights file: .safetensors, a state dict as .pth or .pt, or a detector's folder. No pickled code is run.

    Raises:
        WeightsError: the file is absent, of another kind, damaged, not a set of named arrays, or holds code.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "weights.safetensors"
    if not path.is_file():
        raise WeightsError(
            "there is no such weights file",
            path=path,
            mend="give a .safetensors file, a .pth state dict or a detector's folder",
        )
    if path.suffix == ".safetensors":
        tensors = _read_safetensors(path)
    elif path.suffix in CHECKPOINTS:
        tensors = _read_checkpoint(path)
    else:
        raise WeightsError(
            f"weights are read from .safetensors, .pth and .pt, not from {path.suffix or 'a file without suffix'}",
            path=path,
            mend="convert the file, or name it after what it is",
        )
    return WeightFile(path=path, sha256=sha256_file(path), tensors=tensors)


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    import_torch("reading weights")
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:  # by torch, since NumPy has no bfloat16
            return {name: _array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"this safetensors file is damaged ({error})", path=path, mend="copy it anew") from error


def _read_checkpoint(path: Path) -> dict[str, np.ndarray]:
    torch = import_torch("reading weights")
    _refuse_bomb(path)
    try:
        with warnings.catch_warnings():  # of the pickle's protocol, which says nothing to a user
            warnings.simplefilter("ignore")
            content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise WeightsError(
            f"torch cannot read this as plain numbers ({reason}); it is damaged or holds pickled code, which is never run",
            path=path,
            mend="copy it anew; or, if it is a whole model whose maker you trust, make plain numbers of it with two lines on a "
            "machine that has the library it was made with: `import torch, safetensors.torch` and "
            "`safetensors.torch.save_file({k: v.contiguous() for k, v in torch.load("
            f"{path.name!r}, map_location='cpu', weights_only=False).state_dict().items()}}, {path.stem + '.safetensors'!r})`",
        ) from error
    state = next((content[key] for key in WRAPPERS if isinstance(content, dict) and key in content), content)
    if not isinstance(state, Mapping) or not state or not all(torch.is_tensor(value) for value in state.values()):
        raise WeightsError(
            "this holds something else than named arrays",
            path=path,
            mend="where it was made: torch.save(model.state_dict(), …)",
        )
    return {str(name): _array(tensor) for name, tensor in state.items()}


def _refuse_bomb(path: Path) -> None:
    """torch stores its numbers in a zip archive without packing them: one that unpacks to more was made to harm."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return  # an older format, or damaged: torch will say so
    if unpacked > path.stat().st_size:
        raise WeightsError(
            f"this file unpacks to {unpacked / 1e6:,.0f} MB, more than it holds",
            path=path,
            mend="take the original file",
        )


def _array(tensor: Any) -> np.ndarray:
    tensor = tensor.detach()
    array: np.ndarray = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
    return array


def fit_to_network(file: WeightFile, known: Architecture, shapes: Mapping[str, tuple[int, ...]]) -> FittedWeights:
    """Rename a file's arrays to those of a network and check that the backbone is complete.

    Args:
        file: with our names (backbone.…, head.…) or those of the published checkpoint.
        known: the architecture that they are for.
        shapes: of the backbone's state dict.

    Raises:
        WeightsError: names are missing or unexpected, shapes differ, or a number is not finite.
    """
    tensors = _plain_names(file.tensors)
    if any(name.startswith(BACKBONE) for name in tensors):
        backbone = {name.removeprefix(BACKBONE): tensors[name] for name in tensors if not name.startswith(HEAD)}
        head = {name.removeprefix(HEAD): tensors[name] for name in tensors if name.startswith(HEAD)}
        left_out: tuple[str, ...] = ()
    else:
        backbone, left_out = _from_published(tensors, known)
        head = {}
    _check_fit(file.path, known.name, backbone, shapes)
    kept = {name: array.reshape(shapes[name]) for name, array in backbone.items() if name in shapes}
    return FittedWeights(backbone=kept, head=head, left_out=left_out)


def _plain_names(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    if all(name.startswith(DATA_PARALLEL) for name in tensors):
        tensors = {name.removeprefix(DATA_PARALLEL): array for name, array in tensors.items()}
    return {OLD_DENSENET.sub(r"\1\2.", name): array for name, array in tensors.items()}


def _from_published(
    tensors: Mapping[str, np.ndarray], known: Architecture
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    dropped, prefix = known.dropped, known.prefix
    if known.weights is not None:
        dropped, prefix = known.weights.dropped, known.weights.prefix
    left_out = tuple(name for name in tensors if name.startswith(dropped)) if dropped else ()
    kept = {name: array for name, array in tensors.items() if name not in left_out}
    return {name.removeprefix(prefix): array for name, array in kept.items()}, left_out


def _check_fit(
    path: Path, network: str, found: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]
) -> None:
    needed = {name for name in shapes if not name.endswith(COUNTER)}
    given = {name for name in found if not name.endswith(COUNTER)}
    misshaped = [name for name in sorted(needed & given) if found[name].shape != shapes[name]]
    problems = [
        _counted(sorted(needed - given), f"of {len(needed)} names are missing"),
        _counted(sorted(given - needed), "names are unexpected"),
        _counted([f"{name} is {found[name].shape}, not {shapes[name]}" for name in misshaped], "have another shape"),
    ]
    if any(problems):
        raise WeightsError(
            f"these weights are not of {network}: {'; '.join(filter(None, problems))}",
            path=path,
            mend=f"give weights of {network}, or name the network that these belong to in the recipe",
        )
    broken = [name for name in sorted(given) if not np.isfinite(found[name]).all()]
    if broken:
        raise WeightsError(_counted(broken, "arrays hold numbers that are not finite"), path=path, mend="copy it anew")


def _counted(things: list[str], what: str) -> str:
    """ "3 names are unexpected (a, b, …)", or nothing where there are none."""
    if not things:
        return ""
    return f"{len(things)} {what} ({', '.join(things[:2])}{', …' if len(things) > 2 else ''})"
