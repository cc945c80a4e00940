"""Heat maps after what made them was made random: do they change? (Adebayo et al. 2018, Sanity Checks for Saliency Maps)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepcovid.errors import DeepCovidError
from deepcovid.evaluation.intervals import IMAGE, PATIENT, Interval
from deepcovid.explanation.cam import grad_cam, linear_importance
from deepcovid.models.architecture import Neck
from deepcovid.models.detector import Detector

HEADS = 20  # random heads
DEALS = 10  # of the labels
FILMS_OF_BACKBONES = 24  # films that a random backbone sees


@dataclass(frozen=True, eq=False)
class Mapped:
    """Films, their feature maps, and how much each map counts.

    Attributes:
        films: float32 (H, W), of each.
        feature_maps: float32 (F, h, w), of each.
        importance: (F,) for the positive class.
        patient: int (N,).
    """

    films: Sequence[np.ndarray]
    feature_maps: Sequence[np.ndarray]
    importance: np.ndarray
    patient: np.ndarray

    @property
    def maps(self) -> list[np.ndarray]:
        """The detector's own maps, float32 (h, w) of each film."""
        return self.under(self.importance)

    def under(self, importance: np.ndarray) -> list[np.ndarray]:
        """The maps under other weights (F,)."""
        return [grad_cam(one, importance=importance) for one in self.feature_maps]


def positive_importance(detector: Detector, *, neck: Neck, shape: tuple[int, int, int]) -> np.ndarray:
    """How much each map of a shape (F, h, w) counts for the positive class behind a linear head, (F,)."""
    weight, output = detector.head_weight, detector.description.output
    return linear_importance(weight, target=detector.positive_index, neck=neck, shape=shape, output=output)


def random_heads(mapped: Mapped, *, seed: int) -> np.ndarray:
    """Rank correlations, float (N,), of each film's map with its maps under the head's weights dealt anew, their mean."""
    rng = np.random.default_rng(seed)
    others = [mapped.under(rng.permutation(mapped.importance)) for _ in range(HEADS)]
    return _alike(mapped.maps, others)


def random_labels(mapped: Mapped, heads: Sequence[np.ndarray]) -> np.ndarray:
    """The same with maps under heads (F,) that were fitted to labels dealt at random."""
    return _alike(mapped.maps, [mapped.under(head) for head in heads])


def fitted_head(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """A logistic head's weights (F,) on features (N, F), C = 0.01 after standardising, for the positives."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    mean, spread = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-3)
    with threadpool_limits(limits=1):
        model = LogisticRegression(C=0.01, max_iter=300).fit((features - mean) / spread, labels)
    weights: np.ndarray = (model.coef_[0] / spread).astype(np.float32)
    return weights


def dealt_labels(positive: np.ndarray, patient: np.ndarray, *, rng: np.random.Generator) -> np.ndarray:
    """Labels dealt at random to patients, as many positive ones as there were: bool (N,).

    A patient counts as positive where any of the films is.
    """
    codes = np.unique(patient, return_inverse=True)[1]
    mine = np.bincount(codes, weights=positive) > 0
    return np.asarray(rng.permutation(mine)[codes])


def random_backbones(detector: Detector, mapped: Mapped, *, seed: int) -> np.ndarray | None:
    """The same with maps of the network whose backbone's weights were dealt anew within each layer; None without torch.

    Of the first films only.
    """
    try:
        network = detector.network()
    except DeepCovidError:
        return None
    import torch

    generator = torch.Generator().manual_seed(seed)
    maps = []
    with torch.inference_mode():
        for weights in network.backbone.parameters():
            if weights.ndim > 1:
                dealt = torch.randperm(weights.numel(), generator=generator)
                weights.copy_(weights.flatten()[dealt].reshape(weights.shape))
        for film in mapped.films[:FILMS_OF_BACKBONES]:
            small = torch.from_numpy(detector.preprocessing.resize_film(film))[None, None]
            feature_map = network.backbone(network.prepare(small))[0].numpy()
            maps.append(grad_cam(np.nan_to_num(feature_map), importance=mapped.importance))
    return _alike(mapped.maps[: len(maps)], [maps])


def mean_over_patients(values: np.ndarray, patient: np.ndarray) -> Interval:
    """The mean over patients of their films' mean, with Student's interval."""
    from scipy.special import stdtrit

    known = np.isfinite(values)
    codes = np.unique(patient[known], return_inverse=True)[1]
    unit = PATIENT if known.any() and codes.max() + 1 < known.sum() else IMAGE
    if not known.any():
        return Interval(value=None, low=-1.0, high=1.0, method="no film has a map", n=0, unit=unit)
    means = np.bincount(codes, weights=values[known]) / np.bincount(codes)
    n, mean = len(means), float(means.mean())
    if n < 2:
        return Interval(value=mean, low=-1.0, high=1.0, method="no interval: one patient", n=n, unit=unit)
    half = float(stdtrit(n - 1, 0.975) * means.std(ddof=1) / np.sqrt(n))
    return Interval(
        value=mean, low=max(mean - half, -1.0), high=min(mean + half, 1.0), method="Student's t", n=n, unit=unit
    )


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's, of two maps; NaN where one of them is of one value."""
    from scipy.stats import rankdata

    ranks = [rankdata(one.ravel()) for one in (first, second)]
    spread = [float(one.std()) for one in ranks]
    if min(spread) == 0:
        return float("nan")
    centred = [one - one.mean() for one in ranks]
    return float((centred[0] * centred[1]).mean() / (spread[0] * spread[1]))


def _alike(maps: Sequence[np.ndarray], others: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Each map's mean correlation with its others; NaN where it is empty itself.

    Empty others are left out, or maps that are either empty or the same would pass for half changed; 0 where all others are.
    """
    means = []
    for place, own in enumerate(maps):
        found = np.array([rank_correlation(own, other[place]) for other in others])
        known = found[np.isfinite(found)]
        means.append(np.nan if np.ptp(own) == 0 else known.mean() if len(known) else 0.0)
    return np.array(means)
