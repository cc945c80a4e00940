from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from deepcovid.errors import ImageError
from deepcovid.features.store import FeatureStore, Request
from deepcovid.imaging.augmentation import Augmentation


class Counting:
    """Computes an array from a file's bytes and counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def __call__(self, path: Path, draws: Sequence[object]) -> list[np.ndarray]:
        self.asked.append((path.name, len(draws)))
        if path.read_bytes() == b"broken":
            raise ImageError("this is broken", path=path, mend="mend it")
        base = float(len(path.read_bytes()))
        return [np.full((2, 3), base + (draw is not None), dtype=np.float32) for draw in draws]


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.bin" for name in "abc"]
    for size, path in enumerate(paths, 1):
        path.write_bytes(b"x" * size)
    return paths


def test_nothing_is_computed_twice_and_films_are_opened_once(films: list[Path], tmp_path: Path) -> None:
    draw = Augmentation(flip=1.0).sample(0)
    requests = [Request(films[0]), Request(films[0], draw), Request(films[1]), Request(films[0])]
    compute = Counting()
    store = FeatureStore({"kind": "test"}, folder=tmp_path / "store")
    kept = store.ensure(requests, compute=compute, workers=2)
    assert sorted(compute.asked) == [("a.bin", 2), ("b.bin", 1)]
    assert (kept.computed, kept.reused) == (3, 0)
    np.testing.assert_array_equal(store.stacked([key for key in kept.keys if key])[:, 0, 0], [1, 2, 2, 1])
    again = FeatureStore({"kind": "test"}, folder=tmp_path / "store").ensure(requests, compute=compute)
    assert len(compute.asked) == 2
    assert (again.computed, again.reused, again.keys) == (0, 3, kept.keys)


def test_a_copy_under_another_name_is_the_same_film(films: list[Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy.bin"
    copy.write_bytes(films[0].read_bytes())
    compute = Counting()
    kept = FeatureStore({}, folder=tmp_path / "s").ensure([Request(films[0]), Request(copy)], compute=compute)
    assert kept.keys[0] == kept.keys[1]
    assert len(compute.asked) == 1


def test_another_space_shares_nothing(films: list[Path], tmp_path: Path) -> None:
    compute = Counting()
    for threads in (1, 2):
        FeatureStore({"threads": threads}, folder=tmp_path / "s").ensure([Request(films[0])], compute=compute)
    assert len(compute.asked) == 2


def test_bad_films_are_listed_and_the_others_go_on(films: list[Path], tmp_path: Path) -> None:
    films[1].write_bytes(b"broken")
    gone = tmp_path / "gone.bin"
    store = FeatureStore({}, folder=tmp_path / "s")
    kept = store.ensure([Request(path) for path in [films[0], films[1], gone, films[2]]], compute=Counting())
    assert [key is None for key in kept.keys] == [False, True, True, False]
    assert "broken" in kept.failures[films[1]]
    assert "check the path" in kept.failures[gone]
    assert kept.computed == 2


def test_two_broken_films_of_the_same_bytes_are_both_listed(films: list[Path], tmp_path: Path) -> None:
    twin = tmp_path / "twin.bin"
    for path in (films[1], twin):
        path.write_bytes(b"broken")
    store = FeatureStore({}, folder=tmp_path / "s")
    kept = store.ensure([Request(path) for path in [*films, twin]], compute=Counting())
    assert [key is None for key in kept.keys] == [False, True, False, True]
    assert set(kept.failures) == {films[1], twin}
    assert kept.failures[twin].startswith(str(twin))


def test_what_was_finished_before_a_failure_is_kept(films: list[Path], tmp_path: Path) -> None:
    class Dying(Counting):
        def __call__(self, path: Path, draws: Sequence[object]) -> list[np.ndarray]:
            if path.name == "c.bin":
                raise KeyboardInterrupt
            return super().__call__(path, draws)

    store = FeatureStore({}, folder=tmp_path / "s")
    with pytest.raises(KeyboardInterrupt):
        store.ensure([Request(path) for path in films], compute=Dying())
    kept = store.ensure([Request(path) for path in films], compute=Counting())
    assert (kept.computed, kept.reused) == (1, 2)
