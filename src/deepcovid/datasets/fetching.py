"""Bring a pinned collection to a folder: file by file side by side, each verified, the good ones kept when others fail."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, unquote, urlsplit

from deepcovid.datasets.download import TIMEOUT, download, is_web_address
from deepcovid.datasets.manifest import RECORD, Manifest, PinnedFile
from deepcovid.errors import DeepCovidError, FetchError
from deepcovid.progress import Progress, Silent
from deepcovid.storage import atomic_path, lock, read_json, sha256_file, write_json

WORKERS = 8
PATIENCE = 8  # files without any answer, and none with one, after which a server is not asked for the others
Outcome = Literal["kept", "fetched", "replaced"]
AGAIN = "run the same command again, or bring the files from elsewhere with --from DIR_OR_URL"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A file that could not be had: its path in the collection, why, and what to do."""

    path: str
    problem: str
    mend: str


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What a call brought.

    Attributes:
        manifest: the collection.
        folder: where its files lie now.
        origin: the folder or address that they came from.
        kept: files that were there already, and are the right ones.
        fetched: files that were absent and are there now, verified.
        replaced: files that were others and were brought anew; those of an earlier call that had changed since are kept
            beside them as `<name>.changed`.
        unpinned: files without a pinned content that were taken as they came: path → SHA-256.
        failed: files that are not there, or not the right ones.
    """

    manifest: Manifest
    folder: Path
    origin: str
    kept: tuple[str, ...]
    fetched: tuple[str, ...]
    replaced: tuple[str, ...]
    unpinned: dict[str, str]
    failed: tuple[Failure, ...]

    @property
    def absent(self) -> tuple[str, ...]:
        """Files of the collection that the manifest does not pin and that are not in the folder."""
        return tuple(file.path for file in self.manifest.left_out if not (self.folder / file.path).is_file())

    def to_dict(self) -> dict[str, Any]:
        """Counts, the files that failed, and those that are not pinned: JSON-safe."""
        return {
            "name": self.manifest.name,
            "version": self.manifest.version,
            "folder": str(self.folder),
            "from": self.origin,
            "files": len(self.manifest.files),
            "bytes": self.manifest.size,
            "kept": len(self.kept),
            "fetched": len(self.fetched),
            "replaced": len(self.replaced),
            "unpinned": self.unpinned,
            "not_pinned_and_absent": list(self.absent),
            "why_not_pinned": self.manifest.why_left_out,
            "failed": [vars(failure) for failure in self.failed],
        }


def fetch_collection(
    manifest: Manifest,
    *,
    folder: Path,
    origin: str | Path | None = None,
    verify: bool = False,
    overwrite: bool = False,
    unpinned: bool = False,
    workers: int = WORKERS,
    progress: Progress | None = None,
    timeout: float = TIMEOUT,
) -> Fetched:
    """Have every file of `manifest` in `folder`, whole and verified; a second call verifies and fetches what is missing.

    A file takes its name only when its size and digest are the pinned ones. What fails is told in the result and stops
    nothing else. A file that was never the right one is not replaced unless `overwrite`.

    Args:
        manifest: the collection.
        folder: where the files go; made when absent.
        origin: a folder with a copy, or the address of a mirror; absent, the collection's own address.
        verify: hash every file anew, also those whose size and time are as they were when last verified.
        overwrite: replace files that are there and are others.
        unpinned: also bring the files whose content the manifest could not pin, as they come.
        workers: files at once.
        progress: told what happens; counts files.
        timeout: seconds to wait for a server.

    Raises:
        FetchError: the origin is no folder and no address, or is the folder itself.
        RunError: another process is fetching into the folder.
    """
    place = _origin(manifest, folder, origin)
    files = (*manifest.files, *(manifest.left_out if unpinned else ()))
    with lock(folder), _recorded(manifest, folder) as record:
        job = _Job(folder, place, record, verify=verify, overwrite=overwrite, timeout=timeout)
        done, failed = job.run(files, workers=workers, progress=progress or Silent())
    listed = {file.path for file in manifest.files}
    return Fetched(
        manifest=manifest,
        folder=folder,
        origin=str(place),
        kept=tuple(path for path in done if path in listed and done[path] == "kept"),
        fetched=tuple(path for path in done if path in listed and done[path] == "fetched"),
        replaced=tuple(path for path in done if path in listed and done[path] == "replaced"),
        unpinned={path: str(record[path][2]) for path in done if path not in listed},
        failed=tuple(failed),
    )


def _origin(manifest: Manifest, folder: Path, origin: str | Path | None) -> str | Path:
    """The base address, or the folder of a copy."""
    text = manifest.address if origin is None else str(origin)
    if is_web_address(text):
        return text.rstrip("/")
    place = Path(unquote(urlsplit(text).path) if text.startswith("file:") else text).expanduser()
    if not place.is_dir():
        raise FetchError(
            "this is no folder and no http or https address",
            path=place,
            mend=f"give the folder of a copy of {manifest.name}, or the address of a mirror",
        )
    if place.resolve() == folder.resolve():
        raise FetchError(
            "the files would be copied onto themselves", path=place, mend="name another folder, or use --verify alone"
        )
    return place


@dataclass
class _Job:
    """One call: where the files go and come from, and what is known of them. `record` is path → [size, time, SHA-256]."""

    folder: Path
    origin: str | Path
    record: dict[str, list[Any]]
    verify: bool
    overwrite: bool
    timeout: float
    stop: threading.Event = field(default_factory=threading.Event)
    unanswered: int = 0
    answered: bool = False

    def run(
        self, files: tuple[PinnedFile, ...], *, workers: int, progress: Progress
    ) -> tuple[dict[str, Outcome], list[Failure]]:
        """What became of each file, in the manifest's order."""
        with ThreadPoolExecutor(workers) as pool:
            futures = {pool.submit(self._bring, file): file.path for file in files}
            try:
                for _ in progress.track(as_completed(futures), description="files", total=len(futures)):
                    pass
            except BaseException:
                self.stop.set()
                pool.shutdown(cancel_futures=True)
                raise
        done: dict[str, Outcome] = {}
        failed: list[Failure] = []
        for future, path in futures.items():
            self._sort(future, path, done, failed)
        return done, failed

    def _sort(self, future: Future[Outcome], path: str, done: dict[str, Outcome], failed: list[Failure]) -> None:
        try:
            done[path] = future.result()
        except DeepCovidError as error:
            failed.append(Failure(path=path, problem=error.problem, mend=error.mend))
        except OSError as error:
            failed.append(
                Failure(path=path, problem=error.strerror or type(error).__name__, mend="check the folder and the disk")
            )

    def _bring(self, file: PinnedFile) -> Outcome:
        place = self.folder / file.path
        there = place.is_symlink() or place.exists()
        if there and self._is_right(file, place):
            return "kept"
        with _put_aside(place) if there and not self.overwrite else nullcontext():
            if isinstance(self.origin, Path):
                _copy(file, self.origin / file.path, place)
            else:
                self._download(file, f"{self.origin}/{quote(file.path)}", place)
        self._remember(file, place)
        return "replaced" if there else "fetched"

    def _is_right(self, file: PinnedFile, place: Path) -> bool:
        """Whether the file that is there is the pinned one; another that may not be replaced is an error."""
        if not place.is_file():
            what = "a folder" if place.is_dir() else "a broken link"
            raise FetchError(f"{what} stands in its place", mend=f"move {place} away")
        ours = self.record.get(file.path)
        if not file.is_pinned:
            self._remember(file, place)
            return True
        if not self.verify and ours == [*_stamp(place), file.sha256 or file.git_blob]:
            return True
        difference = file.difference(place)
        if not difference:
            self._remember(file, place)
            return True
        if ours is None and not self.overwrite:
            raise FetchError(
                f"another file stands in its place: it {difference}",
                mend="fetch into a folder of its own with --to, or replace it with --overwrite",
            )
        return False

    def _remember(self, file: PinnedFile, place: Path) -> None:
        self.record[file.path] = [*_stamp(place), file.sha256 or file.git_blob or sha256_file(place)]

    def _download(self, file: PinnedFile, url: str, place: Path) -> None:
        if not self.answered and self.unanswered >= PATIENCE:
            raise FetchError(f"not tried, since the server did not answer for {self.unanswered} others", mend=AGAIN)
        size = None if file.size < 0 else file.size
        try:
            download(
                url,
                target=place,
                sha256=file.sha256,
                git_blob=file.git_blob,
                size=size,
                mend=AGAIN,
                timeout=self.timeout,
                stop=self.stop,
            )
        except FetchError as error:
            self.unanswered += error.unreachable
            self.answered = self.answered or not error.unreachable
            raise
        self.answered = True


