from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from deepcovid.errors import WeightsError
from deepcovid.models.gate import Gate, Verdict
from deepcovid.progress import Silent
from deepcovid.runs.predict import Wishes, _gate, heatmap_names
from deepcovid.runs.prediction import Predictions, csv_text


def test_heat_maps_of_films_of_one_name_do_not_overwrite_each_other() -> None:
    paths = [Path(name) for name in ("a/img.png", "b/img.png", "c/img-2.png", "d/IMG.png")]
    names = heatmap_names(paths)
    assert len({name.casefold() for name in names.values()}) == 4
    assert names[paths[0]] == "img.heat.png"


def test_no_cell_of_a_refused_film_is_a_formula() -> None:
    verdict = Verdict(False, "blank", 1.0, sentence="nothing is to be seen")
    found = Predictions([], {}, refused={Path("=cmd.png"): verdict})
    (row,) = csv.DictReader(io.StringIO(csv_text(found)))
    assert row["image"] == "./=cmd.png"
    assert row["error"] == "refused: nothing is to be seen"


@pytest.mark.parametrize("broken", ["gone", "no graph"])
def test_without_the_gate_a_broken_gate_stops_nothing(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says that --no-gate helps."""

    def load(folder: Path | None = None) -> Gate:
        if broken == "gone":
            raise WeightsError("the gate's gate.onnx is missing", mend="use --no-gate")
        return Gate(b"no graph")

    class Heard(Silent):
        def warn(self, sentence: str) -> None:
            warned.append(sentence)

    warned: list[str] = []
    monkeypatch.setattr(Gate, "load", load)
    with pytest.raises(WeightsError, match="--no-gate"):
        _gate(Wishes(), Heard())
    assert _gate(Wishes(gate=False), Heard()) is None
    assert len(warned) == 1
    assert "the gate could not be asked" in warned[0]
