"""From films to weights in the package, by the benchmarks' own commands, in small: what is measured, written and refused."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch")

from deepcovid.cli import app
from deepcovid.datasets.phantom import make_phantoms
from deepcovid.models.weights import load_backbone_weights
from deepcovid.models.xray import shipped_weights, xray_networks
from deepcovid.models.zoo import build_network
from deepcovid.storage import read_json, sha256_file, write_json
from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import xray.few
import xray_probe
import xray_scratch
import xray_ship
import xray_shortcuts

SOURCES = ("covid-chestxray", "nih-chestxray14", "covid-chestxray", "nih-chestxray14", "kermany-paediatric")
LABELS = ("covid", "normal", "other", "other", "normal")
SMALL = ("--network", "squeezenet1_1", "--size", "48", "--share", "0.2")

CHEAP = (
    (xray.few, "DRAWS", 2),
    (xray.few, "SAMPLES", 40),
    (xray.areas, "DRAWS", 200),
    (xray.few, "FOLDS", 3),
    (xray.tasks, "FOLDS", 3),
)


def run(script: object, *words: object) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["script", *map(str, words)])
        script.main()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, a pretraining, a network trained with labels, and both files of figures."""
    folder = tmp_path_factory.mktemp("made")
    make_phantoms(folder, patients=130, films_per_patient=(1, 1), size=48, seed=8)
    frame = pd.read_csv(folder / "table.csv")
    place = np.arange(len(frame)) % 5
    frame = frame.assign(source=np.array(SOURCES)[place], label=np.array(LABELS)[place], license="CC BY 4.0", age=40)
    frame["view"] = np.where(place % 3 == 0, "AP", "PA")
    frame.drop(columns=["lung_mask", "lesion_mask"]).to_csv(folder / "table.csv", index=False)
    words = ["pretrain", folder / "table.csv", *SMALL, "--licences", "free", "--steps", "2", "--batch-size", "8"]
    words += ["--phantoms", "8", "--half", "--threads", "1", "--device", "cpu", "--out", folder / "run", "--quiet"]
    done = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert done.exit_code == 0
    command = f"deepcovid pretrain {folder / 'table.csv'} --network squeezenet1_1 --resume --out {folder / 'run'}"
    write_json(folder / "run" / "run.json", read_json(folder / "run" / "run.json") | {"command": command})
    weights = ("--weights", folder / "run" / "weights.safetensors", "--seeds", 2, "--divisions", 1)
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in CHEAP:
            patch.setattr(module, name, value)
        run(xray_scratch, folder / "table.csv", *SMALL, "--epochs", 4, "--rate", 1e-3, "--out", folder / "scratch")
        words = [folder / "table.csv", *weights, *SMALL, "--curve", "--scratch", folder / "scratch"]
        run(xray_probe, *words, "--out", folder / "probe.json")
        words = [folder / "table.csv", *weights, *SMALL, "--supervised", folder / "scratch" / "weights.safetensors"]
        run(xray_shortcuts, *words, "--out", folder / "shortcuts.json")
    return folder


def ship(made: Path, into: Path, *, folder: Path | None = None) -> None:
    words = ["--probe", made / "probe.json", "--shortcuts", made / "shortcuts.json", "--into", into]
    run(xray_ship, folder or made / "run", *words)


