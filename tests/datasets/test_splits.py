"""Tests of splits: what must hold for every table, and what it comes to on real films."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from deepcovid.datasets.columns import group_ids
from deepcovid.datasets.splits import FRACTIONS, add_validation, cross_validation_folds, split_table
from deepcovid.datasets.table import Table, load_table
from deepcovid.errors import TableError
from tests.datasets.making import FILMS, table

film = st.tuples(
    st.sampled_from(["covid", "normal", "other", None]),
    st.sampled_from(["x", "y", None]),
    st.one_of(st.none(), st.integers(0, 30).map(str)),
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Films of a few patients, sources and labels, in any mixture; a few more so that every side can have one."""
    rows = draw(st.lists(film, min_size=1, max_size=60)) + [("covid", "z", str(number)) for number in range(5)]
    labels, sources, patients = zip(*rows, strict=True)
    return table({"label": list(labels), "source": list(sources), "patient": list(patients)})


def single_label_table(seed: int, patients: int = 300) -> Table:
    """Patients of one label each, with 1 to 8 films, from three sources of unequal mixture."""
    rng = np.random.default_rng(seed)
    films = np.minimum(rng.geometric(0.5, patients), 8)
    label = rng.choice(["covid", "normal", "other"], patients, p=[0.1, 0.5, 0.4])
    source = rng.choice(["x", "y", "w"], patients, p=[0.6, 0.3, 0.1])
    who = np.repeat(np.arange(patients), films)
    return table({"label": label[who].tolist(), "source": source[who].tolist(), "patient": who.astype(str).tolist()})


@settings(max_examples=40)
@given(made=tables(), seed=st.integers(0, 3), order=st.randoms(use_true_random=False))
def test_every_film_has_a_side_no_patient_has_two_and_row_order_is_nothing(
    made: Table, seed: int, order: object
) -> None:
    split = split_table(made, seed=seed).frame
    assert split["split"].isin(list(FRACTIONS)).all()
    assert split.groupby(group_ids(split))["split"].nunique().max() == 1
    assert set(split["split"]) == set(FRACTIONS)
    rows = list(range(len(made)))
    order.shuffle(rows)  # type: ignore[attr-defined]
    shuffled = split_table(made.with_frame(made.frame.iloc[rows]), seed=seed).frame
    pd.testing.assert_frame_equal(shuffled.sort_index(), split)


@settings(max_examples=40)
@given(counts=st.lists(st.integers(1, 12), min_size=2, max_size=4), seed=st.integers(0, 5))
def test_a_label_with_three_patients_stands_on_every_side(counts: list[int], seed: int) -> None:
    labels = [f"label {place}" for place, count in enumerate([*counts, 40]) for _ in range(count)]
    split = split_table(table({"label": labels, "patient": [str(n) for n in range(len(labels))]}), seed=seed)
    sides = split.frame.groupby("label")["split"].nunique()
    for place, count in enumerate(counts):
        if count >= 3:
            assert sides[f"label {place}"] == 3
        else:
            assert any(f"the label label {place} ({count} patients) does not stand in" in n for n in split.notes)


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_met_within_a_film_or_two_by_label_and_source(seed: int) -> None:
    made = single_label_table(seed)
    frame = split_table(made, seed=seed).frame
    for by, tolerance in ((["label"], 3), (["label", "source"], 6)):
        counts = pd.crosstab([frame[name] for name in by], frame["split"])
        wanted = np.outer(counts.sum(axis=1), [FRACTIONS[name] for name in counts.columns])
        assert np.abs(counts.to_numpy() - wanted).max() <= tolerance
    share = frame["split"].value_counts(normalize=True)
    assert max(abs(share[name] - FRACTIONS[name]) for name in FRACTIONS) < 0.005


def test_large_patients_are_not_gathered_on_one_side() -> None:
    films = pd.concat([single_label_table(seed).frame.assign(patient=lambda f, s=seed: f"{s}-" + f["patient"])
                       for seed in range(3)])  # fmt: skip
    frame = split_table(table({name: films[name].tolist() for name in ("label", "source", "patient")})).frame
    size = frame.groupby("patient").agg(films=("image", "size"), split=("split", "first"))
    mean = size.groupby("split")["films"].mean()
    assert mean.max() / mean.min() < 1.15


def test_seeds_give_other_splits_and_the_same_seed_the_same() -> None:
    made = single_label_table(0)
    first, again, other = (split_table(made, seed=seed).frame["split"] for seed in (1, 1, 2))
    assert first.equals(again)
    assert (first != other).mean() > 0.2


