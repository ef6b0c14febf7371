"""What stands between the internet and the functions."""

from __future__ import annotations

from collections.abc import Iterator

from tests.infra.rules.base import at, finding, is_true, rule
from tests.infra.templates import Resource
from tests.infra.waivers import Finding
from tests.infra.world import World, in_stacks

#: Runtimes that Lambda will patch for at least two years more.
RUNTIMES = ("python3.13", "python3.14")


@rule
def key_on_every_route(world: World) -> Iterator[Finding]:
    """A request needs the API key, but for GET /health and for the browser's OPTIONS, which carries none."""
    for stacks in world.variants.values():
        paths = {r.logical_id: r.properties.get("PathPart") for r in in_stacks(stacks, "AWS::ApiGateway::Resource")}
        for method in in_stacks(stacks, "AWS::ApiGateway::Method"):
            if is_true(method.properties.get("ApiKeyRequired")) or _may_be_open(method, paths):
                continue
            yield finding("key_on_every_route", method, "ApiKeyRequired is not true")


def _may_be_open(method: Resource, paths: dict[str, str | None]) -> bool:
    verb = method.properties.get("HttpMethod")
    path = paths.get(str(method.properties.get("ResourceId")))
    return verb == "OPTIONS" or (verb == "GET" and path == "health")


@rule
def bounded_use(world: World) -> Iterator[Finding]:
    """Every key belongs to a usage plan with a rate, a burst and a quota; every stage bounds its rate as a whole."""
    for stacks in world.variants.values():
        planned = {m.properties.get("KeyId") for m in in_stacks(stacks, "AWS::ApiGateway::UsagePlanKey")}
        for key in in_stacks(stacks, "AWS::ApiGateway::ApiKey"):
            if key.logical_id not in planned:
                yield finding("bounded_use", key, "it is in no usage plan")
        for plan in in_stacks(stacks, "AWS::ApiGateway::UsagePlan"):
            for path in (("Throttle", "RateLimit"), ("Throttle", "BurstLimit"), ("Quota", "Limit")):
                if at(plan.properties, *path) is None:
                    yield finding("bounded_use", plan, f"{'.'.join(path)} is not set")
        for stage in in_stacks(stacks, "AWS::ApiGateway::Stage"):
            settings = at(stage.properties, "MethodSettings") or []
            if not any("ThrottlingRateLimit" in setting for setting in settings):
                yield finding(
                    "bounded_use", stage, "MethodSettings have no ThrottlingRateLimit: open routes are not bounded"
                )


@rule
def bodies_unlogged(world: World) -> Iterator[Finding]:
    """What people say is not in API Gateway's logs either."""
    for stage in world.resources("AWS::ApiGateway::Stage"):
        for setting in at(stage.properties, "MethodSettings") or []:
            if is_true(setting.get("DataTraceEnabled")):
                yield finding("bodies_unlogged", stage, "DataTraceEnabled logs whole requests and responses")


@rule
def supported_runtimes(world: World) -> Iterator[Finding]:
    """Functions run on a runtime that AWS supports, and CloudFront functions on the current one."""
    for function in world.resources("AWS::Lambda::Function"):
        if function.properties.get("Runtime") not in RUNTIMES:
            yield finding("supported_runtimes", function, f"{function.properties.get('Runtime')} is none of {RUNTIMES}")
    for function in world.resources("AWS::CloudFront::Function"):
        if at(function.properties, "FunctionConfig", "Runtime") != "cloudfront-js-2.0":
            yield finding("supported_runtimes", function, "Runtime is not cloudfront-js-2.0")


@rule
def poison_goes_aside(world: World) -> Iterator[Finding]:
    """A queue that a function reads waits six of its timeouts; its dead-letter queue keeps messages longer."""
    for stacks in world.variants.values():
        timeouts = {
            str(f.properties.get("FunctionName")): int(f.properties.get("Timeout", 3))
            for f in in_stacks(stacks, "AWS::Lambda::Function")
        }
        queues = {str(q.properties.get("QueueName")): q for q in in_stacks(stacks, "AWS::SQS::Queue")}
        for source in in_stacks(stacks, "AWS::Lambda::EventSourceMapping"):
            queue = queues.get(str(source.properties["EventSourceArn"]).split(":")[-1])
            if queue is None:
                continue
            function = str(source.properties["FunctionName"]).split(":function:")[-1]
            if int(queue.properties.get("VisibilityTimeout", 30)) < 6 * timeouts.get(function, 900):
                yield finding("poison_goes_aside", queue, "VisibilityTimeout is less than six timeouts of its function")
            if "ReportBatchItemFailures" not in source.properties.get("FunctionResponseTypes", []):
                yield finding("poison_goes_aside", source, "FunctionResponseTypes lack ReportBatchItemFailures")
            yield from _dead_letters(queue, queues)


def _dead_letters(queue: Resource, queues: dict[str, Resource]) -> Iterator[Finding]:
    target = str(at(queue.properties, "RedrivePolicy", "deadLetterTargetArn")).split(":")[-1]
    kept = [int(q.properties.get("MessageRetentionPeriod", 345600)) for q in (queue, queues.get(target)) if q]
    if target not in queues:
        yield finding("poison_goes_aside", queue, "RedrivePolicy names no dead-letter queue of ours")
    elif kept[1] < kept[0]:
        yield finding("poison_goes_aside", queues[target], "it keeps messages for a shorter time than its source")
