"""From a chest to a film: rays through tissue and bone, scatter, grain, the display's curve, the marker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from deepcovid.datasets.phantom.acquisition import Acquisition, Source, sample_acquisition
from deepcovid.datasets.phantom.anatomy import Anatomy, sample_anatomy
from deepcovid.datasets.phantom.findings import FINDINGS, Lesion, draw_finding
from deepcovid.datasets.phantom.geometry import Frame, lung_field, make_frame, ramp
from deepcovid.datasets.phantom.lettering import add_marking
from deepcovid.datasets.phantom.skeleton import make_bone
from deepcovid.datasets.phantom.texture import cloud, wide_blur
from deepcovid.datasets.phantom.tissue import Tissue, make_tissue
from deepcovid.datasets.phantom.vessels import make_vessels
from deepcovid.errors import DeepCovidError
from deepcovid.imaging.lines import add_leads

SOFT = 2.7  # nats through one chest depth of soft tissue, as a film's beam sees it
AIR_IN_LUNG = 0.80  # share of a lung that is air
VESSEL = 0.20  # nats through a large vessel's middle


@dataclass(frozen=True, eq=False)
class Phantom:
    """One phantom film and the truth about it.

    Attributes:
        film: float32 (H, W) in [0, 1], bone bright, air dark.
        lung_mask: bool (H, W); lung behind the heart included, lung behind the diaphragm not.
        lesion_mask: bool (H, W).
        facts: finding, severity, view, sex, age, acquisition and what the finding drew, as plain values.
    """

    film: np.ndarray
    lung_mask: np.ndarray
    lesion_mask: np.ndarray
    facts: dict[str, Any]


def render_phantom(
    *,
    seed: int | np.random.SeedSequence,
    size: int | tuple[int, int] = (256, 256),
    finding: str = "normal",
    severity: float = 0.6,
    view: str = "PA",
    sex: str = "F",
    age: float = 50.0,
    anatomy: Anatomy | None = None,
    acquisition: Acquisition | None = None,
    source: Source | None = None,
) -> Phantom:
    """Draw one frontal chest film that has never been a patient.

    The chest is a sum of smooth path lengths (body, lung, bone, vessels), which Beer–Lambert turns into an exposure;
    scatter, unsharpness, grain, local contrast enhancement and a display window make it a film. The window is chosen
    as if there were no finding, so outside the lungs a finding changes nothing but a little scatter.

    Args:
        seed: the same seed and arguments give the same bits.
        size: side, or (H, W), in pixels; at least 32.
        finding: a name in `FINDINGS`.
        severity: 0 (barely there) to 1 (severe).
        view: "PA" or "AP"; with `acquisition`, its view counts.
        sex: "F" or "M"; with `anatomy`, its sex and age count.
        age: years.
        anatomy: a patient made before, for several films of one patient.
        acquisition: the facts of the exposure; None draws them.
        source: the hospital whose habits colour a drawn acquisition.

    Raises:
        DeepCovidError: a size, severity, view, sex or age that cannot be.
        UnknownNameError: an unknown finding.
    """
    height, width = _checked_size(size)
    if not 0 <= severity <= 1:
        raise DeepCovidError(f"a severity is 0 to 1, not {severity}", mend="give one within")
    streams = np.random.SeedSequence(seed).spawn(5) if isinstance(seed, int | np.integer) else _children(seed)
    if anatomy is None:
        anatomy = sample_anatomy(seed=streams[0], sex=sex, age=age)
    if acquisition is None:
        acquisition = sample_acquisition(np.random.default_rng(streams[1]), view=view, source=source)
    frame = make_frame(anatomy, acquisition, size=(height, width))
    scale = 1 + FINDINGS[finding].heart * severity
    tissue = make_tissue(frame, heart_scale=scale, rng=np.random.default_rng(streams[2]))
    field = lung_field(frame)
    lesion = draw_finding(
        finding, frame=frame, tissue=tissue, field=field, severity=severity, rng=np.random.default_rng(streams[3])
    )
    hidden = _covered(acquisition, frame.shape)
    film = _expose(frame, tissue, field, lesion, np.random.default_rng(streams[4]))
    film = np.where(hidden, np.float32(acquisition.border_value), film)
    film = np.clip(add_marking(film, acquisition), 0, 1).astype(np.float32)
    facts = {
        "finding": finding, "severity": float(severity), "view": acquisition.view, "sex": anatomy.sex,
        "age": anatomy.age, "acquisition": acquisition.to_dict(), **lesion.facts,
    }  # fmt: skip
    return Phantom(film=film, lung_mask=(field > 0) & ~hidden, lesion_mask=lesion.mask & ~hidden, facts=facts)


def _children(seed: np.random.SeedSequence) -> list[np.random.SeedSequence]:
    # a SeedSequence counts its children; a fresh copy makes the same call give the same film
    copy = np.random.SeedSequence(entropy=seed.entropy, spawn_key=seed.spawn_key, pool_size=seed.pool_size)
    return copy.spawn(5)


def _checked_size(size: int | tuple[int, int]) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, int | np.integer) else size
    if min(height, width) < 32:
        raise DeepCovidError(f"a phantom has at least 32 × 32 pixels, not {height} × {width}", mend="ask for more")
    return int(height), int(width)


def _expose(frame: Frame, tissue: Tissue, field: np.ndarray, lesion: Lesion, rng: np.random.Generator) -> np.ndarray:
    """The film of one chest, float32 (H, W)."""
    acquisition = frame.acquisition
    structure = (
        1 + 0.03 * cloud(frame.shape, 0.010 * frame.unit, rng) + 0.02 * cloud(frame.shape, 0.05 * frame.unit, rng)
    )
    air = AIR_IN_LUNG * tissue.lung * np.minimum(structure, 1.25)
    clear = SOFT * (tissue.body - air - tissue.air) + make_bone(frame) * ramp(tissue.body - 0.1, 0.02)
    clear = clear + VESSEL * make_vessels(frame) * np.minimum(tissue.lung / 0.3, 1)
    clear = np.maximum(clear, 0).astype(np.float32)
    added = SOFT * (lesion.fill * air + lesion.solid)
    grain = ndimage.gaussian_filter(rng.standard_normal(frame.shape, dtype=np.float32), 0.55, truncate=2.5)
    usual = _apparent(clear, frame, grain)
    around = _surroundings(usual, frame)
    low, high = _window(usual - around, frame)
    seen = usual
    if np.any(added):
        seen = _apparent((clear + added).astype(np.float32), frame, grain)
        # within the lungs the system sees the finding; elsewhere it acts as if there were none
        around = around + ramp(field, 0.03) * (_surroundings(seen, frame) - around)
    film = _display(seen - around, low, high, acquisition)
    if acquisition.leads:
        film = add_leads(film, acquisition.leads, rng)
    return film


def _apparent(attenuation: np.ndarray, frame: Frame, grain: np.ndarray) -> np.ndarray:
    """Apparent attenuation after scatter, unsharpness and grain."""
    acquisition, width = frame.acquisition, frame.shape[1]
    direct = np.exp(-attenuation)
    scattered = wide_blur(np.minimum(direct, 0.35), 0.18 * frame.unit)
    intensity = (1 - acquisition.scatter) * direct + acquisition.scatter * scattered
    intensity = ndimage.gaussian_filter(intensity, acquisition.blur * width, truncate=3)
    # quantum noise: the relative deviation falls with the root of the dose
    grainy = intensity * (1 + 0.020 * acquisition.noise * grain / np.sqrt(intensity + 0.02))
    return -np.log(np.maximum(grainy, 1e-3))


def _surroundings(seen: np.ndarray, frame: Frame) -> np.ndarray:
    """What digital systems take away so that detail stands out: a share of the large and middle scales."""
    acquisition = frame.acquisition
    small = wide_blur(seen, 0.10 * frame.unit)
    large = wide_blur(small, 0.40 * frame.unit)
    return np.float32(acquisition.equalisation) * large + np.float32(0.35 * acquisition.enhancement) * (
        small - 0.3 * large
    )


def _window(seen: np.ndarray, frame: Frame) -> tuple[float, float]:
    """Grey limits from what lies within the rib cage and just below it, as an exposure index does."""
    chest = (frame.side < 1.0 * frame.wall) & (frame.above > -0.35) & (frame.y > frame.anatomy.apex)
    values = seen[::2, ::2][chest[::2, ::2]]
    low, high = np.percentile(values if values.size else seen, [1.5, 98.5])
    return float(low), float(max(high, low + 0.2))


def _display(seen: np.ndarray, low: float, high: float, acquisition: Acquisition) -> np.ndarray:
    """The characteristic curve: an S between the window's ends, then gamma; float32 in [0, 1]."""
    grey = (seen - low) / (high - low) - 0.5
    grey = np.tanh(1.25 * acquisition.contrast * (grey + 0.35 * acquisition.brightness))
    return ((0.5 + 0.5 * grey / np.tanh(1.25)).clip(0, 1) ** acquisition.gamma).astype(np.float32)


def _covered(acquisition: Acquisition, shape: tuple[int, int]) -> np.ndarray:
    """Where the collimator hides the film, bool (H, W)."""
    if not any(acquisition.border):
        return np.zeros(shape, bool)
    height, width = shape
    angle = np.tan(np.deg2rad(acquisition.border_tilt))
    column = (np.arange(width, dtype=np.float32)[None, :] + 0.5) / width
    row = (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height
    x, y = column + angle * (row - 0.5), row - angle * (column - 0.5)
    left, right, top, bottom = acquisition.border
    sides = [(x, left), (1 - x, right), (y, top), (1 - y, bottom)]
    return np.logical_or.reduce([(place < width_) & (width_ > 0) for place, width_ in sides])
