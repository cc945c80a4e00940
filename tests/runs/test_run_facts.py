"""Facts of a run: accuracies with their interval, parameters by the weights' own header, and sizes as Rawat prints them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepcovid.errors import DeepCovidError
from deepcovid.evaluation.intervals import wilson
from deepcovid.runs.run_facts import read_history, run_facts, saved_megabytes
from tests.runs.compared import films, make_run


def test_the_kept_and_the_last_epoch_are_told_apart(tmp_path: Path) -> None:
    facts = run_facts(make_run(tmp_path / "run", films(), gap=2))
    assert facts["epochs"] == {"run": 3, "allowed": 30, "kept": 2, "keep": "best"}
    assert facts["kept"]["val_accuracy"] == wilson(12, n=20).to_dict()
    assert facts["kept"]["train_loss"] == 0.5
    assert facts["last"]["epoch"] == 3
    assert facts["last"]["val_accuracy"]["value"] == 11 / 20
    history = read_history(tmp_path / "run")
    assert history is not None
    assert history.loc[history["best"], "epoch"].tolist() == [2]


def test_parameters_are_counted_without_batchnorms_statistics(tmp_path: Path) -> None:
    facts = run_facts(make_run(tmp_path / "run", films(), gap=2))
    assert facts["parameters"] == {"all": 4 * 27 + 10, "trainable": 10, "statistics": 4}
    assert facts["megabytes"]["with_optimiser"] == pytest.approx(4 * (118 + 4 + 2 * 10) / 1e6)
    assert facts["megabytes"]["onnx"] is None
    assert facts["megabytes"]["weights"] * 1e6 == (tmp_path / "run/detector/weights.safetensors").stat().st_size


@pytest.mark.parametrize(
    ("numbers", "trainable", "printed"),
    [(14_764_866, 50_178, 59.5), (23_788_418, 200_706, 97.3), (40_317_025, 40_317_025, 483.9)],
)
def test_rawats_sizes_are_weights_and_adams_two_numbers(numbers: int, trainable: int, printed: float) -> None:
    size = saved_megabytes(numbers, trainable=trainable)
    assert 0 <= printed - size < 0.6  # the rest is what HDF5 needs for the names of layers


def test_what_a_run_does_not_tell_is_none_and_what_is_broken_an_error(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", films(), gap=2)
    (folder / "history.csv").unlink()
    (folder / "detector/weights.safetensors").write_bytes(b"short")
    with pytest.raises(DeepCovidError, match="no whole safetensors file"):
        run_facts(folder)
    (folder / "detector/weights.safetensors").unlink()
    facts = run_facts(folder)
    assert facts["kept"] is facts["last"] is None
    assert set(facts["parameters"].values()) == {None}
