"""The stores behind the account: one stand-in of a collection or a vector bucket for each that the account makes.

The launcher asks for them over HTTP: ``POST /collections/NAME`` and ``POST /vector-buckets/NAME`` answer
``{"port": ...}``, ``GET`` ``{"indexes": [...]}``, ``DELETE`` ends one.
"""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

from tests.contract.loopback import Exchange, LoopbackServer
from tests.contract.opensearch_server import OpenSearchServer
from tests.contract.s3_vectors_engine import Refused
from tests.contract.s3_vectors_server import S3VectorsServer

#: NextGen shows a write after 10 s. Shorter here, as every document of the rehearsal would wait for it.
_REFRESH_SECONDS = 1.0
_PAGE = 30


class VectorBucket(S3VectorsServer):
    """A vector bucket whose indexes can be deleted, and be named by their ARNs."""

    def _answer(self, operation: str, exchange: Exchange) -> Any:
        body = exchange.body
        if operation == "DeleteIndex":
            name = body.get("indexName") or body["indexArn"].rpartition("/")[2]
            if self.engine.indexes.pop(name, None) is None:
                raise Refused(404, "NotFoundException", "The specified index could not be found")
            return {}
        if arn := body.get("indexArn") or body.get("vectorBucketArn"):
            bucket, _, index = arn.partition(":bucket/")[2].partition("/index/")
            named = {"vectorBucketName": bucket, **({"indexName": index} if index else {})}
            rest = {key: value for key, value in body.items() if key not in {"indexArn", "vectorBucketArn"}}
            exchange.body = {**rest, **named}
        return super()._answer(operation, exchange)


class Registry(LoopbackServer):
    """Makes stores when they are asked for, and closes all of them at the end."""

    def __init__(self, port: int) -> None:
        self._stores: dict[str, OpenSearchServer | S3VectorsServer] = {}
        self._lock = threading.Lock()
        super().__init__(self._respond, port)

    def close(self) -> None:
        super().close()
        for store in self._stores.values():
            store.close()

    def _respond(self, exchange: Exchange) -> None:
        _, kind, name = (*exchange.path.split("/", 2), "", "")[:3]
        if exchange.method == "POST" and kind in {"collections", "vector-buckets"} and name:
            exchange.answer(200, self._open(kind, name))
        elif exchange.method == "GET" and (store := self._stores.get(exchange.path)):
            exchange.answer(200, {"indexes": sorted(store.engine.indexes)})
        elif exchange.method == "DELETE" and (store := self._stores.pop(exchange.path, None)):
            store.close()
            exchange.answer(200, {})
        else:
            exchange.answer(404, {"message": "no such store"})

    def _open(self, kind: str, name: str) -> dict[str, Any]:
        with self._lock:
            store = self._stores.get(f"/{kind}/{name}")
            if store is None:
                # Signatures are checked in full before a request comes here; these look at their form only.
                store = (
                    OpenSearchServer(refresh_seconds=_REFRESH_SECONDS)
                    if kind == "collections"
                    else VectorBucket(name, page=_PAGE)
                )
                self._stores[f"/{kind}/{name}"] = store
        return {"port": urlsplit(store.url).port}
