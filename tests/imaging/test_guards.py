from __future__ import annotations

import logging
import threading
import warnings
from pathlib import Path

import pytest
from PIL import ImageFile

from deepcovid.errors import ImageError
from deepcovid.imaging.guards import check_size, quiet


def test_quiet_silences_and_restores():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        filters, level = list(warnings.filters), logging.getLogger("pydicom").level
        with quiet():
            warnings.warn("a patient's name", UserWarning, stacklevel=1)
            logging.getLogger("pydicom").error("a patient's name")
        assert warnings.filters == filters
        assert logging.getLogger("pydicom").level == level


def test_quiet_refuses_truncated_images_whatever_others_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with quiet():
        assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_overlapping_threads_leave_the_filters_as_they_were():
    filters = list(warnings.filters)
    first_in, second_in = threading.Event(), threading.Event()

    def first() -> None:
        with quiet():
            first_in.set()
            second_in.wait(5)

    thread = threading.Thread(target=first)
    thread.start()
    first_in.wait(5)
    with quiet():  # the first leaves while the second is inside
        second_in.set()
        thread.join()
        warnings.warn("still silent", UserWarning, stacklevel=1)
    assert warnings.filters == filters


@pytest.mark.parametrize(("width", "frames"), [(0, 1), (-4, 1), (101, 1), (51, 2)])
def test_impossible_sizes_are_refused(width: int, frames: int):
    with pytest.raises(ImageError, match=r"big\.png.*→ export"):
        check_size(width=width, height=1, frames=frames, max_pixels=100, path=Path("big.png"))


def test_the_limit_itself_is_allowed():
    check_size(width=100, height=1, max_pixels=100, path=Path("big.png"))
