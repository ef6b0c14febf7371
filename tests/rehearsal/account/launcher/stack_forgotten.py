"""What ministack's own types of stacks forget of their properties, and a type of IAM that it has not."""

from __future__ import annotations

from typing import Any

from ministack.services import apigateway_v1, iam, sns

from tests.rehearsal.account.launcher.resources import Made, Props, add, after, exists_already, refused

_PROVIDER = "AWS::IAM::OIDCProvider"


def install() -> None:
    after("AWS::ApiGateway::RestApi", _ways_in)
    after("AWS::SNS::Topic", _key_of_topic)
    add(_PROVIDER, create=_make_provider, update=_change_provider, delete=_drop_provider)


def camel(value: Any) -> Any:
    """Properties with the names that they have in APIs that begin small."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: camel(each) for key, each in value.items()}
    return [camel(each) for each in value] if isinstance(value, list) else value


def _ways_in(api_id: str, props: Props) -> None:
    api = apigateway_v1._rest_apis[api_id]
    api["endpointConfiguration"] = camel(props.get("EndpointConfiguration", {"Types": ["EDGE"]}))
    for name in ("SecurityPolicy", "EndpointAccessMode"):
        if name in props:
            api[camel({name: None}).popitem()[0]] = props[name]


def _key_of_topic(arn: str, props: Props) -> None:
    attributes = sns._topics[arn]["attributes"]
    attributes.pop("KmsMasterKeyId", None)
    if "KmsMasterKeyId" in props:
        attributes["KmsMasterKeyId"] = props["KmsMasterKeyId"]


def _make_provider(_: str, props: Props, __: str) -> Made:
    host = props["Url"].removeprefix("https://").rstrip("/")
    request = {"Url": [props["Url"]]}
    for place, client in enumerate(props.get("ClientIdList", []), 1):
        request[f"ClientIDList.member.{place}"] = [client]
    for place, thumbprint in enumerate(props.get("ThumbprintList", []), 1):
        request[f"ThumbprintList.member.{place}"] = [thumbprint]
    status, *_rest = made = iam._create_oidc_provider(request)
    if status == 409:
        raise exists_already(_PROVIDER, host)
    refused(made)
    arn = next(each for each in iam._oidc_providers if each.endswith(f":oidc-provider/{host}"))
    return arn, {"Arn": arn}


def _change_provider(arn: str, old: Props, new: Props, stack: str) -> Made:
    if old["Url"] != new["Url"]:
        return _make_provider("", new, stack)
    iam._oidc_providers[arn] |= {
        "ClientIDList": new.get("ClientIdList", []),
        "ThumbprintList": new.get("ThumbprintList", []),
    }
    return arn, {"Arn": arn}


def _drop_provider(arn: str, _: Props) -> None:
    iam._oidc_providers.pop(arn, None)
