"""Puts everything together, in the order in which it builds on each other."""

from __future__ import annotations

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from ministack.app import app

from tests.rehearsal.account.launcher import control, decisions, nested_stacks, owner, rest_api
from tests.rehearsal.account.launcher.faults import Faults
from tests.rehearsal.account.launcher.functions import Functions
from tests.rehearsal.account.launcher.jsonl import JsonLog
from tests.rehearsal.account.launcher.settings import Settings
from tests.rehearsal.account.launcher.web_adapter import WebServers


async def serve(settings: Settings) -> None:
    """The account, until the process is told to stop; then every function is stopped too."""
    functions = Functions(settings)
    servers = WebServers(functions)
    functions.servers = servers
    faults = Faults()
    decisions.install(JsonLog(settings.log("calls")))
    functions.install()
    rest_api.install(servers)
    nested_stacks.install()
    faults.install()
    control.install(faults)
    owner.make(settings)
    config = Config()
    config.bind = [f"127.0.0.1:{settings.port}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    try:
        await hypercorn_serve(app, config)
    finally:
        functions.close()
