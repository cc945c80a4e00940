"""What `learn` found as one self-contained page: what was chosen and why, the learning curve, how many more films are needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepcovid.reporting import words
from deepcovid.reporting.figures.learning import learning_figure
from deepcovid.reporting.figures.style import figure_inline
from deepcovid.reporting.report import template


def render_learn(told: Mapping[str, Any]) -> str:
    """The page as text.

    Args:
        told: what learn.json holds.
    """
    twice = told["curve"]["at_twice"]
    alt = (
        f"AUC against positive films: {len(told['curve']['points'])} measured numbers; at {twice['n_positives']} positives "
        f"{twice['low']:.2f} to {twice['high']:.2f} is foreseen"
    )
    return template("learn.html.j2").render(
        told=told,
        nested=interval_words(told["chosen"]["nested_auc"]),
        candidates=[_candidate(row) for row in told["candidates"]],
        points=[{"n": row["n"], "auc": interval_words(row["auc"])} for row in told["curve"]["points"]],
        answers=answers(told["curve"]),
        figure=figure_inline(learning_figure(told["curve"]), name="learning-curve", alt=alt),
        used=f"{told['budget']['used_seconds'] / 60:.1f}",
    )


def interval_words(interval: Mapping[str, Any]) -> str:
    """A figure with its limits, method, n and unit."""
    value = words.ratio(interval["value"])
    return f"{value} ({words.bounds(interval, as_percent=False)}; {words.basis(interval)})"


def answers(curve: Mapping[str, Any]) -> list[str]:
    """How many more films: a sentence each on twice the films, every target, and the width of the interval."""
    twice, here = curve["at_twice"], curve["positives_at_hand"]
    found = [
        f"With twice the films ({twice['n_positives']} positives in place of {here}) one training is foreseen at an "
        f"AUC of {twice['value']:.3f} (80 % interval {twice['low']:.3f} to {twice['high']:.3f}; "
        f"it rests on {twice['n']} {twice['unit']}s)."
    ]
    found += [_with_more(need, here) for need in curve["needed"]]
    width = curve["width"]
    if width["positives"] is None:
        found.append(f"How many films give an AUC with a 95 % interval of width {width['target']:.2f} cannot be told.")
    else:
        found.append(
            f"An AUC whose 95 % interval is no wider than {width['target']:.2f} needs about {width['positives']} positive "
            "patients to be measured on, with others in today's proportion."
        )
    return found


def _with_more(need: Mapping[str, Any], here: int) -> str:
    sentence: str = need["sentence"]
    middle = need["middle"]
    if middle is None:
        return sentence
    return f"{sentence} That is {middle - here} more than now." if middle > here else f"{sentence} That many are there."


def _candidate(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": row["title"],
        "how": f"{row['network']}, {row['epochs']} epochs",
        "auc": interval_words(row["auc"]) if row["auc"] else words.ABSENT,
        "seconds": f"{row['seconds']:.0f} s" if row["considered"] else words.ABSENT,
        "reason": row["reason"],
    }
