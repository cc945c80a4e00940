"""Names that only the holder of a key can link to people: a keyed hash of each id, and the file that keeps the key."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from deepcovid.errors import DeepCovidError
from deepcovid.storage import write_private

KEY_VARIABLE = "DEEPCOVID_KEY_FILE"
BYTES = 32
DIGITS = 16  # 64 bits: among a million patients two share a name with a chance of 3 in 100 million


@dataclass(frozen=True)
class Key:
    """A secret, and where it is kept.

    Attributes:
        secret: 32 bytes; never shown.
        path: the file that keeps it.
        made: whether it was made just now, so that ids agree with no earlier table.
    """

    secret: bytes
    path: Path
    made: bool

    def __repr__(self) -> str:
        return f"Key(path={str(self.path)!r}, made={self.made})"


def default_key_path() -> Path:
    """$DEEPCOVID_KEY_FILE, or patient-ids.key in the platform's folder for a user's data."""
    if os.environ.get(KEY_VARIABLE):
        return Path(os.environ[KEY_VARIABLE]).expanduser()
    from platformdirs import user_data_path

    return user_data_path("deepcovid", appauthor=False) / "patient-ids.key"


def load_key(path: Path | str | None = None) -> Key:
    """The key in a file of 64 hexadecimal digits; where there is no file, a new one that only its owner may read.

    Args:
        path: the file; None for `default_key_path`.

    Raises:
        DeepCovidError: others may read the file, or it holds no key.
    """
    path = default_key_path() if path is None else Path(path).expanduser()
    if not path.exists():
        secret = secrets.token_bytes(BYTES)
        try:
            write_private(path, secret.hex().encode() + b"\n")
        except DeepCovidError:
            if not path.exists():
                raise  # else another import was first, and its key is the one
        else:
            return Key(secret, path, made=True)
    try:
        mode, text = path.stat().st_mode, path.read_bytes().strip()
    except OSError as error:
        raise DeepCovidError(
            f"the key cannot be read ({error.strerror or type(error).__name__})", path=path, mend="check the path"
        ) from error
    if os.name != "nt" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise DeepCovidError("others may read this key", path=path, mend=f"chmod 600 {path}")
    if not re.fullmatch(rb"[0-9a-fA-F]{64}", text):
        raise DeepCovidError(
            "this file holds no key: 64 hexadecimal digits were expected",
            path=path,
            mend="name the key file of an earlier import, or a path where a new one shall be made",
        )
    return Key(bytes.fromhex(text.decode()), path, made=False)


class Pseudonyms:
    """Keyed hashes: HMAC-SHA256 (RFC 2104), its first 64 bits in hexadecimal digits.

    The same key and id give the same name; without the key a name can be neither reversed nor tried out.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, kind: str, *parts: str) -> str:
        """The name of what `parts` identify; names of different kinds ("patient", "study", "film") are unrelated."""
        return self._digest(kind, *parts).hex()[:DIGITS]

    def days(self, patient: str) -> int:
        """By how many days the dates of a patient move back, 1 to 365: for all films alike."""
        return 1 + int.from_bytes(self._digest("days", patient)[:8], "big") % 365

    def _digest(self, *parts: str) -> bytes:
        message = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
        return hmac.new(self._secret, message, hashlib.sha256).digest()
