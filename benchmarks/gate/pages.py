"""Documents and screens, drawn: letters, forms, tables, code, windows, slides, charts, posters."""

from __future__ import annotations

import io

import numpy as np
from looks import font, shaded
from PIL import Image, ImageDraw

LETTERS = list("etaoinshrdlucmfwypvbgkjqxz")
SIZES = ((256, 340), (340, 256), (300, 300), (380, 240), (240, 380))


def page(rng: np.random.Generator, *, film: Image.Image | None = None) -> Image.Image:
    """A page or a screen; now and then on dark, photographed askew, or with a small film among the words."""
    kind = rng.random()
    if kind < 0.3:
        image = chart(rng)
    else:
        image = KINDS[int(rng.integers(len(KINDS)))](rng)
    if film is not None:
        w, h = image.size
        side = int(min(w, h) * rng.uniform(0.2, 0.45))
        image.paste(film.resize((side, side)), (int(rng.uniform(0, w - side)), int(rng.uniform(0, h - side))))
    if rng.random() < 0.25:
        image = Image.eval(image, lambda v: 255 - v)
    if rng.random() < 0.25:
        image = shaded(
            image.rotate(float(rng.normal(0, 6)), Image.Resampling.BILINEAR, fillcolor=int(rng.integers(256))), rng
        )
    if rng.random() < 0.3:
        w, h = image.size
        s = rng.uniform(0.4, 0.95)
        x, y = rng.uniform(0, 1 - s) * w, rng.uniform(0, 1 - s) * h
        image = image.crop((int(x), int(y), int(x + s * w), int(y + s * h)))
    return image


def _word(rng: np.random.Generator) -> str:
    return "".join(rng.choice(LETTERS, int(rng.integers(1, 11)), p=_FREQUENCIES))


_FREQUENCIES = np.array(
    [12, 9, 8, 7.5, 7, 7, 6.3, 6, 6, 4.2, 4, 2.8, 2.8, 2.4, 2.2, 2.4, 2, 2, 1.9, 1, 1.5, 2, 0.2, 0.2, 0.1, 0.1]
)
_FREQUENCIES = _FREQUENCIES / _FREQUENCIES.sum()


def _lines(
    draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], rng: np.random.Generator, *, size: int, ink: int
) -> None:
    left, top, right, bottom = box
    face, step = font(rng, size), size * float(rng.uniform(1.15, 1.7))
    y = top
    while y + size < bottom:
        if rng.random() < 0.12:
            y += step
            continue
        full = rng.random() < 0.8
        length = int((right - left) / (size * 0.52) * (1 if full else rng.random()))
        text = ""
        while len(text) < length:
            text += _word(rng) + " "
        draw.text((left, y), text[:length], fill=ink, font=face)
        y += step


def _sheet(rng: np.random.Generator) -> tuple[Image.Image, ImageDraw.ImageDraw, int, int]:
    w, h = SIZES[int(rng.integers(len(SIZES)))]
    image = Image.new("L", (w, h), int(rng.choice([255, 255, 250, 240, 225])))
    return image, ImageDraw.Draw(image), w, h


def _letter(rng: np.random.Generator) -> Image.Image:
    image, draw, w, h = _sheet(rng)
    m, size = float(rng.uniform(0.03, 0.14)) * w, int(rng.integers(6, 20))
    draw.text((m, m), _word(rng).title() + " " + _word(rng), fill=0, font=font(rng, int(size * rng.uniform(1.3, 3))))
    columns = int(rng.integers(1, 4))
    wide = (w - 2 * m) / columns
    for c in range(columns):
        _lines(
            draw,
            (m + c * wide, m + 3 * size, m + (c + 0.93) * wide, h - m),
            rng,
            size=size,
            ink=int(rng.integers(0, 70)),
        )
    return image


