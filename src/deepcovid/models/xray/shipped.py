"""The files beside this one: `<network>.safetensors`, its card, and `xray.json` with the SHA-256 of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepcovid.errors import DeepCovidError, WeightsError
from deepcovid.storage import read_json, sha256_file

FOLDER = Path(__file__).parent
DESCRIPTION = "xray.json"
FORMAT = 1
OTHERWISE = "make your own with `deepcovid pretrain TABLE`, or take --weights imagenet or --weights PATH"


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """One file of ours.

    Attributes:
        network: whose backbone it holds.
        path, card: the numbers, and what they were made from.
        sha256: of the file.
        size: side of the films that it was learnt from, in pixels.
    """

    network: str
    path: Path
    card: Path
    sha256: str
    size: int


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
        WeightsError: there are none of this network (the message lists those that have some), or the file is missing or altered.
    """
    folder = folder or FOLDER
    told = _described(folder)
    if network not in told:
        raise WeightsError(
            f"there are no xray weights of {network}; {_listed(sorted(told))}",
            mend=OTHERWISE if not told else f"name one of these networks, {OTHERWISE}",
        )
    path, card = folder / f"{network}.safetensors", folder / f"{network}.md"
    absent = [one for one in (path, card) if not one.is_file()]
    if absent:
        raise WeightsError("this file is missing", path=absent[0], mend="install deepcovid again")
    found, wanted = sha256_file(path), told[network]["sha256"]
    if found != wanted:
        raise WeightsError(
            f"the SHA-256 is {found}, but the one that came with deepcovid is {wanted}",
            path=path,
            mend="install deepcovid again",
        )
    return Shipped(network=network, path=path, card=card, sha256=found, size=int(told[network]["size"]))


def _listed(names: list[str]) -> str:
    return f"this version has them of {', '.join(names)}" if names else "this version has none of any network"


def _described(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / DESCRIPTION
    if not path.exists():
        return {}
    try:
        told = read_json(path)
        if told["format"] != FORMAT:
            raise WeightsError(
                f"the format is {told['format']}, not {FORMAT}", path=path, mend="install deepcovid again"
            )
        networks: dict[str, dict[str, Any]] = told["networks"]
        _ = [(one["sha256"], int(one["size"])) for one in networks.values()]
    except WeightsError:
        raise
    except (DeepCovidError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError("this description is damaged", path=path, mend="install deepcovid again") from error
    return networks
