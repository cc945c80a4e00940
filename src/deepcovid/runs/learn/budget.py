"""The time that `learn` may take: what is left of it, and what each kind of work has been seen to cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from deepcovid.errors import RunError

REPORTING = 20.0  # seconds kept for pages, figures and the model card
MARGIN = 1.25  # estimates are taken a quarter dearer than they look


@dataclass
class Budget:
    """A clock that began when it was made.

    Attributes:
        seconds: the whole budget.
        now: the clock, in seconds.
        left_out: what was not done for want of time, a sentence each.
    """

    seconds: float
    now: Callable[[], float] = time.monotonic
    left_out: list[str] = field(default_factory=list)
    _costs: dict[str, float] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._began = self.now()

    @property
    def used(self) -> float:
        """Seconds since the beginning."""
        return self.now() - self._began

    @property
    def left(self) -> float:
        """Seconds until the end; negative after it."""
        return self.seconds - self.used

    def estimate(self, work: str, seconds: float) -> None:
        """Say what one piece of `work` is thought to take, before any was done."""
        self._costs.setdefault(work, seconds)

    def cost(self, work: str) -> float:
        """Seconds for one piece: the dearest that was seen, else the estimate; with the margin."""
        return MARGIN * self._costs[work]

    def done(self, work: str, seconds: float) -> None:
        """One piece took so long; what was seen replaces what was thought."""
        before = self._costs.get(work, 0.0) if work in self._seen else 0.0
        self._costs[work] = max(before, seconds)
        self._seen.add(work)

    def leave_out(self, sentence: str) -> None:
        """Note what was not done."""
        if sentence not in self.left_out:
            self.left_out.append(sentence)

    def require(self, seconds: float, *, why: str) -> None:
        """Stop before anything is begun that cannot end in time.

        Raises:
            RunError: less is left; the message says the least number of minutes.
        """
        if seconds > self.left:
            least = (self.used + seconds) / 60
            raise RunError(
                f"the budget of {self.seconds / 60:g} minutes is too small: the least ({why}) takes about {least:.1f} "
                "minutes here",
                mend=f"give --minutes {max(1, int(least) + 1)}, fewer films, or a smaller network",
            )
