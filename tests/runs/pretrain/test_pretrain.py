"""`deepcovid pretrain`: a killed run resumed is the run unbroken, bit for bit; what is written; who is kept apart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")

from deepcovid.cli import app  # noqa: E402
from deepcovid.datasets.patient_hash import patient_shares  # noqa: E402
from deepcovid.datasets.phantom import make_phantoms  # noqa: E402
from deepcovid.datasets.table import load_table  # noqa: E402
from deepcovid.errors import RunError, TableError  # noqa: E402
from deepcovid.imaging.readers import film_hash  # noqa: E402
from deepcovid.models.weights import load_backbone_weights  # noqa: E402
from deepcovid.models.zoo import build_network  # noqa: E402
from deepcovid.progress import Silent  # noqa: E402
from deepcovid.runs.pretrain import Pretrained, pretrain  # noqa: E402
from deepcovid.runs.pretrain.card import card_of  # noqa: E402
from deepcovid.runs.settings import Settings  # noqa: E402
from deepcovid.storage import sha256_file  # noqa: E402
from deepcovid.training.pretrain import loop  # noqa: E402
from deepcovid.training.pretrain.plan import Plan  # noqa: E402
from tests.conftest import ROOT  # noqa: E402

# with BatchNorm in the backbone and in a projector, whose statistics must be resumed too
PLAN = Plan(
    network="darkcovidnet", methods=(("tasks", 1.0), ("vicreg", 0.5)), size=48, steps=5, every=2, batch_size=6,
    phantoms=8, share=0.6, licences="free",
)  # fmt: skip
ONE = Settings(device="cpu", threads=1, workers=1)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of 60 patients' films, some of a licence that forbids."""
    folder = tmp_path_factory.mktemp("films")
    table = make_phantoms(folder, patients=60, films_per_patient=(1, 2), size=48, seed=4)
    licence = np.where(np.arange(len(table.frame)) % 5 == 0, "CC BY-NC", "CC BY 4.0")
    pd.read_csv(folder / "table.csv").assign(license=licence).to_csv(folder / "table.csv", index=False)
    return folder / "table.csv"


