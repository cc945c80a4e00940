"""A made-up run: an evaluation that follows the schema, written out by hand from a seeded sample of scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from deepcovid.reporting.content import Film, HeatmapCase, Notice, ReportContent


def wilson(k: int, n: int) -> dict[str, Any]:
    low, high = stats.binomtest(k, n).proportion_ci(method="wilson") if n else (None, None)
    value = k / n if n else None
    return {"value": value, "low": low, "high": high, "method": "Wilson", "n": n, "unit": "image"}


def wald(k: int, n: int) -> dict[str, Any]:
    p = k / n
    half = 1.96 * float(np.sqrt(p * (1 - p) / n))
    return {"value": p, "halfwidth": half, "low": p - half, "high": p + half}


def scores_frame(seed: int = 0, *, positives: int = 40, normals: int = 220, others: int = 160) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    score = np.concatenate([rng.beta(5, 1.6, positives), rng.beta(1.1, 9, normals), rng.beta(1.6, 5, others)])
    label = ["covid"] * positives + ["normal"] * normals + ["pneumonia"] * others
    source = ["covid-chestxray"] * positives + ["nih"] * normals
    source += ["nih" if i % 3 else "covid-chestxray" for i in range(others)]
    frame = pd.DataFrame({"label": label, "source": source, "score": score})
    frame["image"] = [f"images/{i:04d}.png" for i in range(len(frame))]
    frame["split"] = "test"
    return frame


def operating_point(frame: pd.DataFrame, *, name: str, threshold: float, chosen_on: str) -> dict[str, Any]:
    called, positive = frame["score"] >= threshold, frame["label"] == "covid"
    tp, fn = int((called & positive).sum()), int((~called & positive).sum())
    fp, tn = int((called & ~positive).sum()), int((~called & ~positive).sum())
    sensitivity, specificity = wilson(tp, tp + fn), wilson(tn, tn + fp)
    by_patient = {
        **sensitivity,
        "low": sensitivity["low"] - 0.02,
        "method": "patient bootstrap",
        "unit": "patient",
        "n": 33,
    }
    return {
        "name": name,
        "threshold": threshold,
        "chosen_on": chosen_on,
        "note": None if chosen_on == "validation" else "chosen on the data it is reported on, so it flatters",
        "sensitivity": sensitivity,
        "specificity": specificity,
        "accuracy": wilson(tp + tn, len(frame)),
        "precision": wilson(tp, tp + fp),
        "f1": {"value": 2 * tp / (2 * tp + fp + fn)},
        "tp": tp,
        "fp": fp,
        "tn": tn,
        "fn": fn,
        "paper_interval": {"sensitivity": wald(tp, tp + fn), "specificity": wald(tn, tn + fp)},
        "sensitivity_bootstrap": by_patient,
        "specificity_bootstrap": None,
        "predictive_values": [_predictive(sensitivity, specificity, prevalence=p) for p in (0.01, 0.05, 0.20)],
    }


def _predictive(sensitivity: dict[str, Any], specificity: dict[str, Any], *, prevalence: float) -> dict[str, Any]:
    def both(end: str) -> tuple[float, float]:
        se, sp, p = sensitivity[end], specificity[end], prevalence
        return se * p / (se * p + (1 - sp) * (1 - p)), sp * (1 - p) / (sp * (1 - p) + (1 - se) * p)

    value, low, high = both("value"), both("low"), both("high")
    pair = [{"value": value[i], "low": low[i], "high": high[i]} for i in (0, 1)]
    return {"prevalence": prevalence, "ppv": pair[0], "npv": pair[1]}


def evaluation(seed: int = 0, *, split: str | None = "test", blur: float = 0.0) -> dict[str, Any]:
    """An evaluation as JSON holds it; `blur` mixes the scores with noise, for a weaker model."""
    frame = scores_frame(seed)
    noise = np.random.default_rng(seed + 99).uniform(size=len(frame))
    frame["score"] = (1 - blur) * frame["score"] + blur * noise
    positive = (frame["label"] == "covid").to_numpy()
    curves, area, average = _curves(frame["score"].to_numpy(), positive)
    edges = np.linspace(0, 1, 21)
    groups = {"positive": "covid", "normal": "normal", "other": "pneumonia"}
    counts = {
        group: np.histogram(frame.loc[frame["label"] == label, "score"], edges)[0] for group, label in groups.items()
    }
    auc = {"value": area, "low": area - 0.03, "high": min(1.0, area + 0.02), "n": len(frame), "unit": "image"}
    return {
        "format": 1,
        "positive": "covid",
        "normal": "normal",
        "split": split,
        "n": len(frame),
        "n_positive": int(positive.sum()),
        "n_negative": int((~positive).sum()),
        "n_patients": 361,
        "n_dropped": 2,
        "prevalence": float(positive.mean()),
        "groups": {group: int(part.sum()) for group, part in counts.items()},
        "auc": {**auc, "method": "patient bootstrap", "unit": "patient", "n": 361},
        "auc_delong": {**auc, "method": "DeLong"},
        "auc_bootstrap": {**auc, "method": "patient bootstrap", "unit": "patient", "n": 361},
        "average_precision": {
            **auc, "value": average, "low": average - 0.08, "high": min(1.0, average + 0.05), "method": "patient bootstrap"},
        "operating_points": [
            operating_point(frame, name="sensitivity ≥ 97.5 %", threshold=0.30, chosen_on="validation"),
            operating_point(frame, name="Youden", threshold=0.42, chosen_on="this data"),
        ],
        "paper": {
            "threshold_table": [_threshold_row(frame, t) for t in (0.08, 0.1, 0.2, 0.3, 0.5)],
            "interval": {"name": "paper's interval (Eq. 3)", "formula": "r = z √(accuracy (1 − accuracy) / N)",
                         "source": "Minaee et al. 2020, Eq. 3", "z": 1.96, "rows": []},
        },
        "curves": curves,
        "histogram": {"edges": edges.tolist(), **{group: part.tolist() for group, part in counts.items()}},
        "notes": ["The point “Youden” was chosen on the data it is reported on."],
    }  # fmt: skip


def _threshold_row(frame: pd.DataFrame, threshold: float) -> dict[str, Any]:
    point = operating_point(frame, name="", threshold=threshold, chosen_on="given")
    paper = point["paper_interval"]
    return {
        "threshold": threshold,
        "sensitivity": paper["sensitivity"]["value"],
        "specificity": paper["specificity"]["value"],
        "sensitivity_halfwidth": paper["sensitivity"]["halfwidth"],
        "specificity_halfwidth": paper["specificity"]["halfwidth"],
    }


def _curves(score: np.ndarray, positive: np.ndarray) -> tuple[dict[str, Any], float, float]:
    order = np.argsort(-score)
    hits = np.cumsum(positive[order]) / positive.sum()
    false = np.cumsum(~positive[order]) / (~positive).sum()
    precision = np.cumsum(positive[order]) / np.arange(1, len(score) + 1)
    levels = score[order].tolist()
    area = float(np.trapezoid(np.concatenate([[0], hits]), np.concatenate([[0], false])))
    average = float(np.sum(np.diff(np.concatenate([[0], hits])) * precision))
    curves = {
        "roc": {"fpr": [0.0, *false.tolist()], "tpr": [0.0, *hits.tolist()], "threshold": [None, *levels]},
        "pr": {"recall": hits.tolist(), "precision": precision.tolist(), "threshold": levels},
        "thresholds": {
            "threshold": levels[::-1],
            "sensitivity": hits.tolist()[::-1],
            "specificity": (1 - false).tolist()[::-1],
        },
    }
    return curves, area, average


def history(epochs: int = 40) -> pd.DataFrame:
    epoch = np.arange(1, epochs + 1)
    rng = np.random.default_rng(3)
    train = 0.08 + 0.6 * np.exp(-epoch / 9)
    val = 0.16 + 0.5 * np.exp(-epoch / 7) + 0.0035 * np.maximum(0, epoch - 22) + rng.normal(0, 0.008, epochs)
    return pd.DataFrame(
        {
            "epoch": epoch,
            "train_loss": train,
            "val_loss": val,
            "train_accuracy": 1 - train / 2,
            "val_accuracy": 1 - val / 2 - 0.01,
            "learning_rate": 3e-3 * np.sin(np.pi * epoch / (epochs + 1)),
            "best": epoch == 24,
        }
    )


def film(seed: int, *, size: tuple[int, int] = (220, 200)) -> np.ndarray:
    """Something film-like: two dark lungs in a bright body, float32 (h, w) in [0, 1]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : size[0] * 1j, -1 : 1 : size[1] * 1j]
    body = 0.75 * np.exp(-((x / 0.95) ** 6))
    lungs = sum(np.exp(-((((x - c) / 0.33) ** 2 + ((y + 0.05) / 0.7) ** 2) ** 2)) for c in (-0.45, 0.45))
    return np.clip(body - 0.5 * lungs + rng.normal(0, 0.02, size), 0, 1).astype(np.float32)


