"""Does one film stand under two patients, or on two sides of the split?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deepcovid.audit.data_test import DataResult, Subject, data_test, is_between_patients
from deepcovid.datasets.columns import group_ids
from deepcovid.datasets.duplicates import CORRELATION, DETAIL, HAMMING, Pair

ASKED = 30  # pairs of patients that a person is asked to look at, with the duplicates among them
LOOKS, FEWEST_LOOKS = 20, 10
REPEATS = 100  # films of one patient that are listed; all are counted
FLOOR = 0.85  # mean of both correlations below which nobody is asked
RULE = (
    "Candidates: 64-bit perceptual hashes of the trimmed film, its middle, its inverse and its mirror image, at most "
    f"{HAMMING} bits apart. FAIL: two aligned thumbnails under different patients or on two sides correlate above "
    f"{CORRELATION:.2f}, and their fine structure above {DETAIL:.2f}, or two such files are equal byte by byte. Else PASS; "
    f"up to {LOOKS} of the likest other pairs are shown to be looked at (at most {ASKED} pairs with the duplicates, at least "
    f"{FEWEST_LOOKS} where there are more duplicates). CANNOT TELL: fewer than two films could be read."
)


@data_test(
    name="near-duplicates",
    question="Does one film stand under two patients, or on two sides of the split?",
    rule=RULE,
    place=40,
)
def near_duplicates(subject: Subject) -> DataResult:
    """Count pairs that are one film; `pairs_to_show` lists them."""
    readable = sum(facts is not None for facts in subject.films.facts)
    if readable < 2:
        return DataResult("CANNOT TELL", "Fewer than two films could be read.", {"films": readable})
    shown = pairs_to_show(subject)
    same = [entry for entry in shown if entry["verdict"] == "duplicate"]
    films = sum(1 + len(entry["more"]) for entry in same)
    own = own_repeats(subject)
    looks = len(shown) - len(same)
    figures = {
        "films": readable,
        "candidates": subject.pairs.candidates,
        "aligned": subject.pairs.aligned,
        "duplicate_pairs_of_patients": len(same),
        "duplicate_pairs_of_films": films,
        "to_look_at": looks,
        "repeats_of_one_patient": len(own),
        "repeats": [_entry(subject, pair) for pair in own[:REPEATS]],
    }
    look = f" {looks} other pair{' is' if looks == 1 else 's are'} alike enough to be looked at." if looks else ""
    left = subject.pairs.left
    notes = (f"{left:,} less likely candidates were not aligned, for their number",) if left else ()
    if same:
        share = "1 pair of patients shares" if len(same) == 1 else f"{len(same)} pairs of patients share"
        sentence = f"{share} a film ({films} pair{'' if films == 1 else 's'} of films in all).{look}"
        return DataResult("FAIL", sentence, figures, tuple(_words(entry) for entry in same), notes)
    return DataResult("PASS", f"No film was found under two patients or on two sides.{look}", figures, (), notes)


def pairs_to_show(subject: Subject) -> list[dict[str, Any]]:
    """One entry a pair of patients, by its likest pair of films: all duplicates, then the likest others.

    Films that one patient has several of on one side are left out, but for those that stand on two sides.
    """
    groups, split = group_ids(subject.frame).to_numpy(), subject.column("split").to_numpy(dtype=object)
    between = [pair for pair in subject.pairs.pairs if is_between_patients(pair, groups, split)]
    same = _by_patients((pair for pair in between if pair.duplicate), groups)
    asked = {key for key, _ in same}
    others = _by_patients((p for p in between if not p.duplicate and p.likeness >= FLOOR), groups)
    room = min(LOOKS, max(FEWEST_LOOKS, ASKED - len(same)))
    looks = [item for item in others if item[0] not in asked][:room]
    return [
        {"verdict": verdict, **_entry(subject, pairs[0]), "more": [_entry(subject, pair) for pair in pairs[1:]]}
        for verdict, items in (("duplicate", same), ("look", looks))
        for _, pairs in items
    ]


def own_repeats(subject: Subject) -> list[Pair]:
    """Duplicates of one patient on one side: nothing leaks, but the film counts twice."""
    groups, split = group_ids(subject.frame).to_numpy(), subject.column("split").to_numpy(dtype=object)
    return [pair for pair in subject.pairs.pairs if pair.duplicate and not is_between_patients(pair, groups, split)]


def _by_patients(pairs: Iterable[Pair], groups: Any) -> list[tuple[tuple[str, str], list[Pair]]]:
    """Pairs of films gathered by pair of patients, in the order of the likest of each."""
    found: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        first, second = sorted((str(groups[pair.a]), str(groups[pair.b])))
        found.setdefault((first, second), []).append(pair)
    return list(found.items())


def _entry(subject: Subject, pair: Pair) -> dict[str, Any]:
    return {
        "correlation": round(pair.correlation, 4),
        "detail": round(pair.detail, 4),
        "hamming": pair.hamming,
        "transform": pair.transform,
        "exact": pair.exact,
        "films": [subject.film(pair.a), subject.film(pair.b)],
    }


def _words(entry: dict[str, Any]) -> str:
    a, b = (f"{film['patient'] or 'no patient'} (row {film['row']}, {film['image']})" for film in entry["films"])
    how = "equal byte by byte" if entry["exact"] else f"correlation {entry['correlation']:.3f}"
    turned = "" if entry["transform"] == "same" else f", {entry['transform']}"
    further = len(entry["more"])
    more = f"; {further} more pair{'' if further == 1 else 's'} of these two" if further else ""
    return f"{a} and {b}: {how}{turned}{more}"
