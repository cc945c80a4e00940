"""How long an audit takes: processor seconds of a whole `deepcovid audit`, by test, and how much of it is the network's own.

    python benchmarks/audit_speed.py DETECTOR TABLE [--workers 2] [--allow-outside] [--test corrupted] [--every 15]

The audit is the command's: films decoded in one pass, tests asked one after another, the page written. An alteration's time
counts for the first test that asks for it (lungs and marks, found once a film, too). The baseline is the network alone, the
same looks on pixels that lie ready: `times_the_network` is what an audit costs in units of that. On an idle machine the wall
takes about the processor seconds divided by the workers; on a busy one only the processor seconds say something.

With `--every` K the tests look at each K-th of their films only, their looks' seconds are multiplied by K, and no question is
asked: what the looks of a whole audit take, in a few minutes.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from deepcovid.audit.detector.detector_test import AuditResult, Case, DetectorTest
from deepcovid.audit.detector.looks import Alteration, Measure, Need
from deepcovid.models.classifier import DetectorClassifier, Scored
from deepcovid.models.engine import cores
from deepcovid.runs import audit

ALTER, NETWORK, PLAN, ASK = ": altering and measuring", ": network", ": plan", ": question"
PLAIN_LOOKS = "plain looks"


class Clock:
    """Processor seconds and looks under names, of several threads."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.count: Counter[str] = Counter()
        self._timed: dict[str, Alteration | Measure] = {}
        self.planned = self.asked = 0.0  # when the tests' looks began, and when the first question did
        self._thread, self._lock = threading.local(), threading.Lock()

    @property
    def test(self) -> str:
        """The test that this thread looks for."""
        return getattr(self._thread, "test", PLAIN_LOOKS)

    def alteration(self, test: str, one: Alteration | Measure) -> Alteration | Measure:
        """The same alteration or measure, timed for the first test that has it, as are the looks that follow it."""
        if one.hash not in self._timed:
            is_measure = isinstance(one, Measure)
            timed = {"of": self._named(test, one.of)} if is_measure else {"change": self._named(test, one.change)}
            self._timed[one.hash] = replace(one, **timed)  # type: ignore[arg-type]
        return self._timed[one.hash]

    def _named(self, test: str, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
        @functools.wraps(change)  # looks are kept under the module of what alters
        def run(film: Any) -> Any:
            self._thread.test = test
            with self.adding(f"{test}{ALTER}"):
                return change(film)

        return run

    @contextmanager
    def adding(self, name: str) -> Iterator[None]:
        """Put this thread's processor time down under a name."""
        began = time.thread_time()
        yield
        self._add(name, time.thread_time() - began)

    @contextmanager
    def rest(self, name: str) -> Iterator[None]:
        """Put all threads' processor time down under a name, less what was put down under others meanwhile."""
        began, before = time.process_time(), sum(self.seconds.values())
        yield
        self._add(name, time.process_time() - began - (sum(self.seconds.values()) - before))

    def _add(self, name: str, seconds: float) -> None:
        with self._lock:
            self.seconds[name] += seconds
            self.count[name] += 1


class TimedClassifier(DetectorClassifier):
    """A detector whose looks are timed."""

    def __init__(self, classifier: DetectorClassifier, clock: Clock) -> None:
        super().__init__(classifier.detector)
        self.clock = clock

    def look(self, pixels: Any) -> Scored:
        """As the detector's."""
        with self.clock.adding(f"{self.clock.test}{NETWORK}"):
            return super().look(pixels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("detector", type=Path, help="run or detector folder")
    parser.add_argument("table", type=Path)
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--test", action="append", default=[])
    parser.add_argument("--workers", type=int, default=cores())
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--allow-outside", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(options, Path(folder)), indent=2))


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Processor seconds by test and of the whole, and the wall; nothing is kept from before."""
    classifier, _ = audit.opened(options.detector, None)
    if not isinstance(classifier, DetectorClassifier):
        raise SystemExit("give a run or a detector folder, not an ONNX file")
    clock = Clock()
    every, choose = options.every, audit.chosen_tests
    audit.chosen_tests = lambda asked: tuple(timed_test(test, clock, every) for test in choose(asked))
    wishes = audit.AuditWishes(
        label_column=options.label_column,
        tests=tuple(options.test),
        workers=options.workers,
        cache=folder / "looks",
        allow_outside=options.allow_outside,
    )
    load, wall, began = os.getloadavg()[0], time.perf_counter(), time.process_time()
    audited = audit.audit_detector(TimedClassifier(classifier, clock), options.table, wishes=wishes)
    if every == 1:
        with clock.rest(f"pictures and page{ASK}"):
            audit.write_audit(audited, folder / "audit")
    whole = time.process_time() - began + (every - 1) * (clock.asked - clock.planned)
    told = table_of(clock, every)
    return {
        "network": classifier.name,
        "films": audited.report["films"],
        "looks": round(sum(row["looks"] for row in told.values())),
        "processor_seconds": told,
        "whole_processor_seconds": round(whole, 1),
        "times_the_network": round(whole / sum(row["network"] for row in told.values()), 2),
        "wall_seconds": round(time.perf_counter() - wall, 1) if every == 1 else None,
        "every": every,
        "workers": options.workers,
        "load": [round(load, 1), round(os.getloadavg()[0], 1)],
    }


def timed_test(test: DetectorTest, clock: Clock, every: int) -> DetectorTest:
    """The same test with its alterations, its plan and its questions timed; of every K-th film it has no answer."""

    def needs(case: Case) -> list[Need]:
        with clock.rest(f"{test.name}{PLAN}"):
            wanted = test.needs(case)
        clock.planned = time.process_time()
        timed = [tuple(clock.alteration(test.name, each) for each in one.alterations) for one in wanted]
        return [Need(one.rows[::every], ways) for one, ways in zip(wanted, timed, strict=True)]

    def run(case: Case) -> AuditResult:
        clock.asked = clock.asked or time.process_time()
        if every > 1:
            return AuditResult("CANNOT TELL", "Not asked.")
        with clock.rest(f"{test.name}{ASK}"):
            return test.run(case)

    return replace(test, needs=needs, run=run)


def table_of(clock: Clock, every: int) -> dict[str, dict[str, float]]:
    """By test: looks, and what was spent on altering, on the network, on planning and on the questions themselves."""
    told = {}
    for test in sorted({name.rpartition(":")[0] for name in clock.seconds}):
        times = 1 if test == PLAIN_LOOKS else every
        told[test] = {
            "looks": float(times * clock.count[test + NETWORK]),
            **{part[2:]: round(times * clock.seconds[test + part], 1) for part in (ALTER, NETWORK)},
            **{part[2:]: round(clock.seconds[test + part], 1) for part in (PLAN, ASK)},
        }
    return told


if __name__ == "__main__":
    main()
