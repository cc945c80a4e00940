"""What a symptom is: a name, a rule with its limits as a sentence, and a pure function from a training's course to "
"a finding."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from deepcovid.registry import Registry
from deepcovid.training.monitor.course import Course
from deepcovid.training.monitor.finding import Finding

Rule = Callable[[Course], Finding | None]


@dataclass(frozen=True)
class Symptom:
    """A registered symptom: its title and rule as the report and the documentation say them."""

    name: str
    title: str
    rule: str
    place: int
    look: Rule


SYMPTOMS = Registry[Symptom]("symptom")


def symptom(*, name: str, title: str, rule: str, place: int) -> Callable[[Rule], Rule]:
    """A decorator that enters a symptom.

    Args:
        name: in small letters with hyphens; the file's name with underscores.
        title: what is seen, as a heading.
        rule: when it is said.
        place: where it stands in the report; lower comes first.
    """

    def enter(look: Rule) -> Rule:
        SYMPTOMS.add(name, Symptom(name, title, rule, place, look))
        return look

    return enter


@functools.cache
def symptoms() -> tuple[Symptom, ...]:
    """Every symptom of this package, in the order of the report: each file here that registers one is found."""
    import deepcovid.training.monitor as package

    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"deepcovid.training.monitor.{module.name}")
    return tuple(sorted((SYMPTOMS[name] for name in SYMPTOMS), key=lambda one: (one.place, one.name)))
