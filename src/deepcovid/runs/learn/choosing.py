"""Choosing by nested cross-validation: inner folds choose, outer folds score the whole procedure of choosing.

Varma & Simon, "Bias in error estimation when using cross-validation for model selection", BMC Bioinformatics 7:91 (2006). Among
candidates the cheapest is kept unless a dearer one's AUC on the inner folds is higher by more than one standard error of
the paired difference (Breiman et al. 1984: the one-standard-error rule).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import group_ids
from deepcovid.evaluation.areas import auc_intervals
from deepcovid.evaluation.bootstrap import bootstrap
from deepcovid.evaluation.delong import delong_difference
from deepcovid.evaluation.intervals import Interval, normal_quantile
from deepcovid.evaluation.scores import read_scores
from deepcovid.progress import Progress
from deepcovid.runs.crossvalidation import Division, cross_validate
from deepcovid.runs.data import Prepared
from deepcovid.runs.folds import Fold, make_folds
from deepcovid.runs.learn.budget import Budget
from deepcovid.runs.learn.candidates import Candidate
from deepcovid.runs.learn.extraction import quiet, rows_of

OUTER, INNER = 5, 3
STACK = "stack"


@dataclass(frozen=True, eq=False)
class Chosen:
    """What was chosen and what the folds say.

    Attributes:
        name: of the candidate, or "stack".
        why: a sentence.
        nested: the AUC of the whole procedure on the outer folds.
        aucs: of each candidate that was scored on all outer folds.
        picks: what the inner folds chose, by outer fold.
        scores: the outer held-out rows with the procedure's `score`.
        folds: the outer folds.
    """

    name: str
    why: str
    nested: Interval
    aucs: dict[str, Interval]
    picks: tuple[str, ...]
    scores: pd.DataFrame
    folds: tuple[Fold, ...]


def outer_count(prepared: Prepared) -> int:
    """Five outer folds, or as many as the rarer class has patients."""
    return min(OUTER, fewest_patients(prepared))


def fewest_patients(prepared: Prepared) -> int:
    """Patients of the rarer class."""
    groups = group_ids(prepared.frame).to_numpy()
    return min(len(set(groups[prepared.is_positive])), len(set(groups[~prepared.is_positive])))


def trainings(candidates: int, *, outer: int) -> int:
    """How often each candidate is trained: once an outer fold, and on its inner folds where there is something to choose."""
    return outer * (1 + (INNER if candidates > 1 else 0))


def affordable(candidates: Sequence[Candidate], *, outer: int, budget: Budget, reserve: float) -> list[Candidate]:
    """The candidates, cheapest first, whose trainings fit into what is left after `reserve`; the rest are noted."""
    taken = [candidates[0]]
    for candidate in candidates[1:]:
        more = [*taken, candidate]
        needed = trainings(len(more), outer=outer) * sum(budget.cost(one.name) for one in more)
        needed += budget.cost(candidate.name)  # the last training may be of it
        if needed + reserve <= budget.left:
            taken = more
        else:
            budget.leave_out(
                f"{candidate.title} was left out: with it, choosing takes about {(needed + reserve) / 60:.0f} minutes more, "
                f"and {budget.left / 60:.1f} are left."
            )
    return taken


def choose(
    prepared: Prepared,
    candidates: Sequence[Candidate],
    *,
    out: Path,
    seed: int,
    budget: Budget,
    reserve: float,
    progress: Progress,
) -> Chosen:
    """Score candidates, and the choosing itself, on outer folds by patient.

    Args:
        prepared: films.
        candidates: those that fit into the budget, cheapest first.
        out: the folder for folds; finished ones are taken as they are.
        seed: of the folds.
        budget: where it runs short, the dearest candidate is dropped, and noted.
        reserve: seconds that must be left.
        progress: told of folds.
    """
    count = outer_count(prepared)
    folds = make_folds(prepared, count=count, grouping="patient", seed=seed)
    going = list(candidates)
    outer: dict[str, list[pd.DataFrame]] = {candidate.name: [] for candidate in going}
    inner: list[dict[str, pd.DataFrame]] = []
    for fold in folds:
        going = _still(going, folds_left=count - fold.number + 1, budget=budget, reserve=reserve)
        progress.say(f"Outer fold {fold.number} of {count}: {', '.join(one.title for one in going)}.")
        for one in going:
            division = Division(count=count, seed=seed, only=(fold.number,))
            outer[one.name].append(_scored(prepared, one, out / "outer" / one.name, division, budget))
        inner.append({})
        if len(going) > 1:
            within = rows_of(prepared, fold.train)
            division = Division(count=min(INNER, fewest_patients(within)), seed=seed)
            place = out / f"inner-{fold.number}"
            inner[-1] = {one.name: _scored(within, one, place / one.name, division, budget) for one in going}
    names = [one.name for one in going]  # those that were scored on every fold
    picks, parts = [], []
    for number, within_scores in enumerate(inner):
        pick = prefer({name: within_scores[name] for name in names}, prepared)[0] if len(names) > 1 else names[0]
        picks.append(pick)
        parts.append(_of(pick, {name: outer[name][number] for name in names}))
    whole = {name: pd.concat(outer[name], ignore_index=True) for name in names}
    final, why = prefer(whole, prepared)
    scores = pd.concat(parts, ignore_index=True)
    if len(names) > 1:
        whole[STACK] = _of(STACK, whole)
    return Chosen(
        name=final,
        why=why,
        nested=auc_of(scores, prepared, seed=seed),
        aucs={name: auc_of(frame, prepared, seed=seed) for name, frame in whole.items()},
        picks=tuple(picks),
        scores=scores,
        folds=tuple(folds),
    )


def prefer(scored: Mapping[str, pd.DataFrame], prepared: Prepared) -> tuple[str, str]:
    """The name preferred among candidates scored on the same films, cheapest first, and why; of several, their mean too."""
    if len(scored) == 1:
        only = next(iter(scored))
        return only, "It was the only way that data and budget let be tried."
    tried = dict(scored) | {STACK: _of(STACK, scored)}
    names = list(tried)
    kept, sentences = names[0], []
    for name in names[1:]:
        first, second = (_by_image(tried[one]) for one in (name, kept))
        positive = (first[prepared.label_column] == prepared.positive).to_numpy()
        found = delong_difference(positive, first=first["score"].to_numpy(), second=second["score"].to_numpy())
        difference = found.difference
        error = (difference.high - difference.low) / (2 * normal_quantile())
        gained = float(difference.value or 0.0)
        limits = f"{difference.low:+.3f} to {difference.high:+.3f}; {difference.method}, {difference.n} films"
        told = f"{name} against {kept}: AUC {gained:+.3f} ({limits})"
        if gained > error:
            sentences.append(f"{told}, more than one standard error: {name} is preferred")
            kept = name
        else:
            sentences.append(f"{told}, not more than one standard error: the cheaper {kept} is kept")
    return kept, "; ".join(sentences) + "."


def auc_of(frame: pd.DataFrame, prepared: Prepared, *, seed: int) -> Interval:
    """The AUC of held-out scores of all folds together, with its interval over patients."""
    label = prepared.label_column
    read = read_scores(frame, positive=prepared.positive, label_column=label)
    draws = bootstrap(
        read.positive, score=read.score, cluster=read.patient, thresholds=np.array([0.5]), draws=1000, seed=seed
    )
    return auc_intervals(read, draws=draws)["auc"]


def _still(going: list[Candidate], *, folds_left: int, budget: Budget, reserve: float) -> list[Candidate]:
    """Drop the dearest while the folds that are left do not fit."""
    while len(going) > 1:
        each = trainings(len(going), outer=1) * sum(budget.cost(one.name) for one in going)
        last = max(budget.cost(one.name) for one in going)
        if folds_left * each + last + reserve <= budget.left:
            break
        dearest = max(going, key=lambda one: budget.cost(one.name))
        budget.leave_out(
            f"{dearest.title} was dropped with {folds_left} outer folds to go: one training of it takes "
            f"{budget.cost(dearest.name):.0f} s here."
        )
        going = [one for one in going if one is not dearest]
    return going


def _scored(prepared: Prepared, candidate: Candidate, out: Path, division: Division, budget: Budget) -> pd.DataFrame:
    began = budget.now()
    found = cross_validate(
        prepared,
        recipe=candidate.recipe,
        out=out,
        division=division,
        settings=candidate.settings,
        progress=quiet(),
    )
    budget.done(candidate.name, (budget.now() - began) / len(found.records))
    return found.frame


def _of(name: str, scored: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A candidate's rows, or those of the mean of all."""
    if name != STACK:
        return scored[name]
    frames = [_by_image(frame) for frame in scored.values()]
    together = np.mean([frame["score"].to_numpy() for frame in frames], axis=0)
    return frames[0].assign(score=together)


def _by_image(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values("image", kind="stable").reset_index(drop=True)


def as_dict(chosen: Chosen, candidates: Sequence[Candidate]) -> dict[str, Any]:
    """What the result says of the choice."""
    titles = {one.name: one.title for one in candidates} | {STACK: "the mean of their scores"}
    return {
        "name": chosen.name,
        "title": titles[chosen.name],
        "why": chosen.why,
        "nested_auc": chosen.nested.to_dict(),
        "picks": list(chosen.picks),
        "outer_folds": len(chosen.folds),
        "aucs": {name: interval.to_dict() for name, interval in chosen.aucs.items()},
    }
