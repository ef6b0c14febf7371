"""The vector stores of the emulated account: collections and their policies, vector buckets and their indexes."""

from __future__ import annotations

import hashlib
import json
import ssl
from typing import Any

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.rehearsal.account import trial
from tests.rehearsal.account.account import ACCOUNT, REGION, Account

pytestmark = pytest.mark.rehearsal

BUCKET_ARN = f"arn:aws:s3vectors:{REGION}:{ACCOUNT}:bucket"


def collection(name: str, *, reader: str, public: bool = True) -> dict[str, Any]:
    """The resources of a NextGen collection whose indexes ``<name>/chunks-*`` one principal may make and read."""
    rules = [{"ResourceType": "collection", "Resource": [f"collection/{name}"]}]
    network = [{"Rules": rules, **({"AllowFromPublic": True} if public else {"SourceVPCEs": ["vpce-1"]})}]
    permission = ["aoss:CreateIndex", "aoss:ReadDocument"]
    data_rules = [{"ResourceType": "index", "Resource": [f"index/{name}/chunks-*"], "Permission": permission}]
    kind = "AWS::OpenSearchServerless"
    return {
        "Encryption": {
            "Type": f"{kind}::SecurityPolicy",
            "Properties": {
                "Name": f"{name}-encryption",
                "Type": "encryption",
                "Policy": json.dumps({"Rules": rules, "AWSOwnedKey": True}),
            },
        },
        "Network": {
            "Type": f"{kind}::SecurityPolicy",
            "Properties": {"Name": f"{name}-network", "Type": "network", "Policy": json.dumps(network)},
        },
        "Data": {
            "Type": f"{kind}::AccessPolicy",
            "Properties": {
                "Name": f"{name}-data",
                "Type": "data",
                "Policy": json.dumps([{"Rules": data_rules, "Principal": [reader]}]),
            },
        },
        "Group": {
            "Type": f"{kind}::CollectionGroup",
            "Properties": {
                "Name": name,
                "Generation": "NEXTGEN",
                "StandbyReplicas": "ENABLED",
                "CapacityLimits": {"MinIndexingCapacityInOcu": 0, "MaxIndexingCapacityInOcu": "2"},
            },
        },
        "Collection": {
            "Type": f"{kind}::Collection",
            "DependsOn": ["Encryption", "Network"],
            "Properties": {
                "Name": name,
                "Type": "VECTORSEARCH",
                "CollectionGroupName": {"Ref": "Group"},
                "DeletionProtection": "DISABLED",
            },
        },
    }


def user(account: Account, name: str, *statements: Any) -> tuple[str, dict[str, str]]:
    """A user who may do what the statements allow: its ARN, and the options of its clients."""
    iam = account.client("iam")
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    return arn, {**account.client_options, **keys}


def request(account: Account, options: dict[str, str], method: str, url: str, body: Any = None) -> httpx.Response:
    """A signed request to a collection, through the proxy."""
    content = json.dumps(body).encode() if body is not None else b""
    unsigned = AWSRequest(method, url, {"content-type": "application/json"}, content)
    unsigned.headers["x-amz-content-sha256"] = hashlib.sha256(content).hexdigest()
    credentials = Credentials(options["aws_access_key_id"], options["aws_secret_access_key"])
    SigV4Auth(credentials, "aoss", REGION).add_auth(unsigned)
    trusted = ssl.create_default_context(cafile=account.environment["SSL_CERT_FILE"])
    with httpx.Client(proxy=account.environment["HTTPS_PROXY"], verify=trusted, trust_env=False) as client:
        return client.request(method, url, headers=dict(unsigned.headers), content=content)


def endpoint(account: Account, name: str) -> str:
    found = account.client("opensearchserverless").batch_get_collection(names=[name])["collectionDetails"]
    return str(found[0]["collectionEndpoint"])


MAPPING = {"mappings": {"properties": {"text": {"type": "text"}}}}


