"""What a DICOM header says of a film, as cells that cannot hold a name: words of closed lists, numbers, years."""

from __future__ import annotations

import re
from typing import Any

from deepcovid.imaging.dicom_elements import text


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


FILM_MODALITIES = ("CR", "DX", "RG")
# Modality (0008,0060), PS3.3, C.7.3.1.1.1; what is not here is "unknown"
MODALITIES = _words(
    "AR ASMT AU BDUS BI BMD CFM CR CT CTPROTOCOL DG DMS DOC DX ECG EEG EMG EOG EPS ES FID GM HC HD IO IOL IVOCT IVUS KER "
    "KO LEN LS MG MR M3D NM OAM OCT OP OPM OPT OPTBSV OPTENF OPV OSS OT PA PLAN POS PR PT PX REG RESP RF RG RTDOSE "
    "RTIMAGE RTPLAN RTRECORD RTSEGANN RTSTRUCT RWV SC SEG SM SMR SR SRF STAIN TEXTUREMAP TG US VA XA XAPROTOCOL XC"
)
_FILM_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.1": "CR",
    "1.2.840.10008.5.1.4.1.1.1.1": "DX",
    "1.2.840.10008.5.1.4.1.1.1.1.1": "DX",
}  # SOP classes of Computed Radiography and Digital X-Ray, for files that do not say their modality
PHOTOMETRICS = {*_words("MONOCHROME1 MONOCHROME2 RGB YBR_FULL YBR_FULL_422 YBR_ICT YBR_RCT"), "PALETTE COLOR"}

# Makers of detectors, plate readers and film scanners, by a word of Manufacturer (0008,0070)
_MAKERS = {
    "agfa": "Agfa", "canon": "Canon", "carestream": "Carestream", "drgem": "DRGEM",
    "drtech": "DRTECH", "eizo": "Eizo", "fuji": "Fujifilm", "fujifilm": "Fujifilm", "ge": "GE",
    "hologic": "Hologic", "howtek": "Howtek", "icrco": "iCRco", "idc": "Imaging Dynamics",
    "kodak": "Kodak", "eastman": "Kodak", "konica": "Konica Minolta", "lumisys": "Lumisys", "mindray": "Mindray",
    "oldelft": "Oldelft", "philips": "Philips", "picker": "Picker", "rayence": "Rayence", "samsung": "Samsung",
    "sectra": "Sectra", "shimadzu": "Shimadzu", "siemens": "Siemens", "swissray": "Swissray", "toshiba": "Toshiba",
    "trixell": "Trixell", "varex": "Varex", "varian": "Varian", "vidar": "Vidar", "vieworks": "Vieworks",
}  # fmt: skip
_CHEST = _words("CHEST THORAX TORAX LUNG LUNGS PULMONARY RIBS RIB CHESTABDOMEN CHESTABDPELVIS STERNUM HEART")
# Body Part Examined, PS3.16, annex L: parts that are radiographed
_PARTS = _words(
    "ABDOMEN ANKLE ARM BREAST CALCANEUS CLAVICLE CSPINE CTSPINE ELBOW EXTREMITY EYE FEMUR FINGER FOOT FOREARM HAND HEAD HIP "
    "HUMERUS JAW KNEE LEG LSPINE LSSPINE LUMBAR MANDIBLE NECK PATELLA PELVIS RADIUS SCAPULA SHOULDER SKULL SPINE SSPINE "
    "TIBIA TLSPINE TOE TSPINE ULNA WHOLEBODY WRIST ZYGOMA"
)
OLDEST = 90.0  # US 45 CFR 164.514(b)(2)(i)(C): all ages over 89 are one category


def modality(dataset: Any) -> str:
    """One of `MODALITIES`, or "unknown"; where Modality is empty, what the SOP class says."""
    said = text(dataset, "Modality").upper()
    if said:
        return said if said in MODALITIES else "unknown"
    return _FILM_CLASSES.get(text(dataset, "SOPClassUID"), "unknown")


def manufacturer(dataset: Any) -> str | None:
    """A known maker, "other", or None where the header does not say."""
    words = re.findall(r"[a-z]+", text(dataset, "Manufacturer").lower())
    if not words:
        return None
    return next((_MAKERS[word] for word in words if word in _MAKERS), "other")


def body_part(dataset: Any) -> str | None:
    """ "chest", a part of PS3.16's annex L in small letters, "other", or None where the header does not say."""
    said = re.sub(r"[^A-Z]", "", text(dataset, "BodyPartExamined").upper())
    if not said:
        return None
    return "chest" if said in _CHEST else said.lower() if said in _PARTS else "other"


def sex(dataset: Any) -> str | None:
    """F or M (PS3.3, C.7.1.1); O and everything else is None."""
    said = text(dataset, "PatientSex").upper()
    return said if said in ("F", "M") else None


def burned_in(dataset: Any) -> str | None:
    """Whether Burned In Annotation (0028,0301) says that the picture itself names somebody: yes, no or None."""
    return {"YES": "yes", "NO": "no"}.get(text(dataset, "BurnedInAnnotation").upper())


def photometric(dataset: Any) -> str | None:
    """Photometric Interpretation (0028,0004), where it is one of the Standard's for a still image."""
    said = text(dataset, "PhotometricInterpretation").upper()
    return said if said in PHOTOMETRICS else None


def count(dataset: Any, keyword: str) -> int | None:
    """A whole number above zero, or None."""
    try:
        found = int(text(dataset, keyword))
    except ValueError:
        return None
    return found if 0 < found < 2**31 else None
