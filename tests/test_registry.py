from __future__ import annotations

import pytest

from deepcovid.errors import UnknownNameError, did_you_mean
from deepcovid.registry import Registry


def test_an_unknown_name_lists_the_choices_and_the_nearest() -> None:
    networks = Registry[int]("network")
    networks.add("resnet18", 1)
    networks.add("vgg16", 2)
    with pytest.raises(UnknownNameError, match="no network named 'resnet81'") as caught:
        networks["resnet81"]
    assert "did you mean 'resnet18'? choose one of: resnet18, vgg16" in caught.value.mend


def test_a_guess_looks_past_case_and_is_silent_where_nothing_is_near() -> None:
    assert did_you_mean("covid", ["COVID", "normal"]) == "did you mean 'COVID'? "
    assert did_you_mean("covid", ["flu", "normal"]) == ""


def test_a_name_is_entered_once() -> None:
    things = Registry[int]("thing")
    things.add("a", 1)
    with pytest.raises(ValueError, match="'a' is registered already"):
        things.add("a", 2)


def test_the_decorator_enters_and_returns_the_thing() -> None:
    makers: Registry[object] = Registry("maker")

    @makers.register("one")
    def one() -> int:
        return 1

    assert makers["one"] is one
    assert one() == 1
    assert list(makers) == makers.names() == ["one"]
    assert "one" in makers
    assert "two" not in makers
