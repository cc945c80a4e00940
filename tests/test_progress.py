"""Work within work speaks now and then, and its warnings bear its name."""

from __future__ import annotations

from deepcovid.progress import Inside, Silent


class Heard(Silent):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, sentence: str) -> None:
        """Kept."""
        self.said.append(sentence)


def test_a_part_that_takes_long_tells_how_far_it_is() -> None:
    heard = Heard()
    films = Inside(heard, name="lr 0.001", pause=-1.0).track(["a", "b"], description="films", total=2)
    assert list(films) == ["a", "b"]
    assert heard.said == ["lr 0.001: films 1 of 2", "lr 0.001: films 2 of 2"]


def test_a_part_that_takes_no_time_says_nothing_but_its_warnings() -> None:
    heard = Heard()
    part = Inside(heard, name="lr 0.001", pause=60.0)
    assert list(part.track(range(3), description="films")) == [0, 1, 2]
    part.say("Features: 3 computed.")
    part.warn("a film is black")
    assert heard.said == ["lr 0.001: a film is black"]
