"""The names of shortcuts, as verdicts and the phantom bench say them."""

from __future__ import annotations

MARKER = "laterality marker"
TEXT = "burnt-in text"
BORDER = "border width"
CONTRAST = "gamma and contrast"
JPEG = "JPEG quality"
RESOLUTION = "resolution"
BODY_SIZE = "body size"
PROJECTION = "projection"

KINDS = (MARKER, TEXT, BORDER, CONTRAST, JPEG, RESOLUTION, BODY_SIZE, PROJECTION)
