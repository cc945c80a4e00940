"""Which detector scores a film: each is opened once, and that of children only when a child's film comes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from deepcovid.errors import DetectorError
from deepcovid.imaging.dicom_age import CONTRADICTION
from deepcovid.imaging.radiograph import Radiograph
from deepcovid.models import detector as detectors
from deepcovid.models.abnormal import ShippedByAge, shipped_detector
from deepcovid.progress import Silent
from deepcovid.runs.predict import Wishes, predict
from deepcovid.runs.scorers import Scorers
from tests.hostile.originals import png
from tests.models.abnormal.making import shipped_folder


def film(group: str | None = None, **facts: object) -> Radiograph:
    origin = facts if group is None else {"age_group": group, **facts}
    return Radiograph(np.full((32, 32), 0.5, np.float32), origin)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return shipped_folder(tmp_path / "package")


def test_the_detector_of_children_is_loaded_when_a_childs_film_comes(package: Path) -> None:
    (package / "children" / "abnormal.json").unlink()
    scorers = Scorers(ShippedByAge(folder=package), draws=False, progress=Silent())
    names = [scorers.of(film(group)).name for group in (None, "unknown", "adult", None)]
    assert names == ["normal-or-abnormal"] * 4
    assert [one.name for one in scorers.used] == ["normal-or-abnormal"]
    with pytest.raises(DetectorError, match="comes with no detector normal-or-abnormal-children"):
        scorers.of(film("child"))


def test_films_side_by_side_open_one_session_a_detector(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: Counter[Path] = Counter()
    original = detectors.open_session

    def counted(model: Path) -> object:
        opened[model] += 1
        return original(model)

    monkeypatch.setattr(detectors, "open_session", counted)
    for number in range(6):
        (tmp_path / f"{number}.png").write_bytes(png())
    paths = [tmp_path / f"{number}.png" for number in range(6)]
    found = predict(ShippedByAge(folder=package), paths, wishes=Wishes(gate=False, workers=4))
    assert len(found.done) == 6
    assert opened == {package / "adults" / "detector" / "model.onnx": 1}


def test_a_warning_says_whose_film_it_is_and_that_a_header_contradicts_itself(package: Path) -> None:
    own = shipped_detector(folder=package)
    scorer = Scorers(own, draws=False, progress=Silent()).of(film())
    assert scorer.warning(film("adult")) == scorer.warning(film("unknown")) == scorer.warning(film()) == ""
    both = scorer.warning(film("child", notes=[CONTRADICTION]))
    assert both.startswith("this is a film of a child by its header, and this detector was made of films of adults")
    assert both.endswith(f"; {CONTRADICTION}")
    theirs = Scorers(own.detector, draws=False, progress=Silent()).of(film())
    assert theirs.warning(film("child")) == ""
    assert theirs.name == str(package / "adults" / "detector")
