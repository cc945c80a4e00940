"""The strip under a heat map: what the picture shows and what it does not, for whoever gets it alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deepcovid.explanation.overlay import HeatStyle, overlay

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

NARROWEST = 400  # pixels; under a film that is narrower the strip is wider than it
SMALLEST_LETTERS = 13  # pixels
LETTERS_A_WIDTH = 42  # the film's width over the size of letters: a wide film is shown shrunk
NOT_DISEASE = "where the score comes from, not where disease is"
RESEARCH = "For research. No diagnosis, not for the care of patients."
SCALE = "Scaled to its own maximum: two films cannot be compared by brightness."
FLAT = "No place of this film raised the score."
GROUND, INK, LINE = (17, 17, 17), (235, 235, 235), (110, 110, 110)


@dataclass(frozen=True, kw_only=True)
class Caption:
    """What is written under a heat map. Nothing of the film's file or patient stands in it.

    Attributes:
        target: the class explained.
        score: of that class, in [0, 1].
        verdict: on the film.
        detector: its name and hash.
        flat: whether the map is zero everywhere.
    """

    target: str
    score: float
    verdict: str
    detector: str
    flat: bool = False

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is written, in order."""
        return (
            f"Heat map of “{self.target}”: {NOT_DISEASE}.",
            f"Score for “{self.target}” {self.score:.3f}; verdict: {self.verdict}.",
            f"Detector: {self.detector}.",
            FLAT if self.flat else SCALE,
            RESEARCH,
        )

    @property
    def metadata(self) -> dict[str, str]:
        """The same as texts of a PNG, by the keywords that the format registers (PNG, third edition, 11.3.3.2)."""
        title, *others = self.sentences
        return {"Title": title, "Description": " ".join(others[:3]), "Disclaimer": RESEARCH, "Software": "deepcovid"}


def captioned(colours: np.ndarray, *, caption: Caption, style: HeatStyle = "uniform") -> np.ndarray:
    """A picture with the strip under it: every pixel of it stays where and as it is.

    Args:
        colours: uint8 (H, W, 3), of `overlay`.
        caption: what is written.
        style: of the map, for the scale.

    Returns:
        uint8 (H + strip, max(W, `NARROWEST`), 3); what a narrow film leaves free is dark.
    """
    height, width = colours.shape[:2]
    strip = _strip(caption, width=max(width, NARROWEST), style=style)
    picture: np.ndarray = np.empty((height + len(strip), strip.shape[1], 3), np.uint8)
    picture[:] = GROUND
    picture[:height, :width] = colours
    picture[height:] = strip
    return picture


def _strip(caption: Caption, *, width: int, style: HeatStyle) -> np.ndarray:
    """The scale and the sentences: uint8 (h, width, 3)."""
    from PIL import Image, ImageDraw

    size = max(SMALLEST_LETTERS, round(width / LETTERS_A_WIDTH))
    font, gap = _font(size), size // 2
    lines = list(_wrapped(caption.sentences, font, room=width - 2 * gap))
    step = round(1.35 * size)
    picture = Image.new("RGB", (width, gap + step * (len(lines) + 1) + gap), GROUND)
    pen = ImageDraw.Draw(picture)
    pen.line([(0, 0), (width, 0)], fill=LINE)
    x = gap
    for part in ("least ", _scale(width // 4, size, style), " most"):
        if isinstance(part, str):
            pen.text((x, gap), part, font=font, fill=INK)
            x += round(font.getlength(part))
        else:
            picture.paste(Image.fromarray(part), (x, gap + size // 5))
            x += part.shape[1]
    for number, line in enumerate(lines, 1):
        pen.text((gap, gap + number * step), line, font=font, fill=INK)
    return np.asarray(picture)


def _scale(width: int, height: int, style: HeatStyle) -> np.ndarray:
    """From no heat to the strongest, as it looks on a film of middle grey: uint8 (height, width, 3)."""
    heat = np.repeat(np.linspace(0, 1, width, dtype=np.float32)[None], height, axis=0)
    return overlay(np.full_like(heat, 0.5), heat, style=style)


def _font(size: int) -> FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib, so that a picture is the same on every machine."""
    import matplotlib as mpl
    from PIL import ImageFont

    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)


def _wrapped(sentences: Iterable[str], font: FreeTypeFont, *, room: int) -> Iterator[str]:
    """Lines of at most `room` pixels; each sentence begins a new one, and a word that is too long is cut."""
    for sentence in sentences:
        line = ""
        for word in sentence.split():
            word = _cut(word, font, room)
            longer = f"{line} {word}".strip()
            if line and font.getlength(longer) > room:
                yield line
                longer = word
            line = longer
        yield line


def _cut(word: str, font: FreeTypeFont, room: int) -> str:
    if font.getlength(word) <= room:
        return word
    kept = next(n for n in range(len(word) - 1, -1, -1) if font.getlength(f"{word[:n]}…") <= room)
    return f"{word[:kept]}…"
