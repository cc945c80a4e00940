"""One DICOM file as one row of a table, or the reason why it is none."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from deepcovid.datasets import dicom_cells as cells
from deepcovid.datasets.dicom_identifiers import KEYWORDS as IDENTIFYING
from deepcovid.datasets.dicom_identifiers import Identifiers
from deepcovid.datasets.pseudonyms import Pseudonyms
from deepcovid.imaging.dicom_age import TAKEN, age, day
from deepcovid.imaging.dicom_elements import text
from deepcovid.imaging.dicom_spacing import spacing_of
from deepcovid.imaging.dicom_survey import Survey, readable, survey
from deepcovid.imaging.dicom_view import KEYWORDS as VIEW_KEYWORDS
from deepcovid.imaging.dicom_view import view_of

Dates = Literal["year", "none", "shifted", "exact"]
KEYWORDS = (
    *IDENTIFYING, *TAKEN, "SpecificCharacterSet", "SOPClassUID", "Modality", "Manufacturer", "BodyPartExamined", "PatientSex",
    "PatientAge", "PatientIdentityRemoved", "BurnedInAnnotation", "PresentationIntentType", "Rows",
    "Columns", "NumberOfFrames", "BitsStored", "PhotometricInterpretation", "PixelSpacing", "ImagerPixelSpacing",
    "PixelSpacingCalibrationType", "NominalScannedPixelSpacing", *VIEW_KEYWORDS,
)  # fmt: skip
# Patient IDs that many people share, once a program has removed their own
SHARED_IDS = frozenset(("", "0", "1", "anon", "anonym", "anonymous", "anonymized", "anonymised", "unknown", "none", "na", "n/a",
                        "null", "removed", "xxx", "patient", "test"))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is taken, and what of it is told.

    Attributes:
        modalities: of the files that are films.
        for_processing: whether the detector's raw values are films, too.
        frontal_only: whether films of a known other view are left out.
        dates: "year", "none", "shifted" (by 1 to 365 days, the same for all films of a patient) or "exact".
        identifiers: whether names, numbers, UIDs and exact dates stand in columns of their own.
    """

    modalities: tuple[str, ...] = cells.FILM_MODALITIES
    for_processing: bool = False
    frontal_only: bool = False
    dates: Dates = "year"
    identifiers: bool = False


@dataclass(frozen=True)
class Row:
    """A film of the import.

    Attributes:
        path: the file, as it was found.
        cells: of the table, without image, label and source.
        people: who is named in the header; never written.
        film: the pseudonym of the instance, which names a copy.
        uid: SOP Instance UID; "" where there is none.
        keys: by which labels may be joined: kind of key → value.
        removed: whether the header says that identities were removed from it.
        born: the date of birth and the sex, to find ids that several people share; never written.
        patient_known: whether its Patient ID can tell people apart; otherwise its study stands for the patient.
    """

    path: Path
    cells: dict[str, Any]
    people: Identifiers
    film: str
    uid: str
    keys: Mapping[str, str] = field(default_factory=dict)
    removed: bool = False
    born: tuple[str, str] = ("", "")
    patient_known: bool = True


def row_of(path: Path, *, names: Pseudonyms, wanted: Wanted) -> Row | str | None:
    """The row of a file; or why it is left out, as words that follow a number ("CT images"); None for no DICOM.

    Raises:
        ImageError: the file cannot be read.
    """
    found = survey(path, keywords=KEYWORDS)
    if found is None:
        return None
    with readable(path):
        return _reason(found, wanted) or _row(path, found, names, wanted)


def _reason(found: Survey, wanted: Wanted) -> str:
    kind = cells.modality(found.dataset)
    if found.is_index:
        return "indexes (DICOMDIR)"
    if not found.has_pixels:
        return f"{kind} objects without pixels" if kind != "unknown" else "objects without pixels or a known modality"
    if kind not in wanted.modalities:
        return f"{kind} images" if kind != "unknown" else "images of an unknown modality"
    if not wanted.for_processing and text(found.dataset, "PresentationIntentType").upper() == "FOR PROCESSING":
        return "films FOR PROCESSING (the detector's values; --for-processing keeps them)"
    if (cells.count(found.dataset, "NumberOfFrames") or 1) > 1:
        return "images of several frames"
    if not wanted.frontal_only:
        return ""
    view = view_of(found.dataset).name
    return "" if view in (None, "PA", "AP", "AP supine") else f"{view} films"


def _row(path: Path, found: Survey, names: Pseudonyms, wanted: Wanted) -> Row:
    header = found.dataset
    uid, study = (text(header, keyword) for keyword in ("SOPInstanceUID", "StudyInstanceUID"))
    patient_id = text(header, "PatientID")
    known = patient_id.casefold() not in SHARED_IDS
    # the issuer is left out: one device writes it and another does not, and a person must not become two
    patient = names.of("patient", patient_id) if known else None
    if not known and study:
        patient = names.of("patient of study", study)  # the films of one visit are at least kept together
    taken = day(header, *TAKEN)
    spacing = spacing_of(header)
    told: dict[str, Any] = {
        "patient": patient,
        "view": view_of(header).name,
        "modality": "X-ray" if cells.modality(header) in cells.FILM_MODALITIES else cells.modality(header),
        "sex": cells.sex(header),
        "age": age(header, taken),
        "date": _date(taken, patient, names, wanted.dates),
        "manufacturer": cells.manufacturer(header),
        "body_part": cells.body_part(header),
        "dicom_modality": cells.modality(header),
        "study": names.of("study", study) if study else None,
        "height": cells.count(header, "Rows"),
        "width": cells.count(header, "Columns"),
        "bit_depth": cells.count(header, "BitsStored"),
        "photometric": cells.photometric(header),
        "transfer_syntax": found.syntax,
        "pixel_spacing": None if spacing is None else round(spacing.rows, 6),
        "pixel_spacing_measured": None if spacing is None else spacing.measured,
        "burned_in": cells.burned_in(header),
    }
    if wanted.identifiers:
        told |= _identifying(header, taken)
    keys = {"sop_instance_uid": uid, "study_instance_uid": study, "patient_id": patient_id}
    keys["accession_number"] = text(header, "AccessionNumber")
    removed = text(header, "PatientIdentityRemoved").upper() == "YES"
    film = names.of("film", uid or path.as_posix())
    born = (text(header, "PatientBirthDate"), cells.sex(header) or "")
    return Row(path, told, Identifiers(header), film, uid, keys, removed, born, known)


def _date(taken: datetime.date | None, patient: str | None, names: Pseudonyms, dates: Dates) -> str | None:
    if taken is None or dates == "none":
        return None
    if dates == "exact":
        return taken.isoformat()
    if dates == "year":
        return str(taken.year)
    # a film of nobody known can be moved with no others; its exact place in time is not told
    return None if patient is None else (taken - datetime.timedelta(days=names.days(patient))).isoformat()


def _identifying(header: Any, taken: datetime.date | None) -> dict[str, Any]:
    wanted = {"patient_id": "PatientID", "patient_name": "PatientName", "accession_number": "AccessionNumber"}
    wanted |= {"sop_instance_uid": "SOPInstanceUID", "study_instance_uid": "StudyInstanceUID"}
    born = day(header, "PatientBirthDate")
    told: dict[str, Any] = {column: text(header, keyword) or None for column, keyword in wanted.items()}
    return told | {
        "birth_date": born.isoformat() if born else None,
        "study_date": taken.isoformat() if taken else None,
    }
