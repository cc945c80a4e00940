"""Test 10 on a real small detector, on maps that cannot change, and on classifiers without maps."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from deepcovid.audit.detector.detector_test import Case
from deepcovid.audit.detector.looks import Looks
from deepcovid.audit.detector.map_places import placed
from deepcovid.audit.detector.map_randomised import (
    Mapped,
    dealt_labels,
    fitted_head,
    mean_over_patients,
    random_backbones,
    random_heads,
    random_labels,
    rank_correlation,
)
from deepcovid.audit.detector.picture import Films
from deepcovid.audit.detector.saliency import Randomised, saliency
from deepcovid.datasets.phantom.population import make_phantoms
from deepcovid.errors import MissingPackageError
from deepcovid.evaluation.intervals import Interval
from deepcovid.explanation.trust import maps_off
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.classifier import DetectorClassifier
from deepcovid.models.detector import Description, Detector, OperatingPoint, write_detector
from deepcovid.progress import Silent
from deepcovid.runs.predict import Wishes, predict
from deepcovid.storage import write_json
from tests.audit.detector.given import given

SMALL = Preprocessing(size=(64, 64), channels=1, mean=(0.5,), std=(0.25,))
RNG = np.random.default_rng(0)


def graph(head: np.ndarray) -> bytes:
    """An ONNX graph of one convolution with a ReLU, whose 12 maps' means a linear head weighs."""
    from onnx import TensorProto, helper, numpy_helper

    filters = np.random.default_rng(1).normal(size=(len(head[0]), 1, 7, 7)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["film", "filters"], ["convolved"], strides=[6, 6]),
        helper.make_node("Relu", ["convolved"], ["feature_map"]),
        helper.make_node("ReduceMean", ["feature_map"], ["features"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["features", "head"], ["logits"]),
    ]
    kept = [numpy_helper.from_array(filters, "filters"), numpy_helper.from_array(head.T.copy(), "head")]
    film = helper.make_tensor_value_info("film", TensorProto.FLOAT, ["n", 1, 64, 64])
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 2]),
        helper.make_tensor_value_info("feature_map", TensorProto.FLOAT, ["n", len(head[0]), 10, 10]),
    ]
    made = helper.make_graph(nodes, "g", [film], outputs, kept)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    data: bytes = model.SerializeToString()
    return data


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    """Random filters under a random head: its maps depend on that head."""
    head = np.random.default_rng(2).normal(size=(2, 12)).astype(np.float32)
    told = Description(
        network="squeezenet1_1",
        neck="pool",
        classes=("not covid", "covid"),
        positive="covid",
        preprocessing=SMALL,
        operating_points=(OperatingPoint(name="default", threshold=0.5, chosen_on="given"),),
    )
    folder = tmp_path_factory.mktemp("run") / "detector"
    return write_detector(folder, description=told, graph=graph(head), weights={"head.weight": head})


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where only the base package is installed."""

    def network(self: Detector) -> None:
        raise MissingPackageError("torch", extra="train", purpose="building a network")

    monkeypatch.setattr(Detector, "network", network)


@pytest.fixture(scope="module")
def case_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Detector], Case]:
    """The case of a detector on 30 phantoms with the table's masks."""
    table = make_phantoms(
        tmp_path_factory.mktemp("films"),
        patients=30,
        films_per_patient=(1, 1),
        size=64,
        labels={"covid": 1, "normal": 1},
    )
    everyone = np.ones(len(table.frame), dtype=bool)

    def made(detector: Detector) -> Case:
        return Case(
            frame=table.frame,
            positive=(table.frame["label"] == "covid").to_numpy(),
            patient=np.arange(len(table.frame)),
            patient_known=everyone,
            tested=everyone,
            trained=~everyone,
            looks=Looks(DetectorClassifier(detector), [table.image_path(name) for name in table.frame["image"]]),
        )

    return made


