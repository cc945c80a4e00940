"""Rawat 2022: his four networks on covid against normal, his Table 11 and curves beside ours."""

from __future__ import annotations

import pandas as pd

from deepcovid.datasets.columns import group_ids
from deepcovid.datasets.table import Table
from deepcovid.evaluation.accuracy import accuracy
from deepcovid.evaluation.intervals import Interval, wilson
from deepcovid.models.detector import WEIGHTS, Detector
from deepcovid.progress import Progress
from deepcovid.reporting.published import PublishedFigure, published
from deepcovid.runs.reproduction.outcome import SMOKE, Line, Reproduction, Wishes, in_order
from deepcovid.runs.reproduction.pictures import layers_of, pictures_of
from deepcovid.runs.reproduction.training_set import sentence_on_weights, train_set
from deepcovid.runs.train import Run
from deepcovid.training.recipe import load_recipe

TITLE = "Rawat 2022: Covid-19 Detection Using Chest X-Ray"
RECIPES = ("rawat-vgg16", "rawat-resnet50", "rawat-cnn", "rawat-cnn-local-maxima")
TO_KNOW = (
    "Validation is the test folder, and it picks the epoch: his validation figures flatter. Ours have a validation side of "
    "their own, and test films that chose nothing.",
    "His ResNet-50 predicts single films without the scaling that it was trained with.",
    "His own networks have one output; argmax of one output is always 0, which his code calls Covid.",
    "His model sizes count the optimiser's state: 483.9 MB is three times the weights of 40,317,025 parameters.",
    "His films are 1,726 for training and 433 for test, of two classes: covid of adults against normal films of children "
    "(Kermany's). Age and hospital tell them apart without any disease.",
    "His fourth network stays at 50 % validation accuracy for ten epochs; he calls it a local maximum. A likelier cause: the "
    "test generator gives labels of another shape than the one output.",
)


def reproduce_rawat(table: Table, wishes: Wishes, progress: Progress) -> Reproduction:
    """Train his four networks on `table` and set Table 11 beside ours.

    Args:
        table: covid and normal films; best his own Kaggle collection (`--source chest-xray-covid19-pneumonia`).
        wishes: weights, epochs, folder.
        progress: told what happens.
    """
    labels = table.frame[wishes.settings.label_column]
    two = labels.isin([wishes.settings.positive, wishes.settings.normal])
    films = table.with_frame(table.frame[two].reset_index(drop=True))
    runs = train_set(films, wishes.recipes or RECIPES, wishes, progress)
    lines = [_line(figure, runs[figure.recipe], wishes) for figure in published("rawat") if figure.recipe in runs]
    for name, run in runs.items():
        lines.append(_test_line(name, run, wishes))
    warnings = [SMOKE] if wishes.quick else []
    for run in runs.values():
        warnings += run.warnings
    counts = next(iter(runs.values())).record["data"]
    return Reproduction(
        document="rawat",
        title=TITLE,
        lines=tuple(lines),
        same_data=(
            f"His are 1,726 films for training and 433 for test. Here: {counts['films']:,} films, {counts['positive']:,} of them "
            f"{wishes.settings.positive}, divided by patient into "
            + ", ".join(f"{side['films']:,} {name}" for name, side in counts["sides"].items())
            + "."
        ),
        same_weights=f"His VGG-16 and ResNet-50 start from ImageNet's weights (Keras'). Here: {sentence_on_weights(runs)}",
        differences=_differences(wishes, len(films)),
        to_know=TO_KNOW,
        warnings=in_order(warnings),
        runs=tuple(str(run.folder) for run in runs.values()),
        figures=pictures_of(runs),
        layers=layers_of(runs),
    )


def _line(figure: PublishedFigure, run: Run, wishes: Wishes) -> Line:
    history = pd.read_csv(run.folder / "history.csv")
    kept = history.iloc[int(run.record["training"]["kept_epoch"]) - 1]
    films = run.record["data"]["sides"]
    side = {"validation": "val", "training": "train"}.get(figure.metric.partition("_")[0], "")
    column = {"val": "val_", "train": "train_"}.get(side, "") + figure.metric.rpartition("_")[2]
    ours: Interval | None = None
    number: float | None = None
    how = f"epoch {int(kept['epoch'])} of {len(history)}, the kept one"
    if figure.metric.endswith("accuracy"):
        recipe = load_recipe(figure.recipe)
        n = (
            films[side]["films"]
            if side == "val" or not recipe.steps_per_epoch
            else recipe.steps_per_epoch * recipe.batch_size
        )
        ours = wilson(round(float(kept[column]) * n), n=n)
    elif figure.metric.endswith("loss"):
        number = float(kept[column])
    else:
        number, how = _fact(figure, run, history)
    return Line(published=figure, system=figure.system, metric=figure.metric, ours=ours, how=how, number=number)


def _fact(figure: PublishedFigure, run: Run, history: pd.DataFrame) -> tuple[float | None, str]:
    if figure.metric == "epochs_run":
        return len(history), "the run's history"
    if figure.metric == "epochs_allowed":
        return float(run.record["config"]["recipe"]["epochs"]), "the recipe"
    if figure.metric == "model_size":
        return (run.folder / "detector" / WEIGHTS).stat().st_size / 1e6, f"{WEIGHTS}: weights alone, float32"
    network = Detector.load(run.folder / "detector").network()
    if figure.metric == "parameters_total":
        return float(
            sum(tensor.numel() for tensor in network.parameters())
        ), "parameters of the network as PyTorch counts"
    if load_recipe(figure.recipe).trainable == "head":
        return float(sum(tensor.numel() for tensor in network.head.parameters())), "the head, which alone is trained"
    return float(sum(tensor.numel() for tensor in network.parameters())), "all are trained"


def _test_line(name: str, run: Run, wishes: Wishes) -> Line:
    scores = pd.read_parquet(run.folder / "scores.parquet")
    test = scores[scores["split"] == "test"]
    truth = (test[wishes.settings.label_column] == wishes.settings.positive).to_numpy()
    ours = accuracy((test["score"].to_numpy() >= 0.5) == truth, patient=group_ids(test).to_numpy())
    return Line(
        published=None,
        system=name,
        metric="test accuracy",
        ours=ours,
        how="calls at 0.5 on films that neither trained nor chose an epoch; he has none",
    )


def _differences(wishes: Wishes, films: int) -> tuple[str, ...]:
    told = [
        "Normal films are those of the table given; his are Kermany's children, as in chest-xray-covid19-pneumonia.",
        "Divided by patient, with a validation side; he has training and test folders and no patients.",
        "Weights of ImageNet are torchvision's, his are Keras' (other training, other BatchNorm and padding).",
        "His ResNet-50 counts 23,788,418 parameters: Keras adds BatchNorm statistics and idle biases (docs/networks.md).",
    ]
    if wishes.epochs:
        told.append(f"At most {wishes.epochs} epochs in place of his 30, 30, 100 and 10.")
    return tuple(told)
