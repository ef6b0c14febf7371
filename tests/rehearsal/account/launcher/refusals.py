"""How the services that stand in here refuse: an error of their protocol, and IAM's in its own words."""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_region

from tests.rehearsal.account.launcher.control import Response, answer


class Refusal(Exception):
    """An error of a service that speaks JSON."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code

    def response(self) -> Response:
        return answer(self.status, {"message": str(self)}, **{"x-amzn-ErrorType": self.code})


def authorise(access_key: str, action: str, resource: str, context: dict[str, Any] | None = None) -> None:
    """Asks IAM for an action such as ``bedrock:InvokeModel``. Raises ``Refusal``."""
    service = action.partition(":")[0]
    denied = iam_evaluator.enforce(access_key, action, service, get_region(), resource, context)
    if isinstance(denied, iam_evaluator.AuthError):
        raise Refusal(403, denied.code, denied.message)
    if denied is not None:
        raise Refusal(
            403,
            "AccessDeniedException",
            f"User: {denied.principal_arn} is not authorized to perform: {action} on resource: {resource} because no "
            f"identity-based policy allows the {action} action",
        )
