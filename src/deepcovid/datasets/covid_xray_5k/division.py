"""Patients drawn so that their films add up to a wanted number: every set of patients that does is equally likely."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

BITS = 256


def draw_patients(films: Mapping[str, int], *, total: int, seed: int, purpose: str = "") -> frozenset[str]:
    """Patients whose films number `total` together; where no set of patients has so many, the nearest that one has.

    The set depends on the patients, their numbers of films, `total`, `seed` and `purpose` alone.

    Args:
        films: patient → number of films, each at least 1.
        total: films wanted, at least 0.
        seed: which of the equally likely sets is drawn.
        purpose: makes draws from the same patients independent of each other.
    """
    patients = sorted(films)
    ways = _ways([films[patient] for patient in patients])
    left = min((abs(n - total), n) for n in range(len(ways[0])) if ways[0][n])[1]
    drawn = set()
    for number, patient in enumerate(patients):
        rest, size = ways[number + 1], films[patient]
        taking = rest[left - size] if 0 <= left - size < len(rest) else 0
        leaving = rest[left] if left < len(rest) else 0
        if _variate(seed, purpose, patient) * (taking + leaving) < taking << BITS:
            drawn.add(patient)
            left -= size
    return frozenset(drawn)


def count_divisions(films: Mapping[str, int], *, total: int) -> int:
    """How many sets of patients have exactly `total` films together."""
    ways = _ways([films[patient] for patient in sorted(films)])[0]
    return ways[total] if 0 <= total < len(ways) else 0


def _ways(sizes: list[int]) -> list[list[int]]:
    """ways[i][n]: how many sets of the patients from i on have n films."""
    ways = [[1]]
    for size in reversed(sizes):
        before = ways[-1]
        after = [*before, *[0] * size]
        for n, number in enumerate(before):
            after[n + size] += number
        ways.append(after)
    return ways[::-1]


def _variate(seed: int, purpose: str, patient: str) -> int:
    """A number from 0 to 2^256 - 1 that the seed and the patient decide."""
    return int.from_bytes(hashlib.sha256(f"{seed}\x1f{purpose}\x1f{patient}".encode()).digest(), "big")
