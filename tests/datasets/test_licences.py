"""Which licences permit what: words that are known, and no others."""

from __future__ import annotations

import pandas as pd
import pytest

from deepcovid.datasets.licences import is_free, permitted
from deepcovid.errors import TableError


@pytest.mark.parametrize(
    "cell",
    ["CC BY", "CC BY 3.0", "cc-by-4.0", "CC0", "CC0 1.0", "public domain", "Apache 2.0", "Apache License 2.0", " CC BY 4.0 ",
     "no restrictions (NIH Clinical Center)"],
)  # fmt: skip
def test_free(cell: str) -> None:
    assert is_free(cell)


@pytest.mark.parametrize(
    "cell",
    ["CC BY-NC", "CC BY-NC-SA 4.0", "CC BY-ND", "CC BY-SA", "research use", "listed as authorized for everyone", "", " ", None,
     float("nan"), "CC BY 4.0 but not for training"],
)  # fmt: skip
def test_not_free(cell: object) -> None:
    assert not is_free(cell)


def test_a_choice_of_licences_lets_films_in() -> None:
    frame = pd.DataFrame({"license": ["CC BY 4.0", "CC BY-NC", None, "CC BY-SA"]}, index=[3, 5, 7, 9])
    assert permitted(frame, licences="any").tolist() == [True] * 4
    assert permitted(frame, licences="free").tolist() == [True, False, False, False]
    assert permitted(frame, licences="CC BY-NC, CC BY-SA").tolist() == [False, True, False, True]
    assert permitted(frame, licences="free").index.tolist() == [3, 5, 7, 9]
    with pytest.raises(TableError, match="CC BY-NC"):
        permitted(frame, licences="MIT")
    with pytest.raises(TableError, match="has none"):
        permitted(frame.drop(columns="license"), licences="free")
