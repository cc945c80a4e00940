"""A folder whose name and files tell nobody's name, a detector that runs anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.makers_detectors import detector, folders


@pytest.fixture(scope="session")
def small_detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector of a few nodes, made without torch."""
    folder = tmp_path_factory.mktemp("detector")
    folders(folder, small=detector())
    return folder / "small"
