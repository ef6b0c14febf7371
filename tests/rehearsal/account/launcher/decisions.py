"""The log of every IAM decision, and the condition keys that ministack leaves out."""

from __future__ import annotations

import contextvars
import json
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import kms

from tests.rehearsal.account.launcher.jsonl import JsonLog

_log: JsonLog | None = None


def note(
    principal: str, action: str, resource: str, context: dict[str, Any], *, allowed: bool, reason: str = ""
) -> None:
    """Writes a decision down."""
    assert _log is not None
    _log.add(
        principal=principal,
        role=role_of(principal),
        action=action,
        resource=resource,
        allowed=allowed,
        reason=reason,
        context={name: value for name, value in context.items() if value is not None},
    )


def install(log: JsonLog) -> None:
    """From here on each decision of ministack's evaluator stands in the log."""
    global _log  # noqa: PLW0603 - one log, as there is one account
    _log = log
    original = iam_evaluator.enforce

    def enforce(  # noqa: PLR0917 - as ministack calls it
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        context = dict(service_context or {})
        if service == "kms":
            resource_arn = key_arn(resource_arn)
            context = {**_kms_context(), **context}
        denied = original(access_key_id, iam_action, service, region, resource_arn, context)
        reason = "" if denied is None else getattr(denied, "message", "") or denied.reason
        note(_principal(access_key_id), iam_action, resource_arn, context, allowed=denied is None, reason=reason)
        return denied

    iam_evaluator.enforce = enforce
    # Everything here comes over plain HTTP on loopback, or from a service; in AWS it comes over TLS.
    secure: Any = contextvars.ContextVar("origin", default=("127.0.0.1", True))
    iam_evaluator._request_origin = secure
    app.pin_request_origin = lambda address, _: secure.set((address, True))


def role_of(principal: str) -> str:
    """The name of the role behind an assumed-role ARN, else nothing."""
    return principal.split("/")[1] if ":assumed-role/" in principal else ""


def key_arn(resource_arn: str) -> str:
    """The ARN of the key behind that of an alias: policies are evaluated on the key, whatever the request named."""
    if ":alias/" not in resource_arn:
        return resource_arn
    record = kms._resolve_key(resource_arn)
    return record["Arn"] if record else resource_arn


def encryption_context(pairs: dict[str, str]) -> dict[str, Any]:
    """The condition keys that an encryption context gives."""
    keys: dict[str, Any] = {f"kms:EncryptionContext:{name}": value for name, value in pairs.items()}
    return {**keys, "kms:EncryptionContextKeys": sorted(pairs)} if pairs else {}


def _kms_context() -> dict[str, Any]:
    """The condition keys of a call to KMS itself, out of the request that is being checked."""
    found: dict[str, Any] = {"kms:CallerAccount": get_account_id()}
    request = iam_evaluator._signed_request.get()
    try:
        body = json.loads(request.body) if request and request.body else {}
    except ValueError:
        return found
    pairs = body.get("EncryptionContext") if isinstance(body, dict) else None
    return {**found, **encryption_context(pairs)} if isinstance(pairs, dict) else found


def _principal(access_key_id: str) -> str:
    if not access_key_id:
        return "anonymous"
    credential = iam_evaluator.resolve_credential(access_key_id)
    return getattr(credential, "principal_arn", "") or f"unknown key {access_key_id[:4]}..."
