"""Published weights on this machine: fetched once, verified by SHA-256, kept as safetensors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from deepcovid.datasets.download import download, is_web_address
from deepcovid.errors import DeepCovidError, FetchError, WeightsError
from deepcovid.models.architecture import Architecture, PublishedWeights
from deepcovid.models.weight_files import BACKBONE, COUNTER, fit_to_network, read_weights
from deepcovid.models.xray import xray_networks
from deepcovid.models.zoo import architecture, backbone_shapes, network_names
from deepcovid.progress import Progress, Silent
from deepcovid.storage import cache_dir, lock, read_json, sha256_file, write_json, write_tensors

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class CachedWeights:
    """Published weights that are at hand.

    Attributes:
        name: the network's.
        path: of the safetensors file, with the names of our backbone.
        sha256: of the file that they were converted from.
        source: the address or path that this file came from.
        verified: whether that digest is the published one.
    """

    name: str
    path: Path
    sha256: str
    source: str
    verified: bool


@dataclass(frozen=True, kw_only=True)
class WeightsRow:
    """One line of `deepcovid weights list`: published weights, and whether they are at hand."""

    name: str
    cached: bool
    path: Path | None
    sha256: str
    megabytes: float | None
    licence: str
    url: str


def list_weights() -> list[WeightsRow]:
    """All published weights that the registered networks can use, by name; the cached ones were hashed anew."""
    rows = []
    for name in network_names():
        published = architecture(name).weights
        if published is None:
            continue
        held = cached(name)
        rows.append(
            WeightsRow(
                name=name,
                cached=held is not None,
                path=held.path if held else None,
                sha256=held.sha256 if held else published.sha256,
                megabytes=round(held.path.stat().st_size / 1e6, 1) if held else None,
                licence=published.licence,
                url=published.url,
            )
        )
    return rows


def cached(name: str) -> CachedWeights | None:
    """The verified weights of a network on this machine; None where there are none, or they were damaged."""
    path, note = _places(name)
    if not path.is_file() or not note.is_file():
        return None
    try:
        facts: dict[str, Any] = read_json(note)
        whole = facts["format"] == FORMAT and facts["content_sha256"] == sha256_file(path)
        kept = CachedWeights(
            name=name, path=path, sha256=facts["sha256"], source=facts["source"], verified=facts["verified"]
        )
    except (DeepCovidError, KeyError, TypeError):
        return None
    return kept if whole else None


def ways_out(name: str) -> str:
    """What to do when the published weights of a network cannot be had: the ways, as one imperative."""
    published = _published(architecture(name))
    ways = [
        "run again with a network connection",
        f"or bring {published.file} here and run `deepcovid weights fetch {name} --from DIR_OR_URL`",
        *_ours(name),
        "or give your own file with `--weights PATH`",
    ]
    return f"take one of {'four' if len(ways) > 3 else 'three'} ways: {'; '.join(ways)}"


def _ours(name: str) -> list[str]:
    """The way out that comes with deepcovid, where this version has weights of its own of the network."""
    if name not in xray_networks():
        return []
    return ["or take `--weights xray`, which comes with deepcovid and has learnt from chest films"]


def fetch(name: str, *, source: Path | str | None = None, progress: Progress | None = None) -> CachedWeights:
    """Have a network's published weights at hand: from the cache, or else fetched, verified and converted.

    Args:
        name: of a registered network.
        source: a folder with the published file or a safetensors file, one of these files, a base address or the
            address of a file; absent, the cache and then the publisher's address.
        progress: told what happens, and shows a bar.

    Raises:
        WeightsError: there are none published, they cannot be had, or they are not what was published.
        RunError: another process is fetching the same weights.
    """
    known, progress = architecture(name), progress or Silent()
    published = _published(known)
    if source is None and (held := cached(name)) is not None:
        return held
    path, _ = _places(name)
    with lock(path.parent):
        if source is None and not published.sha256:
            raise WeightsError(
                f"the weights of {name} ({published.enum}) are published without a SHA-256, and a file that cannot be "
                "checked is not fetched",
                mend=f"download {published.url} and give it with `--weights PATH`",
            )
        if path.exists() and cached(name) is None:
            progress.warn(f"{path}: the cached weights of {name} are damaged; they are fetched again")
        origin, file = _brought(name, published, source, progress)
        kept = _convert(known, file, origin)
    if file.is_relative_to(path.parent):
        file.unlink()
    return kept


def _published(known: Architecture) -> PublishedWeights:
    if known.weights is None:
        raise WeightsError(
            f"no ImageNet weights of {known.name} are published",
            mend="; ".join(
                [
                    "train it from scratch with `--weights none`",
                    *_ours(known.name),
                    "or give your own file with `--weights PATH`",
                ]
            ),
        )
    return known.weights


def _places(name: str) -> tuple[Path, Path]:
    folder = cache_dir() / "weights" / name
    return folder / "backbone.safetensors", folder / "backbone.json"


def _brought(name: str, published: PublishedWeights, source: Path | str | None, progress: Progress) -> tuple[str, Path]:
    """Where the file came from, and where it lies now."""
    text = str(source) if source is not None else published.url
    if not is_web_address(text):
        file = _local_file(name, published, text)
        return str(file), file
    url = text if text.endswith((".pth", ".safetensors")) else f"{text.rstrip('/')}/{published.file}"
    target = _places(name)[0].parent / url.rpartition("/")[2]
    digest = published.sha256 if url.endswith(".pth") else ""
    progress.say(f"fetching the ImageNet weights of {name} from {url}")
    try:
        download(url, target=target, sha256=digest, mend=ways_out(name), progress=progress)
    except FetchError as error:
        raise WeightsError(error.problem, mend=error.mend) from error
    return url, target


def _local_file(name: str, published: PublishedWeights, text: str) -> Path:
    place = Path(unquote(urlsplit(text).path) if text.startswith("file:") else text).expanduser()
    if place.is_file():
        return place
    wanted = [published.file, f"{Path(published.file).stem}.safetensors", f"{name}.safetensors"]
    found = next((place / file for file in wanted if (place / file).is_file()), None)
    if found is None:
        state = "holds none of" if place.is_dir() else "is no folder, file or address; wanted is one with"
        raise WeightsError(f"this {state}: {', '.join(wanted)}", path=place, mend=ways_out(name))
    return found


def _convert(known: Architecture, file: Path, origin: str) -> CachedWeights:
    weights = read_weights(file)
    digest = _published(known).sha256
    verified = bool(digest) and weights.sha256.startswith(digest)
    if file.suffix != ".safetensors" and not verified and digest:
        raise WeightsError(
            f"the SHA-256 is {weights.sha256}, but the published file's begins with {digest}",
            path=file,
            mend=ways_out(known.name),
        )
    fitted = fit_to_network(weights, known, backbone_shapes(known.name))
    path, note = _places(known.name)
    numbers = {f"{BACKBONE}{name}": array for name, array in fitted.backbone.items() if not name.endswith(COUNTER)}
    write_tensors(path, numbers, metadata={"network": known.name, "source": origin, "sha256": weights.sha256})
    facts = {"format": FORMAT, "network": known.name, "source": origin, "sha256": weights.sha256, "verified": verified}
    write_json(note, facts | {"content_sha256": sha256_file(path)})
    return CachedWeights(name=known.name, path=path, sha256=weights.sha256, source=origin, verified=verified)
