"""Cells that hold a list of words as Python writes one, in the tables of the Valencian image bank (PadChest, BIMCV)."""

from __future__ import annotations

import ast
import re

_LONGEST = 20_000  # letters; the longest known cell has some hundred


def parse_words(cell: str) -> list[str]:
    """The words of a cell like "['pneumonia', ' alveolar pattern']": trimmed, inner blanks single, none twice.

    Raises:
        ValueError: it is no list of words; the message says what is allowed.
    """
    try:
        words = ast.literal_eval(cell) if len(cell) <= _LONGEST else None
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError("allowed is a list like ['normal']") from error
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("allowed is a list of words like ['normal']")
    plain = (re.sub(r"\s+", " ", word).strip() for word in words)
    return list(dict.fromkeys(word for word in plain if word))
