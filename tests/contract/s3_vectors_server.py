"""A stand-in for S3 Vectors on loopback: its requests, its limits, its filters and both its searches.

botocore's own service model checks the requests, and the engine what stands only in words.
``python -m tests.contract.s3_vectors_server --bucket NAME --port 9300`` runs it alone.
"""

from __future__ import annotations

import argparse
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Literal

import botocore.session
from botocore.model import ListShape, Shape, StructureShape
from botocore.validate import ParamValidator

from tests.contract import sigv4
from tests.contract.loopback import Exchange, LoopbackServer
from tests.contract.s3_vectors_engine import Engine, Mode, Refused, invalid

#: What ``fail_next`` can make of a request: an error's status and code, or no answer that could be read.
Fault = tuple[int, str] | Literal["cut", "malformed", "not_json", "stall"]

_LARGEST_REQUEST = 20 * 2**20


class S3VectorsServer(LoopbackServer):
    """One vector bucket. ``page`` is how many results of a query come at once. ``mode`` is that of its new indexes."""

    def __init__(self, bucket: str, *, mode: Mode = "ENHANCED", page: int = 30, port: int = 0) -> None:
        self.engine = Engine(bucket, mode, page)
        #: The operations asked for.
        self.requests: list[str] = []
        self._bucket = bucket
        self._faults: deque[Fault | None] = deque()
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._model = botocore.session.get_session().get_service_model("s3vectors")
        super().__init__(self._respond, port)

    def fail_next(self, *faults: Fault | None) -> None:
        """Makes the next requests fail (or not), one by one."""
        self._faults.extend(faults)

    def close(self) -> None:
        self._closing.set()
        super().close()

    def _respond(self, exchange: Exchange) -> None:
        operation = exchange.path.strip("/")
        self.requests.append(operation)
        with self._lock:
            fault = self._faults.popleft() if self._faults else None
        if fault is not None:
            self._fail(exchange, fault)
            return
        try:
            with self._lock:
                body = self._answer(operation, exchange)
        except Refused as refused:
            _refuse(exchange, refused)
        except ValueError as error:
            _refuse(exchange, invalid(f"Invalid filter: {error}"))
        else:
            exchange.answer(200, body)

    def _fail(self, exchange: Exchange, fault: Fault) -> None:
        match fault:
            case (status, code):
                _refuse(exchange, Refused(status, code, "vendor words"))
            case "malformed":
                exchange.answer(200, {"what": "else"})
            case "not_json":
                exchange.answer(200, b"<html>vendor words</html>")
            case "stall":
                self._closing.wait()
                exchange.cut()
            case _:
                exchange.cut()

    def _answer(self, operation: str, exchange: Exchange) -> Any:
        wrong = sigv4.problem(
            exchange.method, exchange.path, exchange.headers, exchange.raw, service="s3vectors", secrets=None
        )
        if wrong or exchange.method != "POST" or operation not in self._model.operation_names:
            raise Refused(403, "AccessDeniedException", wrong or "unknown operation")
        if len(exchange.raw) > _LARGEST_REQUEST:
            raise invalid("Request payload size exceeds 20 MiB")
        shape = self._model.operation_model(operation).input_shape
        assert shape is not None
        report = ParamValidator().validate(exchange.body, shape)
        if report.has_errors():
            raise invalid(report.generate_report())
        if too_many := next(_over_limits(exchange.body, shape), None):
            raise invalid(too_many)
        if exchange.body.get("vectorBucketName") != self._bucket:
            raise Refused(404, "NotFoundException", "The specified vector bucket could not be found")
        handlers: dict[str, Callable[[dict[str, Any]], Any]] = {
            "CreateIndex": self.engine.create_index,
            "GetIndex": self.engine.get_index,
            "ListIndexes": self.engine.list_indexes,
            "PutVectors": self.engine.put_vectors,
            "GetVectors": self.engine.get_vectors,
            "DeleteVectors": self.engine.delete_vectors,
            "QueryVectors": self.engine.query_vectors,
        }
        return handlers[operation](exchange.body)


def _refuse(exchange: Exchange, refused: Refused) -> None:
    headers = {"x-amzn-ErrorType": refused.code, "x-amzn-RequestId": "r-1"}
    exchange.answer(refused.status, {"message": str(refused)}, headers)


def _over_limits(value: Any, shape: Shape) -> Iterator[str]:
    """What is longer or larger than the service model allows: botocore checks the least only."""
    most = shape.metadata.get("max")
    size = value if isinstance(value, int) else len(value) if isinstance(value, str | list) else 0
    if most is not None and size > most:
        yield f"{shape.name} must be at most {most}"
    if isinstance(shape, StructureShape) and not shape.is_document_type:
        for name, member in shape.members.items():
            if name in value:
                yield from _over_limits(value[name], member)
    elif isinstance(shape, ListShape) and shape.member.type_name != "float":
        for each in value:
            yield from _over_limits(each, shape.member)


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for a bucket of S3 Vectors.")
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--port", type=int, default=9300)
    options = parser.parse_args()
    with S3VectorsServer(options.bucket, port=options.port) as server:
        print(server.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
