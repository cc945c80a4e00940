"""What the backbones that torchvision builds have in common: their licence, published checkpoints, three channels."""

from __future__ import annotations

from deepcovid.errors import RecipeError
from deepcovid.models.architecture import PublishedWeights

LICENCE = "BSD-3-Clause (torchvision)"


def published(enum: str, file: str, *, sha256: str, prefix: str, dropped: str) -> PublishedWeights:
    """Torchvision's checkpoint `file`.

    The first 8 digits of `sha256` stand in torchvision's file name. The full digests are those that several public
    projects pin for the same files; where only the 8 digits are given, no second source was found.
    """
    return PublishedWeights(
        enum=enum,
        url=f"https://download.pytorch.org/models/{file}",
        sha256=sha256,
        prefix=prefix,
        dropped=(dropped,),
    )


def require_three_channels(name: str, *, channels: int) -> None:
    """Refuse a film of other channels than the published weights have.

    Raises:
        RecipeError: there are not three.
    """
    if channels != 3:
        raise RecipeError(
            f"{name} takes 3 channels, but the preprocessing has channels = {channels}",
            mend="set preprocessing.channels = 3, with three means and standard deviations",
        )
