"""Fetch one file by HTTP: with a bar, from where the last try stopped, and only if it is the expected one."""

from __future__ import annotations

import http.client
import math
import os
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from deepcovid.errors import FetchError
from deepcovid.progress import Progress, Silent
from deepcovid.storage import git_blob_file, sha256_file

MEBIBYTE = 1 << 20
PIECE = 1 << 16  # bytes that are written at once
TIMEOUT = 30.0  # seconds without a byte
SLOWEST = 200.0  # bytes a second, over `TIMEOUT` seconds; less is a broken connection
ATTEMPTS = 5
STANDSTILLS = 2  # tries without a new byte after which the server is given up
PAUSE = 0.5  # seconds before a second try, doubled each time
LONGEST_PAUSE = 10.0
RANGE_NOT_SATISFIABLE = 416
BUSY = (429, 500, 502, 503, 504)  # answers that may be others a moment later


def is_web_address(text: str) -> bool:
    """Whether `text` is an http or https address."""
    return urllib.parse.urlsplit(text).scheme in {"http", "https"}


@dataclass(frozen=True)
class Wanted:
    """What is asked of a server, and how patiently.

    Attributes:
        url: an http or https address.
        size: the file's length in bytes, where it is known; more is never received.
        timeout: seconds to wait for the server.
        progress: shows a bar in MiB.
        stop: when set, the transfer ends at the next piece.
    """

    url: str
    size: int | None = None
    timeout: float = TIMEOUT
    progress: Progress = field(default_factory=Silent)
    stop: threading.Event = field(default_factory=threading.Event)


