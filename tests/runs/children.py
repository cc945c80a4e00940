"""The command line in a process of its own that a test can kill: forked from one that has imported what a training imports,
which takes a process started anew some seconds."""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from deepcovid.cli.application import main
from tests.runs.pictures import blank_pictures
from tests.runs.tiny import tiny_network

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.runs.preloaded"])


def start(words: list[str], *, cache: Path) -> ForkServerProcess:
    """Start `deepcovid WORDS`, which knows the tiny network and draws no figure.

    Args:
        words: after `deepcovid`.
        cache: its cache folder.
    """
    child = _CONTEXT.Process(target=_run, args=(words, str(cache)))
    child.start()
    return child


def run(words: list[str], *, cache: Path) -> None:
    """Run it to its end, which must be a good one."""
    child = start(words, cache=cache)
    child.join()
    assert child.exitcode == 0


def _run(words: list[str], cache: str) -> None:
    os.environ["DEEPCOVID_CACHE"] = cache
    sys.argv = ["deepcovid", *words]
    with tiny_network(), blank_pictures():
        main()