def test_what_is_shipped_starts_a_network_and_says_what_was_measured(made: Path, tmp_path: Path) -> None:
    ship(made, tmp_path)
    assert xray_networks(tmp_path) == ["squeezenet1_1"]
    ours = shipped_weights("squeezenet1_1", folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["xray.json", *(one.name for one in ours.files)])
    assert ours.path.name == "squeezenet1_1.safetensors"
    assert ours.preprocessing.size == (48, 48)
    assert sha256_file(ours.path) == sha256_file(made / "run" / "weights.safetensors")
    card, figures = ours.card.read_text(encoding="utf-8"), read_json(ours.figures)
    for told in figures["probe"]["tasks"].values():
        for one in (told["xray"]["auc"], told["from scratch"]["auc"], told["xray"]["few"]["8"]["auc"]):
            assert f"{one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f})" in card
    for told in figures["shortcuts"]["blacked_out"].values():
        assert f"{told['weights']['xray']['chest blacked out']['value']:.3f}" in card
        assert set(told["weights"]) >= {"xray", "supervised", "none, the mean"}
    assert figures["shortcuts"]["sources"]["normal films"]["chance"]["balanced_accuracy"] == 0.5
    assert "`deepcovid pretrain table.csv --network squeezenet1_1 --out run`" in card
    assert "squeezenet1_1.films.csv" in card
    assert str(made) not in card
    assert str(made) not in ours.figures.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("weights", "these are not the weights that run.json names"),
        ("probe", "the probe figures are of 0000, not of this run's"),
        ("size", r"the shortcuts figures are of \['squeezenet1_1', 64"),
        ("licence", "may train nothing that is shipped: 'CC BY-NC'"),
        ("heavy", "1,000 are allowed"),
        ("together", "1,000,000 are allowed"),
        ("unfinished", "not finished"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, said: str
) -> None:
    for name in ("run", "probe.json", "shortcuts.json"):
        (shutil.copytree if (made / name).is_dir() else shutil.copy)(made / name, tmp_path / name)
    if what == "weights":
        (tmp_path / "run" / "weights.safetensors").write_bytes(b"x")
    elif what == "licence":
        listed = pd.read_csv(tmp_path / "run" / "films.csv").assign(license="CC BY-NC")
        listed.to_csv(tmp_path / "run" / "films.csv", index=False)
    elif what in {"heavy", "together"}:
        limits = {"heavy": ("FILE_LIMIT", 1_000), "together": ("ALL_LIMIT", 1_000_000)}
        monkeypatch.setattr(xray_ship, *limits[what])
    else:
        name = {"probe": "probe.json", "size": "shortcuts.json", "unfinished": "run/run.json"}[what]
        change = {"probe": {"weights": {"run": "0000"}}, "size": {"size": 64}, "unfinished": {"status": "running"}}
        write_json(tmp_path / name, read_json(tmp_path / name) | change[what])
    with pytest.raises(SystemExit, match=said):
        ship(tmp_path, tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_films_that_were_learnt_from_are_not_measured_on(made: Path) -> None:
    words = [made / "table.csv", "--weights", made / "run" / "weights.safetensors", *SMALL[:4], "--share", "0.1"]
    with pytest.raises(SystemExit, match=r"was learnt from .* of the films that are measured on"):
        run(xray_probe, *words)
    with pytest.raises(SystemExit, match="was learnt from"):
        run(xray_shortcuts, *words)


def test_no_place_of_a_machine_is_in_a_command() -> None:
    words = ["deepcovid", "pretrain", "/home/me/x/table.csv", "--out=C:\\me\\run", "--resume", "--method", "tasks=0.3"]
    told = xray_ship.without_places(shlex.join(words))
    assert told == "deepcovid pretrain table.csv --out=run --method tasks=0.3"


def test_what_comes_with_deepcovid_differs_from_random_numbers_and_is_free() -> None:
    """Each network that this version ships, whatever it is; together they keep within 25 MB."""
    import torch

    assert sum(shipped_weights(name).path.stat().st_size for name in xray_networks()) <= xray_ship.ALL_LIMIT
    for name in xray_networks():
        ours = shipped_weights(name)
        assert ours.path.stat().st_size <= xray_ship.FILE_LIMIT
        card, figures = ours.card.read_text(encoding="utf-8"), read_json(ours.figures)
        assert ours.sha256 in card
        assert figures["probe"]["weights"] == figures["shortcuts"]["weights"] == {"xray": ours.sha256}
        assert xray_ship.sections(figures) in card
        listed = pd.read_csv(ours.films, keep_default_na=False)
        assert all(map(xray_ship.is_free, listed["license"]))
        assert xray_ship.sha256_json(listed["sha256"].tolist()) in card
        film = torch.rand(1, 1, *ours.preprocessing.size, generator=torch.Generator().manual_seed(1))
        features = []
        for start in ("xray", "none"):
            network = build_network(name, classes=2, preprocessing=ours.preprocessing)
            load_backbone_weights(network, start, seed=0)
            with torch.inference_mode():
                features.append(network.eval().backbone(network.prepare(film)).mean(dim=(2, 3)))
        assert not torch.allclose(*features, rtol=0.1)
