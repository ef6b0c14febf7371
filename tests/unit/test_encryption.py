"""Sealed texts: bound to their place, refused when anything of them changed, the same for every cause."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import encryption
from shared.encryption import DataKeys, SealContext, Sealer
from shared.errors import DecryptionError
from shared.local.key_file import KeyFile
from shared.models import DataKey

KEY = bytes(range(32))
CONTEXT = SealContext("owner", "trip", "message-1", "user")
VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors" / "sealed.json").read_text())["vectors"]


@pytest.fixture(scope="module")
def sealer() -> Sealer:
    return Sealer()


@pytest.fixture(scope="module")
def sealed(sealer: Sealer) -> bytes:
    return sealer.seal(KEY, b"meet me at noon", CONTEXT)


@settings(deadline=None)
@given(plaintext=st.binary(max_size=10_000))
def test_what_is_sealed_opens_again(plaintext: bytes) -> None:
    sealer = Sealer()
    assert sealer.open(KEY, sealer.seal(KEY, plaintext, CONTEXT), CONTEXT) == plaintext


def test_a_message_of_the_greatest_length_opens_again(sealer: Sealer) -> None:
    plaintext = ("🦀" * 32_000).encode()
    assert sealer.open(KEY, sealer.seal(KEY, plaintext, CONTEXT), CONTEXT) == plaintext


def test_sealing_twice_gives_different_ciphertexts(sealer: Sealer) -> None:
    assert sealer.seal(KEY, b"same", CONTEXT) != sealer.seal(KEY, b"same", CONTEXT)


def test_the_plaintext_is_not_in_the_ciphertext(sealed: bytes) -> None:
    assert b"noon" not in sealed


def test_sealing_adds_about_290_bytes(sealer: Sealer) -> None:
    assert len(sealer.seal(KEY, b"x" * 1000, CONTEXT)) - 1000 < 350


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_ciphertexts_of_earlier_versions_still_open(sealer: Sealer, vector: dict[str, Any]) -> None:
    plaintext = sealer.open(
        bytes.fromhex(vector["key"]), bytes.fromhex(vector["ciphertext"]), SealContext(**vector["context"])
    )
    assert plaintext == bytes.fromhex(vector["plaintext"])


def test_every_flipped_byte_is_refused(sealer: Sealer, sealed: bytes) -> None:
    for position in range(len(sealed)):
        for mask in (0x01, 0x80, 0xFF):
            damaged = bytearray(sealed)
            damaged[position] ^= mask
            with pytest.raises(DecryptionError):
                sealer.open(KEY, bytes(damaged), CONTEXT)


def test_every_truncation_is_refused(sealer: Sealer, sealed: bytes) -> None:
    for length in range(len(sealed)):
        with pytest.raises(DecryptionError):
            sealer.open(KEY, sealed[:length], CONTEXT)


@pytest.mark.parametrize("tail", [b"\0", b"more", b"x" * 5000])
def test_bytes_after_the_end_are_refused(sealer: Sealer, sealed: bytes, tail: bytes) -> None:
    with pytest.raises(DecryptionError):
        sealer.open(KEY, sealed + tail, CONTEXT)


def test_two_ciphertexts_in_a_row_are_refused(sealer: Sealer, sealed: bytes) -> None:
    with pytest.raises(DecryptionError):
        sealer.open(KEY, sealed + sealed, CONTEXT)


@pytest.mark.parametrize("field", list(asdict(CONTEXT)))
def test_a_ciphertext_moved_elsewhere_is_refused(sealer: Sealer, sealed: bytes, field: str) -> None:
    with pytest.raises(DecryptionError):
        sealer.open(KEY, sealed, replace(CONTEXT, **{field: "another"}))


def test_fields_of_the_context_cannot_be_swapped(sealer: Sealer) -> None:
    sealed = sealer.seal(KEY, b"text", SealContext("a", "b", "c", "d"))
    with pytest.raises(DecryptionError):
        sealer.open(KEY, sealed, SealContext("b", "a", "c", "d"))


def test_a_context_with_one_field_more_is_refused(sealer: Sealer) -> None:
    more: Any = sealer._client.encrypt(
        source=b"text",
        key_provider=encryption._master_key(KEY),
        algorithm=encryption._suite(),
        encryption_context={**asdict(CONTEXT), "another": "field"},
    )[0]
    with pytest.raises(DecryptionError):
        sealer.open(KEY, more, CONTEXT)


def test_another_key_is_refused(sealer: Sealer, sealed: bytes) -> None:
    with pytest.raises(DecryptionError):
        sealer.open(bytes(32), sealed, CONTEXT)


@settings(deadline=None)
@given(junk=st.binary(max_size=600))
def test_junk_is_refused(junk: bytes) -> None:
    with pytest.raises(DecryptionError):
        Sealer().open(KEY, junk, CONTEXT)


def test_every_refusal_reads_the_same_and_holds_nothing(sealer: Sealer, sealed: bytes) -> None:
    messages = set()
    for ciphertext, key, context in (
        (sealed[:-1], KEY, CONTEXT),
        (sealed + b"x", KEY, CONTEXT),
        (sealed, bytes(32), CONTEXT),
        (sealed, KEY, replace(CONTEXT, role="assistant")),
        (b"", KEY, CONTEXT),
    ):
        with pytest.raises(DecryptionError) as refusal:
            sealer.open(key, ciphertext, context)
        messages.add(str(refusal.value))
        assert refusal.value.__cause__ is None
    (message,) = messages
    assert not any(word in message for word in ("noon", "owner", "trip", "message-1"))


class CountingWrapper:
    """A wrapper that counts how often it is asked."""

    def __init__(self, wrapper: KeyFile) -> None:
        self._wrapper = wrapper
        self.unwrapped = 0

    def new_key(self, context: Mapping[str, str]) -> DataKey:
        return self._wrapper.new_key(context)

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        self.unwrapped += 1
        return self._wrapper.unwrap(wrapped, context)

    def check(self) -> None:
        self._wrapper.check()


@pytest.fixture
def wrapper(tmp_path: Path) -> CountingWrapper:
    return CountingWrapper(KeyFile.create(tmp_path / "key"))


def test_a_warm_key_is_not_unwrapped_again(wrapper: CountingWrapper) -> None:
    wrapped = DataKeys(wrapper, 300).new("owner", "trip").wrapped
    keys = DataKeys(wrapper, 300)
    first = keys.get("owner", "trip", wrapped)
    for _ in range(10):
        assert keys.get("owner", "trip", wrapped) == first
    assert wrapper.unwrapped == 1


def test_a_new_key_is_warm_at_once(wrapper: CountingWrapper) -> None:
    keys = DataKeys(wrapper, 300)
    key = keys.new("owner", "trip")
    assert keys.get("owner", "trip", key.wrapped) == key.plaintext
    assert wrapper.unwrapped == 0


def test_no_key_is_kept_where_keeping_is_off(wrapper: CountingWrapper) -> None:
    keys = DataKeys(wrapper, 0)
    key = keys.new("owner", "trip")
    for _ in range(3):
        keys.get("owner", "trip", key.wrapped)
    assert wrapper.unwrapped == 3


@pytest.mark.parametrize(("user", "conversation"), [("mallory", "trip"), ("owner", "another")])
def test_a_warm_key_does_not_open_for_another_place(wrapper: CountingWrapper, user: str, conversation: str) -> None:
    keys = DataKeys(wrapper, 300)
    key = keys.new("owner", "trip")
    with pytest.raises(DecryptionError):
        keys.get(user, conversation, key.wrapped)


def test_a_key_does_not_show_in_a_repr(wrapper: CountingWrapper) -> None:
    key = DataKeys(wrapper, 300).new("owner", "trip")
    assert repr(key.plaintext) not in repr(key)
