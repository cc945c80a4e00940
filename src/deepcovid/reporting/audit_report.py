"""An audit as one self-contained page: its sentence first, then every question with its figures, its picture and its rule."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deepcovid.audit.detector.picture import Bars, Curves, Films, Picture
from deepcovid.reporting import words
from deepcovid.reporting.figures.audit import bars_figure, curves_figure
from deepcovid.reporting.figures.films import data_uri
from deepcovid.reporting.figures.style import figure_inline, figure_png
from deepcovid.reporting.model_card import plain
from deepcovid.reporting.report import template

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLACES = {name: re.compile(rf"<!-- {name}:begin -->.*?<!-- {name}:end -->", re.S) for name in ("audit", "verdict")}
TONES = {"FAIL": "danger", "CANNOT TELL": "unknown", "PASS": "fine"}
NOTICE = (
    "For research and teaching only. A test that passes found nothing on these films; it does not show that the detector reads "
    "the disease, and says nothing of another hospital's films."
)


def render_audit(report: Mapping[str, Any], pictures: Mapping[str, Picture]) -> str:
    """The page as text.

    Args:
        report: what audit.json holds.
        pictures: of the tests that have one, by name.
    """
    tests = [
        {
            "figure": "",
            "films": (),
            **test,
            "tone": TONES[test["verdict"]],
            **_picture(test["test"], pictures.get(test["test"])),
        }
        for test in report["tests"]
    ]
    return template("audit.html.j2").render(
        report=report, tests=tests, tone=TONES[report["verdict"]], notice=NOTICE, films=report["films"]
    )


def audit_pngs(pictures: Mapping[str, Picture]) -> dict[str, bytes]:
    """The drawn pictures as PNG, by the name of their test; films are on the page alone."""
    drawn = {name: _drawn(picture) for name, picture in pictures.items()}
    return {name: figure_png(figure) for name, figure in drawn.items() if figure is not None}


def _drawn(picture: Picture) -> Figure | None:
    if isinstance(picture, Bars):
        return bars_figure(picture)
    return curves_figure(picture) if isinstance(picture, Curves) else None


def _picture(name: str, picture: Picture | None) -> dict[str, Any]:
    if isinstance(picture, Films):
        shown = [
            {
                "uri": data_uri(pixels, quality=82),
                "caption": caption,
                "height": pixels.shape[0],
                "width": pixels.shape[1],
            }
            for caption, pixels in picture.films
        ]
        return {"films": shown}
    if picture is None:
        return {}
    figure = _drawn(picture)
    rows = picture.rows if isinstance(picture, Bars) else picture.series
    alt = f"{name}: {', '.join(rows)}"
    return {"figure": figure_inline(figure, name=name, alt=alt)} if figure is not None else {}


def announced_in_report(page: str, report: Mapping[str, Any]) -> str:
    """A run's report with the audit's sentence as its first line and its verdicts under "whether to believe it".

    What another audit wrote there is replaced.

    Args:
        page: report.html.
        report: what audit.json holds.
    """
    level = {"FAIL": "danger", "CANNOT TELL": "caution", "PASS": "info"}[report["verdict"]]
    notice = (
        f'<div class="notices"><div class="notice {level}"><div class="frame"><b>Audit: {report["verdict"]}</b><p>'
        f'{html.escape(report["sentence"])} <a href="audit.html">The audit</a></p></div></div></div>'
    )
    return _announced(page, audit=notice, verdict=html.escape(verdicts_in_words(report)))


def announced_in_card(card: str, report: Mapping[str, Any]) -> str:
    """A model card with the audit's sentence before everything else; one that stood there before is replaced."""
    sentence = f"\n> **Audit: {report['verdict']}.** {plain(report['sentence'])} (audit.html)\n"
    return _announced(card, audit=sentence, verdict=verdicts_in_words(report))


def verdicts_in_words(report: Mapping[str, Any]) -> str:
    """How many questions got which verdict, and which failed."""
    failed = [f"{test['number']} ({test['test']})" for test in report["tests"] if test["verdict"] == "FAIL"]
    counts = {name: sum(test["verdict"] == name for test in report["tests"]) for name in TONES}
    told = ", ".join(f"{name} in {count}" for name, count in counts.items() if count)
    which = f"; failed: {', '.join(failed)}" if failed else ""
    return f"The detector's audit, {words.counted(len(report['tests']), 'question')}: {told}{which}."


def _announced(text: str, **said: str) -> str:
    for name, sentence in said.items():
        whole = f"<!-- {name}:begin -->{sentence}<!-- {name}:end -->"
        text = PLACES[name].sub(whole.replace("\\", r"\\"), text, count=1)
    return text
