"""Bombs in a process of their own: what it and the children that decode for it take of memory stays small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.registered import all_kinds

ROOT = Path(__file__).resolve().parents[2]
# MiB; 270 and 135 were measured, most of it for pandas, pydicom and onnxruntime themselves
OWN, CHILDREN = 600, 600
MEASURE = """
import json, resource, sys
from pathlib import Path
from tests.hostile.kinds import attempt
from tests.hostile.registered import all_kinds
from deepcovid.imaging import isolation
kinds = {kind.name: kind for kind in all_kinds()}
refused = 0
for name, path in json.loads(sys.stdin.read()):
    refused += attempt(kinds[name], Path(path)).error is not None
isolation._end_all()
status = Path("/proc/self/status")
own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # on Linux not below that of the process which started this one
if status.exists():
    own = int(status.read_text().split("VmHWM:")[1].split()[0])
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"refused": refused, "own": own // 1024, "children": children // 1024}))
"""


def test_bombs_take_little_memory(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    work = []
    for number, kind in enumerate(kind for kind in all_kinds() if kind.bomb and kind.way != "weights"):
        folder = tmp_path / str(number)
        folder.mkdir()
        work += [(kind.name, str(path)) for path in kind.files(folder)]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        input=json.dumps(work),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["refused"] > len(work) / 2
    assert found["own"] < OWN, f"{found['own']} MiB"
    assert found["children"] < CHILDREN, f"{found['children']} MiB"
