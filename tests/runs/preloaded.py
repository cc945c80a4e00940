"""What a training imports, so that a process forked from one that imported this starts at once (`tests.runs.children`)."""

from __future__ import annotations

import importlib

from deepcovid.models.torchvision_import import import_torchvision

import_torchvision()
for name in (
    "lightning_fabric",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "onnxruntime",
    "onnxscript",
    "scipy.stats",
    "sklearn.linear_model",
    "torch._dynamo",
    "torch.onnx._internal.exporter._core",
    "deepcovid.cli.application",
    "deepcovid.runs.train",
    "deepcovid.runs.whole",
    "tests.runs.pictures",
    "tests.runs.tiny",
):
    importlib.import_module(name)
