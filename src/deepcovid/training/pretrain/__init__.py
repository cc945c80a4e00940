"""Teaching a backbone of films before there is a disease to detect: methods by name, summed with weights, one loop."""

from __future__ import annotations

from deepcovid.training.pretrain.method import METHODS
from deepcovid.training.pretrain.methods import phantoms as _phantoms  # noqa: F401 - filling the registry
from deepcovid.training.pretrain.methods import restoration as _restoration  # noqa: F401
from deepcovid.training.pretrain.methods import simsiam as _simsiam  # noqa: F401
from deepcovid.training.pretrain.methods import tasks as _tasks  # noqa: F401
from deepcovid.training.pretrain.methods import vicreg as _vicreg  # noqa: F401

__all__ = ["METHODS"]
