"""Named things: one registry a kind of thing; an unknown name lists the choices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from deepcovid.errors import UnknownNameError, did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Maps names to things of one kind, filled by decorator.

    >>> shapes = Registry[Callable[[], str]]("shape")
    >>> @shapes.register("round")
    ... def circle() -> str:
    ...     return "o"
    >>> shapes["round"]()
    'o'
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._things: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """A decorator that enters a thing under `name`; entering a name twice is an error."""

        def enter(thing: T) -> T:
            self.add(name, thing)
            return thing

        return enter

    def add(self, name: str, thing: T) -> None:
        """Enter `thing` under `name`."""
        if name in self._things:
            raise ValueError(f"the {self.kind} {name!r} is registered already")
        self._things[name] = thing

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._things)

    def __getitem__(self, name: str) -> T:
        if name not in self._things:
            raise UnknownNameError(
                f"there is no {self.kind} named {name!r}",
                mend=f"{did_you_mean(name, self.names())}choose one of: {', '.join(self.names())}",
            )
        return self._things[name]

    def __contains__(self, name: object) -> bool:
        return name in self._things

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())
