"""Fetch one large file by HTTP: with a bar, from where the last try stopped, and only if its SHA-256 is the expected one."""

from __future__ import annotations

import http.client
import math
import os
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from deepcovid.errors import WeightsError
from deepcovid.progress import Progress, Silent
from deepcovid.storage import sha256_file

MEBIBYTE = 1 << 20
TIMEOUT = 30.0  # seconds without a byte
ATTEMPTS = 5
RANGE_NOT_SATISFIABLE = 416


def is_web_address(text: str) -> bool:
    """Whether `text` is an http or https address."""
    return urllib.parse.urlsplit(text).scheme in {"http", "https"}


def download(
    url: str, *, target: Path, sha256: str, mend: str, progress: Progress | None = None, timeout: float = TIMEOUT
) -> str:
    """Fetch `url` to `target`; what an interrupted try left in `target`.part is continued by HTTP Range.

    Args:
        url: an http or https address.
        target: the file to make; it appears only when whole and verified.
        sha256: the expected digest, or its first digits; empty accepts any file.
        mend: what the user can do instead, said in every error.
        progress: shows a bar in MiB.
        timeout: seconds to wait for the server.

    Returns:
        The file's SHA-256.

    Raises:
        WeightsError: the address is no web address, the server does not answer or refuses, or the bytes are wrong.
    """
    if not is_web_address(url):
        raise WeightsError(f"{url!r} is no http or https address", mend=mend)
    part = target.with_name(f"{target.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    resumed = _size(part) > 0
    _receive_whole(url, part, mend=mend, progress=progress or Silent(), timeout=timeout)
    digest = sha256_file(part)
    if digest.startswith(sha256):
        os.replace(part, target)
        return digest
    part.unlink()
    if resumed:  # the rest of another version may have been joined to what was there: once more, from the start
        return download(url, target=target, sha256=sha256, mend=mend, progress=progress, timeout=timeout)
    raise WeightsError(
        f"{url} came with SHA-256 {digest}, not {sha256}{'…' if len(sha256) < len(digest) else ''}; it was thrown away",
        mend=mend,
    )


def _receive_whole(url: str, part: Path, *, mend: str, progress: Progress, timeout: float) -> None:
    """Try until the file is whole, as long as each try brings it forward."""
    problem: Exception | str = "no answer"
    for _ in range(ATTEMPTS):
        before = _size(part)
        try:
            return _receive(url, part, progress=progress, timeout=timeout)
        except urllib.error.HTTPError as error:
            problem = f"the server answers {error.code} {error.reason}"
            break
        except (OSError, http.client.HTTPException) as error:
            problem = getattr(error, "reason", error)
        if _size(part) <= before:
            break
    kept = f"; {_size(part) / 1e6:.1f} MB are kept and continued next time" if _size(part) else ""
    raise WeightsError(f"{url} could not be fetched ({problem}){kept}", mend=mend)


def _receive(url: str, part: Path, *, progress: Progress, timeout: float) -> None:
    offset = _size(part)
    request = urllib.request.Request(url, headers={"User-Agent": "deepcovid", "Accept-Encoding": "identity"})
    if offset:
        request.add_header("Range", f"bytes={offset}-")
    try:
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code != RANGE_NOT_SATISFIABLE:
            raise
        if error.headers.get("Content-Range", "").rpartition("/")[2] != str(offset):
            part.unlink()  # longer than the file: nothing of it can be trusted
            _receive(url, part, progress=progress, timeout=timeout)
        return
    with response:
        if offset and response.status != http.HTTPStatus.PARTIAL_CONTENT:
            part.unlink()  # this server sends the whole file again
        _append(response, part, progress=progress, name=url.rpartition("/")[2])


def _append(response: http.client.HTTPResponse, part: Path, *, progress: Progress, name: str) -> None:
    length = response.headers.get("Content-Length")
    expected = int(length) if length and length.isdigit() else None
    chunks = iter(lambda: response.read(MEBIBYTE), b"")
    total = None if expected is None else math.ceil(expected / MEBIBYTE)
    received = 0
    with part.open("ab") as stream:
        for chunk in progress.track(chunks, description=f"{name}, MiB", total=total):
            stream.write(chunk)
            received += len(chunk)
    if expected is not None and received < expected:  # a broken connection reads like an end
        raise ConnectionError(f"the connection broke after {received / 1e6:.1f} of {expected / 1e6:.1f} MB")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
