"""Tests of the question whether every image is a frontal chest film."""

from __future__ import annotations

from deepcovid.audit.wrong_images import wrong_images
from tests.audit.subjects import facts, people, subject


def asked(*said: tuple[str, float], films: int = 100) -> object:
    known = [facts(place) for place in range(films)]
    for place, (reason, confidence) in enumerate(said):
        known[place] = facts(place, gate={"passes": False, "reason": reason, "confidence": confidence})
    return wrong_images(subject(people(films), films=known))


def test_a_sure_refusal_fails_and_comes_first() -> None:
    result = asked(("unsure", 0.4), ("cropped", 0.5), ("lateral", 0.97))
    assert result.verdict == "FAIL"
    assert [image["reason"] for image in result.figures["images"]] == ["lateral", "cropped", "unsure"]
    assert result.findings[0] == "row 4: 2.png: lateral (confidence 0.97)"
    assert result.findings[-1] == "row 2: 0.png: unsure"  # 0.4 is the confidence of something else


def test_doubts_warn_and_many_of_them_fail() -> None:
    assert asked(("cropped", 0.6), ("unsure", 0.95)).verdict == "WARN"
    assert asked(*[("cropped", 0.6)] * 3).verdict == "WARN"
    assert asked(*[("cropped", 0.6)] * 4).verdict == "FAIL"
    assert asked(*[("unsure", 0.6)] * 20).verdict == "WARN"


def test_films_that_pass_and_films_that_nobody_looked_at() -> None:
    assert asked().verdict == "PASS"
    unseen = subject(people(3), films=[facts(gate=None)] * 3)
    assert wrong_images(unseen).verdict == "CANNOT TELL"
