from __future__ import annotations

import pytest

from deepcovid.datasets.sources.labels import join_findings, label_of, label_of_findings


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("COVID-19", "covid"), ("covid19", "covid"), ("Covid 19", "covid"), ("No Finding", "normal"), ("NORMAL", "normal"),
        ("Pneumonia", "pneumonia"), ("Lung Opacity", "lung-opacity"), ("Pleural_Thickening", "pleural-thickening"),
        ("E.Coli", "e.coli"), ("todo", None), ("Unknown", None), ("", None),
    ],
)  # fmt: skip
def test_labels(word: str, label: str | None) -> None:
    assert label_of(word) == label


def test_covid_comes_first_among_findings() -> None:
    assert label_of_findings(["ARDS", "COVID-19"]) == "covid"
    assert label_of_findings(["Effusion", "Pneumonia"]) == "effusion"
    assert label_of_findings(["Effusion", "Pneumonia"], first=("covid", "pneumonia")) == "pneumonia"
    assert label_of_findings(["todo"]) is None


def test_findings_are_joined_in_their_own_words() -> None:
    assert join_findings([" COVID-19 ", "", "ARDS"]) == "COVID-19|ARDS"
    assert join_findings([" "]) is None
