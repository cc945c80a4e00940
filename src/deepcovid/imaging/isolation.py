"""Decoding in a child process with limits: a decoder that hangs, crashes or eats memory costs one film, not the run.

Plain PNG and JPEG stay in the process, for speed; DICOM, WebP and compressed TIFF come here. A child serves film after
film. It gets the file's bytes through a pipe and gives back pixels or a sentence; nothing is pickled. Its limits are
memory (RLIMIT_AS), processor time (RLIMIT_CPU) and time by the clock, the last kept by the parent. What a child prints
goes nowhere: it may be a patient's name.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from deepcovid.errors import DeepCovidError, ImageError
from deepcovid.imaging import guards

START_SECONDS = 60.0
CLOCK_SECONDS, CLOCK_SECONDS_A_MB = 90.0, 1.0
PROCESSOR_SECONDS, PROCESSOR_SECONDS_A_MILLION = 10.0, 0.5  # a million bytes of the file, or pixels of its header
ROOM, ROOM_A_BYTE, ROOM_A_PIXEL = 2**30, 6, 48  # bytes of memory; float64 pixels in up to six arrays
IDLE_AT_MOST = 8
_LENGTH = struct.Struct("<Q")
_START = "from deepcovid.imaging.isolation import serve; serve()"
MEND = "export the film again as an 8 or 16-bit PNG"

Decoded = tuple[np.ndarray, dict[str, Any]]


def limits() -> str:
    """Which limits this system puts on a child, in words; `deepcovid doctor` says them."""
    if importlib.util.find_spec("resource") is None:
        return "a limit of time by the clock; this system has none of memory and processor time"
    if sys.platform == "darwin":
        return "limits of processor time and of time by the clock; macOS does not enforce one of memory"
    return "limits of memory, processor time and time by the clock"


def decode_isolated(data: bytes, *, kind: str, path: Path, max_pixels: int, frame: int | None) -> Decoded:
    """What `readers.decode` gives for these bytes, computed in a child process with limits.

    Raises:
        ImageError: whatever the decoder says; or it crashed, or needed more time or memory than any film.
    """
    order = {"kind": kind, "path": os.fspath(path), "max_pixels": max_pixels, "frame": frame, "size": len(data)}
    with _borrowed() as child:
        seconds = CLOCK_SECONDS + CLOCK_SECONDS_A_MB * len(data) / 1e6
        try:
            answer = child.ask(order, data, seconds=seconds)
            if "problem" not in answer:
                return child.pixels(answer["shape"], seconds=seconds), answer["facts"]
        except (OSError, EOFError, ValueError):
            raise ImageError(f"decoding was stopped: {child.epitaph()}", path=path, mend=MEND) from None
        raise ImageError(str(answer["problem"]), path=path, mend=str(answer["mend"]))


class _Child:
    """One child process and its pipes."""

    def __init__(self) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._late = False
        self.sound = False  # whether it stands between two films
        # -P: a folder of films may hold a numpy.py
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self._to, self._from = self._process.stdin, self._process.stdout
        try:
            with self._watched(START_SECONDS):
                self.sound = _get(self._stream) == {"ready": True}
        except BaseException:
            self.end()  # or it would stay behind
            raise

    @property
    def _stream(self) -> IO[bytes]:
        if self._from is None:
            raise EOFError
        return self._from

    def ask(self, order: dict[str, Any], data: bytes, *, seconds: float) -> dict[str, Any]:
        """Send a film; the answer without its pixels."""
        self.sound = False
        with self._watched(seconds):
            if self._to is not None:
                _put(self._to, order)
                self._to.write(data)
                self._to.flush()
            answer = _get(self._stream)
        self.sound = "problem" in answer
        return answer

    def pixels(self, shape: list[int], *, seconds: float) -> np.ndarray:
        """The film that the answer announced: float32 (H, W)."""
        film = np.empty((int(shape[0]), int(shape[1])), np.float32)
        with self._watched(seconds):
            if self._stream.readinto(film.data.cast("B")) != film.nbytes:  # type: ignore[attr-defined]
                raise EOFError
        self.sound = True
        return film

    @contextlib.contextmanager
    def _watched(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self._too_late)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _too_late(self) -> None:
        self._late = True
        self._process.kill()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def epitaph(self) -> str:
        """Why it ended, in words."""
        self.end()
        code = self._process.returncode
        if self._late:
            return "it took longer than any film needs"
        if code in (-getattr(signal, "SIGXCPU", 0), -getattr(signal, "SIGKILL", 0)):
            return "it needed more time or memory than any film does"
        name = signal.Signals(-code).name if code and code < 0 else f"exit {code}"
        return f"the decoder crashed on this file ({name})"

    def end(self) -> None:
        """Close the pipes and see the process out."""
        for pipe in (self._to, self._from):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        try:
            self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


_lock = threading.Lock()
_idle: list[_Child] = []


@contextlib.contextmanager
def _borrowed() -> Iterator[_Child]:
    """An idle child or a new one, for one film; it goes back if it is sound."""
    child = _waiting() or _started()
    try:
        yield child
    finally:
        with _lock:
            keep = child.sound and len(_idle) < IDLE_AT_MOST
            if keep:
                _idle.append(child)
        if not keep:
            child.end()


def _waiting() -> _Child | None:
    """An idle child that is still alive."""
    while True:
        with _lock:
            child = _idle.pop() if _idle else None
        if child is None or child.alive:
            return child
        child.end()


def _started() -> _Child:
    try:
        return _Child()
    except (OSError, EOFError, ValueError) as error:
        raise DeepCovidError(
            f"the process that decodes films could not be started ({type(error).__name__})",
            mend="free memory, or end other programs; `deepcovid doctor` shows the machine",
        ) from error


def _end_all() -> None:
    while _idle:
        _idle.pop().end()


def _forget() -> None:
    """After a fork the children are still the parent's."""
    global _lock
    _lock = threading.Lock()
    _idle.clear()


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _put(stream: IO[bytes], message: dict[str, Any]) -> None:
    text = json.dumps(message).encode()
    stream.write(_LENGTH.pack(len(text)) + text)


