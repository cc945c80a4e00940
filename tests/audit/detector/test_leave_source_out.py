"""Test 5 on sources of known sway: disease that all share, disease that one shows otherwise, sources of one class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from deepcovid.audit.detector.detector_test import Case
from deepcovid.audit.detector.leave_source_out import leave_source_out, parts_of, source_counts
from tests.audit.detector.given import given

BOTH = (0.5, 0.5, 0.5)  # share of positives in each source


def _case(shares: Sequence[float], *, disease: float, style: float, n: int = 540, seed: int = 0) -> Case:
    """Source k's films carry `style` in a feature of their own; positives carry `disease` in the first feature."""
    rng = np.random.default_rng(seed)
    source = np.arange(n) % len(shares)
    positive = rng.random(n) < np.array(shares)[source]
    features = rng.normal(size=(n, 12))
    features[:, 0] += disease * positive
    features[np.arange(n), 1 + source] += style
    tested = np.arange(n) // len(shares) % 2 == 0
    names = np.array(["north", "south", "east", "west"])[source]
    return given(positive, features=features, tested=tested, columns={"source": names})


def test_disease_that_every_source_shares_passes() -> None:
    result = leave_source_out(_case(BOTH, disease=1.6, style=3.0))
    assert result.verdict == "PASS", result.sentence
    assert [one["held_out"] for one in result.figures["parts"]] == [["south"], ["north"], ["east"]] or len(
        result.figures["parts"]
    ) == 3
    assert all(
        one["auc"]["unit"] == "image" and one["loss"]["method"] == "DeLong, paired" for one in result.figures["parts"]
    )


def test_two_sources_of_positives_and_two_of_negatives_are_held_out_in_pairs_and_fail() -> None:
    """No disease at all: heads tell the sources that they know and nothing of others."""
    result = leave_source_out(_case((1, 0, 1, 0), disease=0.0, style=4.0))
    assert result.verdict == "FAIL"
    assert result.kinds == ("source",)
    assert {tuple(one["held_out"]) for one in result.figures["parts"]} == {
        ("north", "south"),
        ("north", "west"),
        ("east", "south"),
        ("east", "west"),
    }
    assert "does not hold without" in result.sentence


def test_pairs_with_disease_pass_where_the_backbone_was_frozen() -> None:
    case = _case((1, 0, 1, 0), disease=3.5, style=0.3)
    frozen = replace(case, extra={"run": {"config": {"recipe": {"trainable": "head"}}}})
    result = leave_source_out(frozen)
    assert result.verdict == "PASS", result.sentence
    learnt = leave_source_out(case)  # features that were learnt from those very sources tell them apart in any case
    assert learnt.verdict == "CANNOT TELL"
    assert "--retrain" in learnt.sentence
    assert [one["auc"] for one in learnt.figures["parts"]] == [one["auc"] for one in result.figures["parts"]]
    assert leave_source_out(_case(BOTH, disease=1.6, style=3.0)).verdict == "PASS"  # sources of both classes


@pytest.mark.parametrize(("disease", "verdict"), [(3.0, "PASS"), (0.0, "FAIL")])
def test_scores_of_networks_that_were_trained_anew_take_the_heads_place(disease: float, verdict: str) -> None:
    case = _case((1, 0, 1, 0), disease=3.0, style=0.3)
    anew = case.looks.features(np.arange(len(case)))[:, 0] * bool(disease)
    anew += 0.01 * np.random.default_rng(1).normal(size=len(case))
    parts, _ = parts_of(source_counts(case))
    result = leave_source_out(replace(case, extra={"retrained": {part.name: anew for part in parts}}))
    assert result.verdict == verdict, result.sentence
    assert any("trained anew without each part" in note for note in result.notes)
    assert all(one["seen"]["value"] > 0.9 for one in result.figures["parts"])


def test_each_source_of_one_class_cannot_tell() -> None:
    result = leave_source_out(_case((1, 0, 0), disease=1.0, style=4.0))
    assert result.verdict == "CANNOT TELL"
    assert "Each source holds one class and only one holds positives" in result.sentence


def test_one_source_and_few_films_cannot_tell() -> None:
    assert "All films are of one source" in leave_source_out(_case((0.5,), disease=1.0, style=0.0)).sentence
    few = leave_source_out(_case(BOTH, disease=0.6, style=0.0, n=132, seed=2))
    assert few.verdict == "CANNOT TELL"
    assert "would tell" in few.sentence


def test_a_head_that_never_saw_the_source_never_learns_from_it() -> None:
    """Labels of the held-out source turned about change what was seen of it, and not the head's scores elsewhere."""
    case = _case(BOTH, disease=2.0, style=0.0)
    turned = given(
        np.where(case.source == "north", ~case.positive, case.positive),
        features=case.looks.features(np.arange(len(case))),
        tested=case.tested,
        columns={"source": case.source.to_numpy()},
    )
    part = next(one for one in leave_source_out(turned).figures["parts"] if one["held_out"] == ["north"])
    straight = next(one for one in leave_source_out(case).figures["parts"] if one["held_out"] == ["north"])
    assert part["auc"]["value"] < 0.2
    assert np.isclose(part["auc"]["value"], 1 - straight["auc"]["value"])
