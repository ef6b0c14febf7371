"""The owner of the account: an IAM user with administrator rights, whose access key the scripts use."""

from __future__ import annotations

import json

from ministack.services import iam

from tests.rehearsal.account.launcher.settings import Settings

NAME = "owner"
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def make(settings: Settings) -> None:
    """Makes the user with the access key that the settings name."""
    iam._create_user({"UserName": NAME})
    iam._put_user_policy({"UserName": NAME, "PolicyName": "administrator", "PolicyDocument": json.dumps(_EVERYTHING)})
    iam._access_keys[settings.access_key] = {
        "UserName": NAME,
        "AccessKeyId": settings.access_key,
        "SecretAccessKey": settings.secret_key,
        "Status": "Active",
        "CreateDate": "2026-11-01T00:00:00Z",
    }
