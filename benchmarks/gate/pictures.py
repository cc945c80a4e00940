"""Pictures that are no X-rays: photographs with free licences, drawn textures, scenes, icons and charts' shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from looks import font
from PIL import Image, ImageDraw
from scipy import ndimage

SIDE = 256
LARGEST = 25_000_000  # pixels; some clip art is larger than any film


def load_pictures(folder: Path, *, longest: int, most: int = 900) -> list[Image.Image]:
    """Every JPEG, PNG and WebP below `folder` by path, evenly thinned out to `most` but for giants.

    Grey ("L"), or grey with what is transparent ("LA"): `laid` puts a ground below those.
    """
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"})
    kept = []
    for path in found[:: -(-len(found) // most)] if found else []:
        try:
            image = Image.open(path)
        except Image.DecompressionBombError:
            continue
        if image.width * image.height > LARGEST:
            continue
        image.draft("RGB", (longest, longest))
        image.thumbnail((longest, longest), Image.Resampling.BILINEAR, reducing_gap=2.0)
        image = image.convert("RGBA")
        kept.append(image.convert("L" if image.getextrema()[3][0] == 255 else "LA"))
    return kept


def laid(image: Image.Image, rng: np.random.Generator, *, below: Image.Image | None = None) -> Image.Image:
    """The picture on a ground where it is transparent: mostly white, else black, a grey, or another picture."""
    if image.mode == "L":
        return image
    choice = rng.random()
    if below is not None and choice < 0.15:
        sheet = below.resize(image.size).convert("L")
    else:
        value = 255 if choice < 0.75 else 0 if choice < 0.88 else int(rng.integers(256))
        sheet = Image.new("L", image.size, value)
    if rng.random() < 0.3:  # with a margin, as icons have it
        w, h = image.size
        m = int(rng.uniform(0.03, 0.3) * min(w, h))
        wider = Image.new("LA", (w + 2 * m, h + 2 * m), (0, 0))
        wider.paste(image, (m, m))
        image, sheet = wider, sheet.resize(wider.size)
    sheet.paste(image.getchannel("L"), mask=image.getchannel("A"))
    return sheet


def piece(photograph: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A piece of a photograph of at least a twelfth of its area, sometimes mirrored, turned or as a negative."""
    w, h = photograph.size
    s = rng.uniform(0.3, 1.0, 2) if rng.random() < 0.6 else np.ones(2)
    x, y = rng.uniform(0, 1 - s[0]) * w, rng.uniform(0, 1 - s[1]) * h
    image = photograph.crop((int(x), int(y), int(x + s[0] * w), int(y + s[1] * h)))
    for turn in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180):
        if rng.random() < 0.25:
            image = image.transpose(turn)
    return Image.eval(image, lambda v: 255 - v) if rng.random() < 0.15 else image


