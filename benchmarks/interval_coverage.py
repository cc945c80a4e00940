"""How often every interval of an evaluation holds the truth: simulated data of which the truth is known; docs/coverage.md.

    python benchmarks/interval_coverage.py [--repeats 1000] [--write docs/coverage.md] [--only WORD]

Scores are normal, the positives' shifted (or drawn from their own log odds, for calibration); where patients have several
films, two thirds of the variance are the patient's. Shares of films one by one are exact sums, not simulated. The tests hold
smaller versions of the same (`tests/evaluation`).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.special import expit
from scipy.stats import binom, norm

from deepcovid.evaluation.areas import auc_intervals, average_precision_interval
from deepcovid.evaluation.bootstrap import bootstrap
from deepcovid.evaluation.calibration import calibration_figures
from deepcovid.evaluation.clustered import clustered_auc, clustered_share, difference
from deepcovid.evaluation.comparison import ComparedPoint, compare_pair
from deepcovid.evaluation.conformal import fit_conformal
from deepcovid.evaluation.decision_curve import THRESHOLDS, decision_curve, net_benefit
from deepcovid.evaluation.intervals import clopper_pearson, paper_interval, wilson
from deepcovid.evaluation.matching import Matched
from deepcovid.evaluation.metrics import average_precision
from deepcovid.evaluation.operating_points import OperatingPoint, describe
from deepcovid.evaluation.scores import Scores
from deepcovid.storage import write_text

DRAWS, ALIKE, MANY = 400, 2 / 3, 400_000
Held = dict[str, tuple[bool, float]]  # interval → did it hold the truth, and its width


@dataclass(frozen=True)
class Case:
    """Data of one kind: `once` draws them and says of each interval whether it held, and how wide it was."""

    figure: str
    data: str
    once: Callable[[np.random.Generator], Held]


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    figure: str
    data: str
    interval: str
    held: float
    width: float
    repeats: int | None


def scores_of(positive: np.ndarray, score: np.ndarray, patient: np.ndarray) -> Scores:
    """Scores as an evaluation has them, of known patients."""
    blank = np.full(len(score), "")
    return Scores(
        positive, score, np.where(positive, "positive", "other"), blank, blank, patient, np.full(len(score), True), 0
    )


def drawn(rng: np.random.Generator, n1: int, n0: int, films: int, shift: float) -> Scores:
    """`n1` positive and `n0` negative patients with so many films each; scores in (0, 1)."""
    patient = np.repeat(np.arange(n1 + n0), films)
    noise = np.sqrt(ALIKE) * rng.normal(size=n1 + n0)[patient] + np.sqrt(1 - ALIKE) * rng.normal(size=len(patient))
    positive = patient < n1
    return scores_of(positive, norm.cdf(noise + shift * positive - shift / 2), patient)


def held(interval: object, truth: float) -> tuple[bool, float]:
    low, high = (interval[key] if isinstance(interval, dict) else getattr(interval, key) for key in ("low", "high"))
    return low <= truth <= high, high - low


# Shares of single films, exactly


def exact_shares() -> Iterator[Row]:
    for n, p in ((40, 0.8), (40, 0.9), (40, 0.975), (100, 0.98), (3000, 0.905)):
        outcomes = np.arange(n + 1)
        weight = binom.pmf(outcomes, n, p)
        for name, made in (("Wilson", wilson), ("Clopper–Pearson", clopper_pearson)):
            found = [made(int(k), n=n) for k in outcomes]
            inside = np.array([i.low <= p <= i.high for i in found])
            width = np.array([i.high - i.low for i in found])
            yield Row(
                "sensitivity, specificity",
                f"{n} films, true {p:g}",
                name,
                float(weight @ inside),
                float(weight @ width),
                None,
            )
        wald = [paper_interval(k / n, n=n) for k in outcomes]
        inside = np.array([i["low"] <= p <= i["high"] for i in wald])
        width = np.array([2 * i["halfwidth"] for i in wald])
        told = float(weight @ inside), float(weight @ width)
        yield Row("sensitivity, specificity", f"{n} films, true {p:g}", "the papers' (Wald)", *told, None)


# Everything else, simulated


def of_calls(n1: int, n0: int, films: int, shift: float) -> Callable[[np.random.Generator], Held]:
    cut = norm.cdf(shift / 2 - 1.2)  # sensitivity 0.885
    truth = 1 - norm.cdf(norm.ppf(cut) - shift / 2)
    specificity = norm.cdf(norm.ppf(cut) + shift / 2)
    share = 0.05 * truth / (0.05 * truth + 0.95 * (1 - specificity))
    f1 = 2 * n1 * truth / (n1 + n1 * truth + n0 * (1 - specificity))

    def once(rng: np.random.Generator) -> Held:
        scores = drawn(rng, n1, n0, films, shift)
        sample = bootstrap(
            scores.positive, score=scores.score, cluster=scores.patient, thresholds=np.array([cut]), draws=DRAWS
        )
        told = describe(OperatingPoint("x", float(cut), "given"), scores=scores, draws=sample, column=0)
        found = {"sensitivity: Wilson, over films": held(told["sensitivity"], truth)}
        found["sensitivity: patient bootstrap"] = held(told["sensitivity_bootstrap"], truth)
        right = (scores.score >= cut)[scores.positive]
        own = clustered_share(right, patient=scores.patient[scores.positive], patients=n1 + n0).interval
        found["sensitivity: Wilson, for patients (groups)"] = held(own, truth)
        found["PPV at 5 %: MOVER-R"] = held(told["predictive_values"][1]["ppv"], share)
        found["F1: bootstrap"] = held(told["f1"], f1)
        return found

    return once


@cache
def true_average_precision(n1: int, n0: int, shift: float) -> float:
    rng = np.random.default_rng(0)
    positive = np.arange(MANY) < MANY * n1 / (n1 + n0)
    return average_precision(positive, score=rng.normal(size=MANY) + shift * positive)


def of_areas(n1: int, n0: int, films: int, shift: float) -> Callable[[np.random.Generator], Held]:
    truth = float(norm.cdf(shift / np.sqrt(2)))
    precision = true_average_precision(n1, n0, shift)

    def once(rng: np.random.Generator) -> Held:
        scores = drawn(rng, n1, n0, films, shift)
        sample = bootstrap(scores.positive, score=scores.score, cluster=scores.patient, draws=DRAWS)
        told = auc_intervals(scores, draws=sample)
        names = {
            "auc_delong": "AUC: DeLong, over films",
            "auc_bootstrap": "AUC: patient bootstrap",
            "auc_newcombe": "AUC: Newcombe",
        }
        found = {name: held(told[key], truth) for key, name in names.items()}
        own = clustered_auc(scores.positive, score=scores.score, patient=scores.patient, patients=n1 + n0).interval
        found["AUC: Newcombe, for patients (groups)"] = held(own, truth)
        found["average precision: bootstrap"] = held(average_precision_interval(scores, draws=sample), precision)
        return found

    return once


def of_pairs(n1: int, n0: int, films: int) -> Callable[[np.random.Generator], Held]:
    """Two detectors that share half of their noise; the second is worse."""
    shifts = (1.6, 1.2)
    areas = [norm.cdf(s / np.sqrt(2)) for s in shifts]
    calls = [1 - norm.cdf(0.4 - s) for s in shifts]

    def once(rng: np.random.Generator) -> Held:
        patient = np.repeat(np.arange(n1 + n0), films)
        positive, people = patient < n1, n1 + n0
        common = np.sqrt(ALIKE) * rng.normal(size=people)[patient] + np.sqrt(1 - ALIKE) * rng.normal(size=len(patient))
        first, second = (
            norm.cdf(np.sqrt(0.5) * common + np.sqrt(0.5) * rng.normal(size=len(patient)) + s * positive)
            for s in shifts
        )
        matched = Matched(
            positive=positive, patient=patient, patient_known=np.full(len(patient), True), first=first, second=second
        )
        cut = float(norm.cdf(0.4))
        area, sensitivity, *_ = compare_pair(
            matched, points=[ComparedPoint(name="x", first=cut, second=cut)], draws=DRAWS
        )
        how = "DeLong, paired" if films == 1 else "paired patient bootstrap"
        other = "Newcombe, paired" if films == 1 else "paired patient bootstrap"
        return {
            f"difference of AUCs: {how}": held(area["difference"], areas[0] - areas[1]),
            f"difference of sensitivities: {other}": held(sensitivity["difference"], calls[0] - calls[1]),
        }

    return once


def of_benefit(n1: int, n0: int, films: int, shift: float) -> Callable[[np.random.Generator], Held]:
    place = 29
    cut = norm.ppf(THRESHOLDS[place])
    share = n1 / (n1 + n0)
    truth = float(
        net_benefit(
            1 - norm.cdf(cut - shift / 2),
            specificity=norm.cdf(cut + shift / 2),
            prevalence=share,
            threshold=THRESHOLDS[place],
        )
    )

    def once(rng: np.random.Generator) -> Held:
        scores = drawn(rng, n1, n0, films, shift)
        sample = bootstrap(
            scores.positive, score=scores.score, cluster=scores.patient, thresholds=THRESHOLDS, draws=DRAWS
        )
        curve = decision_curve(scores, draws=sample, columns=slice(0, None))
        return {"net benefit at 30 %": held({"low": curve["low"][place], "high": curve["high"][place]}, truth)}

    return once


def of_calibration(n: int, films: int, slope: float) -> Callable[[np.random.Generator], Held]:
    from scipy.optimize import brentq

    many = np.random.default_rng(0).normal(-1, 1.5, MANY)
    score, truth = expit(many), expit(slope * many)
    brier = float(np.mean(truth * (1 - truth) + (truth - score) ** 2))
    tenths = np.array_split(np.argsort(score), 10)
    error = float(np.sqrt(np.mean([(truth[rows].mean() - score[rows].mean()) ** 2 for rows in tenths])))
    large = brentq(lambda c: expit(c + many).mean() - truth.mean(), -5, 5)

    def once(rng: np.random.Generator) -> Held:
        odds = rng.normal(-1, 1.5, n)
        positive = rng.random(n) < expit(slope * odds)
        told = calibration_figures(
            scores_of(np.repeat(positive, films), np.repeat(expit(odds), films), np.repeat(np.arange(n), films)),
            draws=DRAWS,
        )
        truths = {
            "calibration slope": ("slope", slope),
            "calibration intercept": ("intercept", large),
            "Brier score": ("brier", brier),
            "root mean squared calibration error": ("rms_error", error),
        }
        return {name: held(told[key], value) for name, (key, value) in truths.items() if told[key] is not None}

    return once


def of_groups(n1: int, n0: int, films: int, shift: float) -> Callable[[np.random.Generator], Held]:
    """Two parts of films, a patient perhaps in both, between which there is no difference."""

    def once(rng: np.random.Generator) -> Held:
        scores = drawn(rng, n1, n0, films, shift)
        inside = rng.random(len(scores)) < 0.4
        parts = [
            clustered_auc(
                scores.positive[rows], score=scores.score[rows], patient=scores.patient[rows], patients=n1 + n0
            )
            for rows in (inside, ~inside)
        ]
        calls = [
            clustered_share(scores.score[rows] >= 0.4, patient=scores.patient[rows], patients=n1 + n0)
            for rows in (inside & scores.positive, ~inside & scores.positive)
        ]
        gaps = [difference(one, other=other, n=n1) for one, other in (parts, calls)]
        return {"gap of AUCs: MOVER": held(gaps[0], 0.0), "gap of sensitivities: MOVER": held(gaps[1], 0.0)}

    return once


def of_sets(n: int) -> Callable[[np.random.Generator], Held]:
    """A new film's set after a fresh calibration: the law of split conformal prediction, promised at 90 %."""

    def once(rng: np.random.Generator) -> Held:
        score = rng.random(n)
        rule = fit_conformal(np.stack([1 - score, score], axis=1), truth=np.ones(n, dtype=int), patient=np.arange(n))
        new = rng.random()
        return {"conformal set (promised 90 %)": (bool(new >= rule.lowest[1]), np.nan)}

    return once


