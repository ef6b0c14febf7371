"""Encryption of conversations: one data key a conversation, every message bound to its place.

A data key is made and wrapped by a ``KeyWrapper`` (KMS, or a key file on a laptop) under the context {user_id,
conversation_id}. Messages are sealed by the AWS Encryption SDK with a raw AES wrapping of that key and the
key-committing suite, under {user_id, conversation_id, message_id, role}. The ciphertext is a message of the AWS
Encryption SDK, format version 2, in both homes:
https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html
"""

# ruff: noqa: PLC0415 - the SDK brings boto3: a quarter of the start of a command that seals and opens nothing

from __future__ import annotations

import io
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cachetools import TTLCache

from shared.errors import DecryptionError
from shared.models import DataKey
from shared.ports import KeyWrapper

if TYPE_CHECKING:
    from aws_encryption_sdk import EncryptionSDKClient
    from aws_encryption_sdk.identifiers import AlgorithmSuite
    from aws_encryption_sdk.key_providers.raw import RawMasterKey

_PROVIDER_ID = "chatbot"
_KEY_ID = b"conversation"
_CACHED_KEYS = 1000


@dataclass(frozen=True, slots=True)
class SealContext:
    """Where a sealed text belongs. All four are bound to the ciphertext and compared on opening."""

    user_id: str
    conversation_id: str
    message_id: str
    role: str


class Sealer:
    """Seals and opens texts under a data key of 32 bytes. Stateless and safe to share between threads."""

    def load(self) -> None:
        """Loads the SDK now, a third of a second; otherwise the first text does."""
        _ = self._client

    @cached_property
    def _client(self) -> EncryptionSDKClient:
        from aws_encryption_sdk import EncryptionSDKClient
        from aws_encryption_sdk.identifiers import CommitmentPolicy

        return EncryptionSDKClient(
            commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT, max_encrypted_data_keys=1
        )

    def seal(self, key: bytes, plaintext: bytes, context: SealContext) -> bytes:
        """The ciphertext, about 290 bytes longer than the plaintext."""
        ciphertext, _ = self._client.encrypt(
            source=plaintext, key_provider=_master_key(key), algorithm=_suite(), encryption_context=asdict(context)
        )
        return bytes(ciphertext)

    def open(self, key: bytes, ciphertext: bytes, context: SealContext) -> bytes:
        """The plaintext. Raises ``DecryptionError``, the same for every cause."""
        client = self._client
        try:
            plaintext, bound, consumed = _decrypt(client, key, ciphertext)
        except Exception:  # noqa: BLE001 - the SDK lets InvalidTag, struct.error and others out; all must look alike
            raise _refused() from None
        # The SDK compares no context without its material-providers extra, and ignores what follows a message.
        if bound != asdict(context) or consumed != len(ciphertext):
            raise _refused()
        return plaintext


def _decrypt(client: EncryptionSDKClient, key: bytes, ciphertext: bytes) -> tuple[bytes, Mapping[str, str], int]:
    source = io.BytesIO(ciphertext)
    decryptor = client.stream(mode="decrypt-unsigned", source=source, key_provider=_master_key(key))
    try:
        plaintext = decryptor.read()
        if decryptor.header.algorithm is not _suite():
            raise _refused()
        return bytes(plaintext), dict(decryptor.header.encryption_context), source.tell()
    finally:
        # A stream that was not read to its end raises when it is closed, also out of its finalizer, where nobody can
        # catch it. It looks for this attribute to tell.
        if not hasattr(decryptor, "footer"):
            decryptor.footer = None
        decryptor.close()


def _refused() -> DecryptionError:
    return DecryptionError(
        "A stored text could not be decrypted: it was changed, moved from another place, or sealed under another key."
    )


def _suite() -> AlgorithmSuite:
    from aws_encryption_sdk.identifiers import AlgorithmSuite

    return AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY


def _master_key(key: bytes) -> RawMasterKey:
    from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
    from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
    from aws_encryption_sdk.key_providers.raw import RawMasterKey

    return RawMasterKey(
        provider_id=_PROVIDER_ID,
        key_id=_KEY_ID,
        wrapping_key=WrappingKey(
            wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
            wrapping_key=key,
            wrapping_key_type=EncryptionKeyType.SYMMETRIC,
        ),
    )


class DataKeys:
    """Data keys of conversations, kept in memory for a while: a warm conversation costs no call of the wrapper.

    At most 1,000 keys are kept, each for ``cache_seconds`` (0 keeps none). A key is found by its wrapped form, so a
    deleted conversation's key, whose wrapped form is gone, is not found again.
    """

    def __init__(self, wrapper: KeyWrapper, cache_seconds: float) -> None:
        self._wrapper = wrapper
        self._lock = threading.Lock()
        self._cache: TTLCache[tuple[str, str, bytes], bytes] = TTLCache(_CACHED_KEYS, cache_seconds)

    def new(self, user_id: str, conversation_id: str) -> DataKey:
        """A key for a new conversation. Raises ``KeyUnavailable``."""
        key = self._wrapper.new_key(_wrapping_context(user_id, conversation_id))
        self._keep((user_id, conversation_id, key.wrapped), key.plaintext)
        return key

    def get(self, user_id: str, conversation_id: str, wrapped: bytes) -> bytes:
        """The key of a stored conversation. Raises ``DecryptionError``, ``KeyUnavailable``."""
        name = (user_id, conversation_id, wrapped)
        with self._lock:
            cached = self._cache.get(name)
        if cached is not None:
            return cached
        plaintext = self._wrapper.unwrap(wrapped, _wrapping_context(user_id, conversation_id))
        self._keep(name, plaintext)
        return plaintext

    def _keep(self, name: tuple[str, str, bytes], plaintext: bytes) -> None:
        with self._lock:
            self._cache[name] = plaintext


def _wrapping_context(user_id: str, conversation_id: str) -> dict[str, str]:
    return {"user_id": user_id, "conversation_id": conversation_id}
