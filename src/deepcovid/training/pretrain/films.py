"""The films of a pretraining in memory, and the batches that are drawn from them by seed, step and place alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcovid.training.loop import epoch_seed
from deepcovid.training.pretrain.targets import Targets
from deepcovid.training.pretrain.varying import Variation, vary

if TYPE_CHECKING:
    import lightning_fabric

    from deepcovid.training.pretrain.method import Batch

UNKNOWN = -1  # in `dense_row`


@dataclass(frozen=True, eq=False)
class Films:
    """Real films and phantoms at the network's size.

    Attributes:
        pixels: uint8 (N, h, w), the phantoms last.
        targets: what is told of them.
        dense: bool (P, 2, h, w), the phantoms' lungs and lesions.
    """

    pixels: np.ndarray
    targets: Targets
    dense: np.ndarray

    @property
    def real(self) -> int:
        """How many are no phantoms."""
        return len(self.pixels) - len(self.dense)


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """How batches are drawn.

    Attributes:
        batch_size: films a step.
        phantom_share: share of phantoms in a batch; with none, or no real films, the batch is of the others.
        views: ways to see each film.
        variation: by which films are moved and their greys changed.
        seed: of everything.
    """

    batch_size: int
    phantom_share: float
    views: int
    variation: Variation
    seed: int


def chosen(films: Films, drawing: Drawing, *, step: int) -> np.ndarray:
    """The films of a step, int (batch_size,): real ones and phantoms in their shares, none twice where there are enough."""
    rng = np.random.default_rng(epoch_seed(drawing.seed, step, 1))
    drawn = _phantoms_a_batch(films, drawing)
    parts = []
    for first, count, wanted in (
        (0, films.real, drawing.batch_size - drawn),
        (films.real, len(films.dense), drawn),
    ):
        if wanted:
            parts.append(first + rng.choice(count, wanted, replace=count < wanted))
    return np.concatenate(parts)


def _phantoms_a_batch(films: Films, drawing: Drawing) -> int:
    if not len(films.dense):
        return 0
    return round(drawing.phantom_share * drawing.batch_size) if films.real else drawing.batch_size


Place = tuple[int, int, int]  # a film's index, the step, its place in the step


class _Varied:
    """A map-style data set over places: each film in all its views, with everything that is told of it."""

    def __init__(self, films: Films, drawing: Drawing) -> None:
        self.films, self.drawing = films, drawing

    def __getitem__(self, place: Place) -> dict[str, np.ndarray]:
        index, step, slot = place
        film = self.films.pixels[index].astype(np.float32) / np.float32(255)
        seeds = (epoch_seed(self.drawing.seed, step, 2, slot, view) for view in range(self.drawing.views))
        views = [vary(film, variation=self.drawing.variation, seed=seed) for seed in seeds]
        told = self.films.targets
        row = {
            "shown": np.stack([view.shown for view in views])[:, None],
            "clean": np.stack([view.clean for view in views])[:, None],
            "told": told.told[index],
            "age": told.age[index],
        }
        if index < self.films.real:
            return row | {"dense": np.full((len(views), 2, *film.shape), np.nan, np.float32)}
        masks = self.films.dense[index - self.films.real]
        return row | {"dense": np.stack([np.stack([view.mask(mask) for mask in masks]) for view in views])}


def batches(
    films: Films, drawing: Drawing, *, steps: range, fabric: lightning_fabric.Fabric, loaders: int = 0
) -> Iterator[Batch]:
    """The batches of some steps on the device; every process takes each world_size-th film of a step."""
    import torch

    places = [
        [(int(index), step, slot) for slot, index in enumerate(chosen(films, drawing, step=step))][
            fabric.global_rank :: fabric.world_size
        ]
        for step in steps
    ]
    loader: Any = torch.utils.data.DataLoader(_Varied(films, drawing), batch_sampler=places, num_workers=loaders)
    for batch in loader:
        yield {name: tensor.to(fabric.device) for name, tensor in batch.items()}
