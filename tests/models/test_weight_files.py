"""Weights files: good ones, damaged ones, foreign ones, hostile ones."""

from __future__ import annotations

import pickle
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from deepcovid.errors import WeightsError
from deepcovid.models.architecture import ARCHITECTURES
from deepcovid.models.weight_files import fit_to_network, read_weights
from deepcovid.models.zoo import backbone_shapes
from deepcovid.storage import sha256_file


class Trap:
    """A pickle that makes a folder when it is loaded."""

    def __init__(self, place) -> None:
        self.place = str(place)

    def __reduce__(self):
        import os

        return os.mkdir, (self.place,)


@pytest.mark.parametrize("wrapped", ["plain", "state_dict", "data parallel"])
def test_checkpoints_are_read_however_they_were_kept(tmp_path, wrapped):
    numbers = {"a.weight": torch.rand(2, 3), "a.bias": torch.rand(2).half()}
    kept = {"state_dict": {"state_dict": numbers, "epoch": 3}}.get(wrapped, numbers)
    torch.save(kept, tmp_path / "w.pth")
    file = read_weights(tmp_path / "w.pth")
    np.testing.assert_array_equal(file.tensors["a.weight"], numbers["a.weight"].numpy())
    assert file.tensors["a.bias"].dtype == np.float32
    assert file.sha256 == sha256_file(tmp_path / "w.pth")


def test_the_old_format_without_zip_is_read(tmp_path):
    torch.save({"a": torch.arange(3.0)}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert not zipfile.is_zipfile(tmp_path / "old.pth")
    np.testing.assert_array_equal(read_weights(tmp_path / "old.pth").tensors["a"], [0, 1, 2])


def test_a_detector_folder_gives_its_weights(tmp_path):
    save_file({"head.bias": torch.zeros(2, dtype=torch.bfloat16)}, tmp_path / "weights.safetensors")
    file = read_weights(tmp_path)
    assert file.path == tmp_path / "weights.safetensors"
    assert file.tensors["head.bias"].dtype == np.float32


@pytest.mark.parametrize("new", [True, False])
def test_a_pickle_with_code_is_refused_and_never_run(tmp_path, new):
    path, trap = tmp_path / "hostile.pth", tmp_path / "sprung"
    torch.save({"a": Trap(trap)}, path, _use_new_zipfile_serialization=new)
    with pytest.raises(WeightsError, match=r"hostile\.pth: .* pickled code, which is never run → .*state_dict"):
        read_weights(path)
    path.write_bytes(pickle.dumps(Trap(trap), protocol=2))
    with pytest.raises(WeightsError, match=r"hostile\.pth"):
        read_weights(path)
    assert not trap.exists()
    pickle.loads(path.read_bytes())
    assert trap.exists()  # the trap works where pickles are run


def test_a_whole_pickled_model_is_refused(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "model.pt")
    with pytest.raises(WeightsError, match=r"model\.pt: .*never run"):
        read_weights(tmp_path / "model.pt")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), suffix=st.sampled_from([".pth", ".safetensors"]))
def test_a_damaged_file_is_an_error_that_names_it_or_still_arrays(tmp_path, data, suffix):
    path = tmp_path / f"damaged{suffix}"
    numbers = {"a": torch.arange(40.0), "b": torch.ones(3, 3)}
    torch.save(numbers, path) if suffix == ".pth" else save_file(numbers, path)
    whole = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        whole[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    outcome = arrays_or_message(path)
    assert "→" in outcome and path.name in outcome if isinstance(outcome, str) else all(outcome)


def arrays_or_message(path) -> str | list[bool]:
    """For each thing in the file whether it is an array, or the message of its error."""
    try:
        return [isinstance(array, np.ndarray) for array in read_weights(path).tensors.values()]
    except WeightsError as error:
        return str(error)


@pytest.mark.parametrize("content", [[1, 2], {}, {"a": 1.0}, {"state_dict": torch.zeros(2)}])
def test_what_is_no_set_of_arrays_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "odd.pth")
    with pytest.raises(WeightsError, match=r"odd\.pth: this holds something else than named arrays"):
        read_weights(tmp_path / "odd.pth")


def test_absent_files_and_foreign_suffixes_are_named(tmp_path):
    with pytest.raises(WeightsError, match=r"gone\.pth: there is no such weights file"):
        read_weights(tmp_path / "gone.pth")
    with pytest.raises(WeightsError, match=r"weights\.safetensors: there is no such weights file"):
        read_weights(tmp_path)
    (tmp_path / "w.h5").write_bytes(b"x")
    with pytest.raises(
        WeightsError, match=r"w\.h5: weights are read from \.safetensors, \.pth and \.pt, not from \.h5"
    ):
        read_weights(tmp_path / "w.h5")


def fitted(tmp_path, change):
    """Weights of squeezenet1_1 in the published form, after `change`, fitted to squeezenet1_1."""
    shapes = backbone_shapes("squeezenet1_1")
    state = {f"features.{name}": torch.zeros(shape) for name, shape in shapes.items()}
    change(state)
    torch.save(state, tmp_path / "w.pth")
    return fit_to_network(read_weights(tmp_path / "w.pth"), ARCHITECTURES["squeezenet1_1"], shapes)


def test_missing_and_unexpected_names_are_counted_with_examples(tmp_path):
    def change(state):
        del state["features.0.weight"], state["features.0.bias"], state["features.3.squeeze.bias"]
        state["extra.weight"] = torch.zeros(1)

    with pytest.raises(WeightsError) as caught:
        fitted(tmp_path, change)
    message = str(caught.value)
    assert "w.pth: these weights are not of squeezenet1_1" in message
    assert "3 of 50 names are missing (0.bias, 0.weight, …); 1 names are unexpected (extra.weight)" in message
    assert "→ give weights of squeezenet1_1" in message


def test_other_shapes_are_shown(tmp_path):
    with pytest.raises(
        WeightsError, match=r"1 have another shape \(0\.weight is \(64, 1, 3, 3\), not \(64, 3, 3, 3\)\)"
    ):
        fitted(tmp_path, lambda state: state.update({"features.0.weight": torch.zeros(64, 1, 3, 3)}))


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"1 arrays hold numbers that are not finite \(0\.bias\)"):
        fitted(tmp_path, lambda state: state["features.0.bias"].fill_(float("nan")))


def test_what_belongs_to_another_task_is_left_out_by_name(tmp_path):
    weights = fitted(tmp_path, lambda state: state.update({"classifier.1.weight": torch.zeros(1000, 512, 1, 1)}))
    assert weights.left_out == ("classifier.1.weight",)
    assert set(weights.backbone) == set(backbone_shapes("squeezenet1_1"))


def test_names_of_old_densenet_checkpoints_are_brought_up_to_date(tmp_path):
    shapes = backbone_shapes("densenet121")
    old = {}
    for name, shape in shapes.items():
        if name.endswith("num_batches_tracked"):
            continue
        for part in ("norm", "conv"):
            name = name.replace(f".{part}1.", f".{part}.1.").replace(f".{part}2.", f".{part}.2.")
        old[f"module.features.{name}"] = torch.zeros(shape)
    assert "module.features.denseblock1.denselayer1.norm.1.weight" in old
    torch.save(old, tmp_path / "w.pth")
    weights = fit_to_network(read_weights(tmp_path / "w.pth"), ARCHITECTURES["densenet121"], shapes)
    assert set(weights.backbone) == {name for name in shapes if not name.endswith("num_batches_tracked")}
