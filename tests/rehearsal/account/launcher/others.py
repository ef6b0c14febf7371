"""Small services that a script asks, and a clear word about those that nobody emulates."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.responses import get_region
from ministack.core.router import extract_access_key_id

from tests.rehearsal.account.launcher.control import Request, Response, answer
from tests.rehearsal.account.launcher.jsonl import JsonLog

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/(?P<service>[^/]+)/aws4_request")
_COSTS = "AWSInsightsIndexService."
#: Names of services in signatures for which ministack has another one, or which are served here.
_KNOWN = {"ce", "codedeploy", "execute-api", "s3vectors", "aoss", "bedrock", "events", "monitoring", "states", "email"}


class Others:
    """The data plane that comes last."""

    def __init__(self, refusals: JsonLog) -> None:
        self._refusals = refusals

    async def plane(self, request: Request) -> Response | None:
        target = request.headers.get("x-amz-target", "")
        if target.startswith(_COSTS):
            return _costs(request, target.removeprefix(_COSTS))
        found = _SCOPE.search(request.headers.get("authorization", ""))
        service = found["service"] if found else ""
        if not service or service in _KNOWN or self._emulated(service):
            return None
        self._refusals.add(refused=f"{service} is not emulated: {target or request.path}")
        words = f"{service} is not emulated in the rehearsal"
        return answer(
            400, {"__type": "NotEmulatedException", "message": words}, **{"x-amzn-ErrorType": "NotEmulatedException"}
        )

    def _emulated(self, service: str) -> bool:
        return service in app.SERVICE_HANDLERS or service in app.SERVICE_NAME_ALIASES


def _costs(request: Request, operation: str) -> Response:
    """Cost Explorer of an account without any costs yet."""
    key = extract_access_key_id(request.headers, request.query)
    denied = iam_evaluator.enforce(key, f"ce:{operation}", "ce", get_region(), "*")
    if denied is not None:
        words = getattr(denied, "message", "") or f"not authorized to perform: ce:{operation}"
        return answer(400, {"__type": getattr(denied, "code", "AccessDeniedException"), "message": words})
    if operation != "GetCostAndUsage":
        return answer(400, {"__type": "NotEmulatedException", "message": f"{operation} is not emulated"})
    body = request.json()
    totals = {metric: {"Amount": "0", "Unit": "USD"} for metric in body.get("Metrics", ["UnblendedCost"])}
    results = [
        {"TimePeriod": period, "Total": totals, "Groups": [], "Estimated": True}
        for period in _periods(body["TimePeriod"])
    ]
    return answer(200, {"ResultsByTime": results, "DimensionValueAttributes": []})


def _periods(asked: dict[str, Any]) -> list[dict[str, str]]:
    """The months of the time asked for, cut to it; the end is not a part of it."""
    start, end = (dt.date.fromisoformat(asked[name][:10]) for name in ("Start", "End"))
    found = []
    while start < end:
        following = min(end, (start.replace(day=1) + dt.timedelta(days=32)).replace(day=1))
        found.append({"Start": start.isoformat(), "End": following.isoformat()})
        start = following
    return found
