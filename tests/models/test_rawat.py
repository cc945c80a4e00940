"""Rawat's networks against the layer tables of his document, row by row, as Keras prints them."""

from __future__ import annotations

import pytest
from torch import nn

from deepcovid.models.layers_table import table_of, weightless

# (kind, height × width, channels, parameters): Tables 7 and 9
CNN = [
    ("Conv2d", 222, 128, 3_584),
    ("MaxPool2d", 111, 128, 0),
    ("Conv2d", 109, 64, 73_792),
    ("MaxPool2d", 54, 64, 0),
    ("Dropout", 54, 64, 0),
    ("Conv2d", 52, 64, 36_928),
    ("MaxPool2d", 26, 64, 0),
    ("Dropout", 26, 64, 0),
    ("Conv2d", 24, 128, 73_856),
    ("MaxPool2d", 12, 128, 0),
    ("Dropout", 12, 128, 0),
    ("Flatten", 0, 18_432, 0),
    ("Linear", 0, 2048, 37_750_784),
    ("Linear", 0, 1024, 2_098_176),
    ("Linear", 0, 256, 262_400),
    ("Linear", 0, 64, 16_448),
    ("Linear", 0, 16, 1_040),
    ("Linear", 0, 1, 17),
]
LOCAL_MAXIMA = [
    ("Conv2d", 62, 128, 3_584),
    ("MaxPool2d", 31, 128, 0),
    ("Conv2d", 29, 64, 73_792),
    ("MaxPool2d", 14, 64, 0),
    ("Dropout", 14, 64, 0),
    ("Conv2d", 12, 128, 73_856),
    ("MaxPool2d", 6, 128, 0),
    ("Dropout", 6, 128, 0),
    ("Flatten", 0, 4_608, 0),
    ("Linear", 0, 256, 1_179_904),
    ("Linear", 0, 64, 16_448),
    ("Linear", 0, 16, 1_040),
    ("Linear", 0, 1, 17),
]
# Table 3: block, channels, side, parameters of its convolutions
VGG16 = [
    (64, 224, [1_792, 36_928]),
    (128, 112, [73_856, 147_584]),
    (256, 56, [295_168, 590_080, 590_080]),
    (512, 28, [1_180_160, 2_359_808, 2_359_808]),
    (512, 14, [2_359_808, 2_359_808, 2_359_808]),
]
# Table 5: of each stage of ResNet-50, its side, and what Keras counts for its first and its other blocks, in the order
# shortcut, first, second, third convolution, each with its bias
RESNET50 = {
    "layer1": (56, [16_640, 4_160, 36_928, 16_640], [16_448, 36_928, 16_640]),
    "layer2": (28, [131_584, 32_896, 147_584, 66_048], [65_664, 147_584, 66_048]),
    "layer3": (14, [525_312, 131_328, 590_080, 263_168], [262_400, 590_080, 263_168]),
    "layer4": (7, [2_099_200, 524_800, 2_359_808, 1_050_624], [1_049_088, 2_359_808, 1_050_624]),
}


def rows_of(name: str) -> list[tuple[str, int, int, int]]:
    found = table_of(name).rows
    assert {row.kind for row in found} <= {"Conv2d", "ReLU", "MaxPool2d", "Dropout", "Flatten", "Linear"}
    return [
        (row.kind, row.shape[1] if len(row.shape) > 1 else 0, row.shape[0], row.parameters)
        for row in found
        if row.kind != "ReLU"  # Keras prints activations with the layer before them
    ]


@pytest.mark.parametrize(
    ("name", "table", "parameters"),
    [("rawat-cnn", CNN, 40_317_025), ("rawat-cnn-local-maxima", LOCAL_MAXIMA, 1_348_641)],
)
def test_own_networks_are_the_tables_row_by_row(name, table, parameters):
    assert rows_of(name) == table
    assert table_of(name).trainable == table_of(name).parameters == parameters


@pytest.mark.parametrize(
    ("name", "dropouts"), [("rawat-cnn", [0.15, 0.3, 0.15]), ("rawat-cnn-local-maxima", [0.5, 0.15])]
)
def test_dropouts_are_those_of_the_document(name, dropouts):
    assert [part.p for part in weightless(name).modules() if isinstance(part, nn.Dropout)] == dropouts


def test_vgg16_is_table_3():
    table = []
    for channels, side, convolutions in VGG16:
        table += [("Conv2d", side, channels, parameters) for parameters in convolutions]
        table.append(("MaxPool2d", side // 2, channels, 0))
    assert rows_of("vgg16") == [*table, ("Flatten", 0, 25_088, 0), ("Linear", 0, 2, 50_178)]
    network = weightless("vgg16", output="sigmoids")
    assert sum(tensor.numel() for tensor in network.parameters()) == 14_764_866


def keras_count(convolution: nn.Conv2d) -> int:
    """Keras' ResNet gives every convolution a bias."""
    return convolution.weight.numel() + convolution.out_channels


def test_resnet50_is_table_5():
    network = weightless("resnet50", neck="flatten", output="sigmoids")
    sides = {row.layer: row.shape for row in table_of("resnet50", neck="flatten").rows}
    assert keras_count(network.backbone.conv1) == 9_472
    assert sides["backbone.conv1"] == (64, 112, 112)
    for stage, (side, first, rest) in RESNET50.items():
        for number, block in enumerate(network.backbone.get_submodule(stage)):
            ours = [keras_count(part) for part in (block.conv1, block.conv2, block.conv3)]
            if number == 0:
                ours.insert(0, keras_count(block.downsample[0]))
            assert ours == (rest if number else first)
            assert sides[f"backbone.{stage}.{number}.conv3"][1:] == (side, side)
    assert sum(tensor.numel() for tensor in network.head.parameters()) == 200_706


def test_resnet50_is_reconciled_with_keras_to_the_unit():
    network = weightless("resnet50", neck="flatten", output="sigmoids")
    convolutions = [part for part in network.backbone.modules() if isinstance(part, nn.Conv2d)]
    norms = [part for part in network.backbone.modules() if isinstance(part, nn.BatchNorm2d)]
    torchvisions = sum(tensor.numel() for tensor in network.backbone.parameters())
    statistics = sum(norm.running_mean.numel() + norm.running_var.numel() for norm in norms)
    idle = sum(part.out_channels for part in convolutions)
    assert all(part.bias is None for part in convolutions)
    assert [part.out_channels for part in convolutions] == [norm.num_features for norm in norms]
    assert (torchvisions, statistics, idle) == (23_508_032, 53_120, 26_560)
    assert torchvisions + statistics + idle + 200_706 == 23_788_418


def test_the_first_numbers_are_those_of_keras(network_of):
    """Glorot's uniform law: the bound is √(6 / (inputs + outputs)), over the window."""
    first = network_of("rawat-cnn-local-maxima").backbone.block1.convolution
    bound = (6 / (9 * (3 + 128))) ** 0.5
    assert 0.95 * bound < first.weight.abs().max() <= bound
    assert not first.bias.any()
