from __future__ import annotations

import pytest

from deepcovid.errors import RecipeError
from deepcovid.imaging.augmentation import Augmentation
from deepcovid.models.heads import HeadShape
from deepcovid.training.recipe import Mixing, Recipe

SVM = HeadShape(kind="svm")


@pytest.mark.parametrize(
    ("keys", "problem", "mend"),
    [
        ({"task": "multi-class", "output": "one-sigmoid"}, "one-sigmoid", "softmax"),
        ({"loss": "binary-cross-entropy"}, "a softmax has no sigmoids", "sigmoids"),
        ({"output": "multi-label", "loss": "binary-cross-entropy"}, "the task is 'binary'", "softmax"),
        ({"task": "multi-label"}, "output is 'softmax'", "multi-label"),
        ({"task": "multi-label", "output": "multi-label"}, "several findings", "binary-cross-entropy"),
        ({"trainable": "all", "recompute": True}, "recompute is for trainable = 'head'", "leave it out"),
        ({"mixing": Mixing(mixup=0.2)}, "stored features", "recompute"),
        ({"trainable": "all", "mixing": Mixing(mixup=0.2), "batch_size": 1}, "two films", "batch_size"),
        ({"batchnorm": "training"}, "fixed statistics", "recompute"),
        ({"trainable": "all", "batchnorm": "training"}, "no layer is frozen", "number of blocks"),
        ({"recompute": True, "minority_count": 5}, "stored features", "balance"),
        ({"balance": "sampler"}, "does not use", "class-weights"),
        ({"augmentation": Augmentation(flip=0.5)}, "how many films", "draws"),
        ({"draws": 2}, "repeat the same film", "augmentation"),
        ({"calibration": "isotonic", "task": "multi-class"}, "of two classes", "temperature"),
        ({"head": SVM, "trainable": "all"}, "fitted on stored features", "trainable = 'head'"),
        ({"head": SVM, "epochs": 7}, "epochs is given", "leave epochs out"),
        ({"head": SVM, "task": "multi-class"}, "one against the rest", "sigmoids"),
        ({"head": SVM, "output": "sigmoids", "loss": "binary-cross-entropy"}, "has its own", "leave it out"),
    ],
)
def test_keys_that_do_not_fit_are_refused_with_what_to_write(keys: dict, problem: str, mend: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe(name="t", **keys)
    assert problem in caught.value.problem
    assert mend in caught.value.mend


def test_what_fits_is_taken() -> None:
    Recipe(name="t", recompute=True, batchnorm="training", augmentation=Augmentation(flip=0.5))
    Recipe(name="t", task="multi-label", output="multi-label", loss="binary-cross-entropy")
    Recipe(name="t", trainable=2, batchnorm="training", mixing=Mixing(cutmix=1.0))
    Recipe(name="t", head=SVM, task="multi-class", output="sigmoids")
