"""The data plane of OpenSearch Serverless: who may do what is decided here, the rest is done by the stand-in."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_region
from ministack.core.router import extract_access_key_id
from ministack.services import opensearchserverless as aoss

from tests.rehearsal.account.launcher.control import Request, Response
from tests.rehearsal.account.launcher.decisions import note
from tests.rehearsal.account.launcher.relay import Unreachable, ask

_HOST = re.compile(
    r"(?P<new>[a-z0-9]{3,40})\.aoss\.[a-z0-9-]+\.on\.aws|(?P<id>[a-z0-9]{3,40})\.[a-z0-9-]+\.aoss\.amazonaws\.com"
)
_READS = {"_search", "_count", "_msearch", "_mget", "_validate", "_explain"}
_WRITES = {"_bulk", "_create", "_update"}
_SETTINGS = {"_mapping", "_settings", "_aliases"}

Need = tuple[str, str]


async def plane(request: Request) -> Response | None:
    """Answers what is meant for the address of a collection."""
    found = _HOST.fullmatch(request.host)
    if found is None:
        return None
    record = aoss._find_collection_anywhere(found["new"] or found["id"])
    if record is None:
        return _refused(404, "404 Not Found", "NotFound")
    problem = _problem(request, record)
    if problem:
        return _refused(403, "403 Forbidden", problem)
    try:
        answer = await ask(record["_Port"], request.method, request.target, request.headers.items(), request.body)
    except Unreachable:
        return _refused(503, "503 Service Unavailable", "ServiceUnavailable")
    return answer.streamed()


def _problem(request: Request, record: dict[str, Any]) -> str:
    """Why the request is refused, else nothing: signature, IAM, the network policy, the data policies."""
    if not aoss._signed_for_aoss(request.headers, request.query) or not request.headers.get("x-amz-content-sha256"):
        return "Forbidden"
    key = extract_access_key_id(request.headers, request.query)
    denied = iam_evaluator.enforce(key, "aoss:APIAccessAll", "opensearchserverless", get_region(), record["arn"])
    if denied is not None:
        return "Forbidden"
    if not _public(record["name"]):
        return "Forbidden"
    principal = iam_evaluator.resolve_credential(key).principal_arn
    for permission, resource in _needs(request, record["name"]):
        allowed = _data_policy_allows(principal, permission, resource)
        note(principal, permission, resource, {}, allowed=allowed, reason="" if allowed else "no data access policy")
        if not allowed:
            return "Forbidden"
    return ""


def _needs(request: Request, collection: str) -> set[Need]:
    """The permissions of data access policies that the request takes, each with its resource."""
    parts = [part for part in request.path.split("/") if part]
    target = parts[0] if parts and not parts[0].startswith("_") else ""
    operation = next((part for part in parts if part.startswith("_")), "")
    if operation == "_bulk":
        return {("aoss:WriteDocument", f"index/{collection}/{name}") for name in _bulk_targets(request.body, target)}
    if operation == "_msearch":
        return {("aoss:ReadDocument", f"index/{collection}/{name}") for name in _searched(request.body, target)}
    if not target:
        return {("aoss:DescribeCollectionItems", f"collection/{collection}")}
    return {(_permission(request.method, operation), f"index/{collection}/{target}")}


def _permission(method: str, operation: str) -> str:
    if operation in _READS or (operation == "_doc" and method in {"GET", "HEAD"}):
        return "aoss:ReadDocument"
    if operation in _WRITES or operation == "_doc":
        return "aoss:WriteDocument"
    if operation in _SETTINGS and method in {"PUT", "POST"}:
        return "aoss:UpdateIndex"
    return {"PUT": "aoss:CreateIndex", "DELETE": "aoss:DeleteIndex"}.get(method, "aoss:DescribeIndex")


def _bulk_targets(body: bytes, default: str) -> Iterator[str]:
    for line in _objects(body):
        for action in ("index", "create", "update", "delete"):
            if isinstance(line.get(action), dict) and len(line) == 1:
                yield line[action].get("_index", default)


def _searched(body: bytes, default: str) -> Iterator[str]:
    for line in list(_objects(body))[::2]:
        names = line.get("index", default)
        yield from names if isinstance(names, list) else [names]


def _objects(body: bytes) -> Iterator[dict[str, Any]]:
    for line in body.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found


def _data_policy_allows(principal: str, permission: str, resource: str) -> bool:
    for record in aoss._access_policies.values():
        for statement in record["policy"]:
            if any(_is(principal, each) for each in statement["Principal"]) and any(
                _matches(rule, permission, resource) for rule in statement["Rules"]
            ):
                return True
    return False


def _matches(rule: dict[str, Any], permission: str, resource: str) -> bool:
    named = any(fnmatch.fnmatchcase(resource, pattern) for pattern in rule["Resource"])
    return named and bool({permission, "aoss:*"} & set(rule["Permission"]))


def _is(principal: str, named: str) -> bool:
    """Whether a data policy means the principal: by its ARN, or by that of the role that it has assumed."""
    return principal == named or iam_evaluator._principal_matches({"AWS": [named]}, principal)


def _public(collection: str) -> bool:
    """Whether a network policy opens the collection: everything here comes from outside a VPC."""
    for key, record in aoss._security_policies.items():
        if not key.startswith("network/"):
            continue
        for statement in record["policy"]:
            named = (pattern for rule in statement["Rules"] for pattern in rule["Resource"])
            if statement.get("AllowFromPublic") and any(
                fnmatch.fnmatchcase(f"collection/{collection}", pattern) for pattern in named
            ):
                return True
    return False


def _refused(status: int, reason: str, kind: str) -> Response:
    response: Response = aoss._aoss_error(status, reason, kind)
    return response
