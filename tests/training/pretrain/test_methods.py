"""The losses of the methods: their papers' formulas, masks, and what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from deepcovid.training.pretrain import METHODS  # noqa: E402
from deepcovid.training.pretrain.method import Seen, Surroundings  # noqa: E402
from deepcovid.training.pretrain.methods.restoration import standardised  # noqa: E402
from deepcovid.training.pretrain.methods.simsiam import apart  # noqa: E402
from deepcovid.training.pretrain.methods.tasks import age_loss, dense_loss, told_loss  # noqa: E402
from deepcovid.training.pretrain.methods.vicreg import vicreg_loss  # noqa: E402

AROUND = Surroundings(maps=16, grid=(4, 4), size=(64, 64), told=("view AP", "abnormal"))


def _batch(films: int = 6) -> tuple[Seen, dict[str, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    maps = [torch.rand(films, 16, 4, 4, generator=generator, requires_grad=True) for _ in range(2)]
    batch = {
        "clean": torch.rand(films, 2, 1, 64, 64, generator=generator),
        "told": torch.tensor([[1.0, np.nan]] * (films // 2) + [[0.0, 1.0]] * (films - films // 2)),
        "age": torch.tensor([0.5] * (films - 1) + [np.nan]),
        "dense": torch.rand(films, 2, 2, 64, 64, generator=generator),
    }
    batch["dense"][0] = np.nan
    return Seen(maps=maps, features=[one.mean(dim=(2, 3)) for one in maps]), batch


@pytest.mark.parametrize("name", METHODS.names())
def test_every_method_moves_what_the_backbone_says(name: str) -> None:
    torch.manual_seed(0)
    seen, batch = _batch()
    module = METHODS[name].build(AROUND).train()
    loss = module(seen, batch)
    loss.backward()
    assert torch.isfinite(loss)
    assert 0.05 < loss.item() < 20
    moved = [one.grad is not None and bool((one.grad != 0).any()) for one in seen.maps]
    assert moved[0]
    assert moved[1] or METHODS[name].views == 1
    assert "arXiv" in METHODS[name].paper or "(19" in METHODS[name].paper


def test_vicreg_is_equation_6() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(8, 5)), rng.normal(size=(8, 5))
    wanted = 25 * ((first - second) ** 2).mean()
    for one in (first, second):
        wanted += 25 / 2 * np.maximum(1 - np.sqrt(one.var(axis=0, ddof=1) + 1e-4), 0).mean()
        matrix = np.cov(one.T)
        wanted += (matrix**2).sum() / 5 - (np.diag(matrix) ** 2).sum() / 5
    assert vicreg_loss(torch.from_numpy(first), torch.from_numpy(second)).item() == pytest.approx(wanted)
    same = torch.ones(8, 5)
    assert vicreg_loss(same, same).item() == pytest.approx(25 * (1 - 0.01))  # collapsed: only the variance counts


def test_simsiam_moves_the_prediction_only() -> None:
    one, other = torch.rand(4, 3, requires_grad=True), torch.rand(4, 3, requires_grad=True)
    apart(one, other).backward()
    assert one.grad is not None
    assert other.grad is None
    assert apart(one, one * 3).item() == pytest.approx(-1)


def test_unknown_targets_count_for_nothing() -> None:
    logits = torch.tensor([[2.0, -1.0, 5.0], [-1.0, 3.0, 5.0]])
    told = torch.tensor([[1.0, np.nan, np.nan], [0.0, 1.0, np.nan]])
    ce = torch.nn.functional.binary_cross_entropy_with_logits
    first = (ce(logits[0, 0], told[0, 0]) + ce(logits[1, 0], told[1, 0])) / 2
    assert told_loss(logits, told).item() == pytest.approx(((first + ce(logits[1, 1], told[1, 1])) / 2).item())
    assert told_loss(logits, torch.full((2, 3), np.nan)).item() == 0
    assert told_loss(torch.zeros(2, 0), torch.zeros(2, 0)).item() == 0
    assert age_loss(torch.tensor([0.0, 9.0]), torch.tensor([0.5, np.nan])).item() == 0


def test_phantoms_learns_nothing_of_real_films() -> None:
    torch.manual_seed(0)
    seen, batch = _batch()
    batch["dense"][:3] = np.nan  # real films: where lung and lesion are is told of phantoms alone
    METHODS["phantoms"].build(AROUND)(seen, batch).backward()
    moved = (seen.maps[0].grad != 0).flatten(1).any(dim=1)
    assert moved.tolist() == [False] * 3 + [True] * 3


def test_places_are_told_as_shares_of_the_pixels_under_them() -> None:
    dense = torch.zeros(2, 2, 8, 8)
    dense[0, 0, :4] = 1
    dense[1] = np.nan
    right = torch.full((2, 2, 2, 2), -20.0)
    right[0, 0, 0] = 20.0
    assert dense_loss(right, dense).item() < 1e-6
    assert dense_loss(-right, dense).item() > 5


def test_exposure_is_nothing_to_restore() -> None:
    film = torch.rand(3, 1, 16, 16)
    assert torch.allclose(standardised(film * 0.5 + 0.2), standardised(film), atol=0.05)
