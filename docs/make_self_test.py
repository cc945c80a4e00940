"""Write docs/self-test.md from the figures of a bench: `deepcovid audit --self-test --json docs/self-test.json`, then this."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def page(told: dict[str, Any]) -> str:
    """The page as text."""
    clean = [row for row in told["kinds"] if row["strength"] == 0]
    planted = [row for row in told["kinds"] if row["strength"] > 0]
    lines = [
        "# The audit's own test",
        "",
        "*Written by `python docs/make_self_test.py` from `self-test.json`, which "
        "`deepcovid audit --self-test --json docs/self-test.json` wrote.*",
        "",
        "Small networks trained on [phantoms](phantoms.md) with one of eight planted shortcuts, and as many on films in which "
        "the same thing tells nothing of the label. How the bench works: [audit](audit.md). Intervals of 95 %: Clopper, Pearson.",
        "",
        "| | share | detectors |",
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


def _row(name: str, figure: dict[str, Any]) -> str:
    return f"| {name} | {_share(figure)} | {figure['n']} {figure['unit']}s |"


def _kind(row: dict[str, Any]) -> str:
    fall = "" if row["fall"] is None else f"{row['fall']:.2f}"
    return (
        f"| {row['kind']}{_out(row)} | {row['strength']:.2f} | {fall} | {row['learned']} of {row['detectors']} | "
        f"{_share(row['named'])} | {_share(row['any_fail'])} | {', '.join(row['by'])} |"
    )


def _out(row: dict[str, Any]) -> str:
    return " (kept out)" if row["kept_out"] else ""


def _share(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "none"
    return f"{figure['value']:.0%} ({figure['low']:.0%}–{figure['high']:.0%})"


if __name__ == "__main__":
    (HERE / "self-test.md").write_text(
        page(json.loads((HERE / "self-test.json").read_text(encoding="utf-8"))), encoding="utf-8"
    )
