"""Tests that a folder without permission is said by everything that looks for films below one, never passed over."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deepcovid.datasets.dicom_files import candidates
from deepcovid.datasets.folder import import_folder
from deepcovid.datasets.manifest import pin_folder
from deepcovid.datasets.sources.listing import files_below
from deepcovid.errors import DeepCovidError
from deepcovid.imaging.finding import find_films


@pytest.mark.parametrize(
    "look",
    [
        find_films,
        candidates,
        import_folder,
        lambda folder: files_below(folder, suffixes=(".png",)),
        lambda folder: pin_folder(
            folder, name="x", version="1", title="X", licence="none", address="https://example.org"
        ),
    ],
)
def test_a_folder_that_cannot_be_read_is_an_error(
    look: Callable[[Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("open", "shut"):
        (tmp_path / "covid" / folder).mkdir(parents=True)
        (tmp_path / "covid" / folder / "a.png").write_bytes(b"x")
    scandir = os.scandir

    def without_permission(path: Any = ".") -> Any:
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    look(tmp_path)
    monkeypatch.setattr(os, "scandir", without_permission)
    with pytest.raises(DeepCovidError, match=r"shut: this folder cannot be read \(Permission denied\)"):
        look(tmp_path)
