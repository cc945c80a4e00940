"""Published collections of chest films, one file each; a file that stands in this folder is found without being named."""

from __future__ import annotations

import importlib
import pkgutil

from deepcovid.datasets.sources.importing import import_source
from deepcovid.datasets.sources.source import SOURCES, Parsed, Source, register_source

__all__ = ["SOURCES", "Parsed", "Source", "import_source", "register_source"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
