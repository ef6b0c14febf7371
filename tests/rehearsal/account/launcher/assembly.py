"""Puts everything together, in the order in which it builds on each other."""

from __future__ import annotations

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from ministack.app import app
from ministack.services.cloudformation import stacks

from tests.rehearsal.account.launcher import (
    conditions,
    control,
    decisions,
    deliveries,
    key_use,
    nested_changes,
    nested_stacks,
    owner,
    rest_api,
    search,
    stack_alarms,
    stack_buckets,
    stack_budgets,
    stack_forgotten,
    stack_functions,
    stack_names,
    stack_requests,
    stack_search,
    stack_tables,
    web_front,
)
from tests.rehearsal.account.launcher.bedrock import Bedrock
from tests.rehearsal.account.launcher.bedrock_control import BedrockControl
from tests.rehearsal.account.launcher.faults import Faults
from tests.rehearsal.account.launcher.functions import Functions
from tests.rehearsal.account.launcher.jsonl import JsonLog
from tests.rehearsal.account.launcher.others import Others
from tests.rehearsal.account.launcher.settings import Settings
from tests.rehearsal.account.launcher.stores import Stores
from tests.rehearsal.account.launcher.vectors import Vectors
from tests.rehearsal.account.launcher.web_adapter import WebServers


async def serve(settings: Settings) -> None:
    """The account, until the process is told to stop; then every function is stopped too."""
    functions = Functions(settings)
    servers = WebServers(functions)
    functions.servers = servers
    faults = Faults()
    stores = Stores(settings.registry_port)
    vectors = Vectors(stores)
    decisions.install(JsonLog(settings.log("calls")))
    functions.install()
    rest_api.install(servers)
    nested_stacks.install()
    # Whatever a resource takes long for is to keep nobody waiting but its stack.
    stacks._runs_on_worker_thread = lambda _: True
    for module in (
        conditions,
        nested_changes,
        stack_names,
        stack_alarms,
        stack_tables,
        stack_buckets,
        stack_functions,
        stack_forgotten,
        stack_budgets,
        key_use,
        deliveries,
        web_front,
    ):
        module.install()
    stack_requests.install(faults)
    stack_search.install(stores)
    vectors.install()
    faults.install()
    control.install(
        faults,
        search.plane,
        vectors.plane,
        Bedrock(settings.bedrock_port, faults).plane,
        BedrockControl(faults).plane,
        stack_budgets.plane,
        Others(JsonLog(settings.log("refusals"))).plane,
    )
    owner.make(settings)
    config = Config()
    config.bind = [f"127.0.0.1:{settings.port}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    try:
        await hypercorn_serve(app, config)
    finally:
        functions.close()
