"""The Kaggle collection chest-xray-covid19-pneumonia that Rawat trained on: films put together from three others."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources.class_folders import read_class_folders
from deepcovid.datasets.sources.listing import home_of, prefix_of
from deepcovid.datasets.sources.reading import refuse_problems
from deepcovid.datasets.sources.source import Parsed, register_source

NAME = "chest-xray-covid19-pneumonia"
LICENCE = "of the original authors, not told film by film"
LAYOUT = """Data, the folder itself or the one that it lies in:
    train/COVID19/*.jpg   train/NORMAL/*.jpg   train/PNEUMONIA/*.jpg
    test/COVID19/*.jpg    test/NORMAL/*.jpg    test/PNEUMONIA/*.jpg"""
CLASSES = {"COVID19": "covid", "NORMAL": "normal", "PNEUMONIA": "pneumonia"}
SPLITS = {"train": "train", "test": "test"}
COUNTS = {"images": 6_432, "label:covid": 576, "label:normal": 1_583, "label:pneumonia": 4_273}


@register_source(
    name=NAME,
    title="Chest X-ray (Covid-19 & Pneumonia), Kaggle",
    home="https://www.kaggle.com/datasets/prashant268/chest-xray-covid19-pneumonia",
    licence=LICENCE,
    citation=(
        "P. Patel, Chest X-ray (Covid-19 & Pneumonia), Kaggle 2020; used by Rawat, Covid-19 Detection Using Chest X-Ray, 2022"
    ),
    access="registration",
    layout=LAYOUT,
    expected=COUNTS,
    steps=(
        "sign in at Kaggle and open https://www.kaggle.com/datasets/prashant268/chest-xray-covid19-pneumonia",
        "download and unpack it: it makes Data/",
    ),
)
def read(folder: Path) -> Parsed:
    """Every film of the class folders, the split as its folders say; nothing else is published.

    Its page names covid-chestxray, Figure 1 and the Kaggle copy of Kermany's films as origins, and the counts of NORMAL
    and PNEUMONIA are exactly Kermany's (1,583 and 4,273): those classes are children, COVID19 is mostly adults, of other
    hospitals. The films were renamed, so that neither patient nor origin can be told film by film.
    """
    home = home_of(folder, *SPLITS, layout=LAYOUT)
    films, problems = read_class_folders(home, classes=CLASSES, splits=SPLITS, layout=LAYOUT)
    refuse_problems(problems, path=home)
    frame = pd.DataFrame(
        {
            "image": prefix_of(home, folder) + films["image"],
            "label": films["label"],
            "source": NAME,
            "split": films["split"],
            "license": LICENCE,
            "findings": films["folder"],
            "modality": "X-ray",
        }
    )
    notes = (
        "patients are not published: films of one patient may stand on both sides of the published split",
        "by their counts the normal and pneumonia films are Kermany's children, and the covid films come from other "
        "hospitals: what tells them apart need not be the disease",
    )
    return Parsed(frame=frame, notes=notes)
