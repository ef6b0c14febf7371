"""What a recorded call asks IAM for: actions, on which resources, and what services ask of the key because of it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.infra.arns import ACCOUNT, PARTITION, REGION
from tests.infra.iam.deployment import Deployment
from tests.infra.iam.evaluation import Request
from tests.infra.iam.recorder import COLLECTION, Call

_HERE = f"{REGION}:{ACCOUNT}"
#: Prefixes of models that are inference profiles; the first sends requests to any Region.
_GLOBAL, _REGIONAL = "global.", ("us.", "eu.", "apac.", "jp.", "au.", "ca.")
_MISSING = 404


@dataclass(frozen=True, slots=True)
class Needs:
    """Translates the calls of one deployment."""

    deployment: Deployment

    def of(self, call: Call) -> Iterator[Request]:
        """Every request that IAM decides for the call, in the name of its function's role."""
        role = self.deployment.functions()[call.function].role
        for request in _SERVICES[call.service](self, call):
            yield replace(request, principal=role, origin=f"{call.service} {call.operation.partition('/chunks')[0]}")

    # --- services -----------------------------------------------------------------------------------------------------

    def _dynamodb(self, call: Call) -> Iterator[Request]:
        given = call.parameters
        match call.operation:
            case "BatchGetItem" | "BatchWriteItem":
                for table in given["RequestItems"]:
                    yield from self._on_table(call.operation, table)
            case "TransactWriteItems":
                for item in given["TransactItems"]:
                    [(kind, action)] = item.items()
                    name = "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"
                    yield from self._on_table(name, action["TableName"])
            case operation:
                yield from self._on_table(operation, given["TableName"], given.get("IndexName"))

    def _on_table(self, action: str, table: str, index: str | None = None) -> Iterator[Request]:
        arn = f"arn:{PARTITION}:dynamodb:{_HERE}:table/{table}"
        yield _request(f"dynamodb:{action}", f"{arn}/index/{index}" if index else arn)
        # The table's own key is unwrapped in the name of whoever reads or writes.
        bound = {"aws:dynamodb:tablename": table, "aws:dynamodb:subscriberid": ACCOUNT}
        yield from self._key_by("dynamodb", bound, "Decrypt")

    def _kms(self, call: Call) -> Iterator[Request]:
        bound = call.parameters.get("EncryptionContext", {})
        yield _request(f"kms:{call.operation}", call.parameters["KeyId"], _encryption(bound))

    def _s3(self, call: Call) -> Iterator[Request]:
        given = call.parameters
        bucket = f"arn:{PARTITION}:s3:::{given['Bucket']}"
        prefix = {"s3:prefix": given["Prefix"]} if "Prefix" in given else {}
        match call.operation:
            case "HeadObject" | "GetObject":
                yield _request("s3:GetObject", f"{bucket}/{given['Key']}")
                if _MISSING in call.statuses:
                    # Without this S3 answers 403 for what is not there.
                    yield _request("s3:ListBucket", bucket)
                if call.operation == "GetObject":
                    yield from self._key_by("s3", {"aws:s3:arn": self._s3_context(bucket, given["Key"])}, "Decrypt")
            case "PutObject":
                yield _request("s3:PutObject", f"{bucket}/{given['Key']}")
                context = {"aws:s3:arn": self._s3_context(bucket, given["Key"])}
                yield from self._key_by("s3", context, "GenerateDataKey")
            case "DeleteObjects":
                for each in given["Delete"]["Objects"]:
                    # AWS's reference of the API asks for this one always, and for the other one beside it.
                    yield _request("s3:DeleteObject", f"{bucket}/{each['Key']}")
                    if each.get("VersionId"):
                        yield _request("s3:DeleteObjectVersion", f"{bucket}/{each['Key']}")
            case "ListObjectsV2":
                yield _request("s3:ListBucket", bucket, prefix)
            case "ListObjectVersions":
                yield _request("s3:ListBucketVersions", bucket, prefix)
            case operation:
                raise NotImplementedError(f"which rights s3 {operation} takes is not written here")

    def _s3_context(self, bucket: str, key: str) -> str:
        """With a bucket key the encryption context is the bucket, else the object."""
        [found] = (each for each in self.deployment.of_type("AWS::S3::Bucket") if each.arn == bucket)
        [rule] = found.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        return bucket if rule.get("BucketKeyEnabled") in {True, "true"} else f"{bucket}/{key}"

    def _sqs(self, call: Call) -> Iterator[Request]:
        arn = f"arn:{PARTITION}:sqs:{_HERE}:{call.parameters['QueueUrl'].rpartition('/')[2]}"
        yield _request(f"sqs:{call.operation}", arn)
        if call.operation == "SendMessage":
            # The new data key is tried at once.
            yield from self._key_by("sqs", {"aws:sqs:arn": arn}, "GenerateDataKey", "Decrypt")

    def _lambda(self, call: Call) -> Iterator[Request]:
        assert call.operation == "Invoke"
        name = call.parameters["FunctionName"]
        yield _request("lambda:InvokeFunction", f"arn:{PARTITION}:lambda:{_HERE}:function:{name}")

    def _bedrock(self, call: Call) -> Iterator[Request]:
        # There is no action of the name Converse.
        streamed = {"ConverseStream", "InvokeModelWithResponseStream"}
        action = "bedrock:InvokeModel" + ("WithResponseStream" if call.operation in streamed else "")
        model = call.parameters["modelId"]
        if not model.startswith((_GLOBAL, *_REGIONAL)):
            yield _request(action, _model_arn(model))
            return
        profile = f"arn:{PARTITION}:bedrock:{_HERE}:inference-profile/{model}"
        yield _request(action, profile)
        # A global profile asks for the model of this Region, and for the one of no Region.
        assert model.startswith(_GLOBAL), "which Regions a regional profile sends requests to is not written here"
        name = model.removeprefix(_GLOBAL)
        for arn in (_model_arn(name), _model_arn(name).replace(REGION, "")):
            yield _request(action, arn, {"bedrock:inferenceprofilearn": profile})

    def _rerank(self, call: Call) -> Iterator[Request]:
        configuration = call.parameters["rerankingConfiguration"]["bedrockRerankingConfiguration"]
        yield _request("bedrock:Rerank", "*")
        yield _request("bedrock:InvokeModel", configuration["modelConfiguration"]["modelArn"])

    def _s3vectors(self, call: Call) -> Iterator[Request]:
        given = call.parameters
        bucket = f"arn:{PARTITION}:s3vectors:{_HERE}:bucket/{given['vectorBucketName']}"
        arn = f"{bucket}/index/{given['indexName']}" if "indexName" in given else bucket
        yield _request(f"s3vectors:{call.operation}", arn)
        if call.operation == "QueryVectors" and (given.get("filter") or given.get("returnMetadata")):
            yield _request("s3vectors:GetVectors", arn)
        actions = {
            "GetVectors": ("Decrypt",),
            "QueryVectors": ("Decrypt",),
            "PutVectors": ("GenerateDataKey", "Decrypt"),
        }.get(call.operation, ())
        for bound in {bucket, arn}:
            # Either may stand in the context, as AWS's own example has both.
            yield from self._key_by("s3vectors", {"aws:s3vectors:arn": bound}, *actions)

    def _collection(self, call: Call) -> Iterator[Request]:
        """A request to the collection, which IAM and the data access policies decide one after the other."""
        [collection] = self.deployment.of_type("AWS::OpenSearchServerless::Collection")
        yield _request("aoss:APIAccessAll", collection.arn)
        permission, indexes = _indexes(call)
        for index in indexes:
            yield _request(f"aoss:{permission}", f"index/{collection.properties['Name']}/{index}")

    def _key_by(self, service: str, bound: Mapping[str, str], *actions: str) -> Iterator[Request]:
        """What the service asks of the key in the name of its caller."""
        [key] = self.deployment.of_type("AWS::KMS::Key")
        context = {**_encryption(bound), "kms:viaservice": f"{service}.{REGION}.amazonaws.com"}
        for action in actions:
            yield _request(f"kms:{action}", key.arn, context)


