"""The pictures of the documentation, drawn by the project's own modules from a run on phantom films.

    deepcovid demo --out build/docs
    python docs/make_pictures.py build/docs/run --out docs

`make docs` runs both lines. No real film is shown.
"""

from __future__ import annotations

import argparse
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from PIL import Image

from deepcovid.datasets.table import Table, load_table
from deepcovid.imaging.readers import read_radiograph
from deepcovid.models.detector import Detector
from deepcovid.reporting.content import HeatmapCase
from deepcovid.reporting.figures import (
    figure_png,
    histogram_figure,
    roc_figure,
    threshold_figure,
)
from deepcovid.reporting.figures.films import heated
from deepcovid.reporting.figures.style import CLASS_COLOURS, MUTED, house_style
from deepcovid.runs.cases import certain_cases, tone_of
from deepcovid.storage import read_json, write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 1480  # pixels
MARGIN = 22
KINDS = {
    "most certain right: positives": "rightly called",
    "most certain wrong: called positive": "wrongly called",
    "most certain right: negatives": "rightly not called",
    "most certain wrong: missed": "missed",
}
LARGEST_FILE = 400_000  # bytes


def overview(run: Path) -> Image.Image:
    """What a run gives, on one sheet: three films of the test side with their heat maps, above the main figures."""
    evaluation = read_json(run / "evaluation.json")
    films = _picture(case_row(_cases(run, evaluation), positive=evaluation["positive"]), width=WIDTH - 2 * MARGIN)
    third = (WIDTH - 4 * MARGIN) // 3
    figures = roc_figure({"test": evaluation}), threshold_figure(evaluation), histogram_figure(evaluation)
    for figure in figures:
        figure.set_size_inches(4.6, 4.3)
    panels = [_picture(figure, width=third) for figure in figures]
    height = max(panel.height for panel in panels)
    sheet = Image.new("RGB", (WIDTH, films.height + height + 3 * MARGIN), "white")
    sheet.paste(films, (MARGIN, MARGIN))
    for place, panel in enumerate(panels):
        sheet.paste(panel, (MARGIN + place * (third + MARGIN), films.height + 2 * MARGIN))
    return sheet


def phantoms(films: Table) -> Image.Image:
    """One phantom film of an adult for every finding, in the order of their names."""
    adults = films.frame[(films.frame["view"] == "PA") & (films.frame["age"] >= 18)]
    chosen = adults.groupby("findings", sort=True).first().reset_index()
    row = []
    for _, film in chosen.iterrows():
        colour = CLASS_COLOURS[tone_of(film["label"], positive="covid", normal="normal")]
        pixels = read_radiograph(films.image_path(film["image"])).pixels
        row.append(Shown(pixels, film["findings"], colour, note=f"{film['sex']}, {film['age']:.0f} years"))
    return _picture(film_row([[shown] for shown in row]), width=WIDTH)


@dataclass(frozen=True)
class Shown:
    """One picture of a row: a film (H, W) or colours (H, W, 3), its title in a colour, and a note at the right."""

    pixels: np.ndarray
    title: str
    colour: str
    note: str = ""


def case_row(cases: list[HeatmapCase], *, positive: str) -> Figure:
    """Films beside themselves with the heat map, the label and the score over each pair."""
    groups = []
    for case in cases:
        film, warm = heated(case, longest=420)
        colour = CLASS_COLOURS[tone_of(case.label, positive=positive, normal="normal")]
        title = f"{case.label}: {KINDS[case.kind]}"
        groups.append([Shown(film, title, colour), Shown(warm, "", colour, note=f"score {case.score:.2f}")])
    return film_row(groups)


@house_style
def film_row(groups: list[list[Shown]]) -> Figure:
    """Pictures in one row, a gap between groups."""
    from matplotlib.figure import Figure

    widths = [width for group in groups for width in (*(1.0 for _ in group), 0.05)][:-1]
    figure = Figure(figsize=(13.4, 13.4 / sum(widths) + 0.28))
    columns = iter(figure.subplots(1, len(widths), gridspec_kw={"width_ratios": widths}))
    for number, group in enumerate(groups):
        if number:
            next(columns).set_axis_off()
        for shown in group:
            axes = next(columns)
            axes.set_axis_off()
            axes.imshow(shown.pixels, cmap="gray", vmin=0, vmax=1, interpolation="bilinear")
            axes.set_title(shown.title, color=shown.colour)
            axes.set_title(shown.note, color=MUTED, fontweight="normal", loc="right")
    figure.subplots_adjust(left=0, right=1, bottom=0, top=0.89, wspace=0.025)
    return figure


def _cases(run: Path, evaluation: dict[str, Any]) -> list[HeatmapCase]:
    """Two positives that were called, and the most certain wrong call (or what there is instead)."""
    config = read_json(run / "run.json")["config"]
    # the images of scores.parquet start from the folder of the table that was trained on, those of table.parquet from the run
    scores = pd.read_parquet(run / "scores.parquet")
    table = load_table(run / "table.parquet", allow_outside=True)
    scores["image"] = table.frame["image"].to_numpy()
    tested = scores[scores["split"] == evaluation["split"]]
    cases = certain_cases(tested, table, Detector.load(run), label_column=config["label_column"], each=2)
    return sorted(cases, key=lambda case: list(KINDS).index(case.kind))[:3]


def _picture(figure: Figure, *, width: int) -> Image.Image:
    dpi = width / figure.get_size_inches()[0]
    picture = Image.open(io.BytesIO(figure_png(figure, dpi=dpi))).convert("RGB")
    return picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)


def _png(picture: Image.Image) -> bytes:
    """The picture as PNG without the last bit of each colour, which is the films' grain and a fifth of the bytes."""
    levels = np.asarray(picture)
    buffer = io.BytesIO()
    Image.fromarray(np.where(levels == 255, levels, levels & 0xFE)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def main() -> None:
    """Draw every picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the run folder of a demo")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="where the pictures go")
    asked = parser.parse_args()
    films = load_table(asked.run.parent / "films" / "table.csv")
    for name, picture in (("overview", overview(asked.run)), ("phantoms", phantoms(films))):
        data = _png(picture)
        if len(data) > LARGEST_FILE:
            sys.exit(f"{name}.png has {len(data):,} bytes; allowed are {LARGEST_FILE:,}")
        write_bytes(asked.out / f"{name}.png", data)
        sys.stdout.write(f"{asked.out / name}.png  {picture.width} × {picture.height}  {len(data):,} bytes\n")


if __name__ == "__main__":
    main()
