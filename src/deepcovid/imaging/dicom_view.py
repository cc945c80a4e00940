"""How a film was taken: PA, AP, AP supine, lateral and others, from the header's codes and words."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from deepcovid.imaging.dicom_elements import optional

# CID 4010 "DX View" (PS3.16): SNOMED CT code, and the older SNOMED RT code of the same concept
_CODES = {
    "PA": ("272479007", "R-40888", "R-10214"),
    "AP": ("399348003", "R-10206"),
    "lateral": ("399067008", "R-102CD", "399173006", "R-10236", "399198007", "R-10232", "30730003", "G-A145"),
    "oblique": (
        "399182000", "R-102C1", "399312000", "R-10208", "399059000", "R-10216", "399160007", "R-10204",
        "399135007", "R-10220", "399356000", "R-40985", "399184004", "R-10238", "399236003", "R-10234",
        "399006002", "R-10212", "399038007", "R-10210", "260427002", "R-40783",
    ),
    "frontal": ("399033003", "R-10202"),
}  # fmt: skip
_BY_CODE = {code: view for view, codes in _CODES.items() for code in codes}
_SUPINE_CODES = {"40199007", "F-10340"}  # CID 20, "supine"

# Words in small letters without accents; what a View Position says in CR and DX (PS3.3, C.8.1.1 and C.8.11.5) among them.
_WORDS = {
    "decubitus": "decubitus decub lld rld",
    "lordotic": "lordotic lordosis apical",
    "oblique": "oblique obl oblicua obliqua schrag lao rao lpo rpo llo rlo",
    "lateral": "lateral lat laterale latero seitlich profil perfil ll rl",
    "PA": "pa posteroanterior posteroanteriore",
    "AP": "ap anteroposterior anteroposteriore",
    "supine": "supine supino liegend lying recumbent",
}
_BY_WORD = {word: view for view, words in _WORDS.items() for word in words.split()}
# Descriptions of the series, not of the study: "chest PA and lateral" is the study of both films.
_TEXTS = ("SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription")
# all elements that tell the view, for those who read no others
KEYWORDS = ("ViewPosition", "ViewCodeSequence", "PatientOrientationCodeSequence", *_TEXTS)
FRONTAL = ("PA", "AP", "AP supine")
VIEWS = (*FRONTAL, "lateral", "oblique", "lordotic", "decubitus")


@dataclass(frozen=True)
class View:
    """How a film was taken.

    Attributes:
        name: one of `VIEWS`, or None where the header does not say it or contradicts itself.
        said_by: "ViewPosition", "ViewCodeSequence" or the description that told it; "" where none did.
        note: what a reader of the film should know; empty for a frontal film.
    """

    name: str | None
    said_by: str = ""
    note: str = ""


def view_of(dataset: Any) -> View:
    """The view from View Position (0018,5101), else View Code Sequence (0054,0220), else a description of the series.

    "supine" in any of them, or in Patient Orientation Code Sequence (0054,0410), makes an AP film "AP supine". Words
    of the header are never repeated, only our own for them.
    """
    said = [(source, view) for source, view in _sayings(dataset) if view is not None]
    if not said:
        return View(None, note="the header does not say the view")
    source, name = said[0]
    others = sorted({view for _, view in said} - {name, "AP" if name == "AP supine" else name, "frontal"})
    if name == "AP" and (others == ["AP supine"] or _lies(dataset)):
        name, others = "AP supine", []
    if name == "frontal":
        name = others[0] if len(others) == 1 and others[0] in FRONTAL else "frontal"
    if name == "frontal":
        return View(None, source, "the view is frontal; whether PA or AP is not said")
    return View(name, source, _note(name, [other for other in others if other != name], source))


def view_in_words(text: str) -> str | None:
    """The one view that a text names, one of `VIEWS` or "frontal"; None where it names none or several.

    >>> view_in_words("CHEST P.A."), view_in_words("Thorax a.p. liegend"), view_in_words("PA and LAT")
    ('PA', 'AP supine', None)
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"\bp\W?a\b", "pa", re.sub(r"\ba\W?p\b", "ap", plain))
    plain = re.sub(r"\b(postero|antero)\W+(anterior|posterior)", r"\1\2", plain)
    plain = re.sub(r"\bdecubito\W+supino\b", "supino", plain)
    words = re.findall(r"[a-z]+", plain)
    found = {_BY_WORD[word] for word in words if word in _BY_WORD}
    if "decubitus" in found:
        return "decubitus"  # "AP left lateral decubitus" is one view
    if "lordotic" in found or {"ap", "axial"} <= set(words):
        return "lordotic"
    if "supine" in found:
        found = found - {"supine", "AP"} | {"AP supine"}
    if not found and "frontal" in words:
        return "frontal"
    return found.pop() if len(found) == 1 else None


def _sayings(dataset: Any) -> list[tuple[str, str | None]]:
    position = _text(dataset, "ViewPosition")
    sayings = [("ViewPosition", "lateral" if position.upper() == "L" else view_in_words(position))]
    sayings += [("ViewCodeSequence", _BY_CODE.get(code)) for code in _codes(dataset, "ViewCodeSequence")]
    return sayings + [(keyword, view_in_words(_text(dataset, keyword))) for keyword in _TEXTS]


def _lies(dataset: Any) -> bool:
    """Whether Patient Orientation Code Sequence (0054,0410) or its modifier says supine."""
    codes = set(_codes(dataset, "PatientOrientationCodeSequence"))
    for item in optional(dataset, "PatientOrientationCodeSequence") or ():
        codes.update(_codes(item, "PatientOrientationModifierCodeSequence"))
    return bool(codes & _SUPINE_CODES)


def _codes(dataset: Any, keyword: str) -> list[str]:
    return [_text(item, "CodeValue") for item in optional(dataset, keyword) or ()]


def _text(dataset: Any, keyword: str) -> str:
    value = optional(dataset, keyword)
    return "" if value is None else str(value).strip()


def _note(name: str, others: list[str], source: str) -> str:
    if others:
        return f"{source} says {name}, another element {' and '.join(others)}; taken as {name}"
    return "" if name in FRONTAL else f"the view is {name}, not frontal"