SIZES = ((40, 100, 1, 1.8), (40, 400, 1, 2.9), (15, 100, 1, 1.8), (40, 100, 3, 1.8), (20, 60, 3, 2.5))


def cases() -> Iterator[Case]:
    for n1, n0, films, shift in SIZES:
        told = f"{n1} against {n0} patients, {films} {'film' if films == 1 else 'films'} each"
        area = f", true AUC {norm.cdf(shift / np.sqrt(2)):.3f}"
        yield Case("calls", told, of_calls(n1, n0, films, shift))
        yield Case("areas", told + area, of_areas(n1, n0, films, shift))
        yield Case("net benefit", told, of_benefit(n1, n0, films, shift))
        yield Case("groups", told, of_groups(n1, n0, films, shift))
    for films in (1, 3):
        yield Case(
            "two detectors",
            f"40 against 100 patients, {films} {'film' if films == 1 else 'films'} each",
            of_pairs(40, 100, films),
        )
    for n, films, slope in ((200, 1, 1.0), (200, 1, 0.5), (800, 1, 0.7), (150, 3, 0.5)):
        each = "film" if films == 1 else "films"
        yield Case(
            "calibration", f"{n} patients, {films} {each} each, true slope {slope:g}", of_calibration(n, films, slope)
        )
    for n in (9, 19, 57):
        yield Case("sets", f"{n} validation patients", of_sets(n))


