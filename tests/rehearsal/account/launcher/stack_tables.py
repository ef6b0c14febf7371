"""What stacks say about DynamoDB tables and ministack drops: encryption, recovery, expiry, limits, protection."""

from __future__ import annotations

from typing import Any

from ministack.core.responses import json_response
from ministack.services import dynamodb

from tests.rehearsal.account.launcher.resources import (
    Props,
    after,
    before_create,
    before_delete,
    exists_already,
    number,
    refused,
    truth,
)

_TABLE = "AWS::DynamoDB::Table"
_recovery_days: dict[str, int] = {}


def install() -> None:
    before_create(_TABLE, _check_name)
    after(_TABLE, _apply)
    before_delete(_TABLE, _check_protection)
    _tell_recovery_days()


def _check_name(props: Props) -> None:
    """ministack would put an empty table in the place of the one that is there."""
    name = props.get("TableName")
    if name and name in dynamodb._tables:
        raise exists_already(_TABLE, name)


def _apply(name: str, props: Props) -> None:
    table = dynamodb._tables[name]
    encryption = props.get("SSESpecification") or {}
    table["SSEDescription"] = (
        {
            "Status": "ENABLED",
            "SSEType": encryption.get("SSEType", "KMS"),
            "KMSMasterKeyArn": encryption.get("KMSMasterKeyId", ""),
        }
        if truth(encryption.get("SSEEnabled"))
        else None
    )
    if limits := props.get("OnDemandThroughput"):
        table["OnDemandThroughput"] = {key: number(value) for key, value in limits.items()}
    table["DeletionProtectionEnabled"] = truth(props.get("DeletionProtectionEnabled"))
    if expiry := props.get("TimeToLiveSpecification"):
        _set_expiry(name, expiry)
    recovery = props.get("PointInTimeRecoverySpecification") or {}
    enabled = truth(recovery.get("PointInTimeRecoveryEnabled"))
    refused(
        dynamodb._update_continuous_backups(
            {"TableName": name, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": enabled}}
        )
    )
    _recovery_days[name] = number(recovery.get("RecoveryPeriodInDays", 35))


def _set_expiry(name: str, expiry: Props) -> None:
    wanted = {"AttributeName": expiry["AttributeName"], "Enabled": truth(expiry.get("Enabled"))}
    now = dynamodb._ttl_settings.get(name) or {}
    if wanted["Enabled"] != (now.get("TimeToLiveStatus") == "ENABLED"):
        refused(dynamodb._update_ttl({"TableName": name, "TimeToLiveSpecification": wanted}))


def _check_protection(name: str) -> None:
    if dynamodb._tables.get(name, {}).get("DeletionProtectionEnabled"):
        raise ValueError(
            'Resource handler returned message: "Resource cannot be deleted as it is currently protected against '
            'deletion. Disable deletion protection first. (Service: DynamoDb, Status Code: 400)" '
            "(HandlerErrorCode: InvalidRequest)"
        )


def _tell_recovery_days() -> None:
    """DescribeContinuousBackups knows only whether, not for how long."""
    describe = dynamodb._describe_continuous_backups

    def described(data: Props) -> Any:
        response = describe(data)
        days = _recovery_days.get(dynamodb._normalize_table_name(data.get("TableName")))
        if response[0] >= 400 or days is None:
            return response
        status = "ENABLED" if dynamodb._pitr_settings.get(data["TableName"]) else "DISABLED"
        recovery = {"PointInTimeRecoveryStatus": status, "RecoveryPeriodInDays": days}
        return json_response(
            {
                "ContinuousBackupsDescription": {
                    "ContinuousBackupsStatus": "ENABLED",
                    "PointInTimeRecoveryDescription": recovery,
                }
            }
        )

    dynamodb._describe_continuous_backups = described
