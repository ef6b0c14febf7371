"""CloudFront before a REST API and an encrypted bucket.

ministack looks for the API on the network, where it is not, and asks no key policy whether CloudFront may decrypt.
"""

from __future__ import annotations

import http
import re
from typing import Any
from urllib.parse import parse_qs, unquote

from ministack.services import apigateway_v1, cloudfront, s3

from tests.rehearsal.account.launcher import key_use, keys

_API = re.compile(r"(?P<id>[a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com")


def install() -> None:
    fetch = cloudfront._fetch_from_origin

    async def fetched(origin: dict[str, Any], method: str, uri: str, *rest: Any) -> Any:
        found = _API.fullmatch(origin["domain_name"])
        if found is None:
            return await fetch(origin, method, uri, *rest)
        # The rest: query, headers, body, and what is about the viewer.
        query, headers, body, *_ = rest
        _, stage, path = (*unquote(origin.get("origin_path", "") + uri).split("/", 2), "")[:3]
        sent = {**headers, "host": origin["domain_name"]}
        status, answered, content = await apigateway_v1.handle_execute(
            found["id"], stage, method, f"/{path}", sent, body, parse_qs(query, keep_blank_values=True)
        )
        lower = {name.lower(): value for name, value in answered.items()}
        # A body that is streamed stays so: the distribution passes it on as it comes.
        return status, http.HTTPStatus(status).phrase, lower, content

    cloudfront._fetch_from_origin = fetched
    _ask_for_the_key()


def _ask_for_the_key() -> None:
    serve = s3.serve_cloudfront_origin_fetch

    def served(bucket: str, name: str, *rest: Any, source_arn: str = "", **more: Any) -> Any:
        key, context = key_use.decrypting(bucket, name)
        if key and not keys.service_may("cloudfront.amazonaws.com", "Decrypt", key, source_arn, context):
            return s3._error("AccessDenied", "Access Denied", 403, f"/{bucket}/{name}")
        return serve(bucket, name, *rest, source_arn=source_arn, **more)

    s3.serve_cloudfront_origin_fetch = served