@pytest.mark.usefixtures("without_torch")
def test_maps_of_a_detector_are_randomised_and_placed(detector: Detector, case_of: Callable[[Detector], Case]) -> None:
    result = saliency(case_of(detector))
    assert result.verdict in {"PASS", "CANNOT TELL"}
    figures = result.figures
    assert -1 <= figures["head"]["low"] < figures["head"]["value"] < figures["head"]["high"] <= 1
    assert figures["backbone"] is None
    assert any("needs torch" in note for note in result.notes)
    assert not figures["map_off"]
    assert figures["places"]["lungs"]["area"]["value"] == pytest.approx(0.3, abs=0.12)
    assert figures["places"]["lesions"]["hits"]["n"] <= 15
    assert "lungs" in result.sentence
    assert isinstance(result.picture, Films)
    assert [film.ndim for _, film in result.picture.films] == [2, 3, 3, 3]
    again = saliency(case_of(detector))
    assert again.figures == figures


def mapped(feature_maps: list[np.ndarray], importance: np.ndarray) -> Mapped:
    return Mapped([], feature_maps, importance, np.arange(len(feature_maps)))


def test_a_map_that_cannot_change_is_found() -> None:
    shape = RNG.random((6, 6))
    alike = [np.stack([(1 + one) * shape for one in RNG.random(8)]) for _ in range(20)]
    found = mean_over_patients(random_heads(mapped(alike, RNG.random(8)), seed=0), np.arange(20))
    assert found.low > 0.99
    told = Randomised(found, Interval(value=0, low=-0.1, high=0.1, method="", n=20), found, None)
    assert told.verdict == "FAIL"


def test_maps_that_are_empty_or_the_same_do_not_pass_for_changed() -> None:
    shape = RNG.random((6, 6))
    loud = np.where(np.arange(8) < 4, 10, 1)  # the head counts these channels; dealt anew it often counts against them
    alike = [np.stack([one * shape for one in loud * (1 + RNG.random(8))]) for _ in range(10)]
    own = mapped(alike, np.where(np.arange(8) < 4, 1.0, -1.0))
    dealt = [own.under(np.random.default_rng(n).permutation(own.importance)) for n in range(20)]
    assert 0.2 < np.mean([maps[0].max() == 0 for maps in dealt]) < 0.8
    assert mean_over_patients(random_heads(own, seed=0), own.patient).low > 0.99
    assert (random_labels(own, [-np.ones(8)]) == 0).all()
    assert np.isnan(random_heads(mapped([np.zeros((8, 6, 6))] * 4, own.importance), seed=0)).all()


def test_a_map_of_its_own_channels_changes() -> None:
    apart = [RNG.random((16, 8, 8)) * (RNG.random((16, 8, 8)) < 0.2) for _ in range(20)]
    found = mean_over_patients(random_heads(mapped(apart, RNG.normal(size=16)), seed=0), np.arange(20))
    assert found.high < 0.5
    assert Randomised(found, found, found, None).verdict == "PASS"
    assert Randomised(found, replace(found, high=0.6), found, None).verdict == "CANNOT TELL"


def test_a_random_backbone_gives_another_map_and_random_layers_are_dealt_not_drawn() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    body = torch.nn.Sequential(torch.nn.Conv2d(1, 12, 7, stride=6), torch.nn.ReLU())
    before = np.sort(body[0].weight.detach().numpy().ravel())
    network = SimpleNamespace(backbone=body, prepare=lambda film: film)
    films = [RNG.random((64, 64), dtype=np.float32) for _ in range(8)]
    with torch.no_grad():
        maps = [body(torch.from_numpy(film)[None, None])[0].numpy() for film in films]
    own = Mapped(films, maps, RNG.normal(size=12).astype(np.float32), np.arange(8))
    detector = SimpleNamespace(network=lambda: network, preprocessing=SMALL)
    found = random_backbones(detector, own, seed=0)  # type: ignore[arg-type]
    assert found is not None
    assert abs(found.mean()) < 0.4
    assert np.array_equal(np.sort(body[0].weight.detach().numpy().ravel()), before)


