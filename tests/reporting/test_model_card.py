"""The model card follows Mitchell et al. 2019: use and non-use, data, figures with intervals, limits; warnings first."""

from __future__ import annotations

from deepcovid.reporting.content import Notice, ReportContent
from deepcovid.reporting.model_card import write_model_card

from . import synthetic


def test_the_parts_stand_in_order_after_the_warnings(content: ReportContent) -> None:
    card = write_model_card(content)
    order = ["# Model card", "**Warning.**", "**Caution.**", "## Model details", "## Intended use", "## Not intended",
             "## Figures", "## Data", "## Limits", "## Facts of the run"]  # fmt: skip
    places = [card.index(part) for part in order]
    assert places == sorted(places)


def test_every_measure_has_interval_method_and_n(content: ReportContent) -> None:
    lines = [
        line
        for line in write_model_card(content).splitlines()
        if line.startswith(("| AUC", "| sensitivity", "| specificity"))
    ]
    assert len(lines) >= 4
    assert all("–" in line and ("films" in line or "patients" in line) for line in lines)


def test_licence_and_hash_come_from_the_facts_and_are_otherwise_for_you_to_fill(content: ReportContent) -> None:
    card = write_model_card(content)
    assert "| Licence | not for redistribution |" in card
    assert "9f2c9f2c" in card
    assert "| Licence | not stated: for you to fill |" in write_model_card(synthetic.content(facts={}))


def test_markup_in_names_stays_text() -> None:
    card = write_model_card(
        synthetic.content(title="a | b <img> *c*", warnings=[Notice("danger", "x\n\n# not a heading")])
    )
    assert card.splitlines()[0] == r"# Model card: a \| b \<img\> \*c\*"
    assert "\n# not a heading" not in card


def test_the_same_content_gives_the_same_card(content: ReportContent) -> None:
    assert write_model_card(content) == write_model_card(synthetic.content())
