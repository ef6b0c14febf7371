"""What the rehearsal breaks on purpose: the network for a while, and resources of a stack by their logical ids."""

from __future__ import annotations

import threading
import time
from typing import Any

from hypercorn.asyncio import tcp_server
from ministack.core.responses import get_account_id
from ministack.services import cloudformation, sts
from ministack.services.cloudformation import stacks

_ANY = "*"
_LONGEST_HOLD_SECONDS = 60.0
_WORDS = 'Resource handler returned message: "Internal Failure" (HandlerErrorCode: InternalFailure)'


def _expired_session() -> dict[str, str]:
    """Credentials of a session that is over."""
    key, secret, token = "ASIAEXPIREDEXPIRED00", "expired", "expired-token"
    sts.register_session(
        key,
        {
            "Arn": f"arn:aws:sts::{get_account_id()}:assumed-role/somebody/session",
            "UserId": "somebody:session",
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": time.time() - 1,
        },
    )
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


class Faults:
    """The faults that wait for their turn. ``control`` takes them as JSON; see README.md for what may stand in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offline_until = 0.0
        self._failing: list[dict[str, Any]] = []
        self._holding: list[dict[str, Any]] = []
        self._released = threading.Event()
        #: Whether a stack stands still because it was asked for.
        self.holding = False
        self._connections: set[Any] = set()
        #: Models whose access was never granted in the account.
        self.denied_models: set[str] = set()
        #: Whether the form that Anthropic asks for was never sent.
        self.form_missing = False
        #: What Bedrock answers next instead of a reply: status, code, words.
        self.bedrock: list[tuple[int, str, str]] = []

    def control(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Does what the request asks for, and tells what is set now."""
        with self._lock:
            self._failing += wanted.get("fail", [])
            self._holding += wanted.get("hold", [])
            self.bedrock += [
                (each["status"], each["code"], each.get("message", "")) for each in wanted.get("bedrock", [])
            ]
            if "denied_models" in wanted:
                self.denied_models = set(wanted["denied_models"])
            self.form_missing = wanted.get("form_missing", self.form_missing)
        for name, status in wanted.get("stack_status", {}).items():
            cloudformation._stacks[name]["StackStatus"] = status
        if wanted.get("release"):
            self._released.set()
        if seconds := wanted.get("offline_seconds"):
            self._offline_until = time.monotonic() + float(seconds)
            for writer in list(self._connections):
                writer.transport.abort()
        if wanted.get("clear"):
            self._clear()
        told: dict[str, Any] = {"fail": self._failing, "hold": self._holding, "holding": self.holding}
        return {**told, "expired_session": _expired_session()} if wanted.get("expired_session") else told

    def _clear(self) -> None:
        """Everything is as it was at the beginning; what was held goes on."""
        self._offline_until = 0.0
        self._released.set()
        self.form_missing = False
        with self._lock:
            for each in (self._failing, self._holding, self.denied_models, self.bedrock):
                each.clear()

    def before(self, operation: str, logical_id: str) -> None:
        """Called before a resource is created, updated or deleted. Raises ``ValueError`` where that is to fail."""
        held = self._take(self._holding, operation, logical_id)
        if held is not None:
            self._released.clear()
            self.holding = True
            self._released.wait(float(held.get("seconds", _LONGEST_HOLD_SECONDS)))
            self.holding = False
        failing = self._take(self._failing, operation, logical_id)
        if failing is not None:
            raise ValueError(failing.get("reason", _WORDS))

    def _take(self, faults: list[dict[str, Any]], operation: str, logical_id: str) -> dict[str, Any] | None:
        with self._lock:
            for each in faults:
                if each["logical_id"] in {logical_id, _ANY} and each.get("operation", "create") == operation:
                    each["times"] = each.get("times", 1) - 1
                    if each["times"] <= 0:
                        faults.remove(each)
                    return each
        return None

    @property
    def offline(self) -> bool:
        return time.monotonic() < self._offline_until

    def install(self) -> None:
        """Puts the faults in the way of the stack engine and of connections."""
        self._in_the_way_of_resources()
        self._in_the_way_of_connections()

    def _in_the_way_of_resources(self) -> None:
        provision, update, delete = stacks._provision_resource, stacks._update_resource, stacks._delete_resource

        def provision_resource(resource_type: str, logical_id: str, *rest: Any) -> Any:
            self.before("create", logical_id)
            return provision(resource_type, logical_id, *rest)

        def update_resource(  # noqa: PLR0917 - as the engine calls it
            resource_type: str,
            physical_id: str,
            old: Any,
            new: Any,
            stack: str,
            logical_id: str = "",
            attrs: Any = None,
        ) -> Any:
            if old != new:
                self.before("update", logical_id)
            return update(resource_type, physical_id, old, new, stack, logical_id, attrs)

        def delete_resource(
            resource_type: str, physical_id: str, props: Any, stack: str = "", logical_id: str = ""
        ) -> None:
            self.before("delete", logical_id)
            delete(resource_type, physical_id, props, stack, logical_id)

        stacks._provision_resource = provision_resource
        stacks._update_resource = update_resource
        stacks._delete_resource = delete_resource

    def _in_the_way_of_connections(self) -> None:
        run = tcp_server.TCPServer.run
        faults = self

        async def run_or_reset(server: Any) -> None:
            if faults.offline:
                server.writer.transport.abort()
                return
            faults._connections.add(server.writer)
            try:
                await run(server)
            finally:
                faults._connections.discard(server.writer)

        tcp_server.TCPServer.run = run_or_reset