def test_a_head_of_dealt_labels_looks_elsewhere_than_one_of_true_labels() -> None:
    positive, patient = np.arange(200) % 2 == 0, np.arange(200)
    features = RNG.random((200, 12)).astype(np.float32)
    features[:, 3] += positive
    true = fitted_head(features, positive)
    assert int(np.argmax(true)) == 3
    dealt = [fitted_head(features, dealt_labels(positive, patient, rng=np.random.default_rng(n))) for n in range(5)]
    films = [RNG.random((12, 7, 7)) for _ in range(10)]
    own = mapped(films, true)
    assert random_labels(own, [true]) == pytest.approx(np.ones(10))
    assert random_labels(own, dealt).mean() < 0.5


def test_labels_are_dealt_to_patients() -> None:
    patient = np.repeat(np.arange(30), 3)
    dealt = dealt_labels(patient < 10, patient, rng=np.random.default_rng(0))
    assert dealt.sum() == 30
    assert all(len(set(dealt[patient == one])) == 1 for one in range(30))
    assert not np.array_equal(dealt, patient < 10)


def test_the_rank_correlation_is_spearmans() -> None:
    first, second = RNG.random((7, 7)).round(1), RNG.random((7, 7)).round(1)
    assert rank_correlation(first, second) == pytest.approx(spearmanr(first.ravel(), second.ravel()).statistic)
    assert np.isnan(rank_correlation(np.zeros((3, 3)), first[:3, :3]))
    assert np.isnan(rank_correlation(first, np.zeros((7, 7))))


def test_shares_and_points_against_masks() -> None:
    mask = np.zeros((20, 20), bool)
    mask[:10] = True
    inside, level = np.zeros((20, 20)), np.ones((20, 20))
    inside[3, 4] = 1
    found = placed([inside, inside, level, inside], [mask, mask, mask, None], np.arange(4))
    assert found is not None
    assert found.share.value == pytest.approx((1 + 1 + 0.5) / 3)
    assert found.area.value == pytest.approx(0.5)
    assert found.excess.value == pytest.approx(1 / 3)
    assert (found.hits.value, found.hits.n) == (1.0, 3)
    assert found.usual.value == 1.0
    assert placed([inside], [mask], np.arange(1)) is None


def test_means_are_over_patients() -> None:
    told = mean_over_patients(np.array([0.0, 1.0, 0.2, 0.4]), np.array([0, 0, 1, 2]))
    assert told.value == pytest.approx((0.5 + 0.2 + 0.4) / 3)
    assert (told.n, told.unit) == (3, "patient")


def test_a_classifier_without_maps_cannot_tell() -> None:
    result = saliency(given(np.arange(40) % 2 == 0, features=np.zeros((40, 2))))
    assert result.verdict == "CANNOT TELL"
    assert "no heat map" in result.sentence


class Heard(Silent):
    """Keeps what it was warned of."""

    def __init__(self) -> None:
        self.warned: list[str] = []

    def warn(self, sentence: str) -> None:
        self.warned.append(sentence)


@pytest.mark.parametrize("place", ["run", "beside"])
def test_predict_draws_no_map_that_the_audit_switched_off(detector: Detector, place: str, tmp_path: Path) -> None:
    own = Detector.load(shutil.copytree(detector.folder, tmp_path / "detector"))
    where = tmp_path / "audit.json" if place == "run" else tmp_path / "detector.audit" / "audit.json"
    film = make_phantoms(tmp_path / "films", patients=1, films_per_patient=(1, 1), size=64)
    path = film.image_path(film.frame["image"].iloc[0])
    wishes = Wishes(heatmaps=tmp_path / "heat", gate=False)
    told = {"detector": own.hash, "tests": [{"test": "saliency", "verdict": "FAIL", "sentence": "Maps do not change."}]}
    for audit, drawn in ((None, True), (told | {"detector": "another"}, True), (told, False)):
        if audit is not None:
            write_json(where, audit)
        heard = Heard()
        found = predict(own, path, wishes=wishes, progress=heard)
        assert (found.done[0].heatmap is not None) == drawn
        assert (maps_off(own) == "") == drawn
        assert any("Maps do not change." in sentence for sentence in heard.warned) != drawn
    assert pd.isna(found.done[0].heatmap)