def _table(rng: np.random.Generator) -> Image.Image:
    image, draw, w, h = _sheet(rng)
    rows, columns = int(rng.integers(4, 22)), int(rng.integers(2, 9))
    m = float(rng.uniform(0, 0.1)) * w
    face = font(rng, int(max(6, 0.5 * h / rows)))
    for r in range(rows + 1):
        y = m + r * (h - 2 * m) / rows
        if rng.random() < 0.2:
            draw.rectangle([m, y, w - m, y + (h - 2 * m) / rows], fill=int(rng.integers(180, 250)))
        draw.line([m, y, w - m, y], fill=120)
        for c in range(columns):
            x = m + c * (w - 2 * m) / columns
            text = f"{rng.random() * 100:.2f}" if rng.random() < 0.6 else _word(rng)
            draw.text((x + 3, y + 2), text, fill=20, font=face)
            draw.line([x, m, x, h - m], fill=160)
    return image


def _code(rng: np.random.Generator) -> Image.Image:
    image, draw, w, h = _sheet(rng)
    dark = rng.random() < 0.7
    draw.rectangle([0, 0, w, h], fill=int(rng.integers(0, 45)) if dark else 252)
    size = int(rng.integers(6, 14))
    face, y = font(rng, size), 4.0
    while y < h:
        x = 6 + size * 1.2 * int(rng.integers(0, 5))
        for _ in range(int(rng.integers(0, 7))):
            word = _word(rng)
            ink = int(rng.integers(110, 256)) if dark else int(rng.integers(0, 150))
            draw.text((x, y), word, fill=ink, font=face)
            x += size * 0.62 * (len(word) + 1)
        y += size * 1.3
    return image


def _window(rng: np.random.Generator) -> Image.Image:
    """A program's window: bars, buttons, fields, panes of words."""
    image, draw, w, h = _sheet(rng)
    base = int(rng.choice([245, 235, 40, 20]))
    ink = 30 if base > 128 else 220
    draw.rectangle([0, 0, w, h], fill=base)
    draw.rectangle([0, 0, w, h * rng.uniform(0.05, 0.12)], fill=int(rng.integers(256)))
    side = w * float(rng.uniform(0, 0.3))
    draw.rectangle([0, 0.1 * h, side, h], fill=int(rng.integers(256)))
    for _ in range(int(rng.integers(3, 18))):
        x, y, a, b = rng.uniform(side, w), rng.uniform(0.1 * h, h), rng.uniform(15, 120), rng.uniform(8, 60)
        draw.rounded_rectangle([x, y, x + a, y + b], radius=3, fill=int(rng.integers(256)), outline=ink)
        draw.text((x + 4, y + 3), _word(rng), fill=ink, font=font(rng, int(rng.integers(6, 12))))
    _lines(draw, (side + 8, 0.15 * h, w * rng.uniform(0.5, 1), h), rng, size=int(rng.integers(6, 11)), ink=ink)
    return image


def _form(rng: np.random.Generator) -> Image.Image:
    image, draw, w, h = _sheet(rng)
    size = int(rng.integers(7, 15))
    y = 0.05 * h
    while y < 0.95 * h:
        draw.text((0.06 * w, y), _word(rng).title() + ":", fill=20, font=font(rng, size))
        if rng.random() < 0.6:
            draw.rectangle([0.4 * w, y, 0.92 * w, y + 1.4 * size], outline=60)
        else:
            draw.line([0.4 * w, y + 1.3 * size, 0.92 * w, y + 1.3 * size], fill=60)
        y += size * float(rng.uniform(2, 4))
    return image


def _slide(rng: np.random.Generator) -> Image.Image:
    image, draw, w, h = _sheet(rng)
    draw.rectangle([0, 0, w, h], fill=int(rng.choice([255, 250, 20, 60, 90])))
    ink = 0 if image.getpixel((1, 1)) > 128 else 255
    draw.text(
        (0.07 * w, 0.06 * h), " ".join(_word(rng) for _ in range(4)).title(), fill=ink, font=font(rng, int(0.09 * h))
    )
    size = int(h * rng.uniform(0.05, 0.08))
    _lines(draw, (0.1 * w, 0.28 * h, 0.9 * w, 0.95 * h), rng, size=size, ink=ink)
    if rng.random() < 0.5:
        draw.rectangle([0.55 * w, 0.4 * h, 0.92 * w, 0.85 * h], fill=int(rng.integers(256)))
    return image


