"""deepcovid: a detector of a new chest disease from its first few X-rays, with numbers you can defend.

For research and teaching; no medical device and no diagnosis. The names below are imported when first used, so that
`import deepcovid` is quick and needs no PyTorch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepcovid.datasets.folder import import_folder
    from deepcovid.datasets.phantom import make_phantoms
    from deepcovid.datasets.sources import import_source
    from deepcovid.datasets.splits import split_table
    from deepcovid.datasets.table import Table, load_table, save_table
    from deepcovid.errors import DeepCovidError
    from deepcovid.evaluation.summary import evaluate
    from deepcovid.explanation.heatmap import explain
    from deepcovid.imaging.preprocessing import Preprocessing
    from deepcovid.imaging.radiograph import Radiograph
    from deepcovid.imaging.readers import read_radiograph
    from deepcovid.models.abnormal import ShippedByAge, shipped_detector
    from deepcovid.models.detector import Detector
    from deepcovid.models.gate import Gate
    from deepcovid.models.lungs import LungSegmenter
    from deepcovid.runs.check import check_table
    from deepcovid.runs.fix import fix_table
    from deepcovid.runs.predict import predict
    from deepcovid.runs.settings import Settings
    from deepcovid.runs.train import Run, train
    from deepcovid.training.recipe import Recipe, load_recipe

_HOMES = {
    "Detector": "models.detector",
    "DeepCovidError": "errors",
    "Gate": "models.gate",
    "LungSegmenter": "models.lungs",
    "Preprocessing": "imaging.preprocessing",
    "Radiograph": "imaging.radiograph",
    "Recipe": "training.recipe",
    "Run": "runs.train",
    "Settings": "runs.settings",
    "ShippedByAge": "models.abnormal",
    "Table": "datasets.table",
    "check_table": "runs.check",
    "evaluate": "evaluation.summary",
    "explain": "explanation.heatmap",
    "fix_table": "runs.fix",
    "import_folder": "datasets.folder",
    "import_source": "datasets.sources",
    "load_recipe": "training.recipe",
    "load_table": "datasets.table",
    "make_phantoms": "datasets.phantom",
    "predict": "runs.predict",
    "read_radiograph": "imaging.readers",
    "save_table": "datasets.table",
    "shipped_detector": "models.abnormal",
    "split_table": "datasets.splits",
    "train": "runs.train",
}

__all__ = [
    "DeepCovidError",
    "Detector",
    "Gate",
    "LungSegmenter",
    "Preprocessing",
    "Radiograph",
    "Recipe",
    "Run",
    "Settings",
    "ShippedByAge",
    "Table",
    "check_table",
    "evaluate",
    "explain",
    "fix_table",
    "import_folder",
    "import_source",
    "load_recipe",
    "load_table",
    "make_phantoms",
    "predict",
    "read_radiograph",
    "save_table",
    "shipped_detector",
    "split_table",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'deepcovid' has no attribute {name!r}")
    return getattr(import_module(f"deepcovid.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