def _get(stream: IO[bytes]) -> dict[str, Any]:
    length = stream.read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        raise EOFError
    answer: dict[str, Any] = json.loads(stream.read(_LENGTH.unpack(length)[0]))
    return answer


def serve() -> None:
    """The child: decode films from standard input until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, who closes the pipe
    orders, answers = _private_pipes()
    _put(answers, {"ready": True})
    answers.flush()
    with contextlib.suppress(EOFError, OSError):
        while True:
            order = _get(orders)
            _serve_one(order, orders.read(order["size"]), answers)


def _private_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Standard input and output under other numbers: what a library prints must not reach the parent."""
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    return orders, answers


def _serve_one(order: dict[str, Any], data: bytes, answers: IO[bytes]) -> None:
    from deepcovid.imaging.readers import decode

    limits = _Limits(len(data))
    guards.on_accepted = limits.make_room
    pixels = None
    try:
        pixels, facts = decode(
            data, kind=order["kind"], path=Path(order["path"]), max_pixels=order["max_pixels"], frame=order["frame"]
        )
        answer: dict[str, Any] = {"shape": pixels.shape, "facts": facts}
    except ImageError as error:
        answer = {"problem": error.problem, "mend": error.mend}
    except MemoryError:
        answer = {"problem": "this image needs more memory than any film does", "mend": MEND}
    except BaseException as error:  # noqa: BLE001 - a decoder written in Rust panics past Exception
        answer = {"problem": f"this file is damaged: its decoder failed ({type(error).__name__})", "mend": MEND}
    _put(answers, answer)
    if pixels is not None:
        answers.write(np.ascontiguousarray(pixels).data.cast("B"))
    answers.flush()


class _Limits:
    """Memory and processor time for one film: for its bytes at first, for its pixels once their number is accepted."""

    def __init__(self, size: int) -> None:
        self._memory = _memory_in_use() + ROOM + ROOM_A_BYTE * size
        self._seconds = _seconds_used() + PROCESSOR_SECONDS + PROCESSOR_SECONDS_A_MILLION * size / 1e6
        self._pixels = 0
        self._set()

    def make_room(self, pixels: int) -> None:
        """Called by `guards.check_size`."""
        self._pixels = max(self._pixels, pixels)
        self._set()

    def _set(self) -> None:
        try:
            import resource
        except ImportError:  # Windows has no such limits; the clock remains
            return
        memory = int(self._memory + ROOM_A_PIXEL * self._pixels)
        seconds = int(self._seconds + PROCESSOR_SECONDS_A_MILLION * self._pixels / 1e6) + 1
        for kind, amount in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
            hard = resource.getrlimit(kind)[1]
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, (amount if hard == resource.RLIM_INFINITY else min(amount, hard), hard))


def _memory_in_use() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return 2**30
    return pages * os.sysconf("SC_PAGE_SIZE")


def _seconds_used() -> float:
    times = os.times()
    return times.user + times.system
