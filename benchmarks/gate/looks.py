"""How a film or picture came to look as it does: display curve, letters, arrows, frames, blur, compression."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

FACES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSerif.ttf", "DejaVuSansMono.ttf")
WORDS = (
    "AP",
    "PA",
    "PORTABLE",
    "SUPINE",
    "ERECT",
    "A",
    "B",
    "C",
    "D",
    "L",
    "R",
    "Day 3",
    "2020-03-01",
    "Fig. 1",
    "sitting",
)


def font(rng: np.random.Generator, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """One of four typefaces that come with matplotlib."""
    import matplotlib

    folder = matplotlib.get_data_path() + "/fonts/ttf/"
    return ImageFont.truetype(folder + str(rng.choice(FACES)), max(size, 5))


def toned(image: Image.Image, rng: np.random.Generator, *, strength: float = 1.0) -> Image.Image:
    """Another exposure and display: gamma, contrast, brightness, sometimes equalised or clipped, never inverted."""
    x = np.asarray(image, np.float32) / 255
    x = x ** float(np.exp(strength * np.clip(rng.normal(0, 0.35), -0.9, 0.9)))
    if rng.random() < 0.6:
        slope, middle = float(np.exp(strength * rng.normal(0.0, 0.35))), float(rng.uniform(0.35, 0.65))
        x = (x - middle) * slope + middle + strength * float(rng.normal(0, 0.07))
    if rng.random() < 0.15:  # pale: a narrow range somewhere between black and white
        low = rng.uniform(0, 0.5)
        x = low + np.clip(x, 0, 1) * rng.uniform(0.25, 1 - low)
    image = Image.fromarray((np.clip(x, 0, 1) * 255).astype(np.uint8))
    choice = rng.random()
    if choice < 0.1:
        image = Image.blend(image, ImageOps.equalize(image), float(rng.uniform(0.2, 0.9)))
    elif choice < 0.3:
        image = ImageOps.autocontrast(image, cutoff=float(rng.uniform(0, 3)))
    return image


def shaded(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Light that is uneven, as when a film on a screen is photographed, or a heel effect."""
    h, w = image.height, image.width
    y, x = np.mgrid[0:h, 0:w].astype(np.float32) / np.float32(max(h, w)) - 0.5
    a, b, c = rng.normal(0, 0.35, 3)
    light = 1 + a * x + b * y - abs(c) * (x * x + y * y)
    return Image.fromarray(np.clip(np.asarray(image) * light, 0, 255).astype(np.uint8))


