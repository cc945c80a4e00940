"""How a film was taken: the words that collections use for view and modality, brought to ours."""

from __future__ import annotations

FRONTAL = ("PA", "AP", "AP supine")
VIEWS = (*FRONTAL, "lateral", "oblique", "lordotic", "decubitus")
MODALITIES = ("X-ray", "CT", "MR", "US")

_VIEWS = {
    "pa": "PA", "posteroanterior": "PA", "postero-anterior": "PA", "frontal pa": "PA", "pa erect": "PA", "pa upright": "PA",
    "ap": "AP", "anteroposterior": "AP", "antero-posterior": "AP", "frontal ap": "AP",
    "ap erect": "AP", "ap upright": "AP", "ap portable": "AP", "portable ap": "AP", "ap semi erect": "AP",
    "ap supine": "AP supine", "aps": "AP supine", "supine": "AP supine", "supine ap": "AP supine", "ap horizontal": "AP supine",
    "l": "lateral", "ll": "lateral", "rl": "lateral", "lat": "lateral", "lateral": "lateral",
    "left lateral": "lateral", "right lateral": "lateral",
    "lao": "oblique", "rao": "oblique", "lpo": "oblique", "rpo": "oblique", "oblique": "oblique",
    "lordotic": "lordotic", "ap lordotic": "lordotic", "ap axial": "lordotic",
    "lld": "decubitus", "rld": "decubitus", "decubitus": "decubitus",
}  # fmt: skip
_SLICES = ("axial", "coronal", "sagittal")  # planes of CT, which are no views of a film
_MODALITIES = {
    "x-ray": "X-ray", "xray": "X-ray", "x ray": "X-ray", "cxr": "X-ray", "cr": "X-ray", "dx": "X-ray", "rx": "X-ray",
    "ct": "CT", "mr": "MR", "mri": "MR", "us": "US",
}  # fmt: skip


def parse_view(word: str) -> str | None:
    """One of `VIEWS`, from a collection's word or DICOM's View Position (0018,5101); a plane of CT is None.

    Raises:
        ValueError: the word is no view; the message says what is allowed.
    """
    plain = " ".join(word.lower().replace("_", " ").replace("-", " ").split())
    if plain.removesuffix(" view") in _SLICES:
        return None
    for form in (word.strip().lower(), plain):
        if form in _VIEWS:
            return _VIEWS[form]
    raise ValueError(f"allowed are {', '.join(VIEWS)}, L, LL, RL, AP erect, Axial, Coronal or an empty cell")


def parse_modality(word: str) -> str:
    """One of `MODALITIES`, from a collection's word or DICOM's Modality (0008,0060).

    Raises:
        ValueError: the word is no modality; the message says what is allowed.
    """
    plain = " ".join(word.lower().replace("_", "-").split())
    if plain in _MODALITIES:
        return _MODALITIES[plain]
    raise ValueError(f"allowed are {', '.join(MODALITIES)}, CXR, CR, DX or an empty cell")
