"""Tests of finding films that are one: planted copies are found, different people are not."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.datasets import duplicates
from deepcovid.datasets.duplicates import Pairs, find_pairs
from deepcovid.datasets.perceptual import thumbnail_of
from tests.datasets.twins import CHANGES, changed, phantom_films

PEOPLE = 40
TRANSFORM = {"inverted": "inverse", "mirrored": "mirror", "inverted and mirrored": "inverse mirror"}


def found(films: list[np.ndarray], hashes: list[str] | None = None) -> Pairs:
    thumbnails = np.stack([thumbnail_of(film) for film in films])
    return find_pairs(thumbnails, hashes or [str(place) for place in range(len(films))])


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_copy_is_found_and_nothing_else_is_called_one(name: str) -> None:
    people = list(phantom_films(PEOPLE))
    copied = range(0, PEOPLE, 5)
    pairs = [pair for pair in found([*people, *(changed(people[k], name) for k in copied)]).pairs if pair.duplicate]
    assert {(pair.a, pair.b) for pair in pairs} == {(k, PEOPLE + place) for place, k in enumerate(copied)}
    assert {pair.transform for pair in pairs} == {TRANSFORM.get(name, "same")}
    assert not any(pair.exact for pair in pairs)


def test_different_people_are_not_called_one() -> None:
    pairs = found(list(phantom_films(PEOPLE)))
    assert pairs.candidates > 0
    assert not any(pair.duplicate for pair in pairs.pairs)
    likeness = [pair.likeness for pair in pairs.pairs]
    assert likeness == sorted(likeness, reverse=True)


def test_equal_files_are_exact_whatever_they_show() -> None:
    people, blank = list(phantom_films(PEOPLE))[:6], np.zeros((64, 64), np.float32)
    pairs = found([*people, people[2], blank, blank, people[2]], [*"012345", "2", "b", "b", "2"]).pairs
    assert [(pair.a, pair.b) for pair in pairs if pair.exact] == [(2, 6), (2, 9), (7, 8)]
    assert all(pair.duplicate and pair.correlation == 1 for pair in pairs if pair.exact)


def test_two_blank_films_are_no_pair() -> None:
    assert found([np.zeros((64, 64), np.float32), np.ones((64, 64), np.float32)]).pairs == ()
    assert find_pairs(np.zeros((0, 64, 64), np.uint8), []) == Pairs((), 0, 0, 0)


def test_blocks_and_their_sizes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    films = [*phantom_films(PEOPLE), changed(phantom_films(PEOPLE)[7], "cropped by 3 %")]
    whole = found(films)
    monkeypatch.setattr(duplicates, "BLOCK", 7)
    monkeypatch.setattr(duplicates, "CHUNK", 5)
    parts = found(films)
    assert [(p.a, p.b, p.transform, p.hamming) for p in parts.pairs] == [
        (p.a, p.b, p.transform, p.hamming) for p in whole.pairs
    ]
    assert parts.candidates == whole.candidates


def test_too_many_candidates_are_cut_to_the_likest_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    films = [*phantom_films(PEOPLE), changed(phantom_films(PEOPLE)[7], "recompressed")]
    monkeypatch.setattr(duplicates, "CANDIDATES", 3)
    pairs = found(films)
    assert (pairs.aligned, pairs.left > 0) == (3, True)
    assert (pairs.pairs[0].a, pairs.pairs[0].b) == (7, PEOPLE)


def test_only_films_of_two_sides_are_held_against_each_other() -> None:
    people = list(phantom_films(PEOPLE))
    films = [*people, changed(people[3], "cropped by 3 %"), changed(people[4], "cropped by 3 %")]
    side = np.arange(len(films)) % 2  # the copies of 3 and 4 lie at 40 and 41
    thumbnails = np.stack([thumbnail_of(film) for film in films])
    hashes = [str(place) for place in range(len(films))]
    pairs = find_pairs(thumbnails, hashes, side=side).pairs
    assert {(pair.a, pair.b) for pair in pairs if pair.duplicate} == {(3, 40), (4, 41)}
    assert all(side[pair.a] != side[pair.b] for pair in pairs)
    few = find_pairs(thumbnails, hashes, side=side, most=5)
    assert few.aligned == 5
    assert few.left > 0


def test_the_hash_is_used_as_the_documentation_says() -> None:
    films = [*phantom_films(PEOPLE), changed(phantom_films(PEOPLE)[3], "brighter")]
    assert all(0 <= pair.hamming <= 12 for pair in found(films).pairs)


def test_signatures_are_compared_a_bounded_number_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of blank films every pair is a candidate, a kilobyte each twice."""
    rng = np.random.default_rng(0)
    mine, other = rng.random((2, 50, 16, 16), dtype=np.float32)
    i, j = rng.integers(0, 50, (2, 1000))
    whole = duplicates._alike(mine, other, i, j)
    monkeypatch.setattr(duplicates, "PAIRS", 64)
    np.testing.assert_array_equal(duplicates._alike(mine, other, i, j), whole)
    np.testing.assert_allclose(whole, (mine[i] * other[j]).sum(axis=(1, 2)), rtol=1e-5)
    assert len(duplicates._alike(mine, other, i[:0], j[:0])) == 0
