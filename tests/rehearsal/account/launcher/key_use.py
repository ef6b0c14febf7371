"""Has S3, SQS and DynamoDB use KMS keys as they do in AWS: in the name of the caller, before they do what was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, new_uuid
from ministack.core.router import extract_access_key_id
from ministack.services import dynamodb, s3, sqs

from tests.rehearsal.account.launcher import keys

Use = tuple[str, str, dict[str, str]]

_KEY_ID = re.compile(r"<KMSMasterKeyID>([^<]+)</KMSMasterKeyID>")
_BUCKET_KEY = re.compile(r"<BucketKeyEnabled>true</BucketKeyEnabled>")
_SQS_USE = {
    "SendMessage": ("GenerateDataKey", "Decrypt"),
    "SendMessageBatch": ("GenerateDataKey", "Decrypt"),
    "ReceiveMessage": ("Decrypt",),
}
#: The operations of DynamoDB on items; those on tables take no key.
_ON_ITEMS = re.compile(r"(Get|Put|Update|Delete|Batch\w+|TransactWrite|TransactGet)Items?|Query|Scan|BatchGetItem")


def install() -> None:
    for module, service, uses in ((s3, "s3", _of_s3), (sqs, "sqs", _of_sqs), (dynamodb, "dynamodb", _of_dynamodb)):
        _before(module, service, uses)


def _before(module: Any, service: str, uses: Any) -> None:
    handle = module.handle_request

    async def checked(method: str, path: str, headers: Any, body: bytes, query: Any, **more: Any) -> Any:
        caller = extract_access_key_id(headers, query)
        for action, key, pairs in uses(method, path, headers, body, query):
            if problem := keys.caller_may_not(caller, action, key, service, pairs):
                code = "KMS.AccessDeniedException" if service == "sqs" else "AccessDenied"
                return iam_actions.access_denied_response(
                    service, f"kms:{action}", "", new_uuid(), error_code=code, message=problem, headers=headers
                )
        return await handle(method, path, headers, body, query, **more)

    module.handle_request = checked


def _of_s3(method: str, path: str, headers: Any, body: bytes, query: Any) -> Iterator[Use]:
    bucket, _, name = path.lstrip("/").partition("/")
    if not name or bucket not in s3._buckets:
        return
    configured = str(s3._bucket_encryption.get(bucket) or "")
    actions: tuple[str, ...]
    asked = headers.get("x-amz-server-side-encryption-aws-kms-key-id")
    default = _KEY_ID.search(configured)
    if method == "GET" and not set(query) & {"uploadId", "acl", "tagging"}:
        stored = _encrypted_with(bucket, name)
        actions, key = ("Decrypt",), stored
    elif method == "PUT" and not set(query) & {"acl", "tagging", "retention", "legal-hold"}:
        # Parts of an upload, too, are written under the key of the whole.
        actions = ("GenerateDataKey", "Decrypt") if "partNumber" in query else ("GenerateDataKey",)
        key = asked or (default[1] if default else "")
    elif method == "POST" and "uploads" in query:
        actions, key = ("GenerateDataKey",), asked or (default[1] if default else "")
    else:
        return
    if key:
        yield from ((action, key, _context(bucket, name)) for action in actions)


def decrypting(bucket: str, name: str) -> tuple[str, dict[str, str]]:
    """The key that reading the object takes, "" for none of the owner's, and the encryption context."""
    return (_encrypted_with(bucket, name), _context(bucket, name)) if bucket in s3._buckets else ("", {})


def _context(bucket: str, name: str) -> dict[str, str]:
    """That of S3: with a bucket key, one data key serves the whole bucket."""
    shared = _BUCKET_KEY.search(str(s3._bucket_encryption.get(bucket) or ""))
    return {"aws:s3:arn": f"arn:aws:s3:::{bucket}" + ("" if shared else f"/{name}")}


def _encrypted_with(bucket: str, name: str) -> str:
    """The key that the object was written under, "" for none of the owner's."""
    stored = s3._buckets[bucket]["objects"].get(name) or {}
    kept = stored.get("preserved_headers") or {}
    named = str(kept.get("x-amz-server-side-encryption-aws-kms-key-id", ""))
    default = _KEY_ID.search(str(s3._bucket_encryption.get(bucket) or ""))
    return named or (default[1] if default and stored else "")


def _of_sqs(method: str, path: str, headers: Any, body: bytes, query: Any) -> Iterator[Use]:
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    queue = _queue(body)
    key = (queue or {}).get("attributes", {}).get("KmsMasterKeyId", "")
    if queue and key and not key.startswith("alias/aws/"):
        pairs = {"aws:sqs:arn": queue["attributes"]["QueueArn"]}
        yield from ((action, key, pairs) for action in _SQS_USE.get(operation, ()))


def _queue(body: bytes) -> Any:
    try:
        url = json.loads(body or b"{}").get("QueueUrl", "")
    except ValueError:
        return None
    return next((each for each in sqs._queues.values() if each["name"] == url.rpartition("/")[2]), None)


def _of_dynamodb(method: str, path: str, headers: Any, body: bytes, query: Any) -> Iterator[Use]:
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if not _ON_ITEMS.fullmatch(operation):
        return
    for table in sorted(_tables(body)):
        encryption = (dynamodb._tables.get(table) or {}).get("SSEDescription") or {}
        if key := encryption.get("KMSMasterKeyArn"):
            pairs = {"aws:dynamodb:tableName": table, "aws:dynamodb:subscriberId": get_account_id()}
            yield ("Decrypt", key, pairs)


def _tables(body: bytes) -> set[str]:
    try:
        data = json.loads(body or b"{}")
    except ValueError:
        return set()
    found = {data["TableName"]} if "TableName" in data else set(data.get("RequestItems") or {})
    for item in data.get("TransactItems") or []:
        found |= {each["TableName"] for each in item.values() if "TableName" in each}
    return {dynamodb._normalize_table_name(each) for each in found}
