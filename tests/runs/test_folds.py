from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from deepcovid.datasets.columns import group_ids
from deepcovid.datasets.table import load_table
from deepcovid.errors import TableError
from deepcovid.runs.data import Prepared, prepare_unsplit
from deepcovid.runs.folds import make_folds, shared_patients
from tests.conftest import make_table


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare_unsplit(
        load_table(make_table(tmp_path_factory.mktemp("films"), patients=30)), positive="covid", label_column="label"
    )


@pytest.mark.parametrize("grouping", ["patient", "image"])
def test_every_film_is_held_out_once_and_labels_keep_their_shares(films: Prepared, grouping: str) -> None:
    folds = make_folds(films, count=5, grouping=grouping, seed=0)  # type: ignore[arg-type]
    assert np.array_equal(np.sort(np.concatenate([fold.held_out for fold in folds])), np.arange(60))
    for fold in folds:
        assert set(fold.train) | set(fold.held_out) == set(range(60))
        assert abs(films.is_positive[fold.held_out].sum() - 4) <= 1


def test_folds_by_patient_share_none_and_folds_by_image_do(films: Prepared) -> None:
    groups = group_ids(films.frame).to_numpy()
    for fold in make_folds(films, count=5, grouping="patient", seed=0):
        assert shared_patients(films, fold) == 0
        assert not set(groups[fold.train]) & set(groups[fold.held_out])
    assert sum(shared_patients(films, fold) for fold in make_folds(films, count=5, grouping="image", seed=0)) > 0


def test_folds_by_image_are_scikit_learns(films: Prepared) -> None:
    labels = films.frame["label"].to_numpy()
    theirs = list(StratifiedKFold(5, shuffle=True, random_state=3).split(labels, labels))
    ours = make_folds(films, count=5, grouping="image", seed=3)
    assert all(np.array_equal(fold.held_out, held) for fold, (_, held) in zip(ours, theirs, strict=True))


def test_the_order_of_the_table_changes_nothing(tmp_path: Path) -> None:
    table = load_table(make_table(tmp_path, patients=24))
    turned = table.with_frame(table.frame.iloc[::-1].reset_index(drop=True))
    one, other = (prepare_unsplit(t, positive="covid", label_column="label") for t in (table, turned))
    for a, b in zip(
        make_folds(one, count=4, grouping="patient", seed=1),
        make_folds(other, count=4, grouping="patient", seed=1),
        strict=True,
    ):
        assert set(one.frame["image"].iloc[a.held_out]) == set(other.frame["image"].iloc[b.held_out])


def test_too_few_patients_are_an_error_that_says_how_many(films: Prepared) -> None:
    with pytest.raises(TableError, match=r"10 patients are labelled 'covid', too few for 11 folds.*at most 10"):
        make_folds(films, count=11, grouping="patient", seed=0)
