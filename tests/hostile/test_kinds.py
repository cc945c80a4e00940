"""Every kind meets its contract: a typed error that names file and mend, or the right reading; quickly, leaving nothing."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

import pytest

from deepcovid.errors import DeepCovidError
from tests.hostile.kinds import PLANTED, Kind, attempt
from tests.hostile.registered import all_kinds

KINDS = all_kinds()
SECONDS = 20.0  # for one file on a machine that does other things; each takes well under a second on a quiet one


def test_there_are_as_many_as_promised(tmp_path: Path) -> None:
    assert len(KINDS) >= 30
    assert len({kind.family for kind in KINDS}) >= 8


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_meets_its_contract(
    kind: Kind, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    files = kind.files(tmp_path)
    assert files
    caplog.set_level(logging.DEBUG)  # from here on: the libraries log what the makers write
    caplog.clear()
    capfd.readouterr()
    before = _everything(tmp_path)
    for path in files:
        began = time.monotonic()
        result = attempt(kind, path)
        assert time.monotonic() - began < SECONDS, path.name
        if result.error is None:
            assert kind.outcome in ("read", "either"), f"{path.name} was read"
        else:
            assert kind.outcome in ("refused", "either"), f"{path.name}: {result.error}"
            _check_error(result.error, path, kind)
        assert PLANTED not in repr(getattr(result.value, "origin", ""))
    assert _everything(tmp_path) == before, "something was left behind"
    told = capfd.readouterr()
    assert PLANTED not in caplog.text + told.out + told.err
    assert "Traceback" not in told.err


def _check_error(error: DeepCovidError, path: Path, kind: Kind) -> None:
    said = str(error)
    assert str(path.parent) in said.replace("\\\\", "\\"), f"{path.name}: the file is not named: {said}"
    assert "→" in said, f"{path.name}: no mend: {said}"
    assert PLANTED not in said
    assert said.isprintable() or all(char.isprintable() or char == "\n" for char in said)
    words = f"{error.problem} {error.mend}"
    assert any(word in words for word in kind.words) or not kind.words, f"{path.name}: {words}"
    # the chain is printed with DEEPCOVID_DEBUG only, and must tell no name there either
    cause: BaseException | None = error
    while cause is not None:
        assert PLANTED not in str(cause)
        cause = cause.__cause__


def _everything(folder: Path) -> set[str]:
    return {os.path.join(parent, name) for parent, folders, names in os.walk(folder) for name in [*folders, *names]}