def _squares(rng: np.random.Generator) -> Image.Image:
    """A square code, a calendar or a board: a grid of black and white cells."""
    n = int(rng.integers(8, 40))
    cells = (rng.random((n, n)) < rng.uniform(0.3, 0.7)).astype(np.uint8) * 255
    if rng.random() < 0.2:
        cells = ((np.indices((n, n)).sum(axis=0) % 2) * 255).astype(np.uint8)
    code = Image.fromarray(cells).resize((240, 240), Image.Resampling.NEAREST)
    sheet = Image.new("L", (300, 300), 255)
    sheet.paste(code, (30, 30))
    return sheet


_CHARTS: dict[int, Image.Image] = {}


def chart(rng: np.random.Generator, *, kinds: int = 2000) -> Image.Image:
    """One of 2,000 charts by matplotlib, each drawn when first asked for."""
    number = int(rng.integers(kinds))
    if number not in _CHARTS:
        _CHARTS[number] = _drawn_chart(np.random.default_rng([77, number]))
    return _CHARTS[number].copy()


def _drawn_chart(rng: np.random.Generator) -> Image.Image:
    import matplotlib.style

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    style = "dark_background" if rng.random() < 0.25 else "default"
    with matplotlib.style.context(style):
        figure = Figure(figsize=(float(rng.uniform(2.5, 8)), float(rng.uniform(2.5, 6))), dpi=64)
        axes = figure.subplots(*[(1, 1), (1, 1), (1, 2), (2, 1), (2, 2)][int(rng.integers(5))], squeeze=False)
        for ax in axes.ravel():
            _plot(ax, rng)
        store = io.BytesIO()
        figure.savefig(store, format="png")
    return Image.open(store).convert("L")


def _plot(ax, rng: np.random.Generator) -> None:
    kind, n = int(rng.integers(9)), int(rng.integers(5, 200))
    x, y = np.sort(rng.normal(size=n)), np.cumsum(rng.normal(size=n))
    if kind == 0:
        for _ in range(int(rng.integers(1, 5))):
            ax.plot(np.cumsum(rng.normal(size=n)), lw=rng.uniform(0.5, 3), label=_word(rng))
        ax.legend()
    elif kind == 1:
        ax.scatter(x, y, s=rng.uniform(3, 60), c=rng.random(n))
    elif kind == 2:
        ax.bar(range(min(n, 12)), rng.random(min(n, 12)))
    elif kind == 3:
        ax.hist(y, bins=int(rng.integers(5, 40)))
    elif kind == 4:
        ax.imshow(rng.random((int(rng.integers(3, 12)),) * 2), cmap=str(rng.choice(["viridis", "gray", "hot"])))
    elif kind == 5:
        ax.contourf(np.add.outer(np.sin(np.linspace(0, 5, 30)), np.cos(np.linspace(0, rng.uniform(2, 9), 30))))
    elif kind == 6:
        ax.boxplot([rng.normal(size=n) * rng.uniform(0.3, 3) for _ in range(int(rng.integers(1, 7)))])
    elif kind == 7:
        ax.matshow(np.corrcoef(rng.normal(size=(int(rng.integers(4, 40)), 12)) + rng.normal(size=12)))
    else:
        ax.pie(rng.random(int(rng.integers(2, 7))))
    ax.set_title(_word(rng) + " " + _word(rng))
    ax.grid(rng.random() < 0.4)


KINDS = (_letter, _letter, _letter, _table, _code, _window, _form, _slide, _squares)