def test_a_collection_lets_in_whom_iam_and_its_data_policy_name(account: Account) -> None:
    arn, reader = user(account, "reader", trial.allow("aoss:APIAccessAll"))
    _, stranger = user(account, "stranger", trial.allow("aoss:APIAccessAll"))
    assert trial.create(account, "search", trial.template(collection("search", reader=arn))) == "CREATE_COMPLETE"
    url = endpoint(account, "search")
    assert url.endswith(f".aoss.{REGION}.on.aws")
    assert request(account, reader, "PUT", f"{url}/chunks-1", MAPPING).status_code == 200
    count: dict[str, Any] = {"query": {"match_all": {}}}
    assert request(account, reader, "POST", f"{url}/chunks-1/_count", count).json()["count"] == 0
    # Another index, another permission, another principal, the owner of the account.
    assert request(account, reader, "PUT", f"{url}/other", MAPPING).status_code == 403
    assert request(account, reader, "DELETE", f"{url}/chunks-1").status_code == 403
    assert request(account, stranger, "POST", f"{url}/chunks-1/_count", count).status_code == 403
    assert request(account, account.client_options, "POST", f"{url}/chunks-1/_count", count).status_code == 403


def test_iam_is_asked_besides_the_data_policy(account: Account) -> None:
    arn, without = user(account, "without-iam", trial.allow("s3:ListAllMyBuckets"))
    trial.create(account, "no-iam", trial.template(collection("no-iam", reader=arn)))
    assert request(account, without, "PUT", f"{endpoint(account, 'no-iam')}/chunks-1", MAPPING).status_code == 403


def test_a_wrong_signature_is_refused(account: Account) -> None:
    arn, reader = user(account, "forger", trial.allow("aoss:APIAccessAll"))
    trial.create(account, "forged", trial.template(collection("forged", reader=arn)))
    forged = {**reader, "aws_secret_access_key": "guessed"}
    assert request(account, forged, "PUT", f"{endpoint(account, 'forged')}/chunks-1", MAPPING).status_code == 403


def test_a_collection_that_is_not_public_is_not_reached(account: Account) -> None:
    arn, reader = user(account, "outside", trial.allow("aoss:APIAccessAll"))
    trial.create(account, "private", trial.template(collection("private", reader=arn, public=False)))
    assert request(account, reader, "PUT", f"{endpoint(account, 'private')}/chunks-1", MAPPING).status_code == 403


def test_groups_and_policies_change_and_go_with_the_stack(account: Account) -> None:
    resources = collection("changing", reader=f"arn:aws:iam::{ACCOUNT}:user/a")
    trial.create(account, "changing", trial.template(resources))
    client = account.client("opensearchserverless")
    resources["Group"]["Properties"]["CapacityLimits"]["MaxIndexingCapacityInOcu"] = "4"
    data = json.loads(resources["Data"]["Properties"]["Policy"])
    data[0]["Principal"] = [f"arn:aws:iam::{ACCOUNT}:user/b"]
    resources["Data"]["Properties"]["Policy"] = json.dumps(data)
    assert trial.update(account, "changing", trial.template(resources)) == "UPDATE_COMPLETE"
    [group] = client.batch_get_collection_group(names=["changing"])["collectionGroupDetails"]
    assert (group["generation"], group["capacityLimits"]["maxIndexingCapacityInOCU"]) == ("NEXTGEN", 4)
    policy = client.get_access_policy(name="changing-data", type="data")["accessPolicyDetail"]["policy"]
    assert policy[0]["Principal"] == [f"arn:aws:iam::{ACCOUNT}:user/b"]
    assert trial.delete(account, "changing") == "DELETE_COMPLETE"
    assert not client.batch_get_collection(names=["changing"])["collectionDetails"]
    assert "changing" not in [each["name"] for each in client.list_collection_groups()["collectionGroupSummaries"]]


def vectors(account: Account, options: dict[str, str] | None = None) -> Any:
    return boto3.client("s3vectors", **(options or account.client_options))  # type: ignore[call-overload]


