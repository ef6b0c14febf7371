"""The data plane of REST APIs where ministack's buffers: answers of functions that stream are relayed as they come.

Keys, usage plans, throttles, quotas and gateway responses are ministack's. Here are the last step, the invocation, and
the check that the API may invoke the function at all, which ministack leaves out.
"""

from __future__ import annotations

import asyncio
import contextvars
import copy
import json
import re
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region, new_uuid
from ministack.services import apigateway_v1, lambda_svc
from ministack.services.cloudformation import provisioners

from tests.rehearsal.account.launcher.functions import adapted
from tests.rehearsal.account.launcher.relay import Unreachable, ask
from tests.rehearsal.account.launcher.web_adapter import InitFailed, WebServers, http_request

_STREAMING_URI = re.compile(r".*:lambda:path/2021-11-15/functions/(?P<function>.+)/response-streaming-invocations")
_BUFFERED_URI = re.compile(r".*:lambda:path/2015-03-31/functions/(?P<function>.+)/invocations")
_LARGEST_BODY = 10 * 2**20
_MOST_STREAM_MS, _MOST_BUFFER_MS = 900_000, 29_000


#: What the deployments of the APIs have photographed: resources by API and deployment.
_photographs: dict[tuple[str, str], Any] = {}
#: The resources that the request that is being answered sees.
_served: contextvars.ContextVar[Any] = contextvars.ContextVar("served", default=None)


def install(servers: WebServers) -> None:
    app._EXECUTE_API_RE = re.compile(r"^([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?::\d+)?$")
    _keep_the_transfer_mode()
    _serve_deployments()
    buffered = apigateway_v1._invoke_lambda_proxy_v1

    async def invoke(integration: dict[str, Any], api_id: str, stage_name: str, *rest: Any, **more: Any) -> Any:
        # The rest: stage, resource, path, method, headers, body, query, parameters of the path.
        _, resource, _, method, _, body, *_ = rest
        if len(body) > _LARGEST_BODY:
            return apigateway_v1._gw_error("REQUEST_TOO_LARGE", "Request Entity Too Large")
        reference = _function_of(integration)
        called = f"{api_id}/{stage_name}/{method}{re.sub(r'{[^}]*}', '*', resource['path'])}"
        if not may_invoke(reference, f"arn:aws:execute-api:{get_region()}:{get_account_id()}:{called}"):
            return apigateway_v1._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
        record, config, _ = lambda_svc._get_func_record_for_ref_in_scope(
            reference, account_id=more["owner_account_id"], region=more["owner_region"]
        )
        if integration.get("responseTransferMode") != "STREAM" or config is None or not adapted(config):
            return await buffered(integration, api_id, stage_name, *rest, **more)
        event = apigateway_v1._build_lambda_event_v1(api_id, stage_name, *rest)
        return await _streamed(servers, record, {**config, "FunctionArn": reference}, event, integration)

    apigateway_v1._invoke_lambda_proxy_v1 = invoke


async def _streamed(servers: WebServers, record: Any, config: Any, event: Any, integration: Any) -> Any:
    request_id = new_uuid()
    code = lambda_svc._execution_record_for_config(record, config)["code_zip"]
    method, target, headers, body = http_request(event, config, request_id)
    try:
        port = await asyncio.to_thread(servers.port, config, code)
        seconds = integration.get("timeoutInMillis", _MOST_BUFFER_MS) / 1000
        answer = await asyncio.wait_for(ask(port, method, target, headers, body), seconds)
    except (InitFailed, Unreachable) as error:
        servers.log_failure(config, request_id, str(error))
        return apigateway_v1._gw_error("INTEGRATION_FAILURE", "Internal server error")
    except TimeoutError:
        return apigateway_v1._gw_error("INTEGRATION_TIMEOUT", "Endpoint request timed out")
    return answer.streamed(**{"x-amzn-requestid": event["requestContext"]["requestId"]})


