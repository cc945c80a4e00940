"""What many tests share: a cache of their own, small tables of drawn films, the real films where they are at hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.web import WebServer

ROOT = Path(__file__).resolve().parents[1]
FILMS = ROOT.parent / "shared" / "data" / "cxr-512"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills the user's cache."""
    monkeypatch.setenv("DEEPCOVID_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("DEEPCOVID_DEBUG", raising=False)


@pytest.fixture(scope="session")
def real_films() -> Path:
    """The folder of the real films."""
    if not (FILMS / "table.csv").exists():
        pytest.skip("the real films are not at hand (../shared/data/cxr-512)")
    return FILMS


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """A local web server; nothing waits between two tries."""
    monkeypatch.setattr("deepcovid.datasets.download.PAUSE", 0.0)
    server = WebServer()
    yield server
    server.stop()


def draw_film(rng: np.random.Generator, *, positive: bool, side: int = 48) -> np.ndarray:
    """uint8 (side, side): noise, with a bright blob in the lower half for positive films."""
    film = rng.normal(90, 18, (side, side))
    if positive:
        y, x = np.mgrid[:side, :side]
        cy, cx = rng.uniform(0.55, 0.8, 2) * side
        film += 90 * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * (side / 8) ** 2))
    return np.clip(film, 0, 255).astype(np.uint8)


def make_table(folder: Path, *, patients: int = 36, seed: int = 0, separate_sources: bool = False) -> Path:
    """A table of drawn films, two a patient, labels covid, normal and other; returns its path."""
    rng = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for patient in range(patients):
        label = ("covid", "normal", "other")[patient % 3]
        source = ("north", "south")[patient // 3 % 2]
        if separate_sources:
            source = "north" if label == "covid" else "south"
        for film in range(2):
            name = f"images/p{patient:03d}-{film}.png"
            Image.fromarray(draw_film(rng, positive=label == "covid")).save(folder / name)
            rows.append({"image": name, "label": label, "patient": f"p{patient:03d}", "source": source, "view": "PA"})
    path = folder / "table.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def drawn_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of a table of 72 drawn films; not to be written to."""
    return make_table(tmp_path_factory.mktemp("drawn"))


@pytest.fixture
def tiny_recipe(tmp_path: Path) -> Path:
    """A recipe that trains DarkCovidNet on 48 px films in a few seconds."""
    path = tmp_path / "tiny.toml"
    path.write_text(
        'title = "tiny"\nnetwork = "darkcovidnet"\ntrainable = "all"\nweights = "none"\nepochs = 3\nbatch_size = 16\n'
        'keep = "best"\n[optimiser]\nlearning_rate = 3e-3\n[preprocessing]\nsize = [48, 48]\n'
        "mean = [0.485, 0.456, 0.406]\nstd = [0.229, 0.224, 0.225]\n"
    )
    return path


@pytest.fixture
def tiny_head_recipe(tmp_path: Path) -> Path:
    """A recipe that trains the head of a SqueezeNet on 64 px films."""
    path = tmp_path / "tiny-head.toml"
    path.write_text(
        'title = "tiny head"\nnetwork = "squeezenet1_1"\ntrainable = "head"\nweights = "none"\nepochs = 20\n'
        "batch_size = 8\nminority_count = 30\n[optimiser]\nlearning_rate = 1e-2\n[preprocessing]\nsize = [64, 64]\n"
        "mean = [0.485, 0.456, 0.406]\nstd = [0.229, 0.224, 0.225]\n[augmentation]\nflip = 0.5\nrotation = [-10.0, 20.0]\n"
    )
    return path
