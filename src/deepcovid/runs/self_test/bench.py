"""The phantom bench: how many detectors with a planted shortcut the audit catches by name, and how many clean ones it accuses."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from deepcovid.audit.detector.kinds import KINDS, RESOLUTION, TEXT
from deepcovid.errors import DeepCovidError, did_you_mean
from deepcovid.evaluation.intervals import Interval, clopper_pearson
from deepcovid.models.engine import cores
from deepcovid.progress import Progress, Silent
from deepcovid.runs.self_test.candidate import Candidate, Sizes, judged, kept_in

KEPT_OUT = (TEXT, RESOLUTION)  # no rule was tuned on these
STRONG = 1.0
MOVED = 0.10  # by how much the clean AUC must fall for a shortcut to count as learned
DETECTOR = "detector"  # the unit of the bench's figures


@dataclass(frozen=True, kw_only=True)
class BenchWishes:
    """What the bench runs.

    Attributes:
        kinds: of shortcuts; default: all eight.
        strengths: besides 0, which is always run.
        seeds: detectors of each kind and strength.
        sizes: how many films.
        tests: of the audit; empty: all.
        workers: processes; 0: as many as there are cores.
    """

    kinds: tuple[str, ...] = KINDS
    strengths: tuple[float, ...] = (STRONG,)
    seeds: int = 5
    sizes: Sizes = field(default_factory=Sizes)
    tests: tuple[str, ...] = ()
    workers: int = 0

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown:
            raise DeepCovidError(
                f"there is no planted shortcut named {unknown[0]!r}",
                mend=f"{did_you_mean(unknown[0], KINDS)}choose among: {', '.join(KINDS)}",
            )
        if self.seeds < 1 or not self.strengths or not all(0 < strength <= 1 for strength in self.strengths):
            raise DeepCovidError(
                f"{self.seeds} seeds and strengths {list(self.strengths)}",
                mend="give 1 seed or more, strengths above 0 to 1",
            )


def candidates(wishes: BenchWishes) -> list[Candidate]:
    """Every detector of the bench, seed by seed, so that a bench that was stopped has some of each kind."""
    return [
        Candidate(kind=kind, strength=strength, seed=seed)
        for seed in range(wishes.seeds)
        for kind in wishes.kinds
        for strength in (0.0, *wishes.strengths)
    ]


def self_test(folder: Path, *, wishes: BenchWishes | None = None, progress: Progress | None = None) -> dict[str, Any]:
    """Train and audit every detector of the bench; what is in `folder` already is not done again, and is counted.

    Returns:
        JSON-safe: `caught` and `false_alarms` (intervals), `passed`, `power` (a row a strength), `kinds` (a row a kind and
        strength), `kept_out`, `detectors`.
    """
    wishes, progress = wishes or BenchWishes(), progress or Silent()
    work = functools.partial(judged, folder=folder, sizes=wishes.sizes, tests=wishes.tests)
    todo = candidates(wishes)
    told = list(
        progress.track(_side_by_side(work, todo, wishes.workers or cores()), description="detectors", total=len(todo))
    )
    return summary(told + _beside(folder, wishes, told))


def _beside(folder: Path, wishes: BenchWishes, told: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What an earlier bench of the same sizes and tests left in the folder: other kinds, strengths or seeds."""
    known = {(one["kind"], one["strength"], one["seed"]) for one in told}
    kept = [kept_in(path, sizes=wishes.sizes, tests=wishes.tests) for path in sorted(folder.glob("*.json"))]
    return [one for one in kept if one and (one["kind"], one["strength"], one["seed"]) not in known]


