"""docs/self-test.md, its picture and docs/self-test.json from a bench: `deepcovid audit --self-test --json FILE`, then this.

    python docs/make_self_test.py audit-self-test/self-test.json
    python docs/make_self_test.py              # page and picture anew from docs/self-test.json

docs/self-test.json leaves out what was said of each detector.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from deepcovid.audit.detector.picture import Curves
from deepcovid.evaluation.intervals import Interval
from deepcovid.reporting.figures.audit import curves_figure
from deepcovid.reporting.figures.style import figure_png
from deepcovid.storage import read_json, write_bytes, write_json, write_text

HERE = Path(__file__).resolve().parent
SERIES = {"named": "caught by a FAIL\nthat names the kind"}


def page(told: dict[str, Any]) -> str:
    """The page as text."""
    clean = [row for row in told["kinds"] if row["strength"] == 0]
    planted = [row for row in told["kinds"] if row["strength"] > 0]
    lines = [
        "# The audit's own test",
        "",
        "*Written by `python docs/make_self_test.py` from what `deepcovid audit --self-test` found; the lower strengths by "
        "`deepcovid audit --self-test --strength 0.3 --strength 0.6 --seeds 2` in the same folder.*",
        "",
        "Small networks trained on [phantoms](phantoms.md) with one of eight planted shortcuts, and as many on films in which "
        "the same thing tells nothing of the label. How the bench works: [audit](audit.md). Intervals of 95 %: Clopper, Pearson.",
        "",
        "| | share | of |",
        "|---|---|---|",
        _row("caught by a FAIL that names the kind", told["caught"]),
        _row("clean detectors with any FAIL", told["false_alarms"]),
        _row("PASS, of what could be told of clean detectors", told["passed"]),
        _row("caught, kinds that no rule was tuned on", told["kept_out"]["caught"]),
        _row("clean detectors with any FAIL, kinds that no rule was tuned on", told["kept_out"]["false_alarms"]),
        "",
        f"{told['not_learned']} planted detectors of full strength did not learn their shortcut and are not counted. "
        f"{told['rule']}",
        "",
        "## Power",
        "",
        "A shortcut of strength *s* is on in (1 + *s*)/2 of the positives and (1 − *s*)/2 of the negatives, in the films that "
        "are learnt from and in those that are audited.",
        "",
        "![Share of detectors that are caught by name, by strength](self-test.png)",
        "",
        "| strength | detectors | clean AUC falls by | named | named, of those that learned it | any FAIL |",
        "|---|---|---|---|---|---|",
        *(_power(row) for row in told["power"]),
        "",
        "## By kind and strength",
        "",
        "| kind | strength | clean AUC falls by | learned | named | any FAIL | by |",
        "|---|---|---|---|---|---|---|",
        *(_kind(row) for row in planted),
        "",
        "Clean detectors:",
        "",
        "| kind that tells nothing | any FAIL | by |",
        "|---|---|---|",
        *(f"| {row['kind']}{_out(row)} | {_share(row['any_fail'])} | {', '.join(row['by'])} |" for row in clean),
    ]
    return "\n".join(lines) + "\n"


def picture(told: dict[str, Any]) -> bytes:
    """The shares by strength, a PNG."""
    series = {
        name: tuple((row["strength"], Interval(**row[key])) for row in told["power"]) for key, name in SERIES.items()
    }
    return figure_png(curves_figure(Curves(series, x_label="strength of the shortcut", y_label="share caught")))


def _row(name: str, figure: dict[str, Any]) -> str:
    return f"| {name} | {_share(figure)} | {figure['n']} {figure['unit']}s |"


def _power(row: dict[str, Any]) -> str:
    learned = row["named_of_learned"]
    return (
        f"| {row['strength']:.2f} | {row['named']['n']} | {_fall(row)} | {_share(row['named'])} | "
        f"{_share(learned)} of {learned['n']} | {_share(row['any_fail'])} |"
    )


def _kind(row: dict[str, Any]) -> str:
    return (
        f"| {row['kind']}{_out(row)} | {row['strength']:.2f} | {_fall(row)} | {row['learned']} of {row['detectors']} | "
        f"{_share(row['named'])} | {_share(row['any_fail'])} | {', '.join(row['by'])} |"
    )


def _fall(row: dict[str, Any]) -> str:
    return "" if row["fall"] is None else f"{row['fall']:.2f}"


def _out(row: dict[str, Any]) -> str:
    return " (kept out)" if row["kept_out"] else ""


def _share(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "none"
    return f"{figure['value']:.0%} ({figure['low']:.0%}–{figure['high']:.0%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figures", type=Path, nargs="?", default=HERE / "self-test.json", help="of a bench")
    told = read_json(parser.parse_args().figures)
    told.pop("detectors", None)
    write_json(HERE / "self-test.json", told)
    write_text(HERE / "self-test.md", page(told))
    write_bytes(HERE / "self-test.png", picture(told))


if __name__ == "__main__":
    main()
