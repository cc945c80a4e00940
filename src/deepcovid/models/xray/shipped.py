"""The files beside this one, four a network (weights, card, films, figures), and `xray.json` with what a program asks of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepcovid.errors import DeepCovidError, WeightsError
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.storage import read_json, sha256_file

FOLDER = Path(__file__).parent
DESCRIPTION = "xray.json"
FORMAT = 1
AGAIN = "install deepcovid again"
OTHERWISE = "make your own with `deepcovid pretrain TABLE`, or take --weights imagenet or --weights PATH"


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """One file of ours.

    Attributes:
        network: whose backbone it holds.
        path: of the numbers.
        sha256: of that file.
        preprocessing: of the films that it was learnt from.
    """

    network: str
    path: Path
    sha256: str
    preprocessing: Preprocessing

    @property
    def card(self) -> Path:
        """What the numbers were made from, and what was measured."""
        return self.path.with_suffix(".md")

    @property
    def films(self) -> Path:
        """The films that were learnt from, by the SHA-256 of their files, with source and licence."""
        return self.path.with_suffix(".films.csv")

    @property
    def figures(self) -> Path:
        """What was measured, as JSON."""
        return self.path.with_suffix(".figures.json")

    @property
    def files(self) -> tuple[Path, ...]:
        """All four."""
        return (self.path, self.card, self.films, self.figures)


def file_name(network: str) -> str:
    """What a network's weights are called here; "timm:NAME" has a letter that Windows allows in no file name."""
    return re.sub(r"[^\w.-]", "-", network) + ".safetensors"


def xray_networks(folder: Path | None = None) -> list[str]:
    """The networks that have weights of ours in this version, sorted; none where no file comes with it.

    Raises:
        WeightsError: the description is damaged or of another format.
    """
    return sorted(_described(folder or FOLDER))


def shipped_weights(network: str, *, folder: Path | None = None) -> Shipped:
    """Our weights of a network, their SHA-256 checked.

    Args:
        network: of the registry.
        folder: where they lie; default: this package.

    Raises:
        WeightsError: there are none of this network (the message lists those that have some), or a file is missing or altered.
    """
    folder = folder or FOLDER
    told = _described(folder)
    if network not in told:
        raise WeightsError(
            f"there are no xray weights of {network}; {_listed(sorted(told))}",
            mend=OTHERWISE if not told else f"name one of these networks, {OTHERWISE}",
        )
    ours = told[network]
    absent = [one for one in ours.files if not one.is_file()]
    if absent:
        raise WeightsError("this file is missing", path=absent[0], mend=AGAIN)
    found = sha256_file(ours.path)
    if found != ours.sha256:
        raise WeightsError(
            f"the SHA-256 is {found}, but the one that came with deepcovid is {ours.sha256}", path=ours.path, mend=AGAIN
        )
    return ours


def _listed(names: list[str]) -> str:
    return f"this version has them of {', '.join(names)}" if names else "this version has none of any network"


def _described(folder: Path) -> dict[str, Shipped]:
    path = folder / DESCRIPTION
    if not path.exists():
        return {}
    try:
        told = read_json(path)
        if told["format"] != FORMAT:
            raise WeightsError(f"the format is {told['format']}, not {FORMAT}", path=path, mend=AGAIN)
        networks: dict[str, dict[str, Any]] = told["networks"]
        return {name: _one(name, facts, folder) for name, facts in networks.items()}
    except WeightsError:
        raise
    except (DeepCovidError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError("this description is damaged", path=path, mend=AGAIN) from error


def _one(network: str, facts: dict[str, Any], folder: Path) -> Shipped:
    return Shipped(
        network=network,
        path=folder / file_name(network),
        sha256=facts["sha256"],
        preprocessing=Preprocessing.from_dict(facts["preprocessing"]),
    )