def summary(told: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The bench's figures from what was said of each detector."""
    rows = [_marked(one, told) for one in told]
    strong = [row for row in rows if row["strength"] >= STRONG and row["learned"]]
    clean = [row for row in rows if row["strength"] == 0]
    return {
        "format": 1,
        "caught": _share(row["named"] for row in strong).to_dict(),
        "false_alarms": _share(bool(row["failed"]) for row in clean).to_dict(),
        "passed": _passed(clean).to_dict(),
        "not_learned": sum(row["strength"] >= STRONG and not row["learned"] for row in rows),
        "kept_out": {
            "kinds": [kind for kind in KEPT_OUT if any(row["kind"] == kind for row in rows)],
            "caught": _share(row["named"] for row in strong if row["kind"] in KEPT_OUT).to_dict(),
            "false_alarms": _share(bool(row["failed"]) for row in clean if row["kind"] in KEPT_OUT).to_dict(),
        },
        "power": _power(rows),
        "kinds": _by_kind(rows),
        "detectors": rows,
        "rule": (
            f"caught: detectors of strength {STRONG} or more whose clean AUC fell by more than {MOVED} against the clean "
            "detector of their seed, and that got FAIL in a test that names the right kind. false_alarms: clean detectors with "
            "any FAIL. passed: of the verdicts of clean detectors that are not CANNOT TELL, those that are PASS."
        ),
    }


def _marked(one: dict[str, Any], told: Sequence[dict[str, Any]]) -> dict[str, Any]:
    twin = next(
        (
            other
            for other in told
            if other["strength"] == 0 and (other["kind"], other["seed"]) == (one["kind"], one["seed"])
        ),
        None,
    )
    fall = None if twin is None else twin["clean_auc"]["value"] - one["clean_auc"]["value"]
    named = [test for test, kinds in one["kinds"].items() if one["kind"] in kinds]
    return {
        **one,
        "fall": fall,
        "learned": fall is not None and fall > MOVED,
        "failed": [test for test, verdict in one["verdicts"].items() if verdict == "FAIL"],
        "named": any(one["verdicts"][test] == "FAIL" for test in named),
    }


def _share(flags: Iterable[bool]) -> Interval:
    flags = list(flags)
    return clopper_pearson(sum(flags), n=len(flags), unit=DETECTOR)


def _passed(clean: Sequence[dict[str, Any]]) -> Interval:
    verdicts = [verdict for row in clean for verdict in row["verdicts"].values() if verdict != "CANNOT TELL"]
    return clopper_pearson(verdicts.count("PASS"), n=len(verdicts), unit="verdict")


def _power(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """By strength, over all kinds: how many detectors are caught by name, of all and of those that learned their shortcut."""
    table = []
    for strength in sorted({row["strength"] for row in rows}):
        mine = [row for row in rows if row["strength"] == strength]
        falls = [row["fall"] for row in mine if row["fall"] is not None]
        table.append(
            {
                "strength": strength,
                "fall": sum(falls) / len(falls) if falls else None,
                "named": _share(row["named"] for row in mine).to_dict(),
                "named_of_learned": _share(row["named"] for row in mine if row["learned"]).to_dict(),
                "any_fail": _share(bool(row["failed"]) for row in mine).to_dict(),
            }
        )
    return table


def _by_kind(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    places = sorted({(row["kind"], row["strength"]) for row in rows}, key=lambda it: (KINDS.index(it[0]), it[1]))
    table = []
    for kind, strength in places:
        mine = [row for row in rows if (row["kind"], row["strength"]) == (kind, strength)]
        falls = [row["fall"] for row in mine if row["fall"] is not None]
        table.append(
            {
                "kind": kind,
                "strength": strength,
                "kept_out": kind in KEPT_OUT,
                "detectors": len(mine),
                "learned": sum(row["learned"] for row in mine),
                "fall": sum(falls) / len(falls) if falls else None,
                "named": _share(row["named"] for row in mine).to_dict(),
                "any_fail": _share(bool(row["failed"]) for row in mine).to_dict(),
                "by": sorted({test for row in mine for test in row["failed"]}),
            }
        )
    return table


def _side_by_side(work: Any, todo: Sequence[Candidate], workers: int) -> Iterable[dict[str, Any]]:
    if workers == 1:
        yield from map(work, todo)
        return
    # "spawn": a forked child would inherit torch's threads in an unknown state
    with ProcessPoolExecutor(max_workers=workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, todo)
