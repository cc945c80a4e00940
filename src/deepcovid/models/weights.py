"""Which numbers a network starts from: `--weights imagenet|xray|none|PATH`, and a record of it for the run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from deepcovid.errors import WeightsError
from deepcovid.imaging.preprocessing import IMAGENET, Preprocessing
from deepcovid.models.heads import build_head, dense_layers
from deepcovid.models.weight_cache import (
    CachedWeights,
    WeightsRow,
    cached,
    fetch,
    list_weights,
    ways_out,
)
from deepcovid.models.weight_files import FittedWeights, WeightFile, fit_to_network, read_weights
from deepcovid.models.zoo import architecture, build_network
from deepcovid.progress import Progress

if TYPE_CHECKING:
    from deepcovid.models.network import FilmNetwork

__all__ = [
    "CachedWeights",
    "WeightsRow",
    "WeightsUsed",
    "cached",
    "fetch",
    "list_weights",
    "load_backbone_weights",
    "require_trained_backbone",
    "ways_out",
]

PUBLISHED, XRAY, RANDOM = "imagenet", "xray", "none"


@dataclass(frozen=True, kw_only=True)
class WeightsUsed:
    """What a network started from, for the run file.

    Attributes:
        name: as asked for: "imagenet", "xray", "none" or the path.
        sha256: of the file that the numbers came from; None for random numbers.
        source: where that file came from, or the seed.
        sentence: all of this for the reader, with what was left out.
        random: whether the backbone is untrained.
        head_loaded: whether the head came from the file too; otherwise it is random, from the seed.
        listed: the list of the films that the numbers were learnt from, where one stands beside them.
        caution: what must be said where these films are of patients that are measured on; else empty.
    """

    name: str
    sha256: str | None
    source: str
    sentence: str
    random: bool
    head_loaded: bool
    listed: Path | None = None
    caution: str = ""

    @property
    def is_file(self) -> bool:
        """Whether the numbers are of a file that was given, of which nothing else is known."""
        return self.name not in (RANDOM, PUBLISHED, XRAY)

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON-able values."""
        return {name: value for name, value in asdict(self).items() if name != "listed"}


def require_trained_backbone(weights: str, *, trainable: Literal["head", "all"] | int, allow_random: bool) -> None:
    """Refuse to train a head, or a few blocks, on a frozen backbone of random numbers.

    Raises:
        WeightsError: `weights` is "none", some of the backbone stays frozen, and random numbers were not allowed.
    """
    if weights == RANDOM and trainable != "all" and not allow_random:
        raise WeightsError(
            f"--weights none leaves the frozen backbone at random numbers (trainable is {trainable!r}), "
            "so that nothing of it was ever learned",
            mend='give --weights imagenet, --weights xray or --weights PATH, train the whole network (trainable = "all"), '
            "or say that you mean it with --allow-random-backbone",
        )


def load_backbone_weights(
    network: FilmNetwork,
    weights: str | Path,
    *,
    seed: int,
    allow_random: bool = True,
    progress: Progress | None = None,
) -> WeightsUsed:
    """Give `network` the numbers that it starts from, in place; same file and seed, same bits.

    Args:
        network: of the zoo.
        weights: "imagenet" (from the cache, else fetched), "xray" (ours, which come with deepcovid), "none" (random), or the
            path of a file or detector folder.
        seed: of the random numbers: all of them for "none", else those of a head that the file does not hold.
        allow_random: False refuses "none".
        progress: told of downloads; the record's sentence is for the caller to say.

    Raises:
        WeightsError: the weights cannot be had, are damaged, or belong to another network; never goes on at random.
    """
    if str(weights) == RANDOM:
        if not allow_random:
            require_trained_backbone(RANDOM, trainable="head", allow_random=False)
        return _load_random(network, seed)
    if str(weights) == PUBLISHED:
        return _load_imagenet(network, seed, progress)
    if str(weights) == XRAY:
        return _load_xray(network, seed)
    return _load_file(network, Path(weights).expanduser(), seed)


def _load_random(network: FilmNetwork, seed: int) -> WeightsUsed:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = build_network(
            network.name,
            classes=network.classes,
            neck=network.neck,
            preprocessing=network.preprocessing,
            head=network.shape,
            output=network.output,
            activation=network.activation,
        )
    network.load_state_dict(fresh.state_dict())
    return WeightsUsed(
        name=RANDOM,
        sha256=None,
        source=f"seed {seed}",
        sentence=f"The backbone of {network.name} starts from random numbers (seed {seed}): "
        "it has learned nothing before this training.",
        random=True,
        head_loaded=False,
    )


