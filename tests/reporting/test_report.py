"""The page is whole in itself, says the warnings first, escapes what it is given, and is the same for the same content."""

from __future__ import annotations

import dataclasses
import itertools
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from deepcovid.reporting.content import Film, HeatmapCase, Notice, ReportContent
from deepcovid.reporting.report import render_report, write_evaluation_report, write_report

from . import synthetic

VOID = {"meta", "img", "br", "hr", "link", "input"}
HOSTILE = "<script>alert(1)</script> \" ' & $x^2$ </figcaption>"


class Outline(HTMLParser):
    """Reads a page strictly: every tag closed in order; collects ids, addresses, headings and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.addresses += [value for name, value in attrs if name in {"src", "href", "xlink:href"} and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style"}:
            self.text.append(data)


def outline(page: str) -> Outline:
    reader = Outline()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader


def test_every_tag_is_closed_and_every_id_is_used_once(page: str) -> None:
    ids = outline(page).ids
    assert len(ids) == len(set(ids))


def test_nothing_is_fetched_from_elsewhere(page: str) -> None:
    found = outline(page)
    assert all(address.startswith(("#", "data:image/")) for address in found.addresses)
    assert {address[1:] for address in found.addresses if address.startswith("#")} <= set(found.ids)
    assert "script" not in {tag for tag, _ in found.tags}
    styles = re.findall(r"url\(([^)]*)\)", page)
    assert all(address.startswith("#") for address in styles)
    assert not re.search(r"@import|@font-face", page)


def test_every_part_is_there_and_the_contents_lead_to_it(page: str) -> None:
    parts = ["glance", "results", "points", "data", "training", "heatmaps", "others", "facts"]
    found = outline(page)
    assert [f"#{part}" in found.addresses and part in found.ids for part in parts] == [True] * len(parts)


def test_the_gravest_warning_is_the_first_thing_said(page: str, content: ReportContent) -> None:
    body = page[page.index("<body") :]
    assert body.index(content.notices[0].sentence) < body.index(content.notices[1].sentence) < body.index("<h1>")


def test_language_pictures_and_figures_are_described(page: str) -> None:
    tags = outline(page).tags
    assert dict(tags)["html"] == {"lang": "en"}
    assert all(given.get("alt") for tag, given in tags if tag == "img")
    drawings = [given for tag, given in tags if tag == "svg"]
    assert len(drawings) > 8
    assert all(given.get("role") == "img" and given.get("aria-label") for given in drawings)
    assert {"main", "nav", "header", "footer"} <= {tag for tag, _ in tags}


def test_headings_skip_no_level(page: str) -> None:
    levels = [int(tag[1]) for tag, _ in outline(page).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_figures_follow_the_pages_colours(page: str) -> None:
    drawings = "".join(re.findall(r"<svg.*?</svg>", page, flags=re.S))
    assert "var(--vermilion)" in drawings
    assert not re.search(r"(?:fill|stroke): ?#[0-9a-f]{6}", drawings)


def test_what_comes_from_outside_is_escaped() -> None:
    pixels = np.full((20, 20), 0.5, np.float32)
    hostile = synthetic.content(
        title=HOSTILE,
        question=HOSTILE,
        warnings=[Notice("danger", HOSTILE)],
        samples=[Film(pixels, HOSTILE)],
        heatmaps=[HeatmapCase(pixels, pixels, HOSTILE, 0.5, HOSTILE, HOSTILE)],
        scores=synthetic.scores_frame().assign(source=HOSTILE),
        evaluations={
            HOSTILE: {**synthetic.evaluation(), "positive": HOSTILE, "notes": [HOSTILE]},
            HOSTILE * 2: synthetic.evaluation(),
        },
        facts={HOSTILE: {HOSTILE: HOSTILE}},
        next_steps=HOSTILE,
    )
    page = render_report(hostile)
    assert "<script" not in page
    found = outline(page)
    assert len(found.ids) == len(set(found.ids))


def test_the_same_content_gives_the_same_bytes(page: str) -> None:
    assert render_report(synthetic.content()) == page


def test_what_is_not_known_is_absent(tmp_path: Path) -> None:
    out = write_evaluation_report(
        {"a": synthetic.evaluation(split=None)}, tmp_path / "page.html", title="someone's scores"
    )
    page = out.read_text(encoding="utf-8")
    found = outline(page)
    assert {"data", "training", "heatmaps", "others", "facts"}.isdisjoint(found.ids)
    assert {"glance", "results", "points"} <= set(found.ids)
    assert "No audit has been run" in page
    assert not (tmp_path / "figures").exists()


def test_an_evaluation_without_operating_points_and_curves_still_makes_a_page() -> None:
    bare = {**synthetic.evaluation(), "operating_points": [], "curves": None, "histogram": None, "paper": None}
    page = render_report(synthetic.content(evaluations={"test": bare}, scores=None))
    assert "There is no operating point" in page


def test_several_models_stand_side_by_side() -> None:
    models = {
        name: synthetic.evaluation(i, blur=0.1 * i) for i, name in enumerate(["ResNet18", "ResNet50", "SqueezeNet 1.1"])
    }
    page = render_report(synthetic.content(evaluations=models))
    assert "Side by side" in page
    assert "Other models" in page
    for name, evaluation in models.items():
        assert f"{name}: {evaluation['auc']['value']:.3f}" in page


def test_the_page_promises_nothing(page: str) -> None:
    spoken = " ".join(outline(page).text).lower()
    assert not re.search(r"\bdiagnos(e|es|ed|ing)\b|\baccurate|\bdetects\b|state.of.the.art|no need to worry", spoken)
    assert "it is no diagnosis" in spoken


def test_the_report_and_its_figures_are_written(content: ReportContent, tmp_path: Path) -> None:
    few = dataclasses.replace(content, evaluations={"test": content.main}, heatmaps=content.heatmaps[:1], history=None)
    path = write_report(few, tmp_path)
    assert path == tmp_path / "report.html"
    assert path.stat().st_size < 6_000_000
    names = {file.stem for file in (tmp_path / "figures").iterdir()}
    assert {"roc", "precision-recall", "histogram", "thresholds", "confusion-1", "films", "heat-maps"} <= names
    assert {file.suffix for file in (tmp_path / "figures").iterdir()} == {".svg", ".png"}


@pytest.mark.system
def test_a_browser_opens_the_page(content: ReportContent, tmp_path: Path) -> None:
    import shutil
    import subprocess

    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium to open the page with")
    page = write_evaluation_report(dict(content.evaluations), tmp_path / "page.html", title="a page")
    shot = tmp_path / "page.png"
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--screenshot={shot}", "--window-size=1280,900"]
    subprocess.run([*command, page.as_uri()], check=True, capture_output=True, timeout=120)
    assert shot.stat().st_size > 20_000
