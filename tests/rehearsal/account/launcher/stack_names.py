"""Names that are taken: AWS refuses to make a second thing of the same name, ministack takes the first one's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import cloudwatch, eventbridge, kms, sns, sqs

from tests.rehearsal.account.launcher.resources import Props, before_create, exists_already

#: The property that names a resource, and whether there is one of this name.
_TAKEN: dict[str, tuple[str, Callable[[str], bool]]] = {
    "AWS::SQS::Queue": ("QueueName", lambda name: any(each["name"] == name for each in sqs._queues.values())),
    "AWS::SNS::Topic": ("TopicName", lambda name: any(arn.endswith(f":{name}") for arn in sns._topics)),
    "AWS::KMS::Alias": ("AliasName", lambda name: kms._alias_arn(name) in kms._aliases),
    "AWS::Events::Rule": ("Name", lambda name: any(each.get("Name") == name for each in eventbridge._rules.values())),
    "AWS::CloudWatch::Alarm": ("AlarmName", lambda name: name in cloudwatch._alarms),
}


def install() -> None:
    for resource_type in _TAKEN:
        before_create(resource_type, _check_of(resource_type))


def _check_of(resource_type: str) -> Callable[[Props], None]:
    name_property, taken = _TAKEN[resource_type]

    def check(props: Props) -> None:
        name: Any = props.get(name_property)
        if name and taken(name):
            raise exists_already(resource_type, name)

    return check