def _load_imagenet(network: FilmNetwork, seed: int, progress: Progress | None) -> WeightsUsed:
    held = fetch(network.name, progress=progress)
    _apply(network, _fitted(network, read_weights(held.path)), seed)
    known = "the published file" if held.verified else "not the published file, taken as given"
    given, learned = network.preprocessing, architecture(network.name).preprocessing
    same = (given.mean, given.std, given.value_range) == (learned.mean, learned.std, learned.value_range)
    other = "" if same else f" They were learned with {_normalisation(learned)}; films come otherwise here."
    return WeightsUsed(
        name=PUBLISHED,
        sha256=held.sha256,
        source=held.source,
        sentence=f"The backbone of {network.name} starts from ImageNet weights "
        f"({held.source}, SHA-256 {held.sha256}: {known}); the head from random numbers (seed {seed}).{other}",
        random=False,
        head_loaded=False,
    )


def _load_xray(network: FilmNetwork, seed: int) -> WeightsUsed:
    from deepcovid.models.xray import shipped_weights

    ours = shipped_weights(network.name)
    _apply(network, _fitted(network, read_weights(ours.path)), seed)
    return WeightsUsed(
        name=XRAY,
        sha256=ours.sha256,
        source=f"deepcovid: {ours.path.name}",
        sentence=f"The backbone of {network.name} starts from deepcovid's own weights, learnt from chest films (SHA-256 "
        f"{ours.sha256}; what they were made from is in {ours.card.name}); the head from random numbers (seed {seed})."
        f"{_otherwise(network.preprocessing, learned=ours.preprocessing)}",
        random=False,
        head_loaded=False,
        listed=ours.films,
    )


def _otherwise(given: Preprocessing, *, learned: Preprocessing) -> str:
    """A sentence, with a space before it, where films come otherwise than weights of ours saw them; else nothing."""
    height, width = learned.size
    parts = [f"from films of {height} × {width} pixels"] if given.size != learned.size else []
    if (given.mean, given.std, given.value_range) != (learned.mean, learned.std, learned.value_range):
        parts.append(f"with {_normalisation(learned)}")
    for name in ("fit", "equalise"):
        if getattr(given, name) != getattr(learned, name):
            parts.append(f"with {name} = {getattr(learned, name)}")
    return f" They were learnt {', '.join(parts)}; films come otherwise here." if parts else ""


def _normalisation(learned: Preprocessing) -> str:
    if (learned.mean, learned.std) == (IMAGENET.mean, IMAGENET.std):
        return "ImageNet's mean and standard deviation"
    return f"mean {list(learned.mean)} and standard deviation {list(learned.std)}"


def _load_file(network: FilmNetwork, path: Path, seed: int) -> WeightsUsed:
    file = read_weights(path)
    fitted = _fitted(network, file)
    loaded = _apply(network, fitted, seed)
    head = "the head too" if loaded else f"the head from random numbers (seed {seed}), {_why_no_head(network, fitted)}"
    sentence = f"The backbone of {network.name} starts from {file.path.name} (SHA-256 {file.sha256}); {head}."
    return WeightsUsed(
        name=str(path),
        sha256=file.sha256,
        source=str(file.path),
        sentence=sentence,
        random=False,
        head_loaded=loaded,
        listed=_list_beside(file.path),
    )


def _list_beside(path: Path) -> Path | None:
    """The list that `deepcovid pretrain` writes beside weights; a table of that name without hashes is something else."""
    for listed in (path.with_suffix(".films.csv"), path.parent / "films.csv"):
        if listed.is_file():
            with listed.open("rb") as file:
                if b"sha256" in file.readline(1000):
                    return listed
    return None


def _fitted(network: FilmNetwork, file: WeightFile) -> FittedWeights:
    shapes = {name: tuple(tensor.shape) for name, tensor in network.backbone.state_dict().items()}
    return fit_to_network(file, architecture(network.name), shapes)


def _apply(network: FilmNetwork, fitted: FittedWeights, seed: int) -> bool:
    """Load the backbone, and the head where it fits (else from the seed); whether the head was loaded."""
    import torch

    network.backbone.load_state_dict(
        {name: torch.tensor(array) for name, array in fitted.backbone.items()}, strict=False
    )
    head = {name: torch.tensor(array) for name, array in fitted.head.items()}
    fits = {name: tensor.shape for name, tensor in head.items()} == {
        name: tensor.shape for name, tensor in network.head.state_dict().items()
    }
    if not fits:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            outputs = dense_layers(network.head)[-1].out_features
            head = build_head(network.features_in, units=outputs, shape=network.shape).state_dict()
    network.head.load_state_dict(head)
    return fits


def _why_no_head(network: FilmNetwork, fitted: FittedWeights) -> str:
    if fitted.left_out:
        return f"since the file's are of another task ({', '.join(fitted.left_out[:2])}, …)"
    if fitted.head:
        there = {name: tuple(array.shape) for name, array in fitted.head.items() if array.ndim > 1}
        here = {name: tuple(tensor.shape) for name, tensor in network.head.state_dict().items() if tensor.ndim > 1}
        return f"since the file's is {_shapes(there)}, not {_shapes(here)}"
    return "since the file holds none"


def _shapes(weights: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(str(shape) for shape in weights.values())