def download(
    url: str,
    *,
    target: Path,
    sha256: str,
    mend: str,
    git_blob: str = "",
    size: int | None = None,
    progress: Progress | None = None,
    timeout: float = TIMEOUT,
    stop: threading.Event | None = None,
) -> str:
    """Fetch `url` to `target`; what an interrupted try left in `target`.part is continued by HTTP Range.

    Args:
        url: an http or https address.
        target: the file to make; it appears only when whole and verified.
        sha256: the expected digest, or its first digits; empty accepts any file.
        mend: what the user can do instead, said in every error.
        git_blob: the expected id of the content in git, where it is known.
        size: the expected length in bytes, where it is known.
        progress: shows a bar in MiB.
        timeout: seconds to wait for the server.
        stop: when another thread sets it, the transfer ends and what came is kept for the next try.

    Returns:
        The file's SHA-256.

    Raises:
        FetchError: the address is no web address, the server does not answer or refuses, or the bytes are wrong.
    """
    if not is_web_address(url):
        raise FetchError(f"{url!r} is no http or https address", mend=mend)
    wanted = Wanted(url, size, timeout, progress or Silent(), stop or threading.Event())
    part = target.with_name(f"{target.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    resumed = _size(part) > 0
    _receive_whole(wanted, part, mend=mend)
    digest = sha256_file(part)
    difference = _difference(part, digest, size=size, sha256=sha256, git_blob=git_blob)
    if not difference:
        os.replace(part, target)
        return digest
    part.unlink()
    if resumed:  # the rest of another version may have been joined to what was there: once more, from the start
        return download(
            url,
            target=target,
            sha256=sha256,
            mend=mend,
            git_blob=git_blob,
            size=size,
            progress=progress,
            timeout=timeout,
            stop=stop,
        )
    raise FetchError(f"{url} came with {difference}; it was thrown away", mend=mend)


def _difference(part: Path, digest: str, *, size: int | None, sha256: str, git_blob: str) -> str:
    """What a file has that the expected one has not; empty where it is the expected one."""
    came = _size(part)
    if size is not None and came > size:
        return f"more than the expected {size:,} bytes"
    if size not in {None, came}:
        return f"{came:,} bytes, not {size:,}"
    if not digest.startswith(sha256):
        return f"SHA-256 {digest}, not {sha256}{'…' if len(sha256) < len(digest) else ''}"
    if git_blob and (found := git_blob_file(part)) != git_blob:
        return f"the git blob id {found}, not {git_blob}"
    return ""


def _receive_whole(wanted: Wanted, part: Path, *, mend: str) -> None:
    """Try until the file is whole, as long as tries bring it forward."""
    problem: Exception | str = "no answer"
    unreachable, standstills = True, 0
    for attempt in range(ATTEMPTS):
        before, pause = _size(part), min(PAUSE * 2**attempt, LONGEST_PAUSE)
        try:
            return _receive(wanted, part)
        except urllib.error.HTTPError as error:
            problem, unreachable = f"the server answers {error.code} {str(error.reason).splitlines()[0]}", False
            if error.code not in BUSY:
                break
            pause, before = _asked_pause(error, otherwise=pause), -1
        except (OSError, UnicodeError, http.client.HTTPException) as error:
            problem = getattr(error, "reason", error)
            unreachable = unreachable and isinstance(error, urllib.error.URLError)  # no connection came about
        standstills += _size(part) <= before
        if standstills >= STANDSTILLS or attempt + 1 == ATTEMPTS or wanted.stop.wait(pause):
            break
    kept = f"; {_size(part) / 1e6:.1f} MB are kept and continued next time" if _size(part) else ""
    raise FetchError(f"{wanted.url} could not be fetched ({problem}){kept}", mend=mend, unreachable=unreachable)


def _asked_pause(error: urllib.error.HTTPError, *, otherwise: float) -> float:
    """The seconds that a busy server asks for, within reason."""
    asked = error.headers.get("Retry-After", "") if error.headers else ""
    return min(float(asked), LONGEST_PAUSE) if asked.isdigit() else otherwise


def _receive(wanted: Wanted, part: Path) -> None:
    offset = _size(part)
    request = urllib.request.Request(wanted.url, headers={"User-Agent": "deepcovid", "Accept-Encoding": "identity"})
    if offset:
        request.add_header("Range", f"bytes={offset}-")
    try:
        response = urllib.request.urlopen(request, timeout=wanted.timeout)
    except urllib.error.HTTPError as error:
        if error.code != RANGE_NOT_SATISFIABLE:
            raise
        if error.headers.get("Content-Range", "").rpartition("/")[2] != str(offset):
            part.unlink()  # longer than the file: nothing of it can be trusted
            _receive(wanted, part)
        return
    with response:
        if offset and not _continues(response, offset):
            part.unlink()  # this server sends the whole file again
            if response.status == http.HTTPStatus.PARTIAL_CONTENT:
                raise ConnectionError("the server sent another part of the file than the one asked for")
        _append(response, part, wanted=wanted)


def _continues(response: http.client.HTTPResponse, offset: int) -> bool:
    """Whether the answer is the rest of the file from `offset` on (RFC 9110, 15.3.7)."""
    told = response.headers.get("Content-Range", f"bytes {offset}-")
    return response.status == http.HTTPStatus.PARTIAL_CONTENT and told.startswith(f"bytes {offset}-")


def _append(response: http.client.HTTPResponse, part: Path, *, wanted: Wanted) -> None:
    length = response.headers.get("Content-Length")
    expected = int(length) if length and length.isdigit() else None
    total = None if expected is None else math.ceil(expected / MEBIBYTE)
    name = urllib.parse.unquote(wanted.url.rpartition("/")[2])
    with part.open("ab") as stream:
        start = stream.tell()
        for _ in wanted.progress.track(
            _mebibytes(response, stream, wanted=wanted), description=f"{name}, MiB", total=total
        ):
            pass
        received, whole = stream.tell() - start, stream.tell()
    too_long = wanted.size is not None and whole > wanted.size
    if expected is not None and received < expected and not too_long:  # a broken connection reads like an end
        raise ConnectionError(f"the connection broke after {received / 1e6:.1f} of {expected / 1e6:.1f} MB")


def _mebibytes(response: http.client.HTTPResponse, stream: BinaryIO, *, wanted: Wanted) -> Iterator[int]:
    """Write what comes, piece by piece; one item for every MiB begun."""
    received, counted, watch, seen = 0, 0, time.monotonic(), 0
    while piece := response.read1(PIECE):
        stream.write(piece)
        received += len(piece)
        if wanted.size is not None and stream.tell() > wanted.size:
            return  # not the expected file, whatever follows
        if wanted.stop.is_set():
            raise ConnectionError("stopped")
        if (waited := time.monotonic() - watch) > wanted.timeout:
            if received - seen < SLOWEST * waited:
                raise ConnectionError(f"the connection is slower than {SLOWEST:.0f} bytes a second")
            watch, seen = time.monotonic(), received
        while counted * MEBIBYTE < received:
            counted += 1
            yield counted


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
