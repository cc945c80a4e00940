"""A run as one self-contained page: no script, no outside address; and its figures as files beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcovid import storage
from deepcovid.reporting import class_tables, glance, plates, tables, words
from deepcovid.reporting.content import NOT_AUDITED, Film, HeatmapCase, Notice, ReportContent
from deepcovid.reporting.figures.curves import main_point
from deepcovid.reporting.figures.films import data_uri, heated, shrink
from deepcovid.reporting.figures.style import figure_png, figure_svg
from deepcovid.reporting.groups import gap_table, group_plates
from deepcovid.reporting.probabilities import probability_plates, probability_tables
from deepcovid.training.monitor.symptom import symptoms

if TYPE_CHECKING:
    from jinja2 import Template

SPLITS = {"train", "val", "validation", "test"}
SAMPLE_SIDE, HEATMAP_SIDE = 300, 460


def write_report(content: ReportContent, folder: Path) -> Path:
    """Write `folder`/report.html and `folder`/figures/*.svg and *.png; the same content gives the same bytes.

    Returns:
        The path of report.html.
    """
    view = _view(content)
    for name, figure in [*((plate.name, plate.figure) for plate in _all_plates(view)), *plates.file_plates(content)]:
        storage.write_text(folder / "figures" / f"{name}.svg", figure_svg(figure))
        storage.write_bytes(folder / "figures" / f"{name}.png", figure_png(figure))
    return storage.write_text(folder / "report.html", _render(view))


def write_evaluation_report(
    evaluations: Mapping[str, Mapping[str, Any]], out_html: Path, *, title: str, warnings: Sequence[Notice] = ()
) -> Path:
    """Write the page for scores alone, whoever made them; what only a run knows is absent.

    Args:
        evaluations: name → evaluation JSON; the first is the main one.
        out_html: the file to write.
        title: the page's title.
        warnings: shown first.
    """
    positive = next(iter(evaluations.values()))["positive"]
    several = any("classes" in evaluation for evaluation in evaluations.values())
    content = ReportContent(
        title=title,
        question=f"{positive} against the rest" + (", and each other class" if several else ""),
        positive=positive,
        evaluations=evaluations,
        warnings=warnings,
    )
    return storage.write_text(out_html, render_report(content))


def render_report(content: ReportContent) -> str:
    """The page as text."""
    return _render(_view(content))


def _render(view: Mapping[str, Any]) -> str:
    return template("report.html.j2").render(view)


def template(name: str) -> Template:
    """A page's template: everything is escaped, and what is not given is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("deepcovid.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _view(content: ReportContent) -> dict[str, Any]:
    """Everything that the template prints, in the order in which it prints it."""
    main = content.main
    said = {*glance.notes(content), *(notice.sentence for notice in content.notices)}
    return {
        "content": content,
        "main": main,
        "headlines": glance.headlines(main),
        "measured_on": glance.measured_on(content.main_name, main),
        "threshold_sentence": glance.threshold_sentence(main),
        "how_sure": glance.how_sure(main),
        "in_use": glance.in_use(main),
        "belief": glance.belief(content),
        "not_audited": NOT_AUDITED,
        "warnings": [notice for notice in content.notices if notice.level != "info"],
        "notes": glance.notes(content),
        "summary": [tables.counts_table(title, frame) for title, frame in content.summary.items()],
        "samples": [_picture(film) for film in content.samples],
        "augmentations": [_picture(film) for film in content.augmentations],
        "history": plates.history_plate(content),
        "epochs": tables.epochs_table(content.history)
        if content.history is not None and len(content.history)
        else None,
        "symptoms": [one.title for one in symptoms()],
        "results": plates.result_plates(content),
        "classes": plates.class_plates(main),
        "class_tables": class_tables.class_tables(main),
        "area": tables.area_table(main),
        "points": _points(main, stem=""),
        "predictive": plates.predictive_plate(main),
        "predictive_table": tables.predictive_table(main),
        "probabilities": probability_plates(main),
        "probability_tables": probability_tables(main),
        "groups": group_plates(main),
        "gaps": gap_table(main["subgroups"]) if main.get("subgroups") else None,
        "thresholds": tables.threshold_table(main),
        "comparison": _comparison(content),
        "compared": "splits" if set(content.evaluations) <= SPLITS else "models",
        "others": [_other(name, evaluation, said=said) for name, evaluation in list(content.evaluations.items())[1:]],
        "heatmaps": _heatmap_groups(content),
        "facts": [tables.facts_table(section, facts) for section, facts in content.facts.items() if facts],
    }


def _all_plates(view: Mapping[str, Any]) -> list[plates.Plate]:
    single = [plate for plate in (view["history"], view["predictive"]) if plate is not None]
    others = [plate for other in view["others"] for plate in _plates_of(other)]
    added = [*view["probabilities"], *view["groups"]]
    return [*view["results"], *view["classes"], *single, *added, *[point["plate"] for point in view["points"]], *others]


def _plates_of(other: Mapping[str, Any]) -> list[plates.Plate]:
    return [other["histogram"], *[point["plate"] for point in other["points"]]] if other["histogram"] else []


def _points(evaluation: Mapping[str, Any], *, stem: str) -> list[dict[str, Any]]:
    """The operating points with their confusion matrices, the main one first."""
    drawn = plates.point_plates(evaluation, stem=stem)
    points = evaluation.get("operating_points") or []
    main = main_point(evaluation)
    shown = [
        {"plate": plate, "table": tables.point_table(point, evaluation.get("paper")), "main": point is main}
        for plate, point in zip(drawn, points, strict=True)
    ]
    return sorted(shown, key=lambda item: not item["main"])


def _other(name: str, evaluation: Mapping[str, Any], *, said: set[str]) -> dict[str, Any]:
    """One of the other evaluations, without the notes that the page has `said` already."""
    stem = _slug(name) + "-"
    return {
        "name": name,
        "measured_on": glance.measured_on(name, evaluation),
        "area": tables.area_table(evaluation),
        "histogram": plates.histogram_plate(evaluation, name=f"{stem}histogram")
        if evaluation.get("histogram")
        else None,
        "points": _points(evaluation, stem=stem),
        "class_tables": class_tables.class_tables(evaluation),
        "thresholds": tables.threshold_table(evaluation),
        "notes": [note for note in evaluation.get("notes") or [] if note not in said],
    }


def _slug(name: str) -> str:
    """A name as part of a file name and an id: letters, digits, dashes; a hash keeps two such names apart."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower()).strip("-")
    return plain if plain == name.lower() else f"{plain[:24]}-{storage.sha256_bytes(name.encode())[:6]}"


def _comparison(content: ReportContent) -> tables.Table | None:
    if len(content.evaluations) < 2:
        return None
    points = {name: main_point(evaluation) for name, evaluation in content.evaluations.items()}
    return tables.comparison_table(content.evaluations, points)


def _picture(film: Film) -> dict[str, Any]:
    pixels = shrink(film.pixels, longest=SAMPLE_SIDE)
    return {"uri": data_uri(pixels), "caption": film.caption, "tone": film.tone, **_size(pixels.shape)}


def _heatmap_groups(content: ReportContent) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for case in content.heatmaps:
        groups.setdefault(words.headline(case.kind), []).append(_heatmap(case))
    return groups


def _heatmap(case: HeatmapCase) -> dict[str, Any]:
    film, warm = heated(case, longest=HEATMAP_SIDE)
    return {
        "film": data_uri(film),
        "overlay": data_uri(warm),
        "label": case.label,
        "score": words.ratio(case.score),
        "caption": case.caption,
        **_size(film.shape),
    }


def _size(shape: tuple[int, ...]) -> dict[str, int]:
    return {"height": shape[0], "width": shape[1]}
