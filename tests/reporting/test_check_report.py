"""Tests of the page of a data check."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepcovid.reporting.check_report import CheckContent, Shown, render_check

FILM = {"row": 2, "image": "a.png", "patient": "p1", "source": None, "split": None, "label": "covid"}
OTHER = {**FILM, "row": 3, "image": "b.png", "patient": "p2", "label": "normal"}


def content(**values: Any) -> CheckContent:
    pixels = np.linspace(0, 1, 64 * 48, dtype=np.float32).reshape(64, 48)
    auc = {"value": 0.9, "low": 0.85, "high": 0.94, "method": "DeLong", "n": 80, "unit": "image"}
    test = {
        "test": "source-alone", "question": "Does it?", "verdict": "WARN", "sentence": "It does.", "rule": "WARN: it does.",
        "figures": {"areas": [{"label": "covid", "auc": auc}], "limit": 0.6}, "findings": ["one"] * 250, "notes": [],
    }  # fmt: skip
    pair = {
        "verdict": "duplicate", "correlation": 0.9931, "detail": 0.98, "hamming": 3, "transform": "mirror", "exact": False,
        "films": [FILM, OTHER], "more": [],
    }  # fmt: skip
    report = {
        "format": 1, "deepcovid": "0", "table": "films/table.csv", "films": 2, "labels": {"covid": 1, "normal": 1},
        "label_column": "label", "positives": [], "verdict": "FAIL", "sentence": "No.", "tests": [test],
        "pairs": [pair, {**pair, "verdict": "look"}], "notes": ["read so"],
    }  # fmt: skip
    twins = (Shown(pixels, FILM), Shown(None, OTHER))
    return CheckContent({**report, **values}, [twins, twins], [])


def test_both_films_stand_side_by_side_with_patient_and_label() -> None:
    page = render_check(content())
    assert page.index("One film, two patients") < page.index("Look at these") < page.index("The questions")
    assert page.count("data:image/jpeg;base64,") == 2
    assert page.count("cannot be read") == 2
    assert page.count("labels contradict") == 1
    for words in ("correlation 0.993", "3 of 64 bits differ", "mirror", "p1", "p2", "row 3", "read so"):
        assert words in page


def test_figures_carry_interval_method_n_and_unit_and_long_lists_are_cut() -> None:
    page = render_check(content())
    assert "AUC 0.900" in page
    assert "0.850–0.940" in page
    assert "DeLong" in page
    assert "80\u00a0films" in page
    shown, folded = page.split("<summary>and 238 more</summary>")
    assert (shown.count("<li>one</li>"), folded.count("<li>one</li>")) == (12, 188)
    assert "… and 50 more; the JSON has all" in folded


def test_a_page_without_pairs_has_no_empty_parts() -> None:
    full = content()
    page = render_check(CheckContent({**full.report, "pairs": [], "notes": []}, []))
    for words in ("One film, two patients", "Look at these", "To know", "gate refuses"):
        assert words not in page


def test_the_page_is_self_contained_and_escapes_what_the_table_says() -> None:
    page = render_check(content(table="films/<i>x</i>.csv", labels={"<b>": 2}))
    assert "&lt;b&gt;" in page
    assert "<b>: 2" not in page
    assert "<script" not in page
    assert 'src="http' not in page
