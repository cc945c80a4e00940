from __future__ import annotations

import hashlib
import hmac
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcovid.datasets import pseudonyms
from deepcovid.datasets.pseudonyms import Pseudonyms, default_key_path, load_key
from deepcovid.errors import DeepCovidError

SECRET = bytes(range(32))


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path):
    path = tmp_path / "private" / "ids.key"
    made, used = load_key(path), load_key(path)
    assert made.made
    assert not used.made
    assert made.secret == used.secret
    assert len(made.secret) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert load_key(tmp_path / "other.key").secret != made.secret


def test_a_key_is_never_shown(tmp_path: Path):
    key = load_key(tmp_path / "ids.key")
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)
    assert not any(key.secret.hex() in str(value) for value in (key, vars(Pseudonyms(key.secret)).keys()))


def test_a_key_that_others_may_read_is_refused(tmp_path: Path):
    load_key(tmp_path / "ids.key")
    (tmp_path / "ids.key").chmod(0o644)
    with pytest.raises(DeepCovidError, match="others may read this key") as caught:
        load_key(tmp_path / "ids.key")
    assert "chmod 600" in caught.value.mend


@pytest.mark.parametrize("text", ["", "secret", "ab" * 31, "xy" * 32])
def test_what_is_no_key_is_refused_and_kept(text: str, tmp_path: Path):
    path = tmp_path / "ids.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(DeepCovidError, match="holds no key"):
        load_key(path)
    assert path.read_text() == text


def test_the_place_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("DEEPCOVID_KEY_FILE", str(tmp_path / "a.key"))
    assert default_key_path() == tmp_path / "a.key"
    monkeypatch.delenv("DEEPCOVID_KEY_FILE")
    assert default_key_path().name == "patient-ids.key"


def test_a_name_is_an_hmac_of_kind_and_parts():
    """Against the standard library's HMAC-SHA256, with each part after its length in eight bytes."""
    message = b"".join(len(part).to_bytes(8, "big") + part for part in (b"patient", b"ward", b"4711"))
    golden = hmac.new(SECRET, message, hashlib.sha256).hexdigest()[:16]
    assert Pseudonyms(SECRET).of("patient", "ward", "4711") == golden


@given(st.lists(st.text(), min_size=1, max_size=3), st.lists(st.text(), min_size=1, max_size=3))
def test_different_ids_have_different_names(one: list[str], other: list[str]):
    names = Pseudonyms(SECRET)
    assert (names.of("patient", *one) == names.of("patient", *other)) == (one == other)


@given(st.text())
def test_another_key_or_kind_is_another_name(patient: str):
    names = Pseudonyms(SECRET)
    assert names.of("patient", patient) != Pseudonyms(SECRET[::-1]).of("patient", patient)
    assert names.of("patient", patient) != names.of("study", patient)
    assert 1 <= names.days(patient) <= 365


def test_file_systems_without_links_keep_a_key_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refused)
    made = load_key(tmp_path / "ids.key")
    assert load_key(tmp_path / "ids.key").secret == made.secret
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["ids.key"]


def test_a_place_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(DeepCovidError, match="cannot be written"):
        load_key(tmp_path / "file" / "ids.key")


def test_of_two_imports_at_once_the_second_takes_the_key_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "ids.key"
    write = pseudonyms.write_private

    def beaten(place: Path, data: bytes) -> Path:
        write(path, b"ab" * 32)
        return write(place, data)

    monkeypatch.setattr(pseudonyms, "write_private", beaten)
    key = load_key(path)
    assert (key.secret, key.made) == (b"\xab" * 32, False)
