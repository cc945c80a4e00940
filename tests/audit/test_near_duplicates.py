"""Tests of the question whether one film stands under two patients or on two sides."""

from __future__ import annotations

from deepcovid.audit.near_duplicates import near_duplicates, pairs_to_show
from tests.audit.subjects import facts, pair, people, subject


def test_two_patients_with_one_film_fail_and_are_both_named() -> None:
    asked = subject(people(4, source=["x", "x", "y", "y"], label=["covid"] * 4), pairs=[pair(0, 2)])
    result = near_duplicates(asked)
    assert result.verdict == "FAIL"
    (entry,) = pairs_to_show(asked)
    assert entry["verdict"] == "duplicate"
    assert entry["films"] == [
        {"row": 2, "image": "0.png", "patient": "p0", "source": "x", "split": None, "label": "covid"},
        {"row": 4, "image": "2.png", "patient": "p2", "source": "y", "split": None, "label": "covid"},
    ]
    assert "p0 (row 2, 0.png) and p2 (row 4, 2.png): correlation 0.990" in result.findings[0]


def test_several_films_of_the_same_two_patients_are_one_question() -> None:
    columns = {"patient": ["a", "a", "b", "b"]}
    shown = pairs_to_show(subject(columns, pairs=[pair(0, 2), pair(1, 3), pair(0, 3, duplicate=False)]))
    assert [(entry["verdict"], len(entry["more"])) for entry in shown] == [("duplicate", 1)]


def test_one_pair_is_told_as_one() -> None:
    columns = {"patient": ["a", "a", "b", "b", "c"]}
    pairs = [pair(0, 2), pair(1, 3), pair(0, 4, duplicate=False)]
    result = near_duplicates(subject(columns, pairs=pairs))
    assert result.sentence.startswith(
        "1 pair of patients shares a film (2 pairs of films in all). 1 other pair is alike"
    )
    assert result.findings[0].endswith("; 1 more pair of these two")


def test_films_of_one_patient_on_one_side_are_no_leak() -> None:
    result = near_duplicates(subject({"patient": ["a", "a"], "split": ["train", "train"]}, pairs=[pair(0, 1)]))
    assert result.verdict == "PASS"
    assert result.figures["repeats_of_one_patient"] == len(result.figures["repeats"]) == 1


def test_one_film_on_two_sides_fails_even_of_one_patient() -> None:
    columns = {"patient": ["a", "a"], "split": ["train", "test"]}
    assert near_duplicates(subject(columns, pairs=[pair(0, 1)])).verdict == "FAIL"


def test_no_more_than_thirty_pairs_are_asked_of_a_person() -> None:
    looks = [pair(place, place + 1, duplicate=False, likeness=0.93 - place / 1000) for place in range(5, 45)]
    for same, expected in ((0, 20), (4, 24), (15, 30)):
        twins = [pair(place, place + 50) for place in range(same)]
        shown = pairs_to_show(subject(people(120), pairs=[*twins, *looks]))
        assert len(shown) == expected
        assert [entry["verdict"] for entry in shown[:same]] == ["duplicate"] * same
    assert shown[-1]["correlation"] < shown[15]["correlation"]


def test_unlike_pairs_are_not_asked_about() -> None:
    result = near_duplicates(subject(people(4), pairs=[pair(0, 1, duplicate=False, likeness=0.84)]))
    assert (result.verdict, result.figures["to_look_at"]) == ("PASS", 0)


def test_equal_files_of_unknown_patients_fail() -> None:
    asked = subject({"label": ["a", "a"]}, pairs=[pair(0, 1, exact=True)])
    assert near_duplicates(asked).verdict == "FAIL"
    assert "equal byte by byte" in near_duplicates(asked).findings[0]


def test_one_readable_film_cannot_tell() -> None:
    assert near_duplicates(subject(people(2), films=[facts(), None])).verdict == "CANNOT TELL"
