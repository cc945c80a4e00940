"""DICOM films of a collection that tells who was filmed, and how, in their headers alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from deepcovid.datasets.sources.people import parse_age, parse_sex
from deepcovid.datasets.validation import shown
from deepcovid.errors import ImageError
from deepcovid.imaging.dicom_header import VIEW_KEYWORDS, header_text, read_header
from deepcovid.imaging.dicom_view import view_of

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
        not say it, or the file is absent); problems, one a file that is no DICOM; and notes: how many headers say
        what cannot be.
    """
    wanted = (*VIEW_KEYWORDS, *_PERSON, *keywords)
    problems, odd = [], {"PatientSex": 0, "PatientAge": 0}
    rows = {}
    for row, film in films.items():
        try:
            header = read_header(folder / film, keywords=wanted) if (folder / film).is_file() else None
        except ImageError as error:
            problems.append(f"{shown(film)}: {error.problem}")
            header = None
        rows[row] = _cells(header, keywords, odd) if header is not None else {}
    columns = ["view", "sex", "age", *keywords]
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=object).reindex(films.index)
    notes = [f"{count} headers say a {name} that cannot be; it is unknown" for name, count in odd.items() if count]
    return frame.where(frame.notna(), None), problems, notes


def _cells(header: Any, keywords: Sequence[str], odd: dict[str, int]) -> dict[str, Any]:
    cells: dict[str, Any] = {keyword: header_text(header, keyword) or None for keyword in keywords}
    cells["view"] = view_of(header).name
    cells["sex"] = _plausible(header_text(header, "PatientSex"), parse_sex, "PatientSex", odd)
    cells["age"] = _plausible(header_text(header, "PatientAge"), parse_age, "PatientAge", odd)
    return cells


def _plausible(text: str, parse: Callable[[str], Any], name: str, odd: dict[str, int]) -> Any:
    try:
        return parse(text) if text else None
    except ValueError:
        odd[name] += 1
        return None
