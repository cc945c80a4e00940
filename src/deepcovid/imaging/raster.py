"""PNG, JPEG, WebP and TIFF through Pillow: every bit depth and colour mode to float32 grey in [0, 1]."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcovid.errors import ImageError
from deepcovid.imaging.guards import DECODER_FAILURES, check_size
from deepcovid.imaging.headers import check_jpeg, check_tiff, check_webp
from deepcovid.imaging.luma import luma, range_scaled, unit_scaled
from deepcovid.imaging.png import check_complete, check_pixels, check_texts, colour16, significant_bits

if TYPE_CHECKING:
    from PIL import Image

# EXIF 2.3, tag 274: value → (degrees clockwise after mirroring left to right, mirrored)
ORIENTATIONS = {1: (0, False), 2: (0, True), 3: (180, False), 4: (180, True)}
ORIENTATIONS |= {5: (270, True), 6: (90, False), 7: (90, True), 8: (270, False)}
ORIENTATION_TAG = 274
# TIFF 6.0: NewSubfileType, BitsPerSample, PhotometricInterpretation, SampleFormat, SMinSampleValue, SMaxSampleValue
SUBFILE, BITS, PHOTOMETRIC, SAMPLE_FORMAT, S_MIN, S_MAX = 254, 258, 262, 339, 340, 341
TAGS = (SUBFILE, BITS, PHOTOMETRIC, SAMPLE_FORMAT, S_MIN, S_MAX)
RE_EXPORT = "export the film again as PNG, JPEG, WebP, TIFF or DICOM"


def decode_raster(
    data: bytes, *, kind: str, path: Path, max_pixels: int, frame: int | None = None
) -> tuple[np.ndarray, dict[str, Any]]:
    """The film in the bytes of a PNG, JPEG, WebP or TIFF file, and what was done to get it.

    Returns:
        float32 (H, W) in [0, 1], and the facts for `Radiograph.origin`.

    Raises:
        ImageError: the file is damaged, cut off, too large, of several pages, or of a mode that is no film's.
    """
    check_header(data, kind=kind, path=path, max_pixels=max_pixels)
    image = _opened(data, kind, path, max_pixels)
    check_size(width=image.width, height=image.height, max_pixels=max_pixels, path=path)
    try:
        page_note = _choose_page(image, kind, path, frame)
        check_size(width=image.width, height=image.height, max_pixels=max_pixels, path=path)
        turn = _orientation(image)
        tags = _tags(image)
        image.load()
        if kind == "PNG" and not _reaches_end(image):
            check_pixels(data, path=path)
        facts: dict[str, Any] = {"format": kind, "mode": image.mode, "bit_depth": 8, "inverted": False, "voi": None}
        facts["notes"] = [page_note] if page_note else []
        pixels = _grey(image, data if kind == "PNG" else b"", tags, path, facts)
    except DECODER_FAILURES as error:
        raise _damaged(error, kind, path) from error
    facts["rotated"], facts["mirrored"] = ORIENTATIONS[turn]
    # Pillow turns a TIFF while it loads it and leaves the others as they are stored.
    return (pixels if kind == "TIFF" else turned(pixels, turn)), facts


def check_header(data: bytes, *, kind: str, path: Path, max_pixels: int) -> None:
    """Refuse what the headers alone show: cut off, too large, more pages, scans or texts than any film.

    Raises:
        ImageError: as said.
    """
    if kind == "PNG":
        check_complete(data, path=path, max_pixels=max_pixels)
        check_texts(data, path=path)
    elif kind == "JPEG":
        check_jpeg(data, path=path, max_pixels=max_pixels)
    elif kind == "WEBP":
        check_webp(data, path=path, max_pixels=max_pixels)
    else:
        check_tiff(data, path=path, max_pixels=max_pixels)


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The film upright, by its EXIF orientation 1–8 (what viewers show)."""
    degrees, mirrored = ORIENTATIONS[orientation]
    upright = pixels[:, ::-1] if mirrored else pixels
    return np.ascontiguousarray(np.rot90(upright, -degrees // 90))


def _opened(data: bytes, kind: str, path: Path, max_pixels: int) -> Image.Image:
    from PIL import Image

    try:
        return Image.open(io.BytesIO(data), formats=[kind])
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"this image is too large: its header promises more than {2 * (Image.MAX_IMAGE_PIXELS or 0) / 1e6:,.0f} "
            f"million pixels, at most {max_pixels / 1e6:,.1f} million are read",
            path=path,
            mend="export the film at a smaller size",
        ) from error
    except DECODER_FAILURES as error:
        raise _damaged(error, kind, path) from error


def _damaged(error: Exception, kind: str, path: Path) -> ImageError:
    reason = str(error).split("\n", 1)[0][:120]
    if "truncated" in reason.lower() or isinstance(error, EOFError):
        return ImageError(f"this {kind} file is cut off: its pixels end early", path=path, mend="copy the file again")
    if "unknown pixel mode" in reason or "unknown raw mode" in reason:
        return ImageError(f"this kind of {kind} (bits, colours) is not read", path=path, mend=RE_EXPORT)
    if isinstance(error, MemoryError):
        return ImageError("this image does not fit into memory", path=path, mend="export it at a smaller size")
    what = "" if "cannot identify" in reason or not reason else f" ({reason})"
    return ImageError(f"this {kind} file is damaged{what}", path=path, mend=f"copy the file again, or {RE_EXPORT}")


def _choose_page(image: Image.Image, kind: str, path: Path, frame: int | None) -> str:
    """Move to the wanted page; several pages with no choice made are refused, previews of reduced size do not count."""
    count = int(getattr(image, "n_frames", 1)) if kind != "JPEG" else 1
    if frame is not None and not 1 <= frame <= count:
        raise ImageError(f"there is no frame {frame}: this file has {count}", path=path, mend=f"choose 1 to {count}")
    if count == 1:
        return ""
    if frame is None:
        # only a TIFF has previews, and `check_tiff` has counted its pages; other formats may promise any number
        films = [page for page in range(count) if not _is_preview(image, page)] if kind == "TIFF" else []
        if len(films) != 1:
            raise ImageError(
                f"this {kind} holds {count} pages, one film is expected",
                path=path,
                mend="save each page as a file of its own, or choose one (--frame 1, or frame=1 in Python, is the first)",
            )
        frame = films[0] + 1
    image.seek(frame - 1)
    return f"page {frame} of {count}"


def _reaches_end(image: Image.Image) -> bool:
    """Whether the last row has something in it: Pillow leaves rows black for which a PNG has no pixels."""
    last = image.crop((0, image.height - 1, image.width, image.height))
    return bool(np.asarray(last).any()) and not image.info.get("interlace")


def _is_preview(image: Image.Image, page: int) -> bool:
    image.seek(page)
    return bool(int(_tags(image).get(SUBFILE, 0)) & 1)


def _tags(image: Image.Image) -> dict[int, Any]:
    """The TIFF tags that matter; the others may be long, and are left packed."""
    found = getattr(image, "tag_v2", {})
    return {tag: found[tag] for tag in TAGS if tag in found}


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except DECODER_FAILURES:
        return 1  # damaged EXIF says nothing about the pixels
    return value if isinstance(value, int) and value in ORIENTATIONS else 1


def _grey(image: Image.Image, png: bytes, tags: dict[int, Any], path: Path, facts: dict[str, Any]) -> np.ndarray:
    mode = image.mode
    if mode == "1":
        facts["bit_depth"] = 1
        facts["inverted"] = tags.get(PHOTOMETRIC) == 0
        return np.asarray(image).astype(np.float32)
    if mode.startswith("I;16"):
        return _unsigned16(np.asarray(image), png, tags, facts)
    if mode in ("I", "F"):
        return _wide(np.asarray(image), tags, path, facts)
    if mode == "L" and "transparency" not in image.info:
        return _grey8(np.asarray(image), tags, facts)
    return _colour(image, png, tags, path, facts)


def _grey8(values: np.ndarray, tags: dict[int, Any], facts: dict[str, Any]) -> np.ndarray:
    if _sample_format(tags) == 2:  # signed bytes, which Pillow hands over as unsigned
        values = values ^ np.uint8(0x80)
        facts["notes"].append("signed 8-bit samples: −128 to 127 mapped to 0 to 1")
    facts["inverted"] = tags.get(PHOTOMETRIC) == 0  # WhiteIsZero: Pillow inverted it
    return unit_scaled(values, top=255)


def _unsigned16(values: np.ndarray, png: bytes, tags: dict[int, Any], facts: dict[str, Any]) -> np.ndarray:
    """Divided by 65535, whatever the content; by less only if the file itself declares fewer bits."""
    bits = int(tags.get(BITS, (16,))[0]) if tags else 16
    highest = int(values.max())
    declared = significant_bits(png) if png else None
    if declared is not None and 8 < declared < 16 and highest < 2**declared:
        # PNG's sBIT asks for samples scaled up to 16 bits; a file that declares n bits and exceeds none did not do so.
        bits = declared
        facts["notes"].append(f"scaled by the {bits} bits that the sBIT chunk declares")
    elif bits == 16 and 255 < highest < 4096:
        facts["notes"].append("no value above 4095: perhaps a 12-bit film stored unscaled; read as stored, by 65535")
    facts["bit_depth"] = bits
    pixels = unit_scaled(values, top=2**bits - 1)
    if tags.get(PHOTOMETRIC) == 0:  # WhiteIsZero: Pillow inverts it only up to 8 bits
        facts["inverted"] = True
        pixels = np.float32(1) - pixels
    return pixels


def _wide(values: np.ndarray, tags: dict[int, Any], path: Path, facts: dict[str, Any]) -> np.ndarray:
    """Signed 16-bit, 32-bit and float samples: from the declared range, or else from their own lowest to highest."""
    if values.dtype == np.int32 and tags and _sample_format(tags) == 1:
        values = values.view(np.uint32)  # Pillow hands unsigned 32-bit samples over as signed
    facts["bit_depth"] = int(tags.get(BITS, (32,))[0]) if tags else 32
    if not np.isfinite(values).all():
        raise ImageError("some pixels are NaN or infinite", path=path, mend="replace them and save the film again")
    low, high = float(values.min()), float(values.max())
    declared = _declared_range(tags)
    if declared is not None and declared[0] <= low and high <= declared[1]:
        low, high = declared
        facts["notes"].append(f"scaled by the declared range, {low:g} to {high:g}")
    else:
        facts["notes"].append(f"scaled by its lowest and highest value, {low:g} to {high:g}")
    pixels = range_scaled(values, low=low, high=high)
    if tags.get(PHOTOMETRIC) == 0:
        facts["inverted"] = True
        pixels = np.float32(1) - pixels
    return pixels


def _declared_range(tags: dict[int, Any]) -> tuple[float, float] | None:
    if S_MIN not in tags or S_MAX not in tags:
        return None
    low, high = (float(np.ravel(tags[tag])[0]) for tag in (S_MIN, S_MAX))
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None


def _sample_format(tags: dict[int, Any]) -> int:
    value = tags.get(SAMPLE_FORMAT, 1)
    return int(np.ravel(value)[0])


def _colour(image: Image.Image, png: bytes, tags: dict[int, Any], path: Path, facts: dict[str, Any]) -> np.ndarray:
    if image.mode == "LAB":
        raise ImageError("CIE L*a*b* colours are not read", path=path, mend=RE_EXPORT)
    deep = colour16(png, path=path) if png else None
    if deep is not None:
        facts["bit_depth"] = 16
        channels, top = deep, 65535
    else:
        if tags and max(np.ravel(tags.get(BITS, 8))) > 8:
            facts["notes"].append("16-bit colours, read with 8 bits")
        channels, top = np.asarray(image.convert("RGBA" if _has_alpha(image) else "RGB")), 255
    if channels.shape[2] == 3:
        return luma(channels, top=top)
    alpha = channels[..., 3]
    grey = luma(channels[..., :3], top=top)
    if int(alpha.min()) == top:
        return grey
    facts["notes"].append("transparent parts laid on black")
    return grey * unit_scaled(alpha, top=top)


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info