@pytest.fixture(scope="module")
def unbroken(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Pretrained:
    return pretrain(load_table(films), plan=PLAN, out=tmp_path_factory.mktemp("run") / "a", settings=ONE)


@pytest.mark.parametrize("steps", [1, 3])
def test_a_killed_run_resumed_is_the_run_unbroken(
    films: Path, unbroken: Pretrained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    done = []

    def killed(*things: object) -> None:
        done.append(things)
        if len(done) > steps:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "_require_finite", killed)
        with pytest.raises(KeyboardInterrupt):
            pretrain(load_table(films), plan=PLAN, out=tmp_path / "b", settings=ONE)
    assert (tmp_path / "b" / "checkpoint" / "last.safetensors").exists() == (steps > 2)
    resumed = pretrain(
        load_table(films),
        plan=PLAN,
        out=tmp_path / "b",
        settings=Settings(device="cpu", threads=1, workers=1, resume=True),
    )
    assert sha256_file(resumed.weights) == sha256_file(unbroken.weights)
    assert resumed.record["history"] == unbroken.record["history"]
    assert resumed.record["probes"] == unbroken.record["probes"]


def test_what_is_learnt_from_is_permitted_of_the_share_and_listed(films: Path, unbroken: Pretrained) -> None:
    frame = pd.read_csv(films)
    chosen = (frame["license"] == "CC BY 4.0") & (patient_shares(frame, purpose="pretraining") < 0.6)
    listed = pd.read_csv(unbroken.folder / "films.csv")
    assert listed["sha256"].tolist() == sorted(film_hash(films.parent / image) for image in frame["image"][chosen])
    told = unbroken.record["material"]
    assert told["films"] == chosen.sum()
    assert told["patients"] == frame["patient"][chosen].nunique()
    assert told["kept_for_measuring"] == ((frame["license"] == "CC BY 4.0") & ~chosen).sum()
    card = (unbroken.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert unbroken.record["list_hash"] in card
    assert "They were asked of all films." in card
    others = unbroken.record | {"plan": unbroken.record["plan"] | {"methods": {"phantoms": 1.0}}}
    assert "no label of a real film was learnt from" in card_of(others)
    assert sha256_file(unbroken.weights) in card
    assert not any(patient in card for patient in frame["patient"])


def test_the_weights_start_a_network_and_have_moved(unbroken: Pretrained) -> None:
    network = build_network("darkcovidnet", classes=2, size=(48, 48))
    load_backbone_weights(network, "none", seed=0)
    before = {name: tensor.clone() for name, tensor in network.backbone.state_dict().items()}
    used = load_backbone_weights(network, unbroken.weights, seed=0)
    assert used.sha256 == unbroken.record["sha256"]
    assert all(
        not torch.equal(tensor, before[name])
        for name, tensor in network.backbone.state_dict().items()
        if name.endswith("weight") and tensor.ndim == 4
    )
    assert [row["step"] for row in unbroken.record["history"]] == [2, 4, 5]
    assert set(unbroken.record["probes"]["after"]) >= {"view AP"}


def test_a_run_of_other_settings_is_not_gone_on_with(films: Path, unbroken: Pretrained) -> None:
    other = Plan(**(vars(PLAN) | {"seed": 1}))
    with pytest.raises(RunError, match="seed was 0 and is now 1"):
        pretrain(load_table(films), plan=other, out=unbroken.folder, settings=Settings(threads=1, resume=True))
    with pytest.raises(RunError, match="no run to resume"):
        pretrain(load_table(films), plan=PLAN, out=unbroken.folder / "none", settings=Settings(resume=True))


def test_a_share_without_patients_is_refused(films: Path, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="share 1e-06"):
        pretrain(load_table(films), plan=Plan(**(vars(PLAN) | {"share": 1e-6})), out=tmp_path / "c", settings=ONE)


def test_the_command_learns_from_pixels_alone_and_keeps_half_the_bytes(films: Path, tmp_path: Path) -> None:
    (films.parent / "bare.csv").write_text("image\n" + "\n".join(pd.read_csv(films)["image"][:12]) + "\n")
    words = ["pretrain", str(films.parent / "bare.csv"), "--network", "squeezenet1_1", "--size", "48", "--steps", "1"]
    words += ["--method", "simsiam=0.5", "--method", "restoration", "--phantoms", "0", "--batch-size", "4", "--half"]
    words += ["--threads", "1", "--device", "cpu", "--out", str(tmp_path / "out"), "--quiet", "--json"]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    told = json.loads(done.stdout)
    assert told["bytes"] < 1_500_000
    assert told["probes"]["after"] == {}
    assert "tells neither view" in (tmp_path / "out" / "MODEL_CARD.md").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "pretrain.md").read_text(encoding="utf-8")
    assert all(f"`{key}`" in page for key in told["history"][0])


@pytest.mark.parametrize(("phantoms", "said"), [(6, "learns from phantoms alone"), (0, "has nothing to learn from")])
def test_a_table_that_tells_nothing_is_learnt_from_and_that_is_said(
    films: Path, tmp_path: Path, phantoms: int, said: str
) -> None:
    bare = films.parent / f"bare-{phantoms}.csv"
    pd.read_csv(films)[["image", "patient"]].to_csv(bare, index=False)
    heard: list[str] = []

    class Listening(Silent):
        def say(self, sentence: str) -> None:
            heard.append(sentence)

    methods = (("tasks", 1.0), ("restoration", 1.0))
    plan = Plan(network="darkcovidnet", methods=methods, size=48, steps=1, batch_size=6, phantoms=phantoms)
    table = load_table(bare, required_labels=False)
    done = pretrain(table, plan=plan, out=tmp_path / "run", settings=ONE, progress=Listening())
    assert any(said in sentence for sentence in heard)
    assert done.record["history"][0]["restoration_loss"] > 0
    assert done.record["probes"]["after"] == {}
    assert done.record["machine"]["device"] == "cpu"
