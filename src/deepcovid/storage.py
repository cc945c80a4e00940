"""The one writer of files: whole or not at all, one writer at a time, content named by its SHA-256."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import socket
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcovid.errors import DeepCovidError, RunError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

CACHE_VARIABLE = "DEEPCOVID_CACHE"
FORMULA = frozenset("=+-@＝＋－＠")  # a spreadsheet takes a cell that begins so for a formula, and may run it
JSON_AT_MOST = 256 * 2**20  # bytes


def cache_dir() -> Path:
    """The folder for weights and features that may be thrown away: $DEEPCOVID_CACHE, or the platform's cache folder."""
    if os.environ.get(CACHE_VARIABLE):
        return Path(os.environ[CACHE_VARIABLE]).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("deepcovid", appauthor=False)


@contextlib.contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on leaving without error it is flushed and takes its place.

    A killed process leaves `path` as it was before. The temporary file keeps the suffix, since libraries look at it.
    """
    path = Path(path)
    part = path.parent / f".{path.stem}-{secrets.token_hex(6)}.part{path.suffix}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # not tempfile's, which only its owner may read; the kernel applies the umask
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield part
        _sync(part)
        os.replace(part, path)
        _sync(path.parent)
    except OSError as error:
        raise DeepCovidError(
            f"this cannot be written ({error.strerror or type(error).__name__})",
            path=path,
            mend="check the folder, its permissions and the space on the disk",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def write_bytes(path: Path | str, data: bytes) -> Path:
    """Write `data` to `path`, whole or not at all."""
    with atomic_path(path) as part:
        part.write_bytes(data)
    return Path(path)


def write_private(path: Path | str, data: bytes) -> Path:
    """Write a new file that only its owner may read (mode 0600), in a folder that only its owner may enter if made here.

    Raises:
        DeepCovidError: it exists, or cannot be written.
    """
    path = Path(path)
    part = path.parent / f".{path.name}-{secrets.token_hex(6)}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        _place_new(part, path)
        _sync(path.parent)
    except OSError as error:
        raise DeepCovidError(
            f"this cannot be written ({error.strerror or type(error).__name__})",
            path=path,
            mend="check the folder and its permissions, or name another place",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return path


def _place_new(part: Path, path: Path) -> None:
    try:
        os.link(part, path)  # unlike a rename, refuses where another process was first
    except FileExistsError:
        raise
    except OSError:  # file systems without links
        if path.exists():
            raise
        os.rename(part, path)


def write_text(path: Path | str, text: str) -> Path:
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    # a file name may hold bytes that are no letters; one such name must not lose a batch
    return write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_json(path: Path | str, value: Any) -> Path:
    """Write `value` as strict JSON (no NaN) with two-space indents."""
    return write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path | str) -> Any:
    """The value in a JSON file.

    Raises:
        DeepCovidError: the file is absent, no ordinary file, not JSON, too long or nested too deeply; the message names it.
    """
    path = Path(path)
    if not path.is_file():  # opening a pipe would wait for ever
        what = "this is no ordinary file" if path.exists() else "there is no such file"
        raise DeepCovidError(what, path=path, mend="check the path")
    if path.stat().st_size > JSON_AT_MOST:
        raise DeepCovidError("this file is too long for what it should hold", path=path, mend="write the file anew")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise DeepCovidError(f"this is not JSON ({reason})", path=path, mend="write the file anew") from error


def write_table(path: Path | str, frame: pd.DataFrame) -> Path:
    """Write a table as CSV or Parquet, by the suffix of `path`; in CSV no cell of text can run as a formula."""
    suffix = Path(path).suffix.lower()
    if suffix not in {".csv", ".parquet"}:
        raise DeepCovidError(f"a table is written as .csv or .parquet, not {suffix!r}", path=path, mend="rename it")
    with atomic_path(path) as part:
        if suffix == ".csv":
            _without_formulas(frame).to_csv(part, index=False)
        else:
            frame.to_parquet(part, index=False)
    return Path(path)


def is_formula(cell: object) -> bool:
    """Whether a spreadsheet would take a cell of text for a formula: it begins with =, +, - or @ and is no number."""
    if not isinstance(cell, str) or cell[:1] not in FORMULA:
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


def guarded(cell: object) -> object:
    """The cell with an apostrophe before it where it is a formula, or such an apostrophe and a formula already.

    `plain` undoes it: what is written and read again is the same.
    """
    return f"'{cell}" if isinstance(cell, str) and is_formula(cell.lstrip("'")) else cell


def plain(cell: str) -> str:
    """A cell as it was before `guarded`."""
    return cell[1:] if cell[:1] == "'" and is_formula(cell.lstrip("'")) else cell


def _without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    text = [
        name for name in frame.columns if frame[name].dtype == object or str(frame[name].dtype) in ("str", "string")
    ]
    safe = frame.assign(**{name: frame[name].map(guarded, na_action="ignore") for name in text})
    return safe.rename(columns=guarded)


def write_tensors(
    path: Path | str, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None
) -> Path:
    """Write named arrays as one safetensors file."""
    import numpy as np
    from safetensors.numpy import save

    # not ascontiguousarray, which gives a scalar an axis
    contiguous = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    return write_bytes(path, save(contiguous, metadata=dict(metadata) if metadata else None))


_ELSEWHERE = f"or set {CACHE_VARIABLE} to another folder"
_DAMAGED_STORE = "the store is damaged or cannot be used", "delete that file; what it held is computed again"
_NOT_WRITABLE = "the store cannot be opened or written", f"check the permissions of file and folder, {_ELSEWHERE}"
_HELD = "another process has held the store for a minute", "wait for it to end, and run the same again"
# by SQLite's primary result codes
_STORE_FAILURES = {
    sqlite3.SQLITE_FULL: ("the disk is full", f"free space, {_ELSEWHERE}"),
    sqlite3.SQLITE_IOERR: ("the disk cannot be read or written", f"check disk and space, {_ELSEWHERE}"),
    **dict.fromkeys((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED), _HELD),
    **dict.fromkeys((sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM), _NOT_WRITABLE),
}


class BlobStore:
    """Bytes by key in one SQLite file (write-ahead log): safe against kills, shared between processes and threads.

    Args:
        path: the file; it and its folder are made when absent.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._local = threading.local()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DeepCovidError(
                f"the folder of the store cannot be made ({error.strerror or type(error).__name__})",
                path=self.path.parent,
                mend=f"check its permissions, or set {CACHE_VARIABLE} to a folder that you may write to",
            ) from error
        with self._use() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS blobs (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")

    def __getstate__(self) -> dict[str, Path]:
        return {"path": self.path}

    def __setstate__(self, state: dict[str, Path]) -> None:
        self.__init__(state["path"])  # type: ignore[misc]

    @contextlib.contextmanager
    def _use(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connection()
        except sqlite3.Error as error:
            problem, mend = _STORE_FAILURES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, _DAMAGED_STORE)
            raise DeepCovidError(f"{problem} ({error})", path=self.path, mend=mend) from error

    def _connection(self) -> sqlite3.Connection:
        # one connection a thread and process: SQLite connections survive neither a fork nor another thread
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.connection = sqlite3.connect(self.path, timeout=60, isolation_level=None)
            self._local.connection.execute("PRAGMA journal_mode=WAL")
            # a killed process loses nothing; a power cut may lose the last moments, never the file
            self._local.connection.execute("PRAGMA synchronous=NORMAL")
            self._local.pid = os.getpid()
        return self._local.connection

    def put(self, items: Mapping[str, bytes]) -> None:
        """Keep `items` in one transaction; a key that is there already keeps its first value."""
        with self._use() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.executemany("INSERT OR IGNORE INTO blobs VALUES (?, ?)", items.items())
            except sqlite3.Error:
                if connection.in_transaction:  # a full disk ends it by itself
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def get(self, key: str) -> bytes | None:
        """The value under `key`, or None."""
        with self._use() as connection:
            row = connection.execute("SELECT value FROM blobs WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Those of `keys` that are not kept, in their order, each once."""
        with self._use() as connection:
            find = connection.execute
            return [
                key
                for key in dict.fromkeys(keys)
                if find("SELECT 1 FROM blobs WHERE key = ?", (key,)).fetchone() is None
            ]


def sha256_bytes(data: bytes) -> str:
    """The SHA-256 of `data`, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path | str) -> str:
    """The SHA-256 of a file's bytes, read as a stream."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def git_blob_file(path: Path | str) -> str:
    """Git's id of a file's content: the SHA-1 of "blob", the size in bytes, a zero byte and the bytes."""
    path = Path(path)
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def sha256_sources(package: str) -> str:
    """The SHA-256 of the source files of a package of ours: what was computed by other code is not taken for its result."""
    folder = Path(__file__).parent / package
    files = [folder.with_suffix(".py")] if not folder.is_dir() else sorted(folder.rglob("*.py"))
    return sha256_json({str(file.relative_to(folder.parent)): sha256_file(file) for file in files})


def sha256_json(value: Any) -> str:
    """The SHA-256 of `value` in canonical JSON (sorted keys, no spaces): the same for equal values on every machine."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return sha256_bytes(text.encode("utf-8"))


@contextlib.contextmanager
def lock(folder: Path | str) -> Iterator[None]:
    """Hold `folder` for this process; the operating system lets go when the process ends, however it ends.

    Raises:
        RunError: another live process holds the folder; the message names its PID and host.
    """
    from filelock import FileLock, Timeout

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / ".lock.json"
    held = FileLock(folder / ".lock")
    try:
        held.acquire(timeout=0)
    except Timeout as error:
        raise RunError(
            f"another process ({_described(holder)}) is writing here",
            path=folder,
            mend="wait for it to end, or choose another folder",
        ) from error
    try:
        write_json(holder, {"pid": os.getpid(), "host": socket.gethostname()})
        yield
    finally:
        holder.unlink(missing_ok=True)
        held.release()


def _described(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return "just starting"
    return f"PID {who.get('pid')} on {who.get('host')}"


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":  # Windows opens no folder
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
