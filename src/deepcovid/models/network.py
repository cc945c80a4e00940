"""The one shape of every network: film → normalise → backbone → feature map → neck → feature vector → head → logits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.architecture import Neck
from deepcovid.models.equalising import equalise_films
from deepcovid.models.heads import LINEAR, HeadShape, dense_layers, head_gradient
from deepcovid.models.outputs import Output, link
from deepcovid.models.weight_files import COUNTER


class FilmNetwork(nn.Module):
    """A network that takes films as they are and does its own resizing and normalising.

    Args:
        name: of its architecture, as registered.
        preprocessing: what happens between the film and the backbone.
        backbone: normalised film (N, C, h, w) → feature map (N, F, h', w').
        neck: "pool" averages the feature map over positions (D = F); "flatten" keeps all values (D = F·h'·w').
        head: D → U raw outputs, of `build_head`.
        shape: what the head is.
        output: how raw outputs become the logits of K classes.
        activation: of the backbone's hidden units, where it was chosen; "" is the paper's.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        name: str,
        *,
        preprocessing: Preprocessing,
        backbone: nn.Module,
        neck: Neck,
        head: nn.Module,
        shape: HeadShape = LINEAR,
        output: Output = "softmax",
        activation: str = "",
    ) -> None:
        super().__init__()
        self.name, self.preprocessing, self.neck = name, preprocessing, neck
        self.backbone, self.head = backbone, head
        self.shape, self.output, self.activation = shape, output, activation
        axes = (1, -1, 1, 1)
        self.register_buffer("mean", torch.tensor(preprocessing.mean, dtype=torch.float32).view(axes), persistent=False)
        self.register_buffer("std", torch.tensor(preprocessing.std, dtype=torch.float32).view(axes), persistent=False)

    @property
    def classes(self) -> int:
        """How many logits there are."""
        return 2 if self.output == "one-sigmoid" else dense_layers(self.head)[-1].out_features

    @property
    def features_in(self) -> int:
        """How many numbers the head receives for a film."""
        return dense_layers(self.head)[0].in_features

    @property
    def is_linear(self) -> bool:
        """Whether the raw outputs are linear in the features, so that one gradient holds for every film."""
        return not self.shape.hidden

    @property
    def target_layer(self) -> nn.Module:
        """The module whose output is the feature map: what Grad-CAM hooks."""
        return self.backbone

    def prepare(self, film: Tensor) -> Tensor:
        """Films (N, 1, H, W) in [0, 1] → normalised (N, C, h, w); antialiased bilinear, exact at the network's size.

        Equal to `Preprocessing.apply` to 1e-5, and exported into the ONNX graph as it stands, for any film size. An
        equalised film of another size than the network's magnifies what the two resizes differ by.

        Raises:
            ValueError: another shape.
        """
        if film.ndim != 4 or film.shape[1] != 1:
            raise ValueError(f"films have the shape (N, 1, H, W), not {tuple(film.shape)}")
        film = fit_films(film, size=self.preprocessing.size, fit=self.preprocessing.fit)
        if self.preprocessing.equalise:
            film = equalise_films(film)
        low, high = self.preprocessing.value_range
        if (low, high) != (0, 1):
            film = film * (high - low) + low
        return (film.expand(-1, self.preprocessing.channels, -1, -1) - self.mean) / self.std

    def gather(self, feature_map: Tensor) -> Tensor:
        """The neck: feature map (N, F, h', w') → features (N, D)."""
        return feature_map.mean(dim=(2, 3)) if self.neck == "pool" else feature_map.flatten(1)

    def features(self, film: Tensor) -> Tensor:
        """Films (N, 1, H, W) in [0, 1] → what the head receives, (N, D)."""
        return self.gather(self.backbone(self.prepare(film)))

    def raw(self, film: Tensor) -> tuple[Tensor, Tensor]:
        """Films (N, 1, H, W) in [0, 1], any height and width → raw outputs (N, U) and feature map (N, F, h', w')."""
        feature_map = self.backbone(self.prepare(film))
        return self.head(self.gather(feature_map)), feature_map

    def forward(self, film: Tensor) -> tuple[Tensor, Tensor]:
        """Films (N, 1, H, W) in [0, 1], any height and width → logits (N, K) and feature map (N, F, h', w')."""
        raw, feature_map = self.raw(film)
        return link(raw, output=self.output), feature_map

    def importance(self, feature_map: Tensor) -> Tensor:
        """Grad-CAM's weight of every map for every class: feature map (N, F, h', w') → (N, K, F), without a gradient.

        Equation 1 of Selvaraju et al. 2017, the mean over positions of the gradient: of the class's raw output, or with
        one sigmoid of the class's log-odds. Dropout is off.
        """
        gradient = head_gradient(self.head, self.gather(feature_map), activation=self.shape.activation)
        if self.output == "one-sigmoid":
            gradient = torch.cat([gradient, -gradient], dim=1)
        maps, height, width = feature_map.shape[1:]
        if self.neck == "pool":
            return gradient / (height * width)
        return gradient.unflatten(2, (maps, height * width)).mean(dim=3)


class ExplainedNetwork(nn.Module):
    """A network that also says how much each map of its feature map counts for each class."""

    def __init__(self, network: FilmNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, film: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Films (N, 1, H, W) → logits (N, K), feature map (N, F, h, w), weights of the maps (N, K, F)."""
        logits, feature_map = self.network(film)
        return logits, feature_map, self.network.importance(feature_map)


def fit_films(film: Tensor, *, size: tuple[int, int], fit: str) -> Tensor:
    """Films (N, 1, H, W) → (N, 1, h, w) by "stretch", "crop" or "pad", as `imaging.resizing` has them.

    Without a branch on the film's size, so that the exporter can leave it open.
    """
    height, width = size
    if fit == "stretch":
        return _resized(film, height, width)
    pick = torch.sym_max if fit == "crop" else torch.sym_min  # one scale for both sides: the larger, or the smaller
    rows, columns = film.shape[2], film.shape[3]
    scaled_rows = torch.sym_max(1, pick(height, (2 * rows * width + columns) // (2 * columns)))
    scaled_columns = torch.sym_max(1, pick(width, (2 * columns * height + rows) // (2 * rows)))
    film = _resized(film, scaled_rows, scaled_columns)
    if fit == "crop":
        film = film.narrow(2, (scaled_rows - height) // 2, height)
        return film.narrow(3, (scaled_columns - width) // 2, width)
    top, left = (height - scaled_rows) // 2, (width - scaled_columns) // 2
    return functional.pad(film, (left, width - scaled_columns - left, top, height - scaled_rows - top))


def _resized(film: Tensor, rows: int, columns: int) -> Tensor:
    return functional.interpolate(film, size=(rows, columns), mode="bilinear", align_corners=False, antialias=True)


def to_tensors(network: nn.Module) -> dict[str, np.ndarray]:
    """The network's whole state as arrays, named as in its state dict; what `storage.write_tensors` takes."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}


def backbone_hash(network: FilmNetwork) -> str:
    """The SHA-256 of the backbone's numbers, names and shapes: equal for equal feature maps, whatever file they came from."""
    return hash_tensors(to_tensors(network.backbone))


def hash_tensors(tensors: Mapping[str, np.ndarray]) -> str:
    """The SHA-256 of named arrays, in order of their names; BatchNorm's tallies are left out."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        if not name.endswith(COUNTER):
            array = np.ascontiguousarray(tensors[name])
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(array.data)
    return digest.hexdigest()
