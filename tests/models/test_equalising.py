from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from deepcovid.errors import DetectorError, RecipeError
from deepcovid.imaging.preprocessing import Preprocessing

torch = pytest.importorskip("torch")


def network(fit: str) -> object:
    """A network that shows what it is given: its feature map is the prepared film."""
    from deepcovid.models.network import FilmNetwork

    shown = Preprocessing(size=(64, 56), mean=(0.25,), std=(0.5,), channels=1, fit=fit, equalise=True)
    head = torch.nn.Linear(64 * 56, 2)
    return FilmNetwork("x", preprocessing=shown, backbone=torch.nn.Identity(), neck="flatten", head=head).eval()


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_numpy_torch_and_the_graph_see_the_same_film(fit: str) -> None:
    from deepcovid.export.onnx import export_network
    from deepcovid.models.engine import open_session

    shown = network(fit)
    session = open_session(export_network(shown))
    rng = np.random.default_rng(0)
    for shape in ((64, 56), (130, 77), (300, 260), (20, 300)):
        film = rng.beta(2, 3, shape).astype(np.float32)
        ready = shown.preprocessing.resize_film(film)
        ours = shown.preprocessing.apply(film)
        with torch.no_grad():
            theirs = [shown.prepare(torch.from_numpy(f)[None, None])[0].numpy() for f in (ready, film)]
        graphs = [session.run(["feature_map"], {"film": f[None, None]})[0][0] for f in (ready, film)]
        assert np.abs(ours - theirs[0]).max() < 1e-5, "resized once, as every prediction does"
        assert np.abs(ours - graphs[0]).max() < 1e-5
        assert np.abs(ours - theirs[1]).max() < 1e-4, "each resized by its own: rounding errors are magnified"
        assert np.abs(ours - graphs[1]).max() < 1e-4


def test_films_of_a_batch_are_equalised_one_by_one() -> None:
    shown = network("stretch")
    films = (
        torch.rand(3, 1, 64, 56, generator=torch.Generator().manual_seed(0))
        ** torch.tensor([1, 2, 3])[:, None, None, None]
    )
    together = shown.prepare(films)
    for film, found in zip(films, together, strict=True):
        assert torch.equal(shown.prepare(film[None])[0], found)


def test_a_detector_from_before_the_key_is_read_as_not_equalised(tmp_path: Path) -> None:
    from deepcovid.export.onnx import export_network, with_facts
    from deepcovid.models.detector import Description, Detector, OperatingPoint, write_detector
    from deepcovid.models.network import to_tensors
    from deepcovid.models.zoo import build_network
    from deepcovid.storage import sha256_file

    small = Preprocessing(size=(48, 48), mean=(0.5,) * 3, std=(0.25,) * 3)
    made = build_network("squeezenet1_1", classes=2, preprocessing=small).eval()
    point = OperatingPoint(name="default", threshold=0.5, chosen_on="given")
    told = Description(
        network="squeezenet1_1",
        neck="pool",
        classes=("no", "yes"),
        positive="yes",
        preprocessing=small,
        operating_points=(point,),
    )
    before = {key: value for key, value in small.to_dict().items() if key != "equalise"}
    graph = with_facts(export_network(made), preprocessing=before, classes=told.classes)
    write_detector(tmp_path, description=told, graph=graph, weights=to_tensors(made))
    path = tmp_path / "detector.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"preprocessing": before}))
    old = Detector.load(tmp_path)
    assert old.preprocessing == small
    assert 0 <= old.score(np.full((50, 40), 0.5, np.float32)) <= 1
    assert sha256_file(path) == old.hash
    path.write_text(json.dumps(values | {"preprocessing": before | {"equalise": True}}))
    with pytest.raises(DetectorError, match="differ in preprocessing"):
        Detector.load(tmp_path).score(np.full((50, 40), 0.5, np.float32))


def test_other_words_than_true_and_false_are_refused() -> None:
    with pytest.raises(RecipeError, match="preprocessing equalise = 1 is not allowed"):
        Preprocessing(mean=(0.0,) * 3, std=(1.0,) * 3, equalise=1)  # type: ignore[arg-type]
