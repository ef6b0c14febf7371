"""The key wrapper of the cloud: data keys from AWS KMS, bound to their conversation by the encryption context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import DecryptionError, KeyUnavailable
from shared.models import DataKey

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

#: What KMS answers where the ciphertext, its context or its key is not the right one.
_REFUSALS = {"InvalidCiphertextException", "IncorrectKeyException", "InvalidKeyUsageException"}


class KmsKeyWrapper:
    """Wraps data keys under one symmetric KMS key. ``key_id`` is its id, ARN or alias."""

    def __init__(self, client: KMSClient, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def new_key(self, context: Mapping[str, str]) -> DataKey:
        try:
            answer = self._client.generate_data_key(
                KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=dict(context)
            )
        except (ClientError, BotoCoreError) as error:
            raise _translated(error) from None
        return DataKey(answer["Plaintext"], answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        try:
            answer = self._client.decrypt(KeyId=self._key_id, CiphertextBlob=wrapped, EncryptionContext=dict(context))
        except (ClientError, BotoCoreError) as error:
            raise _translated(error) from None
        return answer["Plaintext"]

    def check(self) -> None:
        try:
            enabled = self._client.describe_key(KeyId=self._key_id)["KeyMetadata"]["Enabled"]
        except (ClientError, BotoCoreError) as error:
            raise _translated(error) from None
        if not enabled:
            raise KeyUnavailable("The KMS key is disabled; enable it in the account's KMS console.")


def _translated(error: ClientError | BotoCoreError) -> DecryptionError | KeyUnavailable:
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    if code in _REFUSALS:
        return DecryptionError(
            "The key of this conversation could not be unwrapped: it was changed, or wrapped under another KMS key."
        )
    remedies = {
        "AccessDeniedException": "The function's role may not use the KMS key; check the key policy and the role.",
        "DisabledException": "The KMS key is disabled; enable it in the account's KMS console.",
        "KMSInvalidStateException": "The KMS key is not usable, perhaps scheduled for deletion; cancel the deletion.",
        "NotFoundException": "There is no such KMS key; check CHATBOT_KMS_KEY_ID and the region.",
        "ThrottlingException": "KMS is throttling requests; try again in a moment.",
    }
    retry_after = 1.0 if code in {"ThrottlingException", ""} else None
    return KeyUnavailable(remedies.get(code, "KMS could not be reached."), retry_after=retry_after)
