"""Tests of the question whether the source alone tells the label, and what claims stand on."""

from __future__ import annotations

import numpy as np

from deepcovid.audit.source_alone import claims_of, source_alone
from tests.audit.subjects import people, subject


def films(counts: dict[tuple[str, str], int], **values: object):
    labels = [label for (label, _), count in counts.items() for _ in range(count)]
    sources = [source for (_, source), count in counts.items() for _ in range(count)]
    return subject(people(len(labels), label=labels, source=sources), **values)


def test_no_film_of_the_same_source_supports_a_claim() -> None:
    result = source_alone(films({("covid", "cohen"): 60, ("normal", "nih"): 80, ("other", "nih"): 60}))
    assert result.verdict == "WARN"
    area = result.figures["areas"][0]
    assert (area["label"], area["auc"]["value"]) == ("covid", 1.0)
    assert set(area["auc"]) == {"value", "low", "high", "method", "n", "unit"}
    assert "AUC with 95 % interval (200 films), each class against the rest: covid 1.00" in result.sentence
    assert (
        "No normal film comes from a source of the covid films: no film of the same source supports a claim that covid is told "
        "from normal." in result.findings
    )
    assert (
        "No film of the same source supports these claims: covid against normal, covid against other."
        in result.sentence
    )


def test_few_films_of_the_same_source_are_said() -> None:
    table = films({("covid", "cohen"): 60, ("normal", "cohen"): 12, ("normal", "nih"): 80})
    (claim,) = claims_of(table)
    assert (claim["support"], claim["films_against"], claim["patients_against"]) == ("few", 12, 12)
    assert claim["sentence"].startswith("Only 12 of 92 normal films (12 patients) come from a source that has both")
    assert source_alone(table).verdict == "WARN"


def test_shared_sources_pass() -> None:
    rng = np.random.default_rng(0)
    labels = ["covid"] * 400 + ["normal"] * 400
    table = subject(people(800, label=labels, source=rng.choice(["north", "south"], 800).tolist()))
    result = source_alone(table)
    assert (result.verdict, result.findings) == ("PASS", ())
    assert result.figures["areas"][0]["auc"]["high"] < 0.6


def test_the_asked_class_stands_first_in_every_claim() -> None:
    table = films({("a", "x"): 40, ("b", "x"): 40, ("c", "x"): 40}, positives=("c",))
    assert [(claim["label"], claim["against"]) for claim in claims_of(table)] == [("c", "a"), ("c", "b")]
    assert {claim["support"] for claim in claims_of(table)} == {"some"}


def test_unknown_sources_cannot_tell() -> None:
    table = subject(people(60, label=["a", "b"] * 30, source=["x"] * 20 + [None] * 40))
    result = source_alone(table)
    assert result.verdict == "CANNOT TELL"
    assert "source of the films is unknown" in result.sentence