def heat(seed: int, *, size: tuple[int, int] = (220, 200)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : size[0] * 1j, -1 : 1 : size[1] * 1j]
    cx, cy = rng.uniform(-0.5, 0.5, 2)
    return np.exp(-(((x - cx) / 0.35) ** 2 + ((y - cy) / 0.35) ** 2)).astype(np.float32)


def counts(index: str) -> pd.DataFrame:
    rows = {"by source": ["covid-chestxray", "nih", "kermany"], "by sex": ["F", "M", "unknown"]}.get(
        index, ["train", "val", "test"]
    )
    table = pd.DataFrame({"covid": [160, 0, 0], "normal": [0, 500, 1120], "pneumonia": [53, 107, 0]}, index=rows)
    return table.rename_axis(index.removeprefix("by "))


def content(**changes: Any) -> ReportContent:
    """A whole run's content, small films; any field can be changed."""
    tones = ("positive", "normal", "other")
    fields: dict[str, Any] = {
        "title": "covid against the rest",
        "question": "covid against the rest, ResNet18, head on frozen ImageNet features",
        "positive": "covid",
        "warnings": [
            Notice("caution", "The threshold was chosen on 12 positives only."),
            Notice("danger", "Positives and negatives share no source: the figures cannot be shown to read disease."),
        ],
        "evaluations": {
            "test": evaluation(0), "validation": evaluation(1, split="val", blur=0.1), "train": evaluation(2, split="train")
        },
        "scores": scores_frame(0),
        "summary": {title: counts(title) for title in ("by source", "by split", "by sex")},
        "history": history(),
        "samples": [Film(film(i), f"film {i}, {tones[i % 3]}", tones[i % 3]) for i in range(6)],
        "augmentations": [Film(film(i), f"draw {i}", "neutral") for i in range(4)],
        "heatmaps": [
            HeatmapCase(film(i), heat(i), "covid" if i % 2 else "normal", 0.97 - i / 50,
                        "most certain right" if i < 2 else "most certain wrong", f"images/{i:04d}.png")
            for i in range(4)
        ],
        "facts": {
            "detector": {"hash": "9f2c" * 16, "licence": "not for redistribution", "architecture": "resnet18"},
            "engine": {"engine": "onnxruntime", "dtype": "float32", "threads": 2, "deterministic": True},
            "versions": {"deepcovid": "0.1.0", "torch": "2.13.0", "numpy": "2.4.0"},
            "timings": {"features": 41.2345, "head": 3.2},
        },
        "next_steps": "Follow the public-health guidance of your region for a suspected case.",
    }  # fmt: skip
    return ReportContent(**{**fields, **changes})
