from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcovid.imaging.resizing import FITS, centred, fitted, resized, scaled_size, thumbnail

sides = st.integers(1, 600)


def film(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * 1000 + width).random((height, width), dtype=np.float32)


@pytest.mark.parametrize("shape", [(512, 512), (401, 500), (100, 90), (224, 30), (1023, 777)])
def test_resizing_is_torchs_antialiased(shape: tuple[int, int]):
    torch = pytest.importorskip("torch")
    pixels = film(*shape)
    golden = torch.nn.functional.interpolate(
        torch.from_numpy(pixels)[None, None], size=(224, 192), mode="bilinear", antialias=True
    )
    assert np.abs(resized(pixels, size=(224, 192)) - golden[0, 0].numpy()).max() < 1e-5


@pytest.mark.parametrize("fit", ["crop", "pad"])
@pytest.mark.parametrize("shape", [(401, 500), (500, 401), (100, 90), (33, 64), (448, 449)])
@pytest.mark.parametrize("size", [(224, 224), (96, 64), (63, 97)])
def test_sizes_and_places_are_those_of_onnx(fit: str, shape: tuple[int, int], size: tuple[int, int]):
    onnx = pytest.importorskip("onnx")
    reference = pytest.importorskip("onnx.reference")
    make, types = onnx.helper, onnx.TensorProto
    policy = {"crop": "not_smaller", "pad": "not_larger"}[fit]
    nodes = [
        make.make_node(
            "Resize", ["x", "", "", "size"], ["small"], mode="linear", antialias=1, keep_aspect_ratio_policy=policy
        ),
        make.make_node("CenterCropPad", ["small", "size"], ["y"]),
    ]
    graph = make.make_graph(
        nodes,
        "fit",
        [make.make_tensor_value_info("x", types.FLOAT, [None, None])],
        [make.make_tensor_value_info(name, types.FLOAT, None) for name in ("small", "y")],
        [make.make_tensor("size", types.INT64, [2], size)],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 18)])
    # A plane keeps its values wherever it is resized to, but for the border where the two filters differ.
    y, x = np.mgrid[: shape[0], : shape[1]]
    plane = ((y + 0.5) / shape[0] + (x + 0.5) / shape[1]).astype(np.float32) / 2
    small, golden = reference.ReferenceEvaluator(model).run(None, {"x": plane})
    assert scaled_size(shape, size=size, fit=fit) == small.shape
    found = fitted(plane, size=size, fit=fit)
    assert np.array_equal(found == 0, golden == 0)
    assert np.abs(found - golden).max() < 0.02


@given(sides, sides, st.integers(1, 40), st.integers(1, 40), st.sampled_from(FITS))
def test_any_film_fits_any_size(height: int, width: int, to_height: int, to_width: int, fit: str):
    found = fitted(film(height, width), size=(to_height, to_width), fit=fit)
    assert found.shape == (to_height, to_width)
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= 1


@given(sides, sides, sides, sides)
def test_one_scale_for_both_sides(height: int, width: int, to_height: int, to_width: int):
    scales = Fraction(to_height, height), Fraction(to_width, width)
    for fit, scale in (("crop", max(scales)), ("pad", min(scales))):
        found = scaled_size((height, width), size=(to_height, to_width), fit=fit)
        for side, got in zip((height, width), found, strict=True):
            assert got == 1 or abs(got - side * scale) <= Fraction(1, 2)
    crop = scaled_size((height, width), size=(to_height, to_width), fit="crop")
    assert crop[0] >= to_height
    assert crop[1] >= to_width


def test_a_film_of_the_right_size_is_copied_as_it_is():
    pixels = film(20, 30)
    for fit in FITS:
        found = fitted(pixels, size=(20, 30), fit=fit)
        assert np.array_equal(found, pixels)
        assert not np.shares_memory(found, pixels)


def test_the_middle_is_kept():
    assert centred(np.arange(5, dtype=np.float32)[None], size=(1, 3)).tolist() == [[1, 2, 3]]
    assert centred(np.ones((1, 2), np.float32), size=(1, 5)).tolist() == [[0, 1, 1, 0, 0]]


@given(sides, sides, st.integers(1, 100))
def test_thumbnails_never_grow_and_keep_proportions(height: int, width: int, longest: int):
    found = thumbnail(film(height, width), longest=longest)
    assert max(found.shape) == min(longest, max(height, width))