def may_invoke(reference: str, source: str) -> bool:
    """Whether the function's policy lets API Gateway invoke it, or its alias, for this method."""
    name, qualifier = lambda_svc._resolve_name_and_qualifier(reference)
    function = lambda_svc._functions.get(name)
    if function is None:
        return False
    arn = function["config"]["FunctionArn"] + (f":{qualifier}" if qualifier else "")
    context = iam_evaluator.EvalContext(
        principal_arn="apigateway.amazonaws.com",
        principal_type="Service",
        principal_account=get_account_id(),
        action="lambda:InvokeFunction",
        resource_arn=arn,
        region=get_region(),
        service_context={"aws:sourcearn": source, "aws:sourceaccount": get_account_id()},
    )
    statements = [each for each in function["policy"]["Statement"] if each.get("Resource") == arn]
    decision = iam_evaluator.evaluate_resource_policy({"Statement": statements}, context, "apigateway.amazonaws.com")
    return bool(decision.decision == "Allow")


class _Resources(AccountRegionScopedDict):  # type: ignore[misc]  # ministack has no types
    """The resources of APIs; those of a deployment while a request is answered through it."""

    def get(self, key: str, default: Any = None) -> Any:
        served = _served.get()
        return served[1] if served and served[0] == key and served[1] is not None else super().get(key, default)


def _serve_deployments() -> None:
    """A stage serves what its deployment has photographed, not the latest, as ministack does."""
    create, execute = apigateway_v1._create_deployment, apigateway_v1.handle_execute
    apigateway_v1._resources = _Resources()

    def photographed(api_id: str, data: Any) -> Any:
        response = create(api_id, data)
        if response[0] < 400:
            _photographs[api_id, json.loads(response[2])["id"]] = copy.deepcopy(
                apigateway_v1._resources.get(api_id, {})
            )
        return response

    async def executed(api_id: str, stage_name: str, *rest: Any) -> Any:
        stage = apigateway_v1.stages_for_api(api_id).get(stage_name) or {}
        token = _served.set((api_id, _photographs.get((api_id, stage.get("deploymentId", "")))))
        try:
            return await execute(api_id, stage_name, *rest)
        finally:
            _served.reset(token)

    apigateway_v1._create_deployment = photographed
    apigateway_v1.handle_execute = executed


def _function_of(integration: dict[str, Any]) -> str:
    uri = integration.get("uri", "")
    found = _STREAMING_URI.fullmatch(uri) or _BUFFERED_URI.fullmatch(uri)
    return found["function"] if found else apigateway_v1._extract_lambda_ref_from_integration_uri(uri)


def _keep_the_transfer_mode() -> None:
    """Stacks set it on the integration; ministack drops it."""
    handler = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::Method"]

    def kept(make: Any) -> Any:
        def made(*arguments: Any) -> Any:
            # The properties are those before the last argument, the stack's name, in both create and update.
            props = arguments[-2]
            _check_integration(props.get("Integration") or {})
            result = make(*arguments)
            _set_transfer_mode(props)
            return result

        return made

    handler["create"] = kept(handler["create"])
    handler["update"] = kept(handler["update"])


def _set_transfer_mode(props: dict[str, Any]) -> None:
    resource = apigateway_v1._resources[props["RestApiId"]][props["ResourceId"]]
    integration = resource["resourceMethods"][props.get("HttpMethod", "ANY")].get("methodIntegration")
    if integration is not None:
        mode = (props.get("Integration") or {}).get("ResponseTransferMode", "BUFFERED")
        integration["responseTransferMode"] = mode
        integration["timeoutInMillis"] = int(integration["timeoutInMillis"])


def _check_integration(integration: dict[str, Any]) -> None:
    """Refuses what API Gateway refuses of a Lambda proxy integration. Raises ``ValueError``."""
    if integration.get("Type") != "AWS_PROXY":
        return
    streams = integration.get("ResponseTransferMode") == "STREAM"
    pattern = _STREAMING_URI if streams else _BUFFERED_URI
    if not pattern.fullmatch(str(integration.get("Uri", ""))):
        raise ValueError(f"Invalid integration URI for response transfer mode {'STREAM' if streams else 'BUFFERED'}")
    most = _MOST_STREAM_MS if streams else _MOST_BUFFER_MS
    if not 50 <= int(integration.get("TimeoutInMillis", _MOST_BUFFER_MS)) <= most:
        raise ValueError(f"Timeout should be between 50 ms and {most} ms")
    if integration.get("IntegrationHttpMethod", "POST") != "POST":
        raise ValueError(json.dumps({"message": "Lambda is invoked with POST"}))
