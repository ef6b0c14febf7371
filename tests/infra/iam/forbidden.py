"""What no role may do, whatever else changes: requests that must be refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.infra.arns import ACCOUNT, PARTITION, REGION
from tests.infra.iam.deployment import Deployment
from tests.infra.iam.evaluation import Request
from tests.infra.iam.needs import as_context
from tests.infra.iam.policies import Statement

_HERE = f"{REGION}:{ACCOUNT}"
_ROLES = f"arn:{PARTITION}:iam::{ACCOUNT}:role"
_KEY = f"arn:{PARTITION}:kms:{_HERE}:key/Key"
_CONVERSATION = {"kms:encryptioncontext:user_id": "owner", "kms:encryptioncontext:conversation_id": "c1"}

CHAT, INGESTION, RETRIEVAL = "ChatRole", "IngestionRole", "RetrievalRole"
EVERY = (CHAT, INGESTION, RETRIEVAL)


def requests_of(deployment: Deployment) -> Iterator[Request]:
    """Each of them for the role that must not make it."""
    prefix = deployment.prefix
    table = f"arn:{PARTITION}:dynamodb:{_HERE}:table/{prefix}"
    bucket = f"arn:{PARTITION}:s3:::{prefix}-documents-{ACCOUNT}-{REGION}"
    queue = f"arn:{PARTITION}:sqs:{_HERE}:{prefix}-ingestion"
    function = f"arn:{PARTITION}:lambda:{_HERE}:function:{prefix}"
    models = f"arn:{PARTITION}:bedrock:{REGION}::foundation-model"
    vectors = f"arn:{PARTITION}:s3vectors:{_HERE}:bucket/{prefix}-vectors-{ACCOUNT}-{REGION}"
    collection = f"arn:{PARTITION}:aoss:{_HERE}:collection/Collection"
    chunks = f"index/{prefix}/chunks-0123456789ab"
    reads = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan")
    writes = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem")

    # Documents know nothing of conversations, neither their items nor their keys.
    yield from _by((INGESTION, RETRIEVAL), (*reads, *writes), f"{table}-conversations")
    yield from _by((INGESTION, RETRIEVAL), ("dynamodb:Query",), f"{table}-conversations/index/by_user")
    for request in _by((INGESTION, RETRIEVAL), ("kms:Decrypt", "kms:GenerateDataKey"), _KEY):
        yield replace(request, context=as_context(_CONVERSATION))
    # Retrieval only reads, and no files.
    yield from _by((RETRIEVAL,), writes, f"{table}-documents")
    yield from _by((RETRIEVAL,), ("s3:GetObject", "s3:PutObject", "s3:DeleteObjectVersion"), f"{bucket}/a.txt")
    yield from _by((RETRIEVAL,), ("sqs:SendMessage", "sqs:ReceiveMessage"), queue)
    yield from _by((RETRIEVAL,), ("aoss:WriteDocument", "aoss:CreateIndex"), chunks)
    index_writes = ("s3vectors:PutVectors", "s3vectors:DeleteVectors", "s3vectors:CreateIndex")
    yield from _by((RETRIEVAL,), index_writes, f"{vectors}/index/chunks-0123456789ab")
    # Ingestion reads files, and calls no model that answers.
    yield from _by((INGESTION,), ("s3:PutObject", "s3:PutObjectAcl"), f"{bucket}/a.txt")
    yield from _by((INGESTION,), ("bedrock:InvokeModelWithResponseStream",), f"{models}/amazon.nova-lite-v1:0")
    # Chat neither embeds nor touches the index, nor takes from the queue.
    yield from _by((CHAT,), ("bedrock:InvokeModel",), f"{models}/amazon.titan-embed-text-v2:0")
    yield from _by((CHAT,), ("aoss:APIAccessAll",), collection)
    yield from _by((CHAT,), ("aoss:ReadDocument", "aoss:WriteDocument", "aoss:CreateIndex"), chunks)
    yield from _by((CHAT,), (*index_writes, "s3vectors:QueryVectors"), f"{vectors}/index/chunks-0123456789ab")
    yield from _by((CHAT,), ("sqs:ReceiveMessage", "sqs:DeleteMessage"), queue)
    yield from _by((CHAT,), ("s3:PutObjectAcl", "s3:GetObjectVersion"), f"{bucket}/a.txt")
    yield from _by((CHAT, RETRIEVAL), ("lambda:InvokeFunction",), f"{function}-ingestion")
    # Nobody destroys, and nobody changes what may be done.
    tables = ("dynamodb:DeleteTable", "dynamodb:UpdateTable", "dynamodb:UpdateContinuousBackups", "dynamodb:Scan")
    yield from _by(EVERY, tables, f"{table}-conversations")
    yield from _by(EVERY, tables, f"{table}-documents")
    keys = ("kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy", "kms:CreateGrant", "kms:Encrypt")
    yield from _by(EVERY, keys, _KEY)
    # A ciphertext that is bound to nothing.
    yield from _by(EVERY, ("kms:Decrypt", "kms:GenerateDataKey"), _KEY)
    buckets = ("s3:DeleteBucket", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration", "s3:PutEncryptionConfiguration")
    yield from _by(EVERY, buckets, bucket)
    yield from _by(EVERY, ("sqs:DeleteQueue", "sqs:PurgeQueue", "sqs:SetQueueAttributes"), queue)
    code = ("lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:AddPermission")
    yield from _by(EVERY, code, f"{function}-chat")
    yield from _by(EVERY, ("s3vectors:DeleteVectorBucket", "s3vectors:PutVectorBucketPolicy"), vectors)
    yield from _by(EVERY, ("aoss:DeleteCollection", "aoss:UpdateCollection"), collection)
    logs = f"arn:{PARTITION}:logs:{_HERE}:log-group:/aws/lambda/{prefix}-chat"
    yield from _by(EVERY, ("logs:DeleteLogGroup", "logs:PutRetentionPolicy", "logs:GetLogEvents"), logs)
    for role in EVERY:
        policies = ("iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PassRole", "sts:AssumeRole")
        yield from _by(EVERY, policies, f"{_ROLES}/{role}")


def _by(roles: Sequence[str], actions: Sequence[str], resource: str) -> Iterator[Request]:
    for role in roles:
        for action in actions:
            yield Request(f"{_ROLES}/{role}", action, resource, as_context({}), "forbidden")


def apart(statements: Sequence[Statement], name: str) -> list[Statement]:
    """The statements of another deployment in the same account: ids that AWS makes up are others there."""

    def renamed(text: str) -> str:
        for kind in (":role/", ":key/", ":collection/"):
            text = text.replace(kind, f"{kind}{name}-")
        return text

    return [
        replace(
            each,
            principals=tuple(map(renamed, each.principals)),
            resources=tuple(map(renamed, each.resources)),
            conditions=tuple((operator, key, tuple(map(renamed, values))) for operator, key, values in each.conditions),
            owner=renamed(each.owner),
        )
        for each in statements
    ]
