"""The report's part on groups: forest plots, and the gaps of each group to all other films."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepcovid.reporting import words
from deepcovid.reporting.figures.groups import forest_figure
from deepcovid.reporting.plates import Plate
from deepcovid.reporting.tables import Cell, Table

NAMES = {"auc": "AUC", "sensitivity": "sensitivity", "specificity": "specificity"}
TOLD = ("lower", "higher")
MOST_ROWS = 40
Section = Mapping[str, Any]


def single_groups(section: Section) -> list[Section]:
    """The groups of single facets."""
    facets = {row["facet"] for row in section["unknown"]}
    return [group for group in section["groups"] if group["facet"] in facets]


def group_plates(evaluation: Section) -> list[Plate]:
    """A forest plot for each measure; none where no group is known."""
    section = evaluation.get("subgroups")
    if not section:
        return []
    point = next((p for p in evaluation["operating_points"] if p["name"] == section["point"]), None)
    whole = {"auc": evaluation["auc"]["value"]} | {
        name: point[name]["value"] for name in ("sensitivity", "specificity") if point
    }
    plates = []
    for measure, name in NAMES.items():
        groups = [group for group in single_groups(section) if group[measure] is not None][:MOST_ROWS]
        if groups:
            figure = forest_figure(groups, measure=measure, name=name, whole=whole.get(measure))
            plates.append(
                Plate(f"groups-{measure}", f"{words.headline(name)} by group", figure, _alt(groups, measure), _HOW)
            )
    return plates


_HOW = (
    "A dot is a group, its bar the 95 % interval; the dotted upright is all films. Behind the name: positives of films. "
    "Vermilion is told apart from the other films; hollow grey is unknown: too few patients to say that there is no gap."
)


def _alt(groups: list[Section], measure: str) -> str:
    told = [
        f"{group['facet']} {group['value']} {words.ratio(group[measure]['value'])} "
        f"({words.bounds(group[measure], as_percent=False)})"
        for group in groups
    ]
    return f"{NAMES[measure]} by group with 95 % interval: " + "; ".join(told) + "."


def gap_table(section: Section) -> Table:
    """Every gap of a single facet, and of crossings those that are told apart."""
    single = single_groups(section)
    crossed = [group for group in section["groups"] if group not in single]
    rows = [_gap_row(group, gap) for group in single for gap in group["gaps"] if group[gap["measure"]] is not None]
    rows += [_gap_row(group, gap) for group in crossed for gap in group["gaps"] if gap["verdict"] in TOLD]
    head = ["group", "measure", "value", "gap to the others", "p (Holm)", "verdict"]
    tests = section["tests"]
    note = (
        f"Called at {section['point']}. Gaps are to all other films of which the facet is known; {tests['single']} of groups "
        f"and {tests['crossed']} of crossings were tested, and p is adjusted within each. Of crossings those are listed that "
        f"are told apart; {section['small_crossings']} have fewer than {section['fewest']} films. “No gap shown” is no proof "
        "that there is none: the interval says how large one can be."
    )
    return Table("Gaps between groups", head, rows, note)


def _gap_row(group: Section, gap: Section) -> list[Cell]:
    figure, found = group[gap["measure"]], gap["difference"]
    limits = words.ABSENT if found is None else f"{found['value']:+.3f} ({found['low']:+.3f} to {found['high']:+.3f})"
    p = words.ABSENT if gap["p_holm"] is None else f"{gap['p_holm']:.2g}"
    return [
        Cell(f"{group['facet']}: {group['value']}", number=False),
        Cell(NAMES[gap["measure"]], number=False),
        Cell(f"{words.ratio(figure['value'])} ({words.bounds(figure, as_percent=False)})"),
        Cell(limits),
        Cell(p),
        Cell(gap["verdict"], number=False, remark=gap["verdict"] == "unknown"),
    ]
