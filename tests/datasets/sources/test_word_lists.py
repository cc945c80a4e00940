"""Tests of cells that hold a list as Python writes one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcovid.datasets.sources.word_lists import parse_words


@given(st.lists(st.from_regex(r"[a-z][a-z ]*[a-z]|[a-z]", fullmatch=True), unique=True))
def test_what_python_writes_is_read(words: list[str]) -> None:
    plain = list(dict.fromkeys(" ".join(word.split()) for word in words))
    assert parse_words(repr(words)) == plain
    assert parse_words(repr([f" {word}  " for word in words])) == plain
    assert parse_words(repr([*words, "", *words])) == plain


@pytest.mark.parametrize(
    "cell",
    [
        "normal",
        "['normal'",
        "('a',)",
        "{'a': 1}",
        "[1]",
        "[['a']]",
        "[" * 900,
        "[" * 30_000,
        "__import__('os')",
        "['a'] * 9",
    ],
)
def test_anything_else_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"allowed is a list .*like \['normal'\]"):
        parse_words(cell)
