"""The child that decodes: it gives what the process itself would, and its end costs one film."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from deepcovid.errors import DeepCovidError, ImageError
from deepcovid.imaging import guards, isolation
from deepcovid.imaging.isolation import decode_isolated
from deepcovid.imaging.readers import decode, read_radiograph

Save = Callable[..., Path]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _fresh_children() -> Iterator[None]:
    isolation._end_all()
    yield
    isolation._end_all()


def with_code(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """A child whose decoder does this instead."""
    start = (
        f"import os, time; from deepcovid.imaging import isolation, readers\ndef decode(data, **order):\n    {code}\n"
    )
    monkeypatch.setattr(isolation, "_START", start + "readers.decode = decode\nisolation.serve()")


def taken(path: Path) -> tuple[np.ndarray, dict]:
    return decode_isolated(path.read_bytes(), kind="TIFF", path=path, max_pixels=10**8, frame=None)


def test_the_child_gives_the_same_pixels_and_facts(grey: np.ndarray, save: Save) -> None:
    path = save(grey, "film.tif", compression="tiff_lzw")
    here, facts = decode(path.read_bytes(), kind="TIFF", path=path, max_pixels=10**8, frame=None)
    there, told = taken(path)
    np.testing.assert_array_equal(here, there)
    assert told == facts
    assert there.dtype == np.float32


def test_plain_png_and_jpeg_start_no_child_and_dicom_does(grey: np.ndarray, save: Save, dicom: Save) -> None:
    for name in ("film.png", "film.jpg", "film.tif"):
        read_radiograph(save(grey, name))
    assert not isolation._idle
    read_radiograph(dicom(grey.astype(np.uint16)))
    assert len(isolation._idle) == 1


def test_one_child_serves_film_after_film_and_refusals(grey: np.ndarray, save: Save) -> None:
    path = save(grey, "film.webp", lossless=True)
    broken = path.with_name("broken.webp")
    broken.write_bytes(path.read_bytes()[:60])
    read_radiograph(path)
    (child,) = isolation._idle
    with pytest.raises(ImageError, match="cut off"):
        read_radiograph(broken)
    for _ in range(3):
        read_radiograph(path)
    assert isolation._idle == [child]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("os.abort()", r"crashed on this file \(SIGABRT\)"),
        ("os._exit(3)", r"crashed on this file \(exit 3\)"),
        ("raise BaseException('Doe^Jane')", r"damaged: its decoder failed \(BaseException\)"),
        ("bytearray(10 ** 12)", "needs more memory than any film"),
        ("raise RecursionError", r"its decoder failed \(RecursionError\)"),
        (
            "print('Doe^Jane'); os.write(1, b'Doe^Jane'); raise ValueError('Doe^Jane')",
            r"its decoder failed \(ValueError\)",
        ),
    ],
)
def test_a_decoder_that_fails_costs_one_film(
    code: str, words: str, grey: np.ndarray, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(grey, "film.tif", compression="tiff_lzw")
    with_code(monkeypatch, code)
    with pytest.raises(ImageError, match=words) as caught:
        taken(path)
    assert caught.value.path == path
    assert "PNG" in caught.value.mend
    assert "Jane" not in str(caught.value)
    monkeypatch.undo()
    isolation._end_all()
    assert taken(path)[0].shape == grey.shape


def test_a_decoder_that_is_busy_without_end_is_stopped(
    grey: np.ndarray, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("resource")
    path = save(grey, "film.tif", compression="tiff_lzw")
    with_code(monkeypatch, "isolation._Limits._set\n    while True: pass")
    monkeypatch.setattr(
        isolation,
        "_START",
        isolation._START.replace("isolation.serve()", "isolation.PROCESSOR_SECONDS = 0\nisolation.serve()"),
    )
    with pytest.raises(ImageError, match="more time or memory than any film"):
        taken(path)


def test_a_decoder_that_sleeps_is_stopped_by_the_clock(
    grey: np.ndarray, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(grey, "film.tif", compression="tiff_lzw")
    with_code(monkeypatch, "time.sleep(60)")
    monkeypatch.setattr(isolation, "CLOCK_SECONDS", 0.3)
    with pytest.raises(ImageError, match="longer than any film needs"):
        taken(path)
    assert not isolation._idle


def test_a_child_that_was_killed_between_films_is_replaced(grey: np.ndarray, save: Save) -> None:
    path = save(grey, "film.tif", compression="tiff_lzw")
    taken(path)
    (child,) = isolation._idle
    os.kill(child._process.pid, signal.SIGKILL)
    child._process.wait()
    assert taken(path)[0].shape == grey.shape


def test_threads_have_children_of_their_own(grey: np.ndarray, save: Save) -> None:
    path = save(grey, "film.tif", compression="tiff_lzw")
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(taken(path)[0])) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert all(np.array_equal(found[0], film) for film in found)


def test_a_child_that_does_not_start_is_told(grey: np.ndarray, save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(grey, "film.tif", compression="tiff_lzw")
    monkeypatch.setattr(isolation, "_START", "import sys; sys.exit(1)")
    with pytest.raises(DeepCovidError, match="could not be started"):
        taken(path)


def test_a_fork_leaves_the_parents_child_alone(grey: np.ndarray, save: Save) -> None:
    path = save(grey, "film.tif", compression="tiff_lzw")
    expected = taken(path)[0]
    pid = os.fork()
    if pid == 0:
        os._exit(0 if not isolation._idle and np.array_equal(taken(path)[0], expected) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    np.testing.assert_array_equal(taken(path)[0], expected)


def test_a_folder_with_a_module_of_our_own_names_runs_nothing(grey: np.ndarray, save: Save) -> None:
    path = save(grey, "film.tif", compression="tiff_lzw")
    (path.parent / "numpy.py").write_text("open('it-ran', 'w').close()")
    (path.parent / "deepcovid.py").write_text("open('it-ran', 'w').close()")
    code = (
        "import sys; from deepcovid.imaging.readers import read_radiograph; print(read_radiograph(sys.argv[1]).shape)"
    )
    command = [sys.executable, "-P", "-c", code, path.name]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "(30, 41)" in done.stdout
    assert not (path.parent / "it-ran").exists()


def test_room_grows_with_the_accepted_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(guards, "on_accepted", asked.append)
    guards.check_size(width=30, height=20, max_pixels=1000, path=Path("x"))
    assert asked == [600]


def test_a_child_that_does_not_start_is_seen_out(monkeypatch: pytest.MonkeyPatch, save: Save, grey: np.ndarray) -> None:
    started = []
    popen = subprocess.Popen

    def remembered(*args: object, **options: object) -> subprocess.Popen:
        started.append(popen(*args, **options))
        return started[-1]

    monkeypatch.setattr(isolation, "_START", "import sys; sys.exit(5)")
    monkeypatch.setattr(isolation.subprocess, "Popen", remembered)
    with pytest.raises(DeepCovidError, match="could not be started"):
        taken(save(grey, "film.tif", compression="tiff_lzw"))
    (child,) = started
    assert child.returncode == 5  # waited for: no zombie
    assert child.stdin.closed
    assert child.stdout.closed


def test_the_limits_of_other_systems_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "memory, processor time" in isolation.limits()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "does not enforce one of memory" in isolation.limits()
    monkeypatch.setattr(isolation.importlib.util, "find_spec", lambda name: None)
    assert "this system has none of memory" in isolation.limits()
