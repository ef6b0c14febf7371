"""What services do with KMS keys, and whether they may: in the name of a caller, or in their own.

ministack checks calls to KMS itself. A put into an encrypted bucket is one as well, by way of S3; so is a message into
an encrypted queue, by way of SQS, or by EventBridge in its own name.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import kms

from tests.rehearsal.account.launcher.decisions import encryption_context, key_arn, note


def caller_may_not(access_key: str, action: str, key: str, service: str, pairs: dict[str, str]) -> str:
    """The words of the refusal where the caller may not use the key by way of the service, else nothing.

    ``pairs`` is the encryption context that the service gives.
    """
    arn = _arn(key)
    context = {
        "kms:ViaService": f"{service}.{get_region()}.amazonaws.com",
        "kms:CallerAccount": get_account_id(),
        **encryption_context(pairs),
    }
    denied = iam_evaluator.enforce(access_key, f"kms:{action}", "kms", get_region(), arn, context)
    if denied is None:
        record = kms._resolve_key(arn)
        return "" if record and record["KeyState"] == "Enabled" else f"{arn} is not there, or not enabled"
    who = getattr(denied, "principal_arn", "") or "the caller"
    return (
        f"User: {who} is not authorized to perform: kms:{action} on resource: {arn} because no identity-based policy "
        f"allows the kms:{action} action"
    )


def service_may(service: str, action: str, key: str, source_arn: str, pairs: dict[str, str] | None = None) -> bool:
    """Whether the key policy lets a service use the key in its own name, for the resource ``source_arn``."""
    arn = _arn(key)
    found = kms.key_policy_for_arn(arn)
    context: dict[str, Any] = {
        "aws:sourcearn": source_arn,
        "aws:sourceaccount": get_account_id(),
        **encryption_context(pairs or {}),
    }
    allowed = found is not None and _policy_allows(found[0], service, f"kms:{action}", arn, context)
    note(service, f"kms:{action}", arn, context, allowed=allowed)
    return allowed


def resource_policy_allows(policy: Any, service: str, action: str, resource: str, source_arn: str) -> bool:
    """Whether the policy of a resource lets a service do something, for ``source_arn``."""
    context = {"aws:sourcearn": source_arn, "aws:sourceaccount": get_account_id()}
    allowed = _policy_allows(policy, service, action, resource, context)
    note(service, action, resource, context, allowed=allowed)
    return allowed


def _policy_allows(policy: Any, service: str, action: str, resource: str, context: dict[str, Any]) -> bool:
    evaluated = iam_evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=get_region(),
        secure_transport=True,
        service_context={name.lower(): value for name, value in context.items()},
    )
    return bool(iam_evaluator.evaluate_resource_policy(policy, evaluated, service).decision == "Allow")


def _arn(key: str) -> str:
    """The ARN of the key, which may be given by id, ARN or alias."""
    if key.startswith("arn:"):
        return key_arn(key)
    kind = key if key.startswith("alias/") else f"key/{key}"
    return key_arn(f"arn:aws:kms:{get_region()}:{get_account_id()}:{kind}")
