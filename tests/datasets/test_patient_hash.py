"""A patient's number depends on the patient alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepcovid.datasets.patient_hash import patient_shares


def _frame(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image": [f"{i}.png" for i in range(count)],
            "source": "north",
            "patient": [f"p{i // 2}" for i in range(count)],
        }
    )


def test_films_of_a_patient_agree_in_any_table() -> None:
    frame = _frame(400)
    numbers = patient_shares(frame, purpose="a")
    assert np.array_equal(numbers[::2], numbers[1::2])
    mixed = frame.sample(frac=0.5, random_state=0)
    assert np.array_equal(patient_shares(mixed, purpose="a"), numbers[mixed.index])
    assert numbers[0] != patient_shares(frame, purpose="b")[0]
    assert numbers[0] == 0.7714708400669146  # written down: weights that were made by it depend on it


def test_numbers_are_even_and_a_person_takes_the_place_of_patients() -> None:
    numbers = patient_shares(_frame(4000), purpose="a")[::2]
    assert abs((numbers < 0.3).mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 2000)
    twins = _frame(4).assign(person=[None, "x", "x", None], source=["a", "b", "c", "d"])
    told = patient_shares(twins, purpose="a")
    assert told[1] == told[2]
    assert len(set(told)) == 3