def test_the_split_is_the_same_on_every_machine() -> None:
    made = table({"label": ["a", "b"] * 10, "patient": [str(n // 2) for n in range(20)]})
    sides = split_table(made, seed=7).frame["split"]
    assert "".join(side[1] for side in sides) == "rraaeerrrrrrrrrrrree"


def test_patients_of_one_number_in_two_sources_may_part() -> None:
    made = table({"label": ["a"] * 40, "source": ["x", "y"] * 20, "patient": [str(n // 2) for n in range(40)]})
    frame = split_table(made).frame
    assert frame.groupby("patient")["split"].nunique().max() > 1


def test_films_without_a_patient_are_said_not_to_be_safe() -> None:
    made = table({"label": ["a", "b"] * 10, "patient": ["1", None] * 10})
    notes = split_table(made).notes
    assert any(note.startswith("10 of 20 films have no patient") and "cannot be promised" in note for note in notes)
    whole = table({"label": ["a", "b"] * 10, "patient": [str(n) for n in range(20)]})
    assert split_table(whole).notes == ()


def test_a_split_that_is_there_is_kept_unless_thrown_away_on_purpose() -> None:
    made = table({"label": ["a"] * 6, "split": ["train"] * 4 + ["test"] * 2})
    with pytest.raises(TableError) as caught:
        split_table(made)
    assert "has a split already (train 4, test 2)" in caught.value.problem
    assert "--overwrite" in caught.value.mend
    assert split_table(made, overwrite=True).frame["split"].nunique() == 3
    assert made.frame["split"].tolist() == ["train"] * 4 + ["test"] * 2


def test_a_side_of_share_nothing_stays_empty() -> None:
    made = single_label_table(0)
    assert set(split_table(made, fractions={"train": 0.8, "val": 0, "test": 0.2}).frame["split"]) == {"train", "test"}


@pytest.mark.parametrize(
    ("fractions", "problem", "mend"),
    [
        ({"train": 0.7, "test": 0.2}, "must sum to 1; here are train 0.7, test 0.2", "0.7, 0.1 and 0.2"),
        ({"train": 1.2, "test": -0.2}, "must sum to 1", "0.7, 0.1 and 0.2"),
        ({"train": float("nan"), "test": 1}, "must sum to 1", "0.7, 0.1 and 0.2"),
        ({"train": 0.7, "dev": 0.3}, "no side 'dev'", "train, val, test"),
    ],
)
def test_fractions_that_are_no_shares(fractions: dict[str, float], problem: str, mend: str) -> None:
    with pytest.raises(TableError) as caught:
        split_table(table({"label": ["a"] * 9}), fractions=fractions)
    assert problem in caught.value.problem
    assert mend in caught.value.mend


def test_too_few_patients_and_no_label_column() -> None:
    with pytest.raises(TableError, match="2 patients cannot be divided into 3 sides → add patients"):
        split_table(table({"label": ["a"] * 4, "patient": ["1", "1", "2", "2"]}))
    with pytest.raises(TableError, match="no column 'finding' to balance the split by → name the label column"):
        split_table(table({"label": ["a"] * 4}), label_column="finding")


def test_validation_is_taken_from_train_by_patient_and_test_stays() -> None:
    made = split_table(single_label_table(3), fractions={"train": 0.8, "test": 0.2})
    frame = add_validation(made, fraction=0.25).frame
    was = made.frame["split"]
    assert (frame["split"][was == "test"] == "test").all()
    assert set(frame["split"][was == "train"]) == {"train", "val"}
    assert abs((frame["split"] == "val").sum() / (was == "train").sum() - 0.25) < 0.01
    assert frame.groupby(group_ids(frame))["split"].nunique().max() == 1


@pytest.mark.parametrize(
    ("sides", "fraction", "problem"),
    [
        (["train", "val", "test"], 0.1, "here is test, train, val"),
        (["test", "test", None], 0.1, "here is test"),
        (["train", "train", "test"], 0, "allowed is between 0 and 1"),
    ],
)
def test_validation_that_cannot_be_taken(sides: list[str], fraction: float, problem: str) -> None:
    with pytest.raises(TableError) as caught:
        add_validation(table({"label": ["a"] * 3, "split": sides}), fraction=fraction)
    assert problem in caught.value.problem
    assert caught.value.mend


@settings(max_examples=30)
@given(made=tables(), n_folds=st.integers(2, 5))
def test_folds_part_no_patient_and_test_every_film_once(made: Table, n_folds: int) -> None:
    fold = cross_validation_folds(made, n_folds=n_folds)
    assert fold.index.equals(made.frame.index)
    assert set(fold) == set(range(n_folds))
    assert fold.groupby(group_ids(made.frame)).nunique().max() == 1


@pytest.mark.parametrize("seed", [1, 3, 5])
@pytest.mark.filterwarnings("ignore:The least populated class")
def test_folds_are_as_even_as_scikit_learns_to_a_film(seed: int) -> None:
    made = single_label_table(seed)
    ours = cross_validation_folds(made, n_folds=5)
    theirs = np.zeros(len(made), dtype=int)
    splitter = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    groups = group_ids(made.frame)
    strata = made.frame["label"] + made.frame["source"]
    for number, (_, test) in enumerate(splitter.split(groups, strata, groups)):
        theirs[test] = number
    spread = [pd.crosstab(fold, strata).to_numpy().std(axis=0).max() for fold in (ours, theirs)]
    assert spread[0] <= spread[1] + 1


def test_folds_that_cannot_be() -> None:
    with pytest.raises(TableError, match="1 folds were asked for; allowed are 2 and more → give"):
        cross_validation_folds(table({"label": ["a"] * 3}), n_folds=1)
    with pytest.raises(TableError, match="3 patients cannot be divided into 5 sides"):
        cross_validation_folds(table({"label": ["a"] * 3}), n_folds=5)


@pytest.mark.films
@pytest.mark.skipif(not FILMS.exists(), reason="the real films are not beside the project")
def test_the_real_films_are_split_evenly() -> None:
    frame = split_table(load_table(FILMS, check_files=False)).frame
    assert frame.groupby(group_ids(frame))["split"].nunique().max() == 1
    counts = pd.crosstab(frame["label"], frame["split"])
    wanted = np.outer(counts.sum(axis=1), [FRACTIONS[name] for name in counts.columns])
    assert np.abs(counts.to_numpy() - wanted).max() <= 2