_SERVICES: Mapping[str, Callable[[Needs, Call], Iterator[Request]]] = {
    "dynamodb": Needs._dynamodb,
    "kms": Needs._kms,
    "s3": Needs._s3,
    "sqs": Needs._sqs,
    "lambda": Needs._lambda,
    "bedrock-runtime": Needs._bedrock,
    "bedrock-agent-runtime": Needs._rerank,
    "s3vectors": Needs._s3vectors,
    COLLECTION: Needs._collection,
}


def _indexes(call: Call) -> tuple[str, set[str]]:
    """Which permission of a data access policy the request takes, and on which indexes.

    https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-genref.html
    """
    method, _, path = call.operation.partition(" ")
    index, _, rest = path.strip("/").partition("/")
    match method, index, rest:
        case "POST", "_bulk", "":
            return "WriteDocument", {*_written(deque(_lines(call)))}
        case "POST", "_msearch", "":
            return "ReadDocument", {line["index"] for line in _lines(call)[::2]}
        case "POST", name, "_count":
            return "ReadDocument", {name}
        case "PUT", name, "":
            return "CreateIndex", {name}
    raise NotImplementedError(f"which permission {call.operation} takes is not written here")


def _lines(call: Call) -> list[dict[str, Any]]:
    return [json.loads(line) for line in call.parameters["body"].splitlines()]


def _written(lines: deque[dict[str, Any]]) -> Iterator[str]:
    """The index of each operation of a bulk request; all but a deletion have a line more."""
    while lines:
        [(operation, target)] = lines.popleft().items()
        yield target["_index"]
        if operation != "delete":
            lines.popleft()


def _encryption(bound: Mapping[str, str]) -> dict[str, Any]:
    keys = {f"kms:encryptioncontext:{name.lower()}": value for name, value in bound.items()}
    return {**keys, "kms:encryptioncontextkeys": tuple(sorted(bound)), "kms:calleraccount": ACCOUNT} if bound else {}


def _request(action: str, resource: str, context: Mapping[str, Any] | None = None) -> Request:
    return Request("", action, resource, as_context(context or {}))


def as_context(values: Mapping[str, Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The context of a request; every request comes over TLS."""
    full = {"aws:securetransport": "true", "s3:tlsversion": "1.3", **values}
    return tuple((key, (value,) if isinstance(value, str) else tuple(value)) for key, value in sorted(full.items()))


def _model_arn(model: str) -> str:
    return f"arn:{PARTITION}:bedrock:{REGION}::foundation-model/{model}"
