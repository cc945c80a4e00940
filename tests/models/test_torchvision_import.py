"""torchvision can be imported, with or without its compiled library."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from deepcovid.errors import MissingPackageError
from deepcovid.models import torchvision_import
from deepcovid.models.torchvision_import import compiled_operators_load, import_torch, import_torchvision


def test_a_fresh_process_imports_it_and_declares_schemas_only_where_needed():
    code = (
        "from deepcovid.models.torchvision_import import _declared, import_torchvision\n"
        "vision = import_torchvision()\n"
        "import torch\n"
        "assert torch.ops.torchvision.nms and vision.models.resnet18\n"
        "assert bool(_declared) != vision.extension._has_ops()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_library_that_loads_is_left_to_torchvision(monkeypatch):
    monkeypatch.setattr(torchvision_import, "_compiled_library", lambda: "there.so")
    monkeypatch.setattr(torch.ops, "load_library", lambda path: None)
    assert compiled_operators_load()


def test_a_library_that_does_not_fit_is_noticed(monkeypatch, tmp_path):
    broken = tmp_path / "_C.so"
    broken.write_bytes(b"not a library")
    monkeypatch.setattr(torchvision_import, "_compiled_library", lambda: broken)
    assert not compiled_operators_load()


def test_no_library_at_all_is_noticed(monkeypatch):
    monkeypatch.setattr(torchvision_import, "_compiled_library", lambda: None)
    assert not compiled_operators_load()


@pytest.mark.parametrize(("package", "load"), [("torch", import_torch), ("torchvision", import_torchvision)])
def test_a_missing_package_is_named_with_its_install_line(package, load, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=rf"package {package}, .* pip install 'deepcovid\[train\]'"):
        load("building resnet18")
