"""What predictions are: of one film, of all that were named, and as a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcovid.imaging.dicom_age import UNREADABLE
from deepcovid.runs.verdict import CANNOT_TELL
from deepcovid.storage import FORMULA

if TYPE_CHECKING:
    from deepcovid.imaging.dicom_age import AgeGroup
    from deepcovid.models.detector import OperatingPoint
    from deepcovid.models.gate import Verdict
    from deepcovid.runs.scorers import Scorer

NOTICE = (
    "A score says how much a film resembles the positive films that this detector was trained on. "
    "It is no diagnosis, no probability that this person is ill, and not for the care of patients."
)


@dataclass(frozen=True)
class Prediction:
    """What a detector says of one film.

    Attributes:
        path: the film.
        verdict: the one that counts: "called NAME", "not called NAME", "cannot tell", "unlike both".
        score: probability of the positive class by this detector, in [0, 1].
        probabilities: of every class.
        positive: whether the score is at or above the operating point.
        call: that in words; behind the verdict where that is no call.
        could_be: the classes that the film may be of, by the detector's conformal rule; None: it has none.
        undecided: a sentence where the verdict is no call; empty otherwise.
        members: of a stack, each member's own score; empty otherwise.
        classes_in_words: of several classes what the others' probabilities are; empty for two sides.
        operating_point: the threshold's name, value and origin.
        detector: its hash.
        detector_name: of deepcovid's own what it is called on the command line, else its folder.
        age_group: "child", "adult" or "unknown", by the film's header.
        warning: what is wrong with this detector for this film by the age in its header; empty otherwise.
        seconds: from reading the file to the result.
        next_step: for a positive call, what the site says comes next; of other films that cannot be told, to have them read.
        heatmap: where the heat map was written.
        origin: what was done to the file to get a film.
        gate: what the gate says of it; it passes, or was scored on purpose all the same.
    """

    path: Path
    verdict: str
    score: float
    probabilities: dict[str, float]
    positive: bool
    call: str
    operating_point: OperatingPoint
    detector: str
    seconds: float
    detector_name: str
    age_group: AgeGroup
    warning: str = ""
    next_step: str = ""
    heatmap: Path | None = None
    classes_in_words: str = ""
    could_be: tuple[str, ...] | None = None
    undecided: str = ""
    members: dict[str, float] = field(default_factory=dict)
    origin: dict[str, Any] = field(default_factory=dict)
    gate: Verdict | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able values."""
        return {
            "image": str(self.path),
            "verdict": self.verdict,
            "score": self.score,
            "probabilities": self.probabilities,
            "positive": self.positive,
            "call": self.call,
            "classes": self.classes_in_words,
            "could_be": None if self.could_be is None else list(self.could_be),
            "undecided": self.undecided,
            "members": self.members,
            "operating_point": {
                "name": self.operating_point.name,
                "threshold": self.operating_point.threshold,
                "chosen_on": self.operating_point.chosen_on,
            },
            "next_step": self.next_step,
            "heatmap": None if self.heatmap is None else str(self.heatmap),
            "detector": self.detector,
            "detector_name": self.detector_name,
            "age_group": self.age_group,
            "warning": self.warning,
            "seconds": round(self.seconds, 4),
            "film": {key: value for key, value in self.origin.items() if key != "path"},
            "gate": None if self.gate is None else self.gate.to_dict(),
        }


@dataclass
class Predictions:
    """All predictions in the order of the films; films that could not be read, files that are none, and what the gate refused."""

    done: list[Prediction]
    failed: dict[Path, str]
    left_out: dict[Path, str] = field(default_factory=dict)
    refused: dict[Path, Verdict] = field(default_factory=dict)
    gate: str = ""  # its hash; empty where there was none
    scorers: tuple[Scorer, ...] = ()
    by_age: bool = False  # whether the films' ages chose among these

    @property
    def summary(self) -> dict[str, int]:
        """How many films have which verdict, the calls first, then those without a score: "refused" and "failed"."""
        order = sorted({one.verdict for one in self.done}, key=lambda word: (_rank(word), word))
        counts = {word: sum(one.verdict == word for one in self.done) for word in order}
        more = {"refused": len(self.refused), "failed": len(self.failed)}
        return counts | {word: count for word, count in more.items() if count}

    @property
    def age_notes(self) -> list[str]:
        """What is to be said of the films' ages, by their headers, where deepcovid's own detectors scored them."""
        from deepcovid.models.abnormal.words import unlike_ages, unread_ages, without_age

        own = next((one.own for one in self.scorers if one.own is not None), None)
        if own is None:
            return []
        unknown = [one for one in self.done if one.age_group == "unknown"]
        unread = sum(UNREADABLE in one.origin.get("notes", ()) for one in unknown)
        if self.by_age:
            told = [without_age(len(unknown), unread=unread)]
        else:
            others = sum(bool(own.unlike(one.age_group)) for one in self.done)
            told = [unread_ages(unread), unlike_ages(others, population=own.population)]
        return [sentence for sentence in told if sentence]


def _rank(verdict: str) -> int:
    """Calls, what is not called, what cannot be told, what is unlike every class."""
    firsts = ("called ", "not called ", CANNOT_TELL)
    return next((rank for rank, first in enumerate(firsts) if verdict.startswith(first)), len(firsts))


def csv_text(found: Predictions) -> str:
    """One row a film, the unreadable ones with their error: columns image, score, of several classes score_<class>, …"""
    import csv
    import io

    several = next((list(one.probabilities) for one in found.done if one.classes_in_words), [])
    places = tuple(f"score_{name}" for name in several)
    columns = (
        "image",
        "verdict",
        "score",
        *places,
        "positive",
        "call",
        "could_be",
        "threshold",
        "heatmap",
        "detector",
        "detector_name",
        "age_group",
        "warning",
        "seconds",
        "gate",
        "error",
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for prediction in found.done:
        row = prediction.to_dict()
        row["threshold"] = prediction.operating_point.threshold
        row["could_be"] = ";".join(prediction.could_be or ())
        row["gate"] = prediction.gate.reason if prediction.gate else ""
        row["image"], row["detector_name"] = _cell(prediction.path), _cell(prediction.detector_name)
        row |= {f"score_{name}": value for name, value in prediction.probabilities.items()}
        writer.writerow({name: row.get(name, "") for name in columns})
    for path, verdict in found.refused.items():
        writer.writerow({"image": _cell(path), "gate": verdict.reason, "error": f"refused: {verdict.sentence}"})
    for path, reason in found.failed.items():
        writer.writerow({"image": _cell(path), "error": reason if reason[:1] not in FORMULA else f"./{reason}"})
    return text.getvalue()


def _cell(path: Path | str) -> str:
    """A path that no spreadsheet takes for a formula."""
    return f"./{path}" if str(path)[:1] in FORMULA else str(path)
