"""A stand-in for a collection of OpenSearch Serverless (NextGen) on loopback: its requests, refusals and bad days.

It checks signatures, sleeps and wakes, refreshes late, knows none of what a collection does not know, and fails on
demand. ``python -m tests.contract.opensearch_server --port 9200`` runs it alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal

from tests.contract import sigv4
from tests.contract.loopback import Exchange, LoopbackServer
from tests.contract.opensearch_engine import Engine, Refused, bad_request

#: What ``fail_next`` can make of a request: a status, or no answer that could be read. ``stall`` lasts until the end.
Fault = int | Literal["cut", "cut_body", "malformed", "not_json", "stall"]

_LARGEST_BULK = 5_000_000
_IDLE_SECONDS = 600.0
#: How a collection answers that has no OCUs yet, one after the other.
_ASLEEP: tuple[Fault, ...] = (503, 429, "cut", 504)
_WRITES = re.compile(r"/_bulk|/[^/_][^/]*")


class OpenSearchServer(LoopbackServer):
    """One collection. It sleeps at first where it takes time to wake up, and again after ten idle minutes.

    ``secrets`` are those of the access keys that are let in; ``None`` lets in everybody who signs.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        refresh_seconds: float = 10.0,
        wake_seconds: float = 0.0,
        secrets: Mapping[str, str] | None = None,
        port: int = 0,
    ) -> None:
        self.engine = Engine(clock, refresh_seconds)
        #: Methods and paths of the requests taken.
        self.requests: list[str] = []
        #: How many operations there were in each bulk request.
        self.bulk_sizes: list[int] = []
        self._clock = clock
        self._secrets = secrets
        self._wake_seconds = wake_seconds
        self._awake: dict[bool, tuple[float, float]] = {}
        self._faults: deque[Fault] = deque()
        self._item_faults: deque[int | None] = deque()
        self._lock = threading.RLock()
        self._closing = threading.Event()
        super().__init__(self._respond, port)

    def fail_next(self, *faults: Fault) -> None:
        """Makes the next requests fail, one by one."""
        self._faults.extend(faults)

    def fail_items(self, *statuses: int | None) -> None:
        """Makes the next operations of bulk requests, or searches of several, fail with these statuses (or not).

        A search fails in part with 206: its shard does not answer, and the rest of it succeeds.
        """
        self._item_faults.extend(statuses)

    def close(self) -> None:
        self._closing.set()
        super().close()

    def _respond(self, exchange: Exchange) -> None:
        self.requests.append(f"{exchange.method} {exchange.path}")
        fault = self._fault(exchange)
        if fault is not None:
            self._fail(exchange, fault)
            return
        try:
            with self._lock:
                body = self._route(exchange)
        except Refused as refused:
            exchange.answer(refused.status, refused.body)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            exchange.answer(400, bad_request(f"{type(error).__name__}: {error}", "parsing_exception").body)
        else:
            exchange.answer(200, body)

    def _fault(self, exchange: Exchange) -> Fault | None:
        with self._lock:
            if self._faults:
                return self._faults.popleft()
            # Searching and indexing sleep and wake independently.
            writes = bool(_WRITES.fullmatch(exchange.path.partition("?")[0]))
            now = self._clock()
            woken_at, last = self._awake.get(writes, (-_IDLE_SECONDS, -_IDLE_SECONDS))
            if self._wake_seconds and now - last >= _IDLE_SECONDS:
                woken_at = now + self._wake_seconds
            self._awake[writes] = (woken_at, now)
            return _ASLEEP[len(self.requests) % len(_ASLEEP)] if now < woken_at else None

    def _fail(self, exchange: Exchange, fault: Fault) -> None:
        match fault:
            case int():
                exchange.answer(fault, {"status": fault, "error": {"type": "Forbidden", "reason": "vendor words"}})
            case "malformed":
                exchange.answer(200, {"what": "else"})
            case "not_json":
                exchange.answer(200, b"<html>vendor words</html>")
            case "cut_body":
                exchange.answer(200, b"{", {"Content-Length": "1000"})
                exchange.cut()
            case "stall":
                self._closing.wait()
                exchange.cut()
            case "cut":
                exchange.cut()

    def _route(self, exchange: Exchange) -> Any:
        wrong = sigv4.problem(
            exchange.method, exchange.path, exchange.headers, exchange.raw, service="aoss", secrets=self._secrets
        )
        if wrong or "x-amz-content-sha256" not in exchange.headers:
            raise Refused(403, "Forbidden", wrong or "x-amz-content-sha256 is missing")
        path, _, options = exchange.path.partition("?")
        if options:
            raise bad_request(f"request [{path}] contains unrecognized parameter: [{options}]")
        parts = path.strip("/").split("/")
        match exchange.method, *parts:
            case "POST", "_bulk":
                return self._bulk(exchange)
            case "POST", "_msearch":
                return self._msearch(exchange)
            case "POST", name, "_count":
                return {"count": self.engine.count(name, exchange.body), "_shards": _shards()}
            case "POST", name, "_search":
                return _found(self.engine.search(name, exchange.body))
            case method, name if not name.startswith("_"):
                return self._index(method, name, exchange)
        # Among them _refresh, _delete_by_query and whatever else a collection does not know.
        raise Refused(404, "Not Found", f"no handler found for uri [{path}] and method [{exchange.method}]")

    def _index(self, method: str, name: str, exchange: Exchange) -> Any:
        if method == "PUT":
            self.engine.make(name, exchange.body)
            return {"acknowledged": True, "shards_acknowledged": True, "index": name}
        index = self.engine.index(name)
        if method == "DELETE":
            del self.engine.indexes[name]
            return {"acknowledged": True}
        return {name: index.body}

    def _bulk(self, exchange: Exchange) -> Any:
        if len(exchange.raw) > _LARGEST_BULK:
            raise Refused(413, "Request Entity Too Large", "the request is larger than 5 MB")
        lines = _lines(exchange)
        items = []
        while lines:
            [(action, meta)] = lines.popleft().items()
            if action not in {"index", "delete"} or set(meta) != {"_index", "_id"}:
                raise bad_request(f"Unknown parameters in action [{action}]")
            source = lines.popleft() if action == "index" else None
            items.append({action: self._item(action, meta, source)})
        self.bulk_sizes.append(len(items))
        failed = any("error" in result for item in items for result in item.values())
        return {"took": 1, "errors": failed, "items": items}

    def _item(self, action: str, meta: dict[str, Any], source: Any) -> dict[str, Any]:
        fault = self._item_faults.popleft() if self._item_faults else None
        if fault is not None:
            return {**meta, "status": fault, "error": {"type": "vendor_exception", "reason": "vendor words"}}
        try:
            return {**meta, "status": self.engine.write(action, meta, source)}
        except Refused as refused:
            return {**meta, **refused.body}

    def _msearch(self, exchange: Exchange) -> Any:
        lines = _lines(exchange)
        responses: list[dict[str, Any]] = []
        while lines:
            header, body = lines.popleft(), lines.popleft()
            fault = self._item_faults.popleft() if self._item_faults else 200
            if fault not in {None, 200, 206}:
                responses.append({"error": {"type": "vendor_exception", "reason": "vendor words"}, "status": fault})
                continue
            try:
                found = self.engine.search(header["index"], body)
            except Refused as refused:
                responses.append(refused.body)
            else:
                partial = _found([], failed=1)
                responses.append({**(partial if fault == 206 else _found(found)), "status": 200})
        return {"took": 1, "responses": responses}


def _lines(exchange: Exchange) -> deque[Any]:
    if exchange.headers.get("content-type") != "application/x-ndjson":
        raise Refused(406, "media_type_header_exception", "Content-Type must be application/x-ndjson")
    if not exchange.raw.endswith(b"\n"):
        raise bad_request("The request must be terminated by a newline [\\n]")
    return deque(json.loads(line) for line in exchange.raw.splitlines())


def _found(hits: list[dict[str, Any]], failed: int = 0) -> dict[str, Any]:
    total = {"value": len(hits), "relation": "eq"}
    return {"took": 1, "timed_out": False, "_shards": _shards(failed), "hits": {"total": total, "hits": hits}}


def _shards(failed: int = 0) -> dict[str, int]:
    return {"total": 1, "successful": 1 - failed, "skipped": 0, "failed": failed}


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for an OpenSearch Serverless collection.")
    parser.add_argument("--port", type=int, default=9200)
    parser.add_argument("--refresh-seconds", type=float, default=10.0)
    parser.add_argument("--wake-seconds", type=float, default=0.0)
    options = parser.parse_args()
    with OpenSearchServer(
        port=options.port, refresh_seconds=options.refresh_seconds, wake_seconds=options.wake_seconds
    ) as server:
        print(server.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
