"""Import torch, torchvision and timm, also where torchvision's compiled operators do not fit the installed torch."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from deepcovid.errors import MissingPackageError

# As torchvision's C++ sources declare them; importing torchvision registers Python kernels for both, by name.
SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)

_declared: list[Any] = []  # torch.library forgets the schemas when their Library object is collected


def import_torch(purpose: str = "building a network") -> ModuleType:
    """The torch package.

    Raises:
        MissingPackageError: torch is not installed; the mend is the install line of the extra `train`.
    """
    return _imported("torch", purpose)


def import_torchvision(purpose: str = "building a torchvision network") -> ModuleType:
    """The torchvision package, importable beside a CPU-only torch too.

    The registry's torchvision is compiled for CUDA; beside a CPU-only torch its library cannot be loaded, and
    `import torchvision` fails with "operator torchvision::nms does not exist". No network here needs those operators,
    so the two schemas that the import asks for are declared first, and only if the library cannot be loaded.

    Raises:
        MissingPackageError: torch or torchvision is not installed.
    """
    import_torch(purpose)
    if "torchvision" not in sys.modules and not compiled_operators_load():
        _declare_schemas()
    return _imported("torchvision", purpose)


def import_timm(purpose: str = "building a timm network") -> ModuleType:
    """The timm package, after torchvision, which it imports itself and without our mend.

    Raises:
        MissingPackageError: torch, torchvision or timm is not installed.
    """
    import_torchvision(purpose)
    return _imported("timm", purpose)


def compiled_operators_load() -> bool:
    """Whether torchvision's compiled library is there and fits the installed torch; torchvision is not imported."""
    import torch

    library = _compiled_library()
    if library is None:
        return False
    try:
        torch.ops.load_library(str(library))
    except OSError:
        return False
    return True


def _compiled_library() -> Path | None:
    package = importlib.util.find_spec("torchvision")
    if package is None or not package.submodule_search_locations:
        return None
    folder = Path(next(iter(package.submodule_search_locations)))
    files = (folder / f"_C{suffix}" for suffix in importlib.machinery.EXTENSION_SUFFIXES)
    return next((file for file in files if file.exists()), None)


def _declare_schemas() -> None:
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in SCHEMAS:
        if not hasattr(torch.ops.torchvision, schema.partition("(")[0]):
            library.define(schema)
    _declared.append(library)


def _imported(package: str, purpose: str) -> ModuleType:
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise MissingPackageError(package, extra="train", purpose=purpose) from error