def annotated(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Letters, arrows, rings, cables and boxes laid over a film, as in figures of papers and on bedside films."""
    image = image.copy()
    draw, (w, h) = ImageDraw.Draw(image), image.size
    for _ in range(int(rng.integers(1, 5))):
        x, y = float(rng.uniform(0, w)), float(rng.uniform(0, h))
        ink = int(rng.choice([255, 255, 255, 230, 0]))
        kind = rng.random()
        if kind < 0.5:
            corner = rng.random() < 0.7
            at = (float(rng.choice([0.02, 0.86])) * w, float(rng.choice([0.02, 0.88])) * h) if corner else (x, y)
            if rng.random() < 0.15:
                draw.rectangle([at[0], at[1], at[0] + 0.1 * w, at[1] + 0.1 * h], fill=255 - ink)
            draw.text(at, str(rng.choice(WORDS)), fill=ink, font=font(rng, int(h * rng.uniform(0.03, 0.1))))
        elif kind < 0.75:
            _arrow(draw, (x, y), float(rng.uniform(0, 6.28)), h * float(rng.uniform(0.05, 0.2)), ink)
        elif kind < 0.85:
            r = h * float(rng.uniform(0.03, 0.12))
            draw.ellipse([x - r, y - r, x + r, y + r], outline=ink, width=int(rng.integers(1, 4)))
        else:
            xs = np.cumsum(rng.normal(0, 0.12, 6)) * w + x
            ys = np.cumsum(rng.normal(0.03, 0.12, 6)) * h + y
            draw.line(
                list(zip(xs.tolist(), ys.tolist(), strict=True)), fill=ink, width=int(rng.integers(1, 4)), joint="curve"
            )
    return image


def lettered(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Lines of small letters in some of the corners, as a viewing program burns them in."""
    image = image.copy()
    draw, (w, h) = ImageDraw.Draw(image), image.size
    size, ink = max(5, int(h * rng.uniform(0.025, 0.05))), int(rng.integers(150, 256))
    for left in (0.02, 0.7):
        for top in (0.02, 0.85):
            for line in range(int(rng.integers(0, 5))):
                text = str(rng.choice(WORDS)) + " " + str(rng.integers(10, 9999))
                draw.text((left * w, top * h + 1.2 * size * line), text, fill=ink, font=font(rng, size))
    return image


def _arrow(draw: ImageDraw.ImageDraw, at: tuple[float, float], angle: float, length: float, ink: int) -> None:
    x, y = at
    tail = (x - length * np.cos(angle), y - length * np.sin(angle))
    draw.line([tail, at], fill=ink, width=max(1, int(length / 10)))
    wings = [(x - 0.4 * length * np.cos(angle + s), y - 0.4 * length * np.sin(angle + s)) for s in (-0.5, 0.5)]
    draw.polygon([at, *wings], fill=ink)


def framed(image: Image.Image, rng: np.random.Generator, *, most: float = 0.1) -> Image.Image:
    """Laid on a larger sheet: black collimation, a white margin, or a grey one; the sides differ."""
    w, h = image.size
    kind = rng.random()
    if kind < 0.4:
        sides = np.full(4, rng.uniform(0, most))
    elif kind < 0.7:
        sides = np.array([*np.full(2, rng.uniform(0, 1.5 * most)), 0, 0])
        sides = sides if rng.random() < 0.5 else sides[::-1]
    else:
        sides = rng.uniform(0, most, 4)
    left, right, top, bottom = (sides * np.array([w, w, h, h])).astype(int)
    value = int(rng.choice([0, 0, 0, 0, 255, 255, 20, 128, 240]))
    sheet = Image.new("L", (w + left + right, h + top + bottom), value)
    sheet.paste(image, (int(left), int(top)))
    return sheet


def worn(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Blurred, grainy, made small, or compressed, each now and then."""
    if rng.random() < 0.25:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 2.2)) * image.width / 256))
    elif rng.random() < 0.15:
        image = image.filter(
            ImageFilter.UnsharpMask(radius=float(rng.uniform(1, 8)), percent=int(rng.integers(50, 200)))
        )
    if rng.random() < 0.08:  # a thumbnail made large again
        small = max(24, int(image.width * rng.uniform(0.1, 0.35))), max(24, int(image.height * rng.uniform(0.1, 0.35)))
        image = image.resize(small).resize(image.size, Image.Resampling.BILINEAR)
    if rng.random() < 0.25:
        noise = rng.normal(0, rng.uniform(2, 22), (image.height, image.width))
        image = Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))
    if rng.random() < 0.25:
        store = io.BytesIO()
        image.save(store, "JPEG", quality=int(rng.integers(12, 80)))
        image = Image.open(store).convert("L")
    return image


def warped(image: Image.Image, rng: np.random.Generator, *, amount: float = 0.03, cells: int = 4) -> Image.Image:
    """A smooth random deformation: the corners of a grid move by up to `amount` of the sides."""
    w, h = image.size
    xs, ys = np.linspace(0, w, cells + 1), np.linspace(0, h, cells + 1)
    gx, gy = np.meshgrid(xs, ys)
    gx = gx + rng.uniform(-amount, amount, gx.shape) * w
    gy = gy + rng.uniform(-amount, amount, gy.shape) * h
    mesh = []
    for i in range(cells):
        for j in range(cells):
            box = (int(xs[j]), int(ys[i]), int(xs[j + 1]), int(ys[i + 1]))
            quad = [(gx[a, b], gy[a, b]) for a, b in ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1))]
            mesh.append((box, tuple(float(v) for point in quad for v in point)))
    return image.transform((w, h), Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def turned(image: Image.Image, degrees: float, rng: np.random.Generator) -> Image.Image:
    """Rotated within its frame; what comes into view is black, or now and then the edge's mean grey."""
    if abs(degrees) < 0.3:
        return image
    fill = 0 if rng.random() < 0.8 else int(np.asarray(image)[:4].mean())
    return image.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=fill)
