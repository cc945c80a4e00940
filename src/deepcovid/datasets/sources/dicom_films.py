"""DICOM films of a collection that tells who was filmed, and how, in their headers alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from deepcovid.datasets.sources.people import parse_age, parse_sex
from deepcovid.datasets.validation import shown
from deepcovid.errors import ImageError
from deepcovid.imaging.dicom_elements import text
from deepcovid.imaging.dicom_survey import readable, survey
from deepcovid.imaging.dicom_view import KEYWORDS as VIEW_KEYWORDS
from deepcovid.imaging.dicom_view import view_of
from deepcovid.imaging.guards import quiet

_PERSON = ("PatientSex", "PatientAge")


def read_dicom_films(
    folder: Path, films: pd.Series, *, keywords: Sequence[str] = ()
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """What the headers of films say; no pixel is decoded.

    Args:
        folder: what the films' paths start from.
        films: the paths.
        keywords: further elements to read, as text.

    Returns:
        a frame with the index of `films` and the columns view, sex, age and `keywords` (missing where the header does
        not say it, or the file is absent); problems, one a file that is no DICOM film; and notes: how many headers
        say what cannot be.
    """
    problems, rows = [], {}
    odd = dict.fromkeys(_PERSON, 0)
    for row, film in films.items():
        try:
            rows[row] = _cells(folder / film, keywords, odd) if (folder / film).is_file() else {}
        except ImageError as error:
            problems.append(f"{shown(film)}: {error.problem}")
            rows[row] = {}
    columns = ["view", "sex", "age", *keywords]
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=object).reindex(films.index)
    notes = [f"{count} headers say a {name} that cannot be; it is unknown" for name, count in odd.items() if count]
    return frame.where(frame.notna(), None), problems, notes


def _cells(path: Path, keywords: Sequence[str], odd: dict[str, int]) -> dict[str, Any]:
    with quiet(), readable(path):
        said = survey(path, keywords=[*VIEW_KEYWORDS, *_PERSON, *keywords])
        if said is None or not said.has_pixels:
            raise ImageError("this is no DICOM file with an image", path=path, mend="copy the file again")
        texts = {keyword: text(said.dataset, keyword) for keyword in (*_PERSON, *keywords)}
        view = view_of(said.dataset).name
    cells: dict[str, Any] = {keyword: texts[keyword] or None for keyword in keywords}
    sex = _plausible(texts["PatientSex"], parse_sex, "PatientSex", odd)
    return cells | {"view": view, "sex": sex, "age": _plausible(texts["PatientAge"], parse_age, "PatientAge", odd)}


def _plausible(word: str, parse: Callable[[str], Any], name: str, odd: dict[str, int]) -> Any:
    try:
        return parse(word) if word else None
    except ValueError:
        odd[name] += 1
        return None
