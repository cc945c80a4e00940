"""What the authors published of COVID-Xray-5k: the counts of each release, and what they did not publish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SIDES = ("train", "test")
CITATION = (
    "Minaee, Kafieh, Sonka, Yazdani, Jamalipour Soufi: Deep-COVID. Medical Image Analysis 65 (2020) 101794, "
    "arXiv 2004.09363"
)
NO_FINDING = "No Finding"
OTHERS = 13  # classes of films with a finding, each with as many films
NO_FINDING_FILMS: Mapping[str, int] = {"train": 700, "test": 1700}
OTHER_FILMS: Mapping[str, int] = {"train": 100, "test": 100}

# Irvin et al. 2019, Table 1: the observations other than No Finding.
CHEXPERT_CLASSES = (
    "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation", "Pneumonia",
    "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices",
)  # fmt: skip
# Wang et al. 2017 with the six findings added later; Hernia is left out: 110 of its films carry no other finding, and
# 200 are wanted of each class. Thirteen remain, as many as CheXpert has.
NIH_CLASSES = (
    "Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Effusion", "Emphysema", "Fibrosis", "Infiltration",
    "Mass", "Nodule", "Pleural_Thickening", "Pneumonia", "Pneumothorax",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Release:
    """One release of the data set, as its authors describe it.

    Attributes:
        name: how it is chosen here.
        told: where its counts are published.
        positives: films of COVID-19 by side.
        augmented: films of COVID-19 in training after augmentation.
        negatives: films without COVID-19 by side.
    """

    name: str
    told: str
    positives: Mapping[str, int]
    augmented: int
    negatives: Mapping[str, int]


RELEASES: Mapping[str, Release] = {
    release.name: release
    for release in (
        Release(
            name="paper",
            told="arXiv 2004.09363, first version, Table I",
            positives={"train": 31, "test": 40},
            augmented=496,
            negatives={"train": 2000, "test": 3000},
        ),
        Release(
            name="later",
            told="shervinmin/DeepCovid, data/readme.md, table at the end",
            positives={"train": 84, "test": 100},
            augmented=420,
            negatives={"train": 2000, "test": 3000},
        ),
    )
}


def classes_of(collection: str) -> tuple[str, ...]:
    """The thirteen classes of films with a finding that stand for CheXpert's in `collection`."""
    return NIH_CLASSES if collection == "nih-chestxray14" else CHEXPERT_CLASSES


def wanted_negatives(collection: str) -> dict[str, dict[str, int]]:
    """Films by class and side: 700 + 13 × 100 for training, 1,700 + 13 × 100 for the test."""
    return {NO_FINDING: dict(NO_FINDING_FILMS)} | {name: dict(OTHER_FILMS) for name in classes_of(collection)}
