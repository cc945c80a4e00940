"""Results as lines for a terminal."""

from __future__ import annotations

from typing import Any

from deepcovid.errors import printable

TOGETHER = {
    "accuracy": "accuracy",
    "accuracy_bootstrap": "  over patients",
    "exact_match": "all of it right",
    "balanced_accuracy": "balanced accuracy",
    "macro_auc": "macro AUC",
    "micro_auc": "micro AUC",
    "macro_f1": "macro F1",
    "kappa": "Cohen's kappa",
}
AREAS = {"macro_auc", "micro_auc"}
PERCENTAGES = {"accuracy", "accuracy_bootstrap", "exact_match", "balanced_accuracy"}


def evaluation_lines(evaluation: dict[str, Any]) -> list[str]:
    """The main figures of an evaluation, each with its interval, its n and what was resampled."""
    told = f"{evaluation['n_positive']} {evaluation['positive']} and {evaluation['n_negative']} other films"
    patients = "" if evaluation["n_patients"] is None else f" of {evaluation['n_patients']} patients"
    side = f" on {evaluation['split']}" if evaluation["split"] else ""
    lines = [f"{told}{patients}{side}", f"AUC                {_auc(evaluation['auc'])}"]
    lines.append(f"average precision  {_ratio(evaluation['average_precision'])}")
    lines += _calibration_lines(evaluation["calibration"])
    for point in evaluation["operating_points"]:
        lines += ["", f"{point['name']}: threshold {point['threshold']:.4f}, chosen on {_origin(point['chosen_on'])}"]
        for name in ("sensitivity", "specificity"):
            wald = point["paper_interval"][name]
            paper = f"   paper's interval ± {100 * wald['halfwidth']:.1f}" if wald["halfwidth"] is not None else ""
            lines.append(f"  {name}      {_percent(point[name])}{paper}")
        lines.append(f"  right {point['tp']} + {point['tn']}, missed {point['fn']}, falsely called {point['fp']}")
        lines.append(f"  positive calls that would be right: {_worth(point['predictive_values'])}")
    if evaluation["conformal"] is not None:
        lines += _set_lines(evaluation["conformal"], positive=evaluation["positive"])
    if evaluation["subgroups"] is not None:
        lines += _group_lines(evaluation["subgroups"])
    return lines + (_class_lines(evaluation["classes"]) if "classes" in evaluation else [])


def _set_lines(section: dict[str, Any], *, positive: str) -> list[str]:
    """Conformal sets: whether they hold what they promise, and how many films they decide."""
    promise = f"{100 * (1 - section['alpha']):g} % of each class"
    lines = ["", f"sets that are to hold the truth for {promise}, from validation:"]
    for row in section["classes"]:
        name = positive if row["class"] == "positive" else "others"
        lines.append(
            f"  {printable(name)}: {_percent(row['coverage']).strip()}: {row['verdict']}; {row['alone']} decided rightly, "
            f"{row['wrong']} wrongly, {row['both']} both, {row['none']} neither"
        )
    for row in section["by_source"]:
        if row["verdict"] == "short":
            name = positive if row["class"] == "positive" else "others"
            lines.append(
                f"  {printable(name)} of {printable(row['source'])}: {_percent(row['coverage']).strip()}: short"
            )
    lines.append(f"  films with a set of one class: {_percent(section['decided']['share']).strip()}")
    return lines


def _group_lines(section: dict[str, Any]) -> list[str]:
    """Single facets group by group, and of crossings those that are told apart from the others.

    Groups of too few films are counted: their figures, dozens of wide intervals, stand on the page and in the JSON.
    """
    named = {"auc": "AUC", "sensitivity": "sensitivity", "specificity": "specificity"}
    least = f"n < {section['fewest']} of a class, patients where they are known"
    verdicts = [gap["verdict"] for row in section["groups"] for gap in row["gaps"]]
    if verdicts and set(verdicts) == {"unknown"}:
        return ["", f"by group: no group has enough films ({least})"]
    lines = ["", f"by group, called at {section['point']}; a gap is against all other films:"]
    for row in section["groups"]:
        crossed = row["facet"] not in {told["facet"] for told in section["unknown"]}
        for gap in row["gaps"]:
            told = gap["verdict"] in ("lower", "higher")
            if row[gap["measure"]] is not None and (told or not crossed) and gap["verdict"] != "unknown":
                figure = row[gap["measure"]]
                head = f"  {printable(row['facet'])} {printable(row['value'])}, {named[gap['measure']]}"
                lines.append(
                    f"{head}: {figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f}){_gap_words(gap)}"
                )
    lines.append(f"  {verdicts.count('unknown')} of {len(verdicts)} gaps are unknown: too few films ({least})")
    tests, small = section["tests"], section["small_crossings"]
    lines.append(
        f"  {tests['single']} gaps of groups and {tests['crossed']} of crossings were tested (Holm); crossings are told where "
        f"they differ, and {small} of under {section['fewest']} films are unknown"
    )
    return lines


