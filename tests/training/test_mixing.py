from __future__ import annotations

import pytest

from deepcovid.training.mixing import build_mixer
from deepcovid.training.recipe import Mixing

torch = pytest.importorskip("torch")


def films() -> tuple[object, object]:
    return torch.rand(6, 1, 16, 16), torch.tensor([0, 1, 2, 0, 1, 2])


def test_nothing_is_mixed_unless_asked() -> None:
    assert build_mixer(Mixing(), classes=2) is None


def test_mixup_is_one_share_for_films_and_targets() -> None:
    """Zhang et al. 2018, equation 1: λ x + (1 − λ) x′, and the same λ for the targets."""
    pixels, targets = films()
    mixer = build_mixer(Mixing(mixup=0.4), classes=3)
    assert mixer is not None
    torch.manual_seed(0)
    mixed, shares = mixer(pixels.clone(), targets)  # type: ignore[attr-defined]
    own = torch.nn.functional.one_hot(targets, 3).float()  # type: ignore[arg-type]
    other = own.roll(1, 0)
    share = ((shares - other) / (own - other))[own != other]
    assert torch.allclose(share, share[0].expand_as(share), atol=1e-5)
    expected = share[0] * pixels + (1 - share[0]) * pixels.roll(1, 0)  # type: ignore[attr-defined]
    torch.testing.assert_close(mixed, expected)


def test_cutmix_takes_a_box_and_its_share_of_the_area() -> None:
    """Yun et al. 2019, equations 1 and 2: targets share as the box shares the area."""
    pixels, targets = films()
    mixer = build_mixer(Mixing(cutmix=1.0), classes=3)
    assert mixer is not None
    torch.manual_seed(3)
    mixed, shares = mixer(pixels.clone(), targets)  # type: ignore[attr-defined]
    from_other = (mixed != pixels)[:, 0]
    assert torch.equal(mixed[:, 0][from_other], pixels.roll(1, 0)[:, 0][from_other])  # type: ignore[attr-defined]
    own = shares[torch.arange(6), targets]
    torch.testing.assert_close(1 - from_other.float().mean((1, 2)), own, atol=1e-6, rtol=0)


def test_the_same_seed_mixes_the_same() -> None:
    mixer = build_mixer(Mixing(mixup=0.2, cutmix=1.0), classes=3)
    assert mixer is not None
    pixels, targets = films()
    results = []
    for _ in range(2):
        torch.manual_seed(11)
        results.append(mixer(pixels.clone(), targets))  # type: ignore[attr-defined]
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])