def tiny(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The picture as a few pixels, made large again: icons, digits, faces of early data sets."""
    side = int(rng.integers(6, 40))
    how = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)[int(rng.integers(3))]
    image = image.resize((side, side), Image.Resampling.BOX)
    if rng.random() < 0.3:  # few greys
        step = int(rng.choice([4, 16, 40]))
        image = Image.eval(image, lambda v: min(255, v // step * step))
    return image.resize((160, 160), how)


def drawn_picture(rng: np.random.Generator) -> Image.Image:
    """Leaves, clouds, grains, waves, spots, scenes, faces or scribbles."""
    return KINDS[int(rng.integers(len(KINDS)))](rng)


def _leaves(rng: np.random.Generator) -> Image.Image:
    """Dead leaves: shapes of all sizes, each hiding what lies below (Lee, Mumford & Huang 2001)."""
    image = Image.new("L", (SIDE, SIDE), int(rng.integers(256)))
    draw, most = ImageDraw.Draw(image), rng.uniform(0.1, 0.5)
    for _ in range(int(rng.integers(60, 400))):
        r = SIDE * float(np.clip(0.012 / rng.random() ** 0.6, 0.01, most))
        x, y = rng.uniform(0, SIDE, 2)
        fill = int(np.clip(rng.normal(rng.choice([60, 128, 190]), 50), 0, 255))
        if rng.random() < 0.5:
            draw.ellipse([x - r, y - r * rng.uniform(0.4, 1), x + r, y + r * rng.uniform(0.4, 1)], fill=fill)
        else:
            a = np.sort(rng.uniform(0, 6.28, int(rng.integers(3, 7))))
            draw.polygon([(float(x + r * np.cos(t)), float(y + r * np.sin(t))) for t in a], fill=fill)
    return image


def _scaled(x: np.ndarray) -> Image.Image:
    low, high = np.percentile(x, [0.5, 99.5])
    return Image.fromarray((np.clip((x - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8))


def _clouds(rng: np.random.Generator) -> Image.Image:
    """Noise whose power falls with frequency, as that of natural scenes does."""
    f = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None]) + 1 / SIDE
    spectrum = (rng.standard_normal(f.shape) + 1j * rng.standard_normal(f.shape)) / f ** rng.uniform(0, 2.2)
    x = np.fft.irfft2(spectrum, (SIDE, SIDE))
    if rng.random() < 0.4:
        x = np.abs(x)
    if rng.random() < 0.2:
        x = np.sign(x - np.quantile(x, rng.uniform(0.2, 0.8)))
    return _scaled(x)


def _waves(rng: np.random.Generator) -> Image.Image:
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    total = np.zeros((SIDE, SIDE))
    for _ in range(int(rng.integers(1, 4))):
        a, f = rng.uniform(0, 6.28), 10 ** rng.uniform(-0.2, 1.6)
        phase = (
            6.28 * f * (x * np.cos(a) + y * np.sin(a))
            + rng.uniform(0, 3) * np.hypot(x - rng.random(), y - rng.random()) * f
        )
        wave = np.sin(phase)
        total += np.sign(wave) if rng.random() < 0.35 else wave
    return _scaled(total + rng.uniform(0, 0.6) * rng.standard_normal(total.shape))


def _spots(rng: np.random.Generator) -> Image.Image:
    """Coins, cells, stars: round things on a background."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    back = rng.uniform(0, 1)
    image = np.full((SIDE, SIDE), back) + rng.normal(0, 0.3) * (x / SIDE - 0.5)
    for _ in range(int(rng.integers(1, 60))):
        cx, cy, r = rng.uniform(0, SIDE), rng.uniform(0, SIDE), 10 ** rng.uniform(0.4, 1.9)
        d = np.hypot((x - cx) * rng.uniform(0.7, 1.4), y - cy) / r
        image = np.where(d < 1, rng.uniform(0, 1) + 0.25 * np.cos(d * rng.uniform(1, 8)), image)
    return _scaled(ndimage.gaussian_filter(image + rng.normal(0, 0.05, image.shape), rng.uniform(0, 2)))


def _scene(rng: np.random.Generator) -> Image.Image:
    """Sky over land, with blocks and a sun."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    line = rng.uniform(0.3, 0.75) + 0.1 * np.sin(6 * x * rng.uniform(0.3, 3) + rng.uniform(0, 6))
    land = rng.uniform(0, 0.6) + 0.2 * np.asarray(_clouds(rng)) / 255
    image = np.where(
        y < line, rng.uniform(0.4, 1) - rng.uniform(0, 0.4) * y + 0.15 * np.asarray(_clouds(rng)) / 255, land
    )
    for _ in range(int(rng.integers(0, 12))):
        left, wide, top = rng.uniform(0, 1), rng.uniform(0.03, 0.2), rng.uniform(0.1, 0.8)
        block = (x > left) & (x < left + wide) & (y > top)
        image = np.where(block, rng.uniform(0, 1) + 0.1 * np.sign(np.sin(y * rng.uniform(20, 150))), image)
    return _scaled(image)


def _face(rng: np.random.Generator) -> Image.Image:
    """A head on shoulders: two dark eyes on a bright oval, hair, a plain or busy background."""
    image = _clouds(rng) if rng.random() < 0.5 else Image.new("L", (SIDE, SIDE), int(rng.integers(256)))
    draw, skin = ImageDraw.Draw(image), int(rng.integers(90, 240))
    cx, cy, r = (SIDE * float(v) for v in (rng.uniform(0.35, 0.65), rng.uniform(0.3, 0.5), rng.uniform(0.15, 0.35)))
    draw.ellipse([cx - 2.2 * r, cy + 1.2 * r, cx + 2.2 * r, cy + 5 * r], fill=int(rng.integers(256)))
    draw.ellipse([cx - 1.15 * r, cy - 1.5 * r, cx + 1.15 * r, cy + r], fill=int(rng.integers(0, 120)))
    draw.ellipse([cx - r, cy - 1.2 * r, cx + r, cy + 1.35 * r], fill=skin)
    for side in (-1, 1):
        draw.ellipse([cx + side * 0.4 * r - 0.15 * r, cy - 0.2 * r, cx + side * 0.4 * r + 0.15 * r, cy], fill=20)
    draw.arc([cx - 0.5 * r, cy + 0.2 * r, cx + 0.5 * r, cy + 0.9 * r], 20, 160, fill=40, width=int(max(1, r / 12)))
    return image.filter(_blur(rng))


def _blur(rng: np.random.Generator):
    from PIL import ImageFilter

    return ImageFilter.GaussianBlur(float(rng.uniform(0.3, 4)))


def _scribble(rng: np.random.Generator) -> Image.Image:
    """A drawing of lines and filled shapes: dark on light, or light on dark."""
    paper = int(rng.choice([255, 255, 245, 0, 30]))
    image = Image.new("L", (SIDE, SIDE), paper)
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(2, 25))):
        ink = int(rng.integers(0, 140)) if paper > 128 else int(rng.integers(110, 256))
        points = (np.cumsum(rng.normal(0, 0.1, (int(rng.integers(2, 9)), 2)), axis=0) + rng.uniform(0.1, 0.9, 2)) * SIDE
        flat = [(float(a), float(b)) for a, b in points]
        kind = rng.random()
        if kind < 0.5:
            draw.line(flat, fill=ink, width=int(rng.integers(1, 10)), joint="curve")
        elif kind < 0.75:
            draw.polygon(flat, fill=ink if rng.random() < 0.7 else None, outline=ink)
        else:
            (a, b), r = flat[0], float(rng.uniform(5, 90))
            draw.ellipse([a - r, b - r, a + r, b + r], outline=ink, width=int(rng.integers(1, 8)))
    return image


def letter(rng: np.random.Generator) -> Image.Image:
    """One large letter or digit, sharp or blurred, as of a data set of characters."""
    dark = rng.random() < 0.5
    image = Image.new("L", (SIDE, SIDE), 0 if dark else 255)
    text = str(rng.choice(list("0123456789ABCDEFGHKMNPRSTXYZ?&@")))
    at = (float(rng.uniform(0, 90)), float(rng.uniform(-30, 40)))
    ImageDraw.Draw(image).text(at, text, fill=255 if dark else 0, font=font(rng, int(rng.integers(120, 240))))
    return image.filter(_blur(rng))


def _retina(rng: np.random.Generator) -> Image.Image:
    """A bright disc on black with vessels, as an eye's fundus, a dish or a planet."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    r = rng.uniform(0.25, 0.55)
    disc = np.clip((r - np.hypot(x - rng.normal(0, 0.05), y - rng.normal(0, 0.05))) * 40, 0, 1)
    inside = 0.6 + rng.uniform(0, 0.5) * x + 0.25 * np.asarray(_clouds(rng)) / 255
    return _scaled(disc * inside)


def _icon(rng: np.random.Generator) -> Image.Image:
    """A thing on a plain ground: a few rounded bodies, shaded from top to bottom, one on another."""
    image = Image.new("L", (SIDE, SIDE), int(rng.choice([255, 255, 255, 245, 0, 128])))
    for _ in range(int(rng.integers(1, 7))):
        w, h = (int(v) for v in rng.uniform(0.06, 0.85, 2) * SIDE)
        x, y = (int(v) for v in (rng.normal(0.5, 0.1, 2) * SIDE - np.array([w, h]) / 2))
        seen, line = Image.new("L", (w, h), 0), Image.new("L", (w, h), 0)
        r = float(rng.choice([0, 0.1, 0.25, 0.5])) * min(w, h)
        shape = [0, 0, w - 1, h - 1]
        for sheet, fill in ((seen, 255), (line, None)):
            ImageDraw.Draw(sheet).rounded_rectangle(shape, r, fill=fill, outline=255, width=int(rng.integers(1, 5)))
        shade = np.linspace(*rng.uniform(0, 255, 2), h if rng.random() < 0.7 else w).astype(np.uint8)
        body = np.tile(shade[:, None], (1, w)) if len(shade) == h else np.tile(shade, (h, 1))
        image.paste(Image.fromarray(np.ascontiguousarray(body)), (x, y), seen)
        if rng.random() < 0.5:
            image.paste(int(rng.integers(0, 120)), (x, y, x + w, y + h), line)
    return image.rotate(float(rng.normal(0, 12)), fillcolor=image.getpixel((0, 0))) if rng.random() < 0.3 else image


KINDS = (
    _leaves, _leaves, _clouds, _waves, _spots, _scene, _face, _scribble, _scribble, letter, _retina, _icon, _icon,
)  # fmt: skip
