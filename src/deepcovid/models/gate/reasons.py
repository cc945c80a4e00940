"""Why the gate lets a picture pass or refuses it: the classes of its network, the reasons, and a sentence for each."""

from __future__ import annotations

PASSES = "frontal chest film"
UNSURE = "unsure"
BLANK = "blank"

# In the order of the network's logits.
CLASSES = (
    PASSES, "photo or drawing", "document or screen", "CT slice", "other body part", "lateral", "inverted",
    "upside down", "sideways", "collage", "cropped",
)  # fmt: skip
# A quarter turn is the same mistake as a half turn, and is refused for the same reason.
REASON_OF = {name: name for name in CLASSES} | {"sideways": "upside down"}
REASONS = (*dict.fromkeys(REASON_OF.values()), BLANK, UNSURE)

# What it looks like, and what to do about it.
SENTENCES = {
    PASSES: "this looks like one frontal chest film, the right way up",
    BLANK: "this is blank: almost every pixel has the same grey → export the film again, with its window",
    "photo or drawing": "this looks like a photograph or a drawing, not a chest X-ray → give the film itself",
    "document or screen": "this looks like a document, a chart or a screen → give the film itself, not a page with it",
    "CT slice": "this looks like a slice of a CT (or MR) examination → give a chest X-ray",
    "other body part": "this looks like an examination of another part of the body → give a chest X-ray",
    "lateral": "this looks like a lateral chest film → give the frontal one (PA or AP)",
    "inverted": "this looks like a negative: bone is dark and air bright → invert its grey values",
    "upside down": "this looks upside down → turn it by 180°",
    "sideways": "this looks turned on its side → turn it by 90° so that the shoulders are on top",
    "collage": "this looks like several pictures in one → cut it into single films",
    "cropped": "this looks cropped too tight: a large part of the lungs is not on it → give the whole film",
    UNSURE: "this cannot be told apart from pictures that are no frontal chest film → look at it before scoring it",
}
