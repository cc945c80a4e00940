"""Looking at augmentation without training: films as they are and as a recipe varies them, with what was drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.errors import RecipeError
from deepcovid.imaging.draw import Draw
from deepcovid.imaging.readers import read_film
from deepcovid.reporting.content import Film, Tone
from deepcovid.reporting.figures.draws import draw_sheet
from deepcovid.reporting.figures.style import figure_png
from deepcovid.runs.head import OVERSAMPLED, draw_of
from deepcovid.storage import write_bytes
from deepcovid.training.recipe import Recipe

DRAWS = 5  # variants shown beside each film


@dataclass(frozen=True)
class Varied:
    """One film as the network gets it, and variants of it: float32 (h, w) in [0, 1] each."""

    image: str
    film: np.ndarray
    draws: tuple[Draw, ...]
    variants: tuple[np.ndarray, ...]

    def to_dict(self) -> dict[str, Any]:
        """The film's name and every draw, JSON-safe."""
        return {"image": self.image, "draws": [draw.to_dict() | {"words": list(draw.words)} for draw in self.draws]}

    def pictures(self, caption: str, *, tone: Tone = "neutral") -> list[Film]:
        """The film and its variants for a page, what was drawn under each."""
        first = Film(self.film, caption, tone)
        said = [" · ".join(draw.words) or "as it is" for draw in self.draws]
        return [first, *(Film(pixels, words, tone) for pixels, words in zip(self.variants, said, strict=True))]


def vary(pixels: np.ndarray, recipe: Recipe, *, image: str, draws: int = DRAWS) -> Varied:
    """A film and its variants under a recipe: the first that a head trained by it gets, and drawn alike for whole networks.

    Args:
        pixels: float32 (H, W) in [0, 1].
        recipe: with an augmentation.
        image: the film's name in its table, which its draws depend on.
        draws: how many variants.
    """
    film, prepare = recipe.preprocessing.resize_film(pixels), recipe.preprocessing.balance
    start = OVERSAMPLED if recipe.minority_count and not recipe.draws else 0
    drawn = tuple(draw_of(recipe, image=image, number=start + number) for number in range(draws))
    return Varied(image, prepare(film[None])[0], drawn, tuple(prepare(draw.apply(film)[None])[0] for draw in drawn))


def augment(films: Sequence[Path], *, recipe: Recipe, out: Path, draws: int = DRAWS) -> list[Varied]:
    """Write a sheet of films and their variants, a row a film, as PNG.

    Raises:
        RecipeError: the recipe does not vary films.
        ImageError: a film cannot be read.
    """
    if recipe.augmentation.is_identity:
        raise RecipeError(
            f"the recipe {recipe.name} leaves films as they are", mend="give one with a section [augmentation]"
        )
    varied = [vary(read_film(path).pixels, recipe, image=path.name, draws=draws) for path in films]
    pictures = [picture for one in varied for picture in one.pictures(one.image)]
    write_bytes(out, figure_png(draw_sheet(pictures, columns=1 + draws)))
    return varied
