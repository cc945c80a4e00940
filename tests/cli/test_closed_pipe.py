"""A reader that goes away (`deepcovid … | head`) is no error of the command, and no traceback."""

from __future__ import annotations

import subprocess
import sys

import pytest

from deepcovid.cli.application import PIPE_CLOSED


@pytest.mark.parametrize("words", [["recipes"], ["--help"], ["doctor", "--json"], ["weights", "list", "--json"]])
def test_a_closed_pipe_ends_quietly(words: list[str]) -> None:
    command = [sys.executable, "-m", "deepcovid", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        running.stdout.close()
        assert running.stderr is not None
        said = running.stderr.read()
        code = running.wait(timeout=60)
    assert said == ""
    assert code == PIPE_CLOSED


def test_what_fits_into_the_pipe_before_it_closes_ends_with_zero() -> None:
    command = f"{sys.executable} -m deepcovid recipes | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] in ("0", str(PIPE_CLOSED))
