"""Rawat's contrast without a network: covid of adults against normal films of children, by logistic regression on 48 × 48 pixels.

    python benchmarks/children_or_covid.py ../shared/data/cxr-512

Once on the whole films, once with the middle three quarters of height and width black: what is left shows no lung.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepcovid.evaluation.areas import auc_intervals
from deepcovid.evaluation.bootstrap import bootstrap
from deepcovid.evaluation.scores import read_scores
from deepcovid.imaging.readers import read_radiograph
from deepcovid.imaging.resizing import resized

SIDE, EDGE = 48, 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, help="the folder with table.csv")
    folder = parser.parse_args().films
    table = pd.read_csv(folder / "table.csv")
    covid = (table["source"] == "covid-chestxray") & (table["label"] == "covid")
    children = (table["source"] == "kermany-paediatric") & (table["label"] == "normal")
    table = table[covid | children].reset_index(drop=True)
    films = np.stack([resized(read_radiograph(folder / image).pixels, size=(SIDE, SIDE)) for image in table["image"]])
    for name in ("whole films", "the border alone"):
        if name != "whole films":
            films[:, EDGE:-EDGE, EDGE:-EDGE] = 0
        print(f"{name}: {_area(table, films)}")


def _area(table: pd.DataFrame, films: np.ndarray) -> str:
    people = table["source"] + table["patient"].astype(str)
    scores = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000)),
        films.reshape(len(films), -1),
        table["label"] == "covid",
        groups=people,
        cv=StratifiedGroupKFold(5, shuffle=True, random_state=0),
        method="predict_proba",
    )[:, 1]
    judged = read_scores(table.assign(score=scores).drop(columns="split", errors="ignore"), positive="covid")
    draws = bootstrap(judged.positive, score=judged.score, cluster=judged.patient)
    auc = auc_intervals(judged, draws=draws)["auc"]
    return (
        f"AUC {auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f}; {auc.method}, {auc.n} {auc.unit}s, {len(judged)} films)"
    )


if __name__ == "__main__":
    main()
