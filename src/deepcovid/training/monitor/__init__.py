"""What goes wrong in a training, named while it happens: one file a symptom, each with its rule."""

from deepcovid.training.monitor.finding import Finding, TrainingFailed
from deepcovid.training.monitor.monitor import Monitor

__all__ = ["Finding", "Monitor", "TrainingFailed"]
