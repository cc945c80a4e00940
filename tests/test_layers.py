"""The import rules of the design: leftwards only, no cycle, nothing heavy where a command must answer at once."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "deepcovid"
ORDER = [
    {"errors", "registry", "storage", "progress", "configuration"},
    {"evaluation"},
    {"imaging"},
    {"datasets"},
    {"models"},
    {"features"},
    {"training"},
    {"explanation"},
    {"audit"},
    {"reporting"},
    {"export"},
    {"runs"},
    {"cli"},
]
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
FILES = sorted(SOURCE.rglob("*.py"))


def _imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in found if name.startswith("deepcovid.")]


def _top_level_imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_leftwards(path: Path) -> None:
    part = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    if part in {"__init__", "__main__"}:
        return
    for name in _imports(path):
        other = name.split(".")[1]
        assert other in RANK, f"{name} belongs to no layer"
        assert RANK[other] <= RANK[part], f"{path.relative_to(SOURCE)} ({part}) imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_torch_is_imported_only_where_networks_are(path: Path) -> None:
    allowed = {"network.py", "darkcovidnet.py", "torchvision_networks.py"}
    if path.name not in allowed or path.parent.name != "models":
        assert not {"torch", "torchvision", "timm", "lightning_fabric"} & _top_level_imports(path)


def test_only_imaging_opens_images() -> None:
    opening = [path for path in FILES if "Image.open(" in path.read_text(encoding="utf-8")]
    assert opening
    assert {path.relative_to(SOURCE).parts[0] for path in opening} == {"imaging"}


def test_only_storage_writes() -> None:
    writing = re.compile(r"""(?<!storage)\.write_(text|bytes)\(|\.to_(csv|parquet)\(\S|open\([^)]*["'][wax]b?["']""")
    for path in FILES:
        # a download grows in its .part file, so that it can be resumed; `storage` makes a weight file of it
        if path.name not in {"storage.py", "download.py"}:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                assert not writing.search(line), f"{path.relative_to(SOURCE)}:{number}: {line.strip()}"


def test_help_and_predict_load_nothing_heavy() -> None:
    code = (
        "import sys; import deepcovid.cli.application; from deepcovid.runs import predict; from deepcovid.models import detector;"
        "heavy = {'torch', 'pandas', 'scipy', 'sklearn', 'matplotlib', 'pydicom', 'onnx', 'onnxruntime'} & set(sys.modules);"
        "print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_can_be_had() -> None:
    import deepcovid

    for name in deepcovid.__all__:
        assert getattr(deepcovid, name) is not None
    assert not hasattr(deepcovid, "no_such_name")
