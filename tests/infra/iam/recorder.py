"""Records every call that the functions make to AWS, and which of them made it."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from boto3.session import Session
from botocore.credentials import ReadOnlyCredentials
from botocore.loaders import create_loader

from shared.aws import clients, opensearch_client
from shared.aws.opensearch_client import OpenSearchClient, Timer
from tests.contract.stores import one_call_at_a_time

#: Where the adapters stand.
ADAPTERS = Path(clients.__file__).parent
#: What a collection of OpenSearch Serverless signs its requests for.
COLLECTION = "aoss"

#: Reading botocore's descriptions of the services takes longer than all calls; each is read once.
_LOADER = create_loader()

#: A file and a function of an adapter.
Site = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``service`` is botocore's name; to a collection it is ``aoss``, and ``operation`` method and path.

    ``sites`` are the functions of adapters that were running; ``statuses`` is what the service answered.
    """

    function: str
    service: str
    operation: str
    parameters: Mapping[str, Any]
    sites: frozenset[Site]
    statuses: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Recorder:
    """``calls`` are those made so far, in their order, and signed URLs as the calls that they stand for."""

    calls: list[Call] = field(default_factory=list)
    _acting: ContextVar[str | None] = field(default_factory=lambda: ContextVar("acting", default=None))

    @contextmanager
    def acting(self, function: str) -> Iterator[None]:
        """The clients made inside, by this thread, are those of the function."""
        token = self._acting.set(function)
        yield
        self._acting.reset(token)

    @contextmanager
    def listening(self, key_arn: Mapping[str, str], timer: Timer) -> Iterator[None]:
        """Every client that the adapters make is recorded, and closed at the end.

        ``key_arn`` translates the names of KMS keys into those that are there; ``timer`` is the time of indexes.
        """
        recorder = self

        class RecordedSession(Session):
            def __init__(self, region_name: str | None = None) -> None:
                super().__init__(region_name=region_name)
                self._session.register_component("data_loader", _LOADER)
                function = recorder._function()
                self.events.register("before-parameter-build", recorder._noting(function, key_arn))
                self.events.register("before-call", recorder._taking)
                self.events.register("after-call", _answered)

            def client(self, service: str, **options: Any) -> Any:  # type: ignore[override]  # overloaded by service
                made: Any = super().client(service, **options)  # type: ignore[call-overload]  # as above
                opened.callback(made.close)
                if service == "dynamodb":
                    one_call_at_a_time(made)
                return made

        class RecordedIndex(OpenSearchClient):
            def __init__(
                self, endpoint: str, region: str, credentials: Callable[[], ReadOnlyCredentials | None]
            ) -> None:
                super().__init__(endpoint, region, credentials, timer)
                function = recorder._function()
                opened.callback(self.close)
                self._client.event_hooks = {"request": [lambda request: recorder._asked(function, request)]}

        with ExitStack() as opened, pytest.MonkeyPatch.context() as patch:
            patch.setattr(clients, "Session", RecordedSession)
            patch.setattr(opensearch_client, "OpenSearchClient", RecordedIndex)
            yield

    def _function(self) -> str:
        function = self._acting.get()
        assert function, "a client was made by none of the functions"
        return function

    def _noting(self, function: str, key_arn: Mapping[str, str]) -> Callable[..., None]:
        def note(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
            call = Call(
                function, model.service_model.service_name, model.name, copy.deepcopy(params), frozenset(_sites())
            )
            if call.service == "kms":
                params["KeyId"] = key_arn.get(params["KeyId"], params["KeyId"])
            if context.get("is_presign_request"):
                # Nobody sends it here; whoever does acts with the rights of the role that signed it.
                self.calls.append(call)
            context["noted"] = call

        return note

    def _taking(self, context: dict[str, Any], **_: Any) -> None:
        self.calls.append(context["noted"])

    def _asked(self, function: str, request: httpx.Request) -> None:
        operation = f"{request.method} {request.url.path}"
        sites = frozenset(_sites())
        self.calls.append(Call(function, COLLECTION, operation, {"body": request.content}, sites))


def _answered(parsed: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
    context["noted"].statuses.append(parsed["ResponseMetadata"]["HTTPStatusCode"])


def _sites() -> Iterator[Site]:
    frame = sys._getframe(1)
    while frame.f_back:
        frame = frame.f_back
        path = Path(frame.f_code.co_filename)
        if path.parent == ADAPTERS:
            yield path.name, frame.f_code.co_name