def simulate(case: Case, *, repeats: int, seed: int = 0) -> Iterator[Row]:
    rng = np.random.default_rng(seed)
    seen: dict[str, list[tuple[bool, float]]] = {}
    for _ in range(repeats):
        for name, outcome in case.once(rng).items():
            seen.setdefault(name, []).append(outcome)
    for name, outcomes in seen.items():
        figure, _, interval = name.partition(": ")
        inside, width = (np.array(column, dtype=float) for column in zip(*outcomes, strict=True))
        yield Row(figure, case.data, interval, float(inside.mean()), float(np.mean(width)), len(outcomes))


HEAD = """# How often the intervals hold the truth

Made by `python benchmarks/interval_coverage.py`: {repeats} simulated tables a line ({draws} draws where
there is a bootstrap), of which the truth is known; shares of single films are summed exactly. Aimed at are 95 %. The bracket is
the 95 % interval of the simulation itself (Wilson's). Scores are normal; of a patient's films two thirds of the variance are the
patient's. "Over films" stands for an interval that takes films as independent: with three films a patient it is too short, which
is why an evaluation gives the other as well.

| figure | data | interval | held the truth | mean width |
|---|---|---|---|---|
"""
FOOT = """
Below 93 % lie intervals over films where patients have several, DeLong's, the bootstrap of an AUC with few positives or near 1
(an evaluation says so in a note, and has Newcombe's beside it), that of average precision by one or two points, and Wilson's
at some shares of 40 films, as any interval of a count goes up and down. Above 97.5 % lie the calibration error, whose square
cannot be less than 0, and gaps between parts with few positives.
"""


def line(row: Row) -> str:
    if row.repeats is None:
        told = f"{100 * row.held:.1f} % (exact)"
    else:
        sure = wilson(round(row.held * row.repeats), n=row.repeats)
        told = f"{100 * row.held:.1f} % ({100 * sure.low:.1f}–{100 * sure.high:.1f})"
    width = "–" if np.isnan(row.width) else f"{row.width:.3f}"
    return f"| {row.figure} | {row.data} | {row.interval or '–'} | {told} | {width} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--only", default="", help="cases whose name holds this word")
    options = parser.parse_args()
    rows = [] if options.only else list(exact_shares())
    for case in cases():
        if options.only in case.figure:
            began = time.monotonic()
            rows += list(simulate(case, repeats=options.repeats))
            print(f"{case.figure}, {case.data}: {time.monotonic() - began:.0f} s", flush=True)
    order = list(dict.fromkeys(row.figure for row in rows))
    rows.sort(key=lambda row: order.index(row.figure))
    table = "\n".join(line(row) for row in rows)
    print(table)
    if options.write:
        write_text(options.write, HEAD.format(repeats=f"{options.repeats:,}", draws=DRAWS) + table + "\n" + FOOT)


if __name__ == "__main__":
    main()
