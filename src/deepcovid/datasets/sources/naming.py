"""What a user's word for a source means: a registered collection, a slip of the pen, or a hospital of their own."""

from __future__ import annotations

import difflib
import re

from deepcovid.datasets.sources.source import SOURCES, Source
from deepcovid.errors import UnknownNameError

NEAR = 0.75  # of difflib's ratio: "covid-chest-xray" is near "covid-chestxray", "north" is near nothing


def source_named(word: str) -> Source | None:
    """The registered source of that name; None where the word is none of them, nor nearly one.

    Raises:
        UnknownNameError: the word is nearly a registered name; the guess is said.
    """
    if word in SOURCES:
        return SOURCES[word]
    near = _near(word)
    if near is None:
        return None
    raise UnknownNameError(
        f"there is no source named {word!r}",
        mend=f"did you mean {near!r}? deepcovid data list shows all; call a hospital of your own something else",
    )


def _near(word: str) -> str | None:
    plain = {_letters(name): name for name in SOURCES}
    close = difflib.get_close_matches(_letters(word), plain, n=1, cutoff=NEAR)
    return plain[close[0]] if close else None


def _letters(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())