@contextmanager
def _put_aside(place: Path) -> Iterator[None]:
    """Keep what stands at `place` as `<name>.changed` while another file is brought; it comes back if none does."""
    aside = place.with_name(f"{place.name}.changed")
    os.replace(place, aside)
    try:
        yield
    except BaseException:
        os.replace(aside, place)
        raise


def _copy(file: PinnedFile, source: Path, place: Path) -> None:
    if not source.is_file():
        raise FetchError("the copy has no such file", mend="bring it from elsewhere with --from DIR_OR_URL")
    if difference := file.difference(source):
        raise FetchError(f"the file in the copy {difference}", mend="bring it from elsewhere with --from DIR_OR_URL")
    with atomic_path(place) as part:
        shutil.copyfile(source, part)
        if difference := file.difference(part):
            raise FetchError(
                f"the file as copied {difference}", mend="check the disks, then run the same command again"
            )


def _stamp(place: Path) -> list[int]:
    state = place.stat()
    return [state.st_size, state.st_mtime_ns]


@contextmanager
def _recorded(manifest: Manifest, folder: Path) -> Iterator[dict[str, list[Any]]]:
    """What earlier calls verified, by path; written back at the end, however it comes."""
    record: dict[str, list[Any]] = {}
    try:
        facts = read_json(folder / RECORD)
        record = {path: row for path, row in facts["files"].items() if isinstance(row, list) and len(row) == 3}
    except (DeepCovidError, KeyError, TypeError, AttributeError, OSError):
        pass  # absent or damaged: everything is verified anew
    try:
        yield record
    finally:
        facts = {"name": manifest.name, "version": manifest.version, "files": dict(sorted(record.items()))}
        write_json(folder / RECORD, facts)