def _gap_words(gap: dict[str, Any]) -> str:
    found = gap["difference"]
    p = "" if gap["p_holm"] is None else f", p {gap['p_holm']:.2g}"
    limits = f"{found['low']:+.3f} to {found['high']:+.3f}"
    return f"; gap {found['value']:+.3f} ({limits}; {found['n']} {found['unit']}s{p}): {gap['verdict']}"


def _calibration_lines(section: dict[str, Any]) -> list[str]:
    """Calibration as the scores stand, and what changes it."""
    found, right = section["as_given"], {"slope": "1", "intercept": "0"}
    of_prevalence = f"of the prevalence alone {found['brier_of_prevalence']:.3f}"
    lines = ["", f"calibration: Brier score {_ratio(found['brier'])}; {of_prevalence}"]
    for key, value in right.items():
        told = "none: the scores separate the classes" if found[key] is None else _ratio(found[key])
        lines.append(f"  {key:<17}{told}; {value} if calibrated")
    lines.append(
        f"  error            {found['ece']:.3f}, of which chance alone would give {found['ece_by_chance']:.3f}"
    )
    lines.append(f"  less chance      {_ratio(found['rms_error'])}")
    if section["before"] is not None:
        lines.append(f"  before the detector's own calibration: {_changed(section['before'])}")
    if section["temperature"] is not None:
        told, on = section["temperature"], section["fitted_on"]
        lines.append(
            f"  divided by a temperature of {told['temperature']:.2f} (fitted on {on['films']} val films): {_changed(told)}"
        )
    if section["isotonic"] is not None:
        lines.append(f"  through a rising function fitted there: {_changed(section['isotonic'])}")
    return lines


def _changed(figures: dict[str, Any]) -> str:
    slope = "none" if figures["slope"] is None else f"{figures['slope']['value']:.2f}"
    brier = figures["brier"]
    limits = f"{brier['low']:.3f} to {brier['high']:.3f}"
    return f"Brier score {brier['value']:.3f} ({limits}), slope {slope}, error {figures['ece']:.3f}"


def _class_lines(section: dict[str, Any]) -> list[str]:
    """Several classes: all together, then each against the rest."""
    lines = ["", f"{len(section['names'])} classes, {section['n']} films; called is {section['called']}"]
    for key, name in TOGETHER.items():
        if section.get(key) is not None:
            say = _percent if key in PERCENTAGES else _auc if key in AREAS else _ratio
            lines.append(f"{name:<18} {say(section[key])}")
    for one in section["each"]:
        unknown = f", {one['n_unknown']} unknown" if one["n_unknown"] else ""
        lines += ["", f"{printable(one['name'])}: {one['n_positive']} films, {one['n_negative']} without{unknown}"]
        if one["auc"] is not None:
            lines.append(f"  AUC              {_auc(one['auc'])}")
            lines += [f"  {name}      {_percent(one[name])}" for name in ("sensitivity", "specificity")]
    if section["confusion"] is not None:
        lines += ["", "label → called, in the order of the classes above:"]
        width = max(len(str(count)) for row in section["confusion"] for count in row)
        lines += [
            "  " + "  ".join(f"{count:>{width}}" for count in row) + f"  {printable(name)}"
            for name, row in zip(section["names"], section["confusion"], strict=True)
        ]
    return lines


def _worth(rows: list[dict[str, Any]]) -> str:
    told = []
    for row in rows:
        ppv = row["ppv"]
        share = "unknown" if ppv["value"] is None else f"{100 * ppv['value']:.1f} %"
        limits = f"({100 * ppv['low']:.1f} to {100 * ppv['high']:.1f})"
        told.append(f"{share} {limits} where {100 * row['prevalence']:g} in 100 have it")
    return "; ".join(told)


def _origin(chosen_on: str) -> str:
    return {"given": "no data (given)", "this data": "the data it is reported on"}.get(chosen_on, chosen_on)


def _auc(interval: dict[str, Any]) -> str:
    """An AUC, and what its interval says of chance."""
    chance = interval["low"] is not None and interval["low"] <= 0.5
    told = "no better than chance" if chance and interval["high"] >= 0.5 else "worse than chance" if chance else ""
    return _ratio(interval) + (f": {told}" if told else "")


def _ratio(interval: dict[str, Any]) -> str:
    limits = f"{interval['low']:.3f} to {interval['high']:.3f}"
    return f"{interval['value']:.3f}  ({limits}; {_basis(interval)})"


def _basis(interval: dict[str, Any]) -> str:
    return f"{interval['method']}, {interval['n']} {interval['unit']}s"


def _percent(interval: dict[str, Any]) -> str:
    return (
        f"{100 * interval['value']:5.1f} %  ({100 * interval['low']:.1f} to {100 * interval['high']:.1f}; "
        f"{_basis(interval)})"
    )
