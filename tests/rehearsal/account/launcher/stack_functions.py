"""What stacks say about Lambda functions and ministack drops, and what Lambda refuses: code that is not there, a role
that it cannot assume, more reserved concurrency than the account has."""

from __future__ import annotations

from typing import Any

from ministack.services import iam, kms, lambda_svc, sqs
from ministack.services.cloudformation import provisioners

from tests.rehearsal.account.launcher.resources import (
    Props,
    after,
    before_create,
    before_delete,
    exists_already,
    number,
)

_FUNCTION = "AWS::Lambda::Function"
#: How much concurrency must stay for the functions that reserve none.
_UNRESERVED = 100
#: What comes from the template as it is, by its name in the function's configuration.
_KEPT = {"KmsKeyArn": "KMSKeyArn", "DeadLetterConfig": "DeadLetterConfig", "VpcConfig": "VpcConfig"}


def install() -> None:
    before_create(_FUNCTION, _check_name)
    before_create(_FUNCTION, _check)
    _check_updates()
    after(_FUNCTION, _apply)
    before_delete(_FUNCTION, lambda_svc.invalidate_worker)


def _check_name(props: Props) -> None:
    if props.get("FunctionName") in lambda_svc._functions:
        raise exists_already(_FUNCTION, props["FunctionName"])


def _check_updates() -> None:
    handler = provisioners._RESOURCE_HANDLERS[_FUNCTION]
    update = handler["update"]

    def checked(physical_id: str, old: Props, new: Props, *rest: Any) -> Any:
        _check(new)
        return update(physical_id, old, new, *rest)

    handler["update"] = checked


def _check(props: Props) -> None:
    code = props.get("Code", {})
    if code.get("S3Key") and lambda_svc._fetch_code_from_s3(code["S3Bucket"], code["S3Key"]) is None:
        raise ValueError(
            'Resource handler returned message: "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error '
            f'Message: The specified key does not exist. (Service: Lambda, Status Code: 400)" ({code["S3Key"]})'
        )
    _check_role(props.get("Role", ""))
    if key := props.get("KmsKeyArn"):
        record = kms._resolve_key(key)
        if record is None or record["KeyState"] != "Enabled":
            raise ValueError(
                "Resource handler returned message: \"The KMS key is invalid for the function's configuration: it is "
                f'not there, or not enabled: {key} (Service: Lambda, Status Code: 400)"'
            )
    if target := (props.get("DeadLetterConfig") or {}).get("TargetArn"):
        name = target.rpartition(":")[2]
        if ":sqs:" in target and not any(each["name"] == name for each in sqs._queues.values()):
            raise ValueError(f"The provided execution role cannot find the dead letter queue {target}")
    _check_concurrency(props)


def _check_role(arn: str) -> None:
    role = iam._roles.get(arn.rpartition("/")[2])
    trust = str(role.get("AssumeRolePolicyDocument")) if role else ""
    if "lambda.amazonaws.com" not in trust:
        raise ValueError(
            'Resource handler returned message: "The role defined for the function cannot be assumed by Lambda. '
            '(Service: Lambda, Status Code: 400)" (HandlerErrorCode: InvalidRequest)'
        )


def _check_concurrency(props: Props) -> None:
    wanted = props.get("ReservedConcurrentExecutions")
    if wanted is None:
        return
    total = lambda_svc._ACCOUNT_CONCURRENCY_CAP or 1000
    others = sum(
        number(each["concurrency"])
        for name, each in lambda_svc._functions.items()
        if each.get("concurrency") and name != props.get("FunctionName")
    )
    if total - others - number(wanted) < _UNRESERVED:
        raise ValueError(
            'Resource handler returned message: "Specified ReservedConcurrentExecutions for function decreases '
            f"account's UnreservedConcurrentExecution below its minimum value of [{_UNRESERVED}]. (Service: Lambda, "
            'Status Code: 400)"'
        )


def _apply(name: str, props: Props) -> None:
    function = lambda_svc._functions[name]
    config = function["config"]
    for ours, theirs in _KEPT.items():
        if ours in props:
            config[theirs] = props[ours]
        else:
            config.pop(theirs, None)
    config["Timeout"], config["MemorySize"] = number(props.get("Timeout", 3)), number(props.get("MemorySize", 128))
    reserved = props.get("ReservedConcurrentExecutions")
    function["concurrency"] = None if reserved is None else number(reserved)
    if "LoggingConfig" in props:
        config["LoggingConfig"] = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}", **props["LoggingConfig"]}
