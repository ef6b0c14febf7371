"""S3 Vectors: buckets and who may use them here, indexes and vectors in the stand-in behind each bucket."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.core.router import extract_access_key_id

from tests.rehearsal.account.launcher import keys
from tests.rehearsal.account.launcher.control import Request, Response, answer
from tests.rehearsal.account.launcher.refusals import Refusal, authorise
from tests.rehearsal.account.launcher.relay import Unreachable, ask
from tests.rehearsal.account.launcher.resources import Made, Props, add
from tests.rehearsal.account.launcher.stores import Stores

_SCOPE = "/s3vectors/aws4_request"
_ON_INDEX = {
    "CreateIndex",
    "GetIndex",
    "DeleteIndex",
    "PutVectors",
    "GetVectors",
    "DeleteVectors",
    "ListVectors",
    "QueryVectors",
}
#: What an operation does with the key of its bucket, in the name of its caller.
_KEY_USE = {
    "CreateIndex": ("GenerateDataKey",),
    "PutVectors": ("GenerateDataKey", "Decrypt"),
    "GetVectors": ("Decrypt",),
    "ListVectors": ("Decrypt",),
    "QueryVectors": ("Decrypt",),
    "DeleteVectors": ("Decrypt",),
}


class Vectors:
    """All vector buckets of the account: made by stacks or by hand, they are the same."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._buckets: dict[str, Props] = {}

    def install(self) -> None:
        add(
            "AWS::S3Vectors::VectorBucket",
            create=lambda logical_id, props, stack: self._make(props),
            update=lambda physical_id, old, new, stack: self._change(physical_id, old, new),
            delete=lambda physical_id, _: self._drop_of_stack(physical_id),
        )

    async def plane(self, request: Request) -> Response | None:
        """The data and control plane, for every request that is signed for the service."""
        if _SCOPE not in request.headers.get("authorization", ""):
            return None
        operation = request.path.strip("/")
        body = request.json()
        bucket, index = _named(body)
        key = extract_access_key_id(request.headers, request.query)
        try:
            self._authorise(key, operation, bucket, index, body)
            if operation in _ON_INDEX or operation == "ListIndexes":
                return await self._passed_on(request, operation, bucket, key)
            return answer(200, await self._control(operation, bucket, body))
        except Refusal as refusal:
            return refusal.response()

    def _authorise(self, key: str, operation: str, bucket: str, index: str, body: Props) -> None:
        resource = _resource(operation, bucket, index)
        actions = [operation]
        if operation == "QueryVectors" and (body.get("filter") or body.get("returnMetadata")):
            actions.append("GetVectors")
        for action in actions:
            authorise(key, f"s3vectors:{action}", resource)

    async def _passed_on(self, request: Request, operation: str, bucket: str, key: str) -> Response:
        record = self._found(bucket)
        self._use_key(operation, record, _resource(operation, *_named(request.json())), key)
        headers = [(name, value) for name, value in request.headers.items() if name != "x-amz-content-sha256"]
        try:
            found = await ask(record["_port"], "POST", request.path, headers, request.body)
        except Unreachable:
            raise Refusal(503, "ServiceUnavailableException", "The service is unavailable") from None
        body = await found.whole()
        return found.status, {name: value for name, value in found.headers if name.lower() != "content-length"}, body

    def _use_key(self, operation: str, record: Props, resource: str, caller: str) -> None:
        arn = record["encryptionConfiguration"].get("kmsKeyArn")
        if not arn:
            return
        for action in _KEY_USE.get(operation, ()):
            problem = keys.caller_may_not(caller, action, arn, "s3vectors", {"aws:s3vectors:arn": resource})
            if problem:
                raise Refusal(403, "AccessDeniedException", problem)
        if operation == "CreateIndex":
            # Vectors are arranged in the background, in the service's own name.
            for action in ("GenerateDataKey", "Decrypt"):
                if not keys.service_may("indexing.s3vectors.amazonaws.com", action, arn, record["vectorBucketArn"]):
                    words = f"The key policy of {arn} does not let indexing.s3vectors.amazonaws.com {action}"
                    raise Refusal(400, "KmsInvalidKeyUsageException", words)

    async def _control(self, operation: str, bucket: str, body: Props) -> Props:
        match operation:
            case "CreateVectorBucket":
                self._create(bucket, body.get("encryptionConfiguration") or {"sseType": "AES256"})
                return {"vectorBucketArn": bucket_arn(bucket)}
            case "GetVectorBucket":
                return {"vectorBucket": _shown(self._found(bucket))}
            case "ListVectorBuckets":
                prefix = body.get("prefix", "")
                names = sorted(name for name in self._buckets if name.startswith(prefix))
                return {"vectorBuckets": [_shown(self._buckets[name]) for name in names]}
            case "DeleteVectorBucket":
                await self._drop(bucket)
                return {}
        raise Refusal(400, "UnknownOperationException", f"The stand-in does not know {operation}")

    def _found(self, bucket: str) -> Props:
        if bucket not in self._buckets:
            raise Refusal(404, "NotFoundException", "The specified vector bucket could not be found")
        return self._buckets[bucket]

    def _create(self, name: str, encryption: Props) -> None:
        if name in self._buckets:
            raise Refusal(409, "ConflictException", "A vector bucket with the specified name already exists")
        self._buckets[name] = {
            "vectorBucketName": name,
            "vectorBucketArn": bucket_arn(name),
            "creationTime": int(time.time()),
            "encryptionConfiguration": encryption,
            "defaultIndexMode": "ENHANCED",
            "_port": self._stores.open("vector-buckets", name),
        }

    async def _drop(self, name: str) -> None:
        self._found(name)
        if await asyncio.to_thread(self._stores.in_use, "vector-buckets", name):
            raise Refusal(409, "ConflictException", "The specified vector bucket is not empty")
        del self._buckets[name]
        self._stores.close("vector-buckets", name)

    def _make(self, props: Props) -> Made:
        name, encryption = props["VectorBucketName"], props.get("EncryptionConfiguration") or {}
        try:
            self._create(
                name, {key[0].lower() + key[1:]: value for key, value in encryption.items()} or {"sseType": "AES256"}
            )
        except Refusal as refusal:
            raise ValueError(f"{refusal} (HandlerErrorCode: AlreadyExists)") from None
        # Ref gives the ARN.
        return bucket_arn(name), {"VectorBucketArn": bucket_arn(name), "CreationTime": "2026-11-21T00:00:00Z"}

    def _change(self, arn: str, old: Props, new: Props) -> Made:
        if old.get("VectorBucketName") != new.get("VectorBucketName"):
            return self._make(new)
        if old.get("EncryptionConfiguration") != new.get("EncryptionConfiguration"):
            raise ValueError("CloudFormation cannot update a stack when a custom-named resource requires replacing.")
        return arn, {"VectorBucketArn": arn}

    def _drop_of_stack(self, arn: str) -> None:
        name = arn.rpartition("/")[2]
        if name not in self._buckets:
            return
        if self._stores.in_use("vector-buckets", name):
            raise ValueError(
                "The specified vector bucket is not empty (Service: S3Vectors, Status Code: 409) "
                "(HandlerErrorCode: ResourceConflict)"
            )
        del self._buckets[name]
        self._stores.close("vector-buckets", name)


def bucket_arn(name: str) -> str:
    return f"arn:aws:s3vectors:{get_region()}:{get_account_id()}:bucket/{name}"


def _resource(operation: str, bucket: str, index: str) -> str:
    """The ARN that an operation is checked on."""
    if not bucket:
        return "*"
    return bucket_arn(bucket) + (f"/index/{index}" if operation in _ON_INDEX else "")


def _named(body: Props) -> tuple[str, str]:
    """The names of bucket and index, which may be given by ARN."""
    arn = body.get("indexArn") or body.get("vectorBucketArn") or ""
    _, _, path = arn.partition(":bucket/")
    bucket, _, index = path.partition("/index/")
    return body.get("vectorBucketName") or bucket, body.get("indexName") or index


def _shown(record: Props) -> dict[str, Any]:
    return {key: value for key, value in record.items() if not key.startswith("_")}
