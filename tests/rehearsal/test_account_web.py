"""CloudFront of the emulated account, before a bucket that only it may read, and before a streaming API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.rehearsal.account import trial
from tests.rehearsal.account.account import ACCOUNT, Account
from tests.rehearsal.test_account_api import Api

pytestmark = pytest.mark.rehearsal

#: Policies of AWS's own: CachingDisabled, AllViewerExceptHostHeader.
_NO_CACHE, _ALL_BUT_HOST = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "b689b0a8-53d0-40ab-baf2-68738e2966ac"
_ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
_CLOUDFRONT = {"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}}


def policy(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def resources(key: str) -> dict[str, Any]:
    """A distribution over a bucket encrypted under the key, and over the API of another stack."""
    behaviour = {"ViewerProtocolPolicy": "redirect-to-https", "CachePolicyId": _NO_CACHE}
    api = {
        **behaviour,
        "PathPattern": "/api/*",
        "TargetOriginId": "api",
        "OriginRequestPolicyId": _ALL_BUT_HOST,
        "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
    }
    encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    origin = {"Fn::GetAtt": ["Bucket", "RegionalDomainName"]}
    files = {"DomainName": origin, "S3OriginConfig": {"OriginAccessIdentity": ""}}
    return {
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketName": "front-files",
                "BucketEncryption": {"ServerSideEncryptionConfiguration": [encryption]},
            },
        },
        "Control": {
            "Type": "AWS::CloudFront::OriginAccessControl",
            "Properties": {
                "OriginAccessControlConfig": {
                    "Name": "front",
                    "OriginAccessControlOriginType": "s3",
                    "SigningBehavior": "always",
                    "SigningProtocol": "sigv4",
                }
            },
        },
        "Distribution": {
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {
                "DistributionConfig": {
                    "Enabled": True,
                    "DefaultRootObject": "index.html",
                    "DefaultCacheBehavior": {**behaviour, "TargetOriginId": "files"},
                    "CacheBehaviors": [api],
                    "Origins": [
                        {"Id": "files", **files, "OriginAccessControlId": {"Ref": "Control"}},
                        {
                            "Id": "api",
                            "DomainName": {"Fn::Sub": "${ApiId}.execute-api.us-east-1.amazonaws.com"},
                            "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"},
                        },
                    ],
                }
            },
        },
        "Policy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Bucket"},
                "PolicyDocument": policy(
                    {**_CLOUDFRONT, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::front-files/*"}
                ),
            },
        },
    }


@pytest.fixture(scope="module")
def api(account: Account) -> Iterator[Api]:
    made = Api(account, "behind-cloudfront")
    yield made
    made.client.close()


@pytest.fixture(scope="module")
def front(account: Account, api: Api) -> str:
    """The key of the files; the address stands in the stack's outputs."""
    key = account.client("kms").create_key(Policy=json.dumps(policy(_ROOT)))["KeyMetadata"]["Arn"]
    body = trial.template(
        resources(key),
        Parameters={"ApiId": {"Type": "String"}},
        Outputs={"Host": {"Value": {"Fn::GetAtt": ["Distribution", "DomainName"]}}},
    )
    assert trial.create(account, "front", body, ApiId=api.api_id) == "CREATE_COMPLETE", trial.events(account, "front")
    return str(key)


def url(account: Account, path: str) -> str:
    return f"https://{trial.outputs(account, 'front')['Host']}{path}"


def test_files_are_read_where_bucket_and_key_let_cloudfront_in(account: Account, api: Api, front: str) -> None:
    account.client("s3").put_object(Bucket="front-files", Key="index.html", Body=b"hello")
    assert api.client.get(url(account, "/")).status_code == 403
    opened = {**_CLOUDFRONT, "Action": "kms:Decrypt", "Resource": "*"}
    account.client("kms").put_key_policy(KeyId=front, PolicyName="default", Policy=json.dumps(policy(_ROOT, opened)))
    assert api.client.get(url(account, "/")).text == "hello"


@pytest.mark.usefixtures("front")
def test_the_api_streams_through_it(account: Account, api: Api) -> None:
    with api.client.stream("GET", url(account, "/api/stream"), headers=api.key) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "first"
        assert isinstance(api.client.get(url(account, "/api/go"), headers=api.key), httpx.Response)
        assert next(lines) == "last"
