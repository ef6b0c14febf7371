"""How a workflow on GitHub gets into the account: by a token of GitHub, into the role of its environment only."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.rehearsal.account import trial
from tests.rehearsal.account.account import REGION, Account
from tests.rehearsal.account.programs import ROOT

pytestmark = pytest.mark.rehearsal

_TEMPLATE = ROOT / "infra" / "cloudformation" / "github.yaml"
_STACK = "chatbot-github-dev"
_GITHUB = "https://token.actions.githubusercontent.com"
_AWS = "sts.amazonaws.com"
_SUBJECTS = {
    "PreviewRoleArn": "repo:me/chat:environment:dev-preview",
    "DeployRoleArn": "repo:me/chat:environment:dev",
}


@pytest.fixture(scope="module")
def roles(account: Account) -> dict[str, str]:
    made = trial.create(account, _STACK, _TEMPLATE.read_text(), Repository="me/chat", Environment="dev")
    assert made == "CREATE_COMPLETE", trial.events(account, _STACK)
    return trial.outputs(account, _STACK)


def test_the_provider_of_github_is_in_the_account(account: Account, roles: dict[str, str]) -> None:
    found = account.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=roles["OidcProviderArn"])
    assert (found["Url"], found["ClientIDList"]) == (_GITHUB, [_AWS])


@pytest.mark.parametrize("role", list(_SUBJECTS))
def test_the_environments_token_opens_its_role(account: Account, roles: dict[str, str], role: str) -> None:
    found = _assume(account, roles[role], sub=_SUBJECTS[role])
    assert found["AssumedRoleUser"]["Arn"].endswith("/workflow")


@pytest.mark.parametrize("role", list(_SUBJECTS))
@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "repo:me/chat:ref:refs/heads/main"},
        {"sub": "repo:me/other:environment:dev"},
        {"sub": "repo:me/chat:environment:prod"},
        {"aud": "https://github.com/me"},
        {"iss": "https://gitlab.com"},
    ],
    ids=str,
)
def test_another_token_does_not(account: Account, roles: dict[str, str], role: str, claims: Mapping[str, str]) -> None:
    with pytest.raises(ClientError, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        _assume(account, roles[role], **{"sub": _SUBJECTS[role], **claims})


def test_who_previews_cannot_deploy_and_neither_reads_conversations(account: Account, roles: dict[str, str]) -> None:
    preview, deploy = (_clients(account, roles, each) for each in _SUBJECTS)
    change = {"StackName": "chatbot-dev", "ChangeSetName": "none"}
    with pytest.raises(ClientError, match="AccessDenied"):
        preview("cloudformation").execute_change_set(**change)
    with pytest.raises(ClientError, match=r"ChangeSetNotFound|does not exist"):
        deploy("cloudformation").execute_change_set(**change)
    for clients in (preview, deploy):
        with pytest.raises(ClientError, match="AccessDenied"):
            clients("dynamodb").scan(TableName="chatbot-dev-conversations")
        with pytest.raises(ClientError, match="AccessDenied"):
            clients("cloudformation").execute_change_set(StackName="chatbot-prod", ChangeSetName="none")


def _assume(account: Account, role: str, **claims: str) -> Any:
    token = ".".join(_part(each) for each in ({"alg": "RS256"}, {"iss": _GITHUB, "aud": _AWS, **claims}, {}))
    anonymous = Config(signature_version=UNSIGNED)
    sts = boto3.client("sts", endpoint_url=account.endpoint, region_name=REGION, config=anonymous)
    return sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="workflow", WebIdentityToken=token)


def _part(content: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def _clients(account: Account, roles: dict[str, str], role: str) -> Any:
    found = _assume(account, roles[role], sub=_SUBJECTS[role])["Credentials"]
    session = boto3.Session(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], REGION)
    return lambda service: session.client(service, endpoint_url=account.endpoint)
