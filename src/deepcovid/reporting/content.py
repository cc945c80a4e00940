"""What a report is made of: plain values that a run hands over; nothing here is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Level = Literal["danger", "caution", "info"]
Tone = Literal["positive", "normal", "other", "neutral"]

RESEARCH_NOTICE = (
    "For research and teaching only. A score says how much a film resembles the films this detector was shown; "
    "it is no diagnosis, it has not been cleared as a medical device, and no decision about a patient may rest on it."
)
NO_AUDIT = (
    "No audit has been run on these figures, so nothing here shows whether the scores follow the disease "
    "or its surroundings: the hospital, a marker on the film, the patient's age."
)
NOT_AUDITED = "The detector itself was not audited: “deepcovid audit” asks whether it reads the disease."


@dataclass(frozen=True)
class Notice:
    """One warning, shown before anything else.

    Args:
        level: "danger" (the figures do not mean what they seem to), "caution", or "info".
        sentence: what the reader must know, as plain text.
    """

    level: Level
    sentence: str

    def __post_init__(self) -> None:
        if self.level not in get_args(Level):
            raise ValueError(f"a notice's level is one of {', '.join(get_args(Level))}, not {self.level!r}")


@dataclass(frozen=True)
class Film:
    """A film to show: pixels float32 (h, w) in [0, 1], a caption, and the class colour under it."""

    pixels: np.ndarray
    caption: str
    tone: Tone = "neutral"

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or 0 in self.pixels.shape:
            raise ValueError(f"a film has shape (h, w), not {self.pixels.shape}")
        if self.tone not in get_args(Tone):
            raise ValueError(f"a film's tone is one of {', '.join(get_args(Tone))}, not {self.tone!r}")


@dataclass(frozen=True)
class HeatmapCase:
    """A film with its heat map.

    Args:
        pixels: float32 (H, W) in [0, 1].
        heat: float32 (H, W) in [0, 1], 1 where the score rests most.
        label: what the table says the film is.
        score: the detector's probability of the positive class, in [0, 1].
        kind: the group it is shown in, such as "most certain right" or "most certain wrong".
        caption: plain text, such as the file's name.
    """

    pixels: np.ndarray
    heat: np.ndarray
    label: str
    score: float
    kind: str
    caption: str

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.shape != self.heat.shape:
            raise ValueError(f"film {self.pixels.shape} and heat map {self.heat.shape} must share one shape (H, W)")


@dataclass(frozen=True, kw_only=True)
class ReportContent:
    """Everything that a report shows; what is empty or None is left out of the page.

    Args:
        title: the report's title.
        question: what was asked, such as "covid against the rest, ResNet18, head on frozen ImageNet features".
        positive: name of the positive class.
        evaluations: name ("test", "validation", or a model's name) → evaluation JSON; the first is the main one.
        warnings: shown first, in the order danger, caution, info.
        scores: the table's columns plus `score`, optionally `split`; drawn by source and label.
        summary: table title → counts, rows by the frame's index.
        history: one row an epoch: `epoch`, `train_loss`, `val_loss`, `train_accuracy`, `val_accuracy`,
            `learning_rate` (some absent), and perhaps a boolean `best`.
        loss: which loss the history's is, in words, such as "binary cross-entropy"; empty: not told.
        course: how the training went: what its monitor found, each with `title`, `since`, `evidence`, `causes`, `tries`;
            empty: nothing; None: the training was not watched.
        samples: films of the data, as read.
        augmentations: films as training saw them.
        heatmaps: films with heat maps, shown by `kind`.
        audit_sentence: the audit's conclusion; None says that no audit was run.
        facts: section → key → value: engine, versions, hashes, timings, recipe.
        next_steps: what a site says to do after a positive call.
        research_notice: the notice at the foot.
    """

    title: str
    question: str
    positive: str
    evaluations: Mapping[str, Mapping[str, Any]]
    warnings: Sequence[Notice] = ()
    scores: pd.DataFrame | None = None
    summary: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    history: pd.DataFrame | None = None
    loss: str = ""
    course: Sequence[Mapping[str, Any]] | None = None
    samples: Sequence[Film] = ()
    augmentations: Sequence[Film] = ()
    heatmaps: Sequence[HeatmapCase] = ()
    audit_sentence: str | None = None
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    next_steps: str | None = None
    research_notice: str = RESEARCH_NOTICE

    def __post_init__(self) -> None:
        if not self.evaluations:
            raise ValueError("a report needs at least one evaluation")

    @property
    def main_name(self) -> str:
        """The name of the evaluation that the first screen shows."""
        return next(iter(self.evaluations))

    @property
    def main(self) -> Mapping[str, Any]:
        """The evaluation that the first screen shows."""
        return self.evaluations[self.main_name]

    @property
    def notices(self) -> list[Notice]:
        """The warnings, gravest first."""
        order = get_args(Level)
        return sorted(self.warnings, key=lambda notice: order.index(notice.level))
