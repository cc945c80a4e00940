"""Does the border of a tiny thumbnail, where no lung is, tell the label?"""

from __future__ import annotations

import numpy as np

from deepcovid.audit.data_test import DataResult, Subject, data_test
from deepcovid.audit.prediction import RULE, areas_of, by_logistic, result_of, untested
from deepcovid.datasets.film_facts import WHOLE_SIDE

WIDTH = 4  # of 32 pixels: the middle three quarters are not looked at
METHOD = f"logistic regression on the outer {WIDTH} of {WHOLE_SIDE} × {WHOLE_SIDE} pixels"


@data_test(
    name="border-alone", question="Does the border of a 32 × 32 thumbnail alone tell the label?", rule=RULE, place=90
)
def border_alone(subject: Subject) -> DataResult:
    """AUC for each class of what sees the border alone."""
    known = np.array([facts is not None for facts in subject.films.facts])
    labelled = subject.labels.notna().to_numpy()
    areas = areas_of(subject, border_features(subject), known=known, learn=by_logistic)
    n_known = int((known & labelled).sum())
    return result_of(
        areas,
        what="the border",
        method=METHOD,
        n_known=n_known,
        n=int(labelled.sum()),
        untested=untested(subject, areas),
    )


def border_features(subject: Subject) -> np.ndarray:
    """The pixels outside the middle three quarters: float (N, 448) in [0, 1]; 0 where a film could not be read."""
    outside = np.ones((WHOLE_SIDE, WHOLE_SIDE), dtype=bool)
    outside[WIDTH:-WIDTH, WIDTH:-WIDTH] = False
    features = np.zeros((len(subject.frame), int(outside.sum())), np.float32)
    for place, facts in enumerate(subject.films.facts):
        if facts is not None:
            features[place] = facts.whole[outside] / np.float32(255)
    return features
