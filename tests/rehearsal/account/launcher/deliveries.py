"""What services do for the owner in their own name, or in a role's: only where policies let them.

EventBridge puts events into queues, Lambda reads queues and writes logs in the name of the function's role, CloudWatch
Logs encrypts under the key of the group.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator, lambda_runtime
from ministack.core.arn import parse_arn
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch_logs, eventbridge, lambda_svc, sqs

from tests.rehearsal.account.launcher import keys
from tests.rehearsal.account.launcher.resources import Props, before_create, exists_already

_EVENTS = "events.amazonaws.com"
_POLLING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_LOG_GROUP = "AWS::Logs::LogGroup"


def install() -> None:
    _events_into_queues()
    _queues_into_functions()
    _logs_of_functions()
    before_create(_LOG_GROUP, _check_log_group)
    before_create("AWS::Lambda::EventSourceMapping", _check_source)


def _events_into_queues() -> None:
    invoke = eventbridge._invoke_target

    def delivered(target: Props, event: Any, rule: Props, view: Any = None) -> None:
        arn = target.get("Arn", "")
        if ":sqs:" not in arn or _may_put(arn, rule):
            invoke(target, event, rule, view)
            return
        dead = (target.get("DeadLetterConfig") or {}).get("Arn", "")
        if dead and _may_put(dead, rule):
            invoke({"Id": target.get("Id", ""), "Arn": dead}, event, rule, view)

    eventbridge._invoke_target = delivered


def _may_put(queue_arn: str, rule: Props) -> bool:
    queue = sqs._queue_by_arn(queue_arn)
    if queue is None:
        return False
    attributes = queue["attributes"]
    source = rule.get("Arn") or f"arn:aws:events:{get_region()}:{get_account_id()}:rule/{rule['Name']}"
    if not keys.resource_policy_allows(attributes.get("Policy"), _EVENTS, "sqs:SendMessage", queue_arn, source):
        return False
    key = attributes.get("KmsMasterKeyId")
    return not key or all(
        keys.service_may(_EVENTS, action, key, source, {"aws:sqs:arn": queue_arn})
        for action in ("GenerateDataKey", "Decrypt")
    )


def _queues_into_functions() -> None:
    concurrency = lambda_svc._sqs_esm_concurrency

    def allowed(esm: Props, record: Any, config: Props, queue: Any = None) -> int:
        """How many batches at once; none where the role may not read the queue."""
        if queue and queue["messages"] and _reading_problem(config, queue):
            esm["LastProcessingResult"] = f"PROBLEM: {_reading_problem(config, queue)}"
            return 0
        most: int = concurrency(esm, record, config, queue)
        return most

    lambda_svc._sqs_esm_concurrency = allowed


def _reading_problem(config: Props, queue: Props) -> str:
    """Why the function's role cannot read the queue, else nothing."""
    caller = lambda_runtime.execution_credentials(config)["AWS_ACCESS_KEY_ID"]
    attributes = queue["attributes"]
    for action in _POLLING:
        if iam_evaluator.enforce(caller, action, "sqs", get_region(), attributes["QueueArn"]) is not None:
            name = action.partition(":")[2]
            return f"The provided execution role does not have permissions to call {name} on SQS"
    key = attributes.get("KmsMasterKeyId")
    return keys.caller_may_not(caller, "Decrypt", key, "sqs", {"aws:sqs:arn": attributes["QueueArn"]}) if key else ""


def _check_source(props: Props) -> None:
    """Lambda looks whether the role can read the queue, and whether the queue hides messages long enough."""
    function, _, name = lambda_svc._get_func_record_for_ref(props["FunctionName"])
    if function is None:
        raise ValueError(f"Function not found: {name}")
    queue = sqs._queue_by_arn(props["EventSourceArn"])
    if queue is None:
        raise ValueError("Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue")
    if problem := _reading_problem(function["config"], queue):
        raise ValueError(f"Invalid request provided: {problem} (Service: Lambda, Status Code: 400)")
    if int(queue["attributes"]["VisibilityTimeout"]) < int(function["config"]["Timeout"]):
        raise ValueError(
            f"Queue visibility timeout: {queue['attributes']['VisibilityTimeout']} seconds is less than Function "
            f"timeout: {function['config']['Timeout']} seconds"
        )


def _logs_of_functions() -> None:
    emit = lambda_svc._emit_lambda_logs

    def emitted(function: Props, *rest: Any, **more: Any) -> None:
        config = function.get("config") or function
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
        arn = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{group}"
        caller = lambda_runtime.execution_credentials(config)["AWS_ACCESS_KEY_ID"]
        wanted = ["logs:CreateLogStream", "logs:PutLogEvents"]
        resource = f"{arn}:log-stream:rehearsal"
        if group not in cloudwatch_logs._log_groups:
            wanted, resource = ["logs:CreateLogGroup", *wanted], arn
        if all(iam_evaluator.enforce(caller, each, "logs", get_region(), resource) is None for each in wanted):
            emit(function, *rest, **more)

    lambda_svc._emit_lambda_logs = emitted


def _check_log_group(props: Props) -> None:
    name = props.get("LogGroupName", "")
    if name in cloudwatch_logs._log_groups:
        raise exists_already(_LOG_GROUP, name)
    key = props.get("KmsKeyId")
    if not key:
        return
    arn = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{name}"
    service = f"logs.{parse_arn(arn).region}.amazonaws.com"
    needed = ("Encrypt", "Decrypt", "GenerateDataKey")
    if not all(keys.service_may(service, action, key, arn, {"aws:logs:arn": arn}) for action in needed):
        raise ValueError(
            'Resource handler returned message: "The specified KMS key does not exist or is not allowed to be used '
            f"with Arn '{arn}' (Service: CloudWatchLogs, Status Code: 400)\""
        )
