"""A folder of weights for several networks: which of its files is whose."""

from __future__ import annotations

from pathlib import Path

from deepcovid.errors import WeightsError


def weights_within(weights: str, *, recipe: str, network: str) -> str:
    """`weights` itself, or where that is a folder of several the file or detector in it that is named after recipe or network.

    Raises:
        WeightsError: the folder has nothing for this recipe, or several things.
    """
    folder = Path(weights)
    if not folder.is_dir() or (folder / "detector.json").exists():
        return weights
    found = [
        entry
        for entry in sorted(folder.iterdir())
        if entry.stem in {recipe, network} or entry.name.startswith((f"{network}-", f"{network}_"))
    ]
    if len(found) != 1:
        told = ", ".join(entry.name for entry in found) or "nothing"
        raise WeightsError(
            f"for {recipe} the folder has {told}",
            path=folder,
            mend=f"put one file named {network}.safetensors (or the published {network}-….pth) into it",
        )
    return str(found[0])
