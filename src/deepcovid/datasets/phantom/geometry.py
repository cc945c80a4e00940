"""The chest's coordinates on a film: from pixels to chest units and back, with the outlines everything hangs on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepcovid.datasets.phantom.acquisition import Acquisition
from deepcovid.datasets.phantom.anatomy import Anatomy

CENTRE_Y = -0.06  # the y, in chest units, that stands at the film's centre


def ramp(distance: np.ndarray, width: float) -> np.ndarray:
    """0 → 1 as `distance` goes from below to above zero: a smooth step over ± 2.5 `width`."""
    t = np.clip(distance * (0.2 / width) + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


def blob(x: np.ndarray, y: np.ndarray, centre: tuple[float, float], radii: tuple[float, float]) -> np.ndarray:
    """A Gaussian hill of height 1."""
    return np.exp(-0.5 * (((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2))


@dataclass(frozen=True, eq=False)
class Frame:
    """Where every pixel of one film lies in one patient's chest. All arrays are float32 (H, W), in chest units.

    Attributes:
        x, y: the place of each pixel; x > 0 is the patient's left, on the film's right.
        side: |x|.
        left: 1 on the patient's left, else 0.
        wall: inner half width of the chest at this height.
        dome: y of the diaphragm at this x.
        above: height over the diaphragm.
    """

    anatomy: Anatomy
    acquisition: Acquisition
    x: np.ndarray
    y: np.ndarray
    side: np.ndarray
    left: np.ndarray
    wall: np.ndarray
    dome: np.ndarray
    above: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)"""
        return self.x.shape[0], self.x.shape[1]

    def to_pixels(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of places in the chest, without the patient's slow warp (at most 0.03 units)."""
        height, width = self.shape
        cos, sin, scale_x, scale_y = _affine(self.acquisition, self.shape)
        u, v = x * scale_x, (y - CENTRE_Y) * scale_y
        column = cos * u - sin * v + width * (0.5 + self.acquisition.shift[0])
        row = sin * u + cos * v + height * (0.5 + self.acquisition.shift[1])
        return row, column

    @property
    def unit(self) -> float:
        """Pixels per chest unit."""
        return self.acquisition.zoom * self.shape[1]


def make_frame(anatomy: Anatomy, acquisition: Acquisition, *, size: tuple[int, int]) -> Frame:
    """Lay the chest of `anatomy` on a film of `size` (H, W) as `acquisition` says."""
    x, y = _chest_coordinates(anatomy, acquisition, size)
    side = np.abs(x)
    left = (x > 0).astype(np.float32)
    dome = _dome(anatomy, acquisition, side, left)
    wall = _wall(anatomy, y)
    return Frame(anatomy, acquisition, x, y, side, left, wall, dome, dome - y)


def lung_field(frame: Frame) -> np.ndarray:
    """Signed distance-like map (H, W), positive within the lungs as radiologists outline them.

    The outline runs along the inner chest wall, the domes, the apex and the edge of the spine and great vessels; lung
    behind the heart belongs to it, lung behind the domes does not (so the hand-drawn V7 masks have it).
    """
    anatomy = frame.anatomy
    climb = np.clip((frame.y - anatomy.apex) / 0.30, 0, 1)
    # the inner edge leaves the spine at the top, towards the apex
    inner = anatomy.medial + (anatomy.apex_x - anatomy.medial) * (1 - np.sqrt(1 - (1 - climb) ** 2))
    inner = inner + 0.035 * ramp(-0.2 - frame.y, 0.1) * frame.left
    return np.minimum.reduce([0.985 * frame.wall - frame.side, frame.side - inner, frame.above, frame.y - anatomy.apex])


def _affine(acquisition: Acquisition, shape: tuple[int, int]) -> tuple[float, float, float, float]:
    """cosine, sine, and pixels per chest unit across and down."""
    angle = np.deg2rad(acquisition.rotation)
    scale = acquisition.zoom * shape[1]
    return float(np.cos(angle)), float(np.sin(angle)), scale, scale / acquisition.stretch


def _chest_coordinates(
    anatomy: Anatomy, acquisition: Acquisition, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    height, width = size
    cos, sin, scale_x, scale_y = _affine(acquisition, size)
    column = np.arange(width, dtype=np.float32)[None, :] + 0.5 - width * (0.5 + acquisition.shift[0])
    row = np.arange(height, dtype=np.float32)[:, None] + 0.5 - height * (0.5 + acquisition.shift[1])
    x = (cos * column + sin * row) / np.float32(scale_x)
    y = (-sin * column + cos * row) / np.float32(scale_y) + np.float32(CENTRE_Y)
    waves = [np.sin(f * x + g * y + p) for _, _, f, g, p, _ in anatomy.warp]
    x_new, y_new = x, y
    for (across, down, *_), wave in zip(anatomy.warp, waves, strict=True):
        x_new, y_new = x_new + across * wave, y_new + down * wave
    return x_new.astype(np.float32), y_new.astype(np.float32)


def _wall(anatomy: Anatomy, y: np.ndarray) -> np.ndarray:
    """Inner half width of the chest: apex_x at the top, 1 at its widest, base_width at the bottom."""
    climb = np.clip((y - anatomy.apex) / (0.35 - anatomy.apex), 0, 1)
    wide = anatomy.apex_x + (1 - anatomy.apex_x) * (1 - (1 - climb) ** anatomy.shoulder) ** (1 / 1.55)
    return wide - (1 - anatomy.base_width) * np.clip(y - 0.2, 0, None)


def breath(acquisition: Acquisition) -> float:
    """By how much the diaphragm stands lower than at a usual full breath, in chest units."""
    return 0.28 * (acquisition.inspiration - 0.8) - (0.03 if acquisition.view == "AP" else 0.0)


def _dome(anatomy: Anatomy, acquisition: Acquisition, side: np.ndarray, left: np.ndarray) -> np.ndarray:
    """y of the diaphragm: highest at dome_peak, falling steeply to the ribs and gently to the heart."""
    peak = anatomy.dome_peak
    outer = np.clip((side - peak) / (1 - peak), 0, 1.4)
    inner = np.clip((peak - side) / peak, 0, 1)
    height = anatomy.dome + breath(acquisition) + left * np.float32(anatomy.dome_gap)
    return height + anatomy.dome_drop * outer**2.4 + 0.09 * inner**2
