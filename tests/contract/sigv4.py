"""Checks AWS signatures (version 4) as the service does that receives them, without botocore."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)/"
    r"aws4_request, SignedHeaders=(?P<signed>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)


def problem(
    method: str, path: str, headers: Mapping[str, str], body: bytes, *, service: str, secrets: Mapping[str, str] | None
) -> str | None:
    """What is wrong with the signature of a request, ``None`` where nothing is.

    ``headers`` have names in lower case; ``secrets`` are by access key, and ``None`` where only the form is checked.
    """
    found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if not found or found["service"] != service:
        return f"no Authorization header of AWS4-HMAC-SHA256 for {service}"
    signed = found["signed"].split(";")
    if {"host", "x-amz-date"} - set(signed) or sorted(signed) != signed:
        return "host and x-amz-date must be signed"
    digest = hashlib.sha256(body).hexdigest()
    if headers.get("x-amz-content-sha256", digest) != digest:
        return "x-amz-content-sha256 is not the body's"
    if secrets is None:
        return None
    if found["key"] not in secrets:
        return "unknown access key"
    path, _, query = path.partition("?")
    query = "&".join(sorted(query.split("&")))
    canonical = [method, _canonical(path), query, *(f"{name}:{' '.join(headers[name].split())}" for name in signed)]
    request = "\n".join([*canonical, "", ";".join(signed), digest])
    expected = _signature(secrets[found["key"]], headers["x-amz-date"], found["region"], service, request)
    return None if hmac.compare_digest(expected, found["signature"]) else "the signature does not match"


def _canonical(path: str) -> str:
    """The path encoded twice, as every service but S3 wants it."""
    return quote(quote(unquote(path), safe="/-_.~"), safe="/-_.~")


def _signature(secret: str, time: str, region: str, service: str, request: str) -> str:
    scope = f"{time[:8]}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in (time[:8], region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()