def bucket(name: str, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3Vectors::VectorBucket", "Properties": {"VectorBucketName": name, **properties}}


def index(client: Any, name: str) -> None:
    client.create_index(
        vectorBucketName=name, indexName="chunks-1", dataType="float32", dimension=2, distanceMetric="cosine"
    )


def test_vectors_are_kept_and_found(account: Account) -> None:
    trial.create(account, "vectors", trial.template({"B": bucket("trial-vectors")}))
    client = vectors(account)
    index(client, "trial-vectors")
    named = {"vectorBucketName": "trial-vectors", "indexName": "chunks-1"}
    client.put_vectors(
        **named, vectors=[{"key": "a", "data": {"float32": [1, 0]}}, {"key": "b", "data": {"float32": [0, 1]}}]
    )
    found = client.query_vectors(**named, topK=1, queryVector={"float32": [1, 0.1]})
    assert [each["key"] for each in found["vectors"]] == ["a"]
    assert [each["vectorBucketName"] for each in client.list_vector_buckets(prefix="trial-v")["vectorBuckets"]] == [
        "trial-vectors"
    ]


def test_a_vector_bucket_with_indexes_is_not_deleted(account: Account) -> None:
    trial.create(account, "full", trial.template({"B": bucket("full-vectors")}))
    client = vectors(account)
    index(client, "full-vectors")
    with pytest.raises(ClientError, match="not empty"):
        client.delete_vector_bucket(vectorBucketName="full-vectors")
    assert trial.delete(account, "full") == "DELETE_FAILED"
    arn = f"{BUCKET_ARN}/full-vectors/index/chunks-1"
    client.delete_index(indexArn=arn)
    assert trial.delete(account, "full") == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="could not be found"):
        client.get_vector_bucket(vectorBucketName="full-vectors")


def test_iam_is_asked_for_vectors_with_their_action_and_index(account: Account) -> None:
    trial.create(account, "guarded", trial.template({"B": bucket("guarded-vectors")}))
    index(vectors(account), "guarded-vectors")
    arn = f"{BUCKET_ARN}/guarded-vectors/index/chunks-*"
    _, options = user(account, "asker", trial.allow("s3vectors:QueryVectors", arn))
    client = vectors(account, options)
    named = {"vectorBucketName": "guarded-vectors", "indexName": "chunks-1"}
    query = {"topK": 1, "queryVector": {"float32": [1, 0]}}
    assert client.query_vectors(**named, **query)["vectors"] == []
    with pytest.raises(ClientError, match=r"AccessDenied.*s3vectors:GetVectors"):
        client.query_vectors(**named, **query, returnMetadata=True)
    with pytest.raises(ClientError, match=r"AccessDenied.*s3vectors:PutVectors"):
        client.put_vectors(**named, vectors=[{"key": "a", "data": {"float32": [1, 0]}}])
    with pytest.raises(ClientError, match=r"AccessDenied.*s3vectors:ListIndexes"):
        client.list_indexes(vectorBucketName="guarded-vectors")


def test_the_key_of_a_vector_bucket_is_used_in_the_callers_and_in_the_services_name(account: Account) -> None:
    kms = account.client("kms")
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    service = {"Service": "indexing.s3vectors.amazonaws.com"}
    key = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [root]}))["KeyMetadata"]["Arn"]
    encrypted = bucket("keyed-vectors", EncryptionConfiguration={"SseType": "aws:kms", "KmsKeyArn": key})
    trial.create(account, "keyed", trial.template({"B": encrypted}))
    found = vectors(account).get_vector_bucket(vectorBucketName="keyed-vectors")["vectorBucket"]
    assert found["encryptionConfiguration"] == {"sseType": "aws:kms", "kmsKeyArn": key}
    with pytest.raises(ClientError, match="does not let indexing"):
        index(vectors(account), "keyed-vectors")
    allowed = {
        "Effect": "Allow",
        "Principal": service,
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [root, allowed]})
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    index(vectors(account), "keyed-vectors")
    _, options = user(account, "keyless", trial.allow("s3vectors:*"))
    named = {"vectorBucketName": "keyed-vectors", "indexName": "chunks-1"}
    with pytest.raises(ClientError, match=r"AccessDenied.*kms:Decrypt"):
        vectors(account, options).query_vectors(**named, topK=1, queryVector={"float32": [1, 0]})
