"""What the proof of least privilege stands on: requests are decided as IAM decides them, and calls are translated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.infra.arns import ACCOUNT
from tests.infra.iam import checks, mutations
from tests.infra.iam.actions import named
from tests.infra.iam.deployment import PROFILE, VARIANTS, Deployment, Resource, deployment
from tests.infra.iam.evaluation import Request, holds, is_allowed
from tests.infra.iam.needs import Needs, as_context
from tests.infra.iam.policies import Statement, statements_of
from tests.infra.iam.recorder import COLLECTION, Call

ROLE = f"arn:aws:iam::{ACCOUNT}:role/ChatRole"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/a"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/Key"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
READ = Statement("Read", "identity", "Allow", (ROLE,), ("dynamodb:GetItem",), (TABLE,))
REQUEST = Request(ROLE, "dynamodb:GetItem", TABLE, as_context({}))
UNWRAP = Statement("Unwrap", "identity", "Allow", (ROLE,), ("kms:Decrypt",), (KEY,))
DELEGATE = Statement("Delegate", "resource", "Allow", (ROOT,), ("kms:*",), (KEY,), (), KEY)
DECRYPT = Request(ROLE, "kms:Decrypt", KEY, as_context({}))


# --- decisions --------------------------------------------------------------------------------------------------------


def test_what_nothing_allows_is_refused() -> None:
    assert is_allowed(REQUEST, [READ])
    assert not is_allowed(REQUEST, [])
    for other in (
        replace(REQUEST, principal=f"{ROLE}2"),
        replace(REQUEST, action="dynamodb:GetItems"),
        replace(REQUEST, resource=f"{TABLE}b"),
        replace(REQUEST, resource=TABLE.upper()),
    ):
        assert not is_allowed(other, [READ])
    assert is_allowed(REQUEST, [replace(READ, actions=("DynamoDB:get*",))])


def test_a_denial_is_stronger_than_everything() -> None:
    assert not is_allowed(REQUEST, [READ, replace(READ, effect="Deny")])
    assert not is_allowed(DECRYPT, [UNWRAP, DELEGATE, replace(DELEGATE, effect="Deny", principals=("*",))])


def test_a_key_is_open_to_whom_its_own_policy_lets_in() -> None:
    assert not is_allowed(DECRYPT, [UNWRAP])
    assert not is_allowed(DECRYPT, [DELEGATE])
    assert is_allowed(DECRYPT, [UNWRAP, DELEGATE])
    assert is_allowed(DECRYPT, [replace(DELEGATE, principals=(ROLE,))])
    assert not is_allowed(replace(DECRYPT, principal="events.amazonaws.com"), [UNWRAP, DELEGATE])
    assert is_allowed(replace(DECRYPT, principal="a.com"), [replace(DELEGATE, principals=("a.com",))])


def test_a_policy_protects_what_it_is_attached_to() -> None:
    files = Statement("Files", "resource", "Allow", (ROLE,), ("s3:GetObject",), ("*",), (), "arn:aws:s3:::a")
    wanted = Request(ROLE, "s3:GetObject", "arn:aws:s3:::a/b/c.txt", as_context({}))
    assert is_allowed(wanted, [files])
    assert not is_allowed(replace(wanted, resource="arn:aws:s3:::ab/c.txt"), [files])
    assert not is_allowed(wanted, [replace(files, principals=(ROOT,))])


def test_an_index_is_open_to_whom_a_data_access_policy_names() -> None:
    rule = Statement("Data", "data", "Allow", (ROLE,), ("aoss:ReadDocument",), ("index/p/chunks-*",))
    access = Statement("Access", "identity", "Allow", (ROLE,), ("aoss:*",), ("*",))
    wanted = Request(ROLE, "aoss:ReadDocument", "index/p/chunks-0", as_context({}))
    assert is_allowed(wanted, [rule])
    assert not is_allowed(wanted, [access])
    assert not is_allowed(replace(wanted, action="aoss:WriteDocument"), [rule, access])


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", "a", None, True),
        ("StringLike", "a?c*", "abcd", True),
        ("StringLike", "a?c*", "ac", False),
        ("ArnLike", "arn:aws:s3:::a/*", "arn:aws:s3:::a/b", True),
        ("ArnEquals", "arn:aws:*:::a", "arn:aws:s3:x::a", False),
        ("ArnEquals", "arn:aws:s3", "arn:aws:s3", False),
        ("Bool", "false", "False", True),
        ("BoolIfExists", "false", None, True),
        ("NumericLessThan", "1.2", "1.1", True),
        ("NumericLessThan", "1.2", "1.2", False),
        ("Null", "false", "a", True),
        ("Null", "false", None, False),
        ("Null", "true", None, True),
    ],
)
def test_conditions(operator: str, wanted: str, value: str | None, expected: bool) -> None:
    context = {} if value is None else {"key": (value,)}
    assert holds((operator, "key", (wanted,)), context) is expected


def test_conditions_on_several_values() -> None:
    context = {"key": ("a", "b")}
    assert holds(("ForAnyValue:StringEquals", "key", ("a", "c")), context)
    assert not holds(("ForAllValues:StringEquals", "key", ("a", "c")), context)
    assert holds(("ForAllValues:StringEquals", "key", ("a", "c")), {})
    with pytest.raises(AssertionError):
        holds(("StringEquals", "key", ("a",)), context)


def test_an_operator_that_is_not_understood_is_no_condition_that_holds() -> None:
    with pytest.raises(KeyError):
        holds(("IpAddress", "aws:sourceip", ("10.0.0.0/8",)), {"aws:sourceip": ("10.0.0.1",)})


# --- policies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::SecretsManager::ResourcePolicy", {"ResourcePolicy": {"Statement": []}}),
        (
            "AWS::IAM::Role",
            {"AssumeRolePolicyDocument": {"Statement": []}, "ManagedPolicyArns": ["arn:aws:iam::aws:x"]},
        ),
        (
            "AWS::IAM::Policy",
            {"Roles": ["a"], "PolicyName": "a", "PolicyDocument": {"Statement": [{"NotAction": "a"}]}},
        ),
        ("AWS::KMS::Key", {"KeyPolicy": {"Statement": [{"Effect": "Allow", "Principal": {"Canonical": "a"}}]}}),
    ],
)
def test_a_policy_that_is_not_understood_is_not_passed_over(kind: str, properties: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        statements_of(Deployment({}, (Resource("a.yaml", "A", kind, properties),)))


def test_both_queues_have_the_statements_about_themselves() -> None:
    found = [
        each for each in statements_of(deployment(VARIANTS["opensearch"])) if each.owner.startswith("arn:aws:sqs:")
    ]
    assert {each.owner for each in found} == {each.resources[0] for each in found}
    assert all(len(each.resources) == 1 for each in found)


# --- findings ---------------------------------------------------------------------------------------------------------


def test_what_is_granted_and_not_used_is_found() -> None:
    wider = replace(READ, actions=("dynamodb:GetItem", "dynamodb:Query"), resources=(TABLE, f"{TABLE}/index/b"))
    assert checks.unused([REQUEST], [READ]) == []
    assert len(checks.unused([REQUEST], [wider])) == 3
    assert checks.missing([REQUEST], [UNWRAP]) == [str(REQUEST)]


@pytest.mark.parametrize(
    "changed",
    [
        {"actions": ("dynamodb:Get*",)},
        {"actions": ("dynamodb:ReadItem",)},
        {"resources": ("*",)},
        {"resources": (f"{TABLE}*",)},
        {"resources": ("arn:aws:s3:::a",)},
        {"conditions": (("StringEquals", "kms:viaservice", ("a",)),)},
        {"principals": ("*",)},
        {"kind": "data", "actions": ("aoss:*",)},
        {"kind": "data", "actions": ("aoss:ReadDocument",), "resources": ("index/*",)},
        {"kind": "data", "actions": ("aoss:ReadDocuments",), "resources": ("index/a/chunks-*",)},
    ],
    ids=str,
)
def test_what_is_granted_too_broadly_is_found(changed: dict[str, Any]) -> None:
    assert checks.too_broad([READ]) == []
    assert checks.too_broad([replace(READ, **changed)])


def test_two_statements_that_grant_the_same_are_found() -> None:
    twice = replace(READ, name="Again")
    assert all(noticed for _, noticed in mutations.outcomes(READ, [READ], [REQUEST]))
    assert ("removed: the whole statement", False) in mutations.outcomes(READ, [READ, twice], [REQUEST])


def test_a_condition_without_effect_is_found() -> None:
    only = replace(READ, conditions=(("StringEquals", "aws:calledvia", ("a",)),))
    asked = replace(REQUEST, context=as_context({"aws:calledvia": "a"}))
    assert all(noticed for _, noticed in mutations.outcomes(only, [only], [asked]))
    lax = [only, replace(READ, name="Lax")]
    assert ("widened: without StringEquals aws:calledvia", True) in mutations.outcomes(only, lax, [asked])
    assert [*mutations.let_through(only, lax, [asked])] != []


def test_newer_actions_are_known_too() -> None:
    assert all(map(named, ("s3vectors:QueryVectors", "bedrock:Rerank", "kms:Decrypt", "aoss:APIAccessAll")))
    assert not named("bedrock:Converse")


# --- calls ------------------------------------------------------------------------------------------------------------


def asked(service: str, operation: str, **parameters: Any) -> list[tuple[str, str]]:
    """Actions and the ends of their resources."""
    needs = Needs(deployment(VARIANTS["opensearch"]))
    found = needs.of(Call("chat", service, operation, parameters, frozenset(), [404]))
    return [(each.action, each.resource.rpartition(":")[2]) for each in found]


def test_a_transaction_asks_for_each_of_its_actions() -> None:
    items = [{kind: {"TableName": "a"}} for kind in ("Put", "Update", "Delete", "ConditionCheck")]
    actions = {action for action, _ in asked("dynamodb", "TransactWriteItems", TransactItems=items)}
    wanted = {f"dynamodb:{name}Item" for name in ("Put", "Update", "Delete", "ConditionCheck")}
    assert actions == {*wanted, "kms:Decrypt"}


def test_a_query_of_an_index_asks_for_the_index() -> None:
    assert ("dynamodb:Query", "table/a/index/b") in asked("dynamodb", "Query", TableName="a", IndexName="b")


def test_a_streamed_answer_asks_for_the_profile_and_both_its_models() -> None:
    found = asked("bedrock-runtime", "ConverseStream", modelId=PROFILE)
    assert {action for action, _ in found} == {"bedrock:InvokeModelWithResponseStream"}
    assert len(found) == 3
    assert asked("bedrock-runtime", "Converse", modelId="a")[0][0] == "bedrock:InvokeModel"


def test_what_is_not_there_takes_the_right_to_list() -> None:
    bucket = f"chatbot-prod-documents-{ACCOUNT}-us-east-1"
    assert asked("s3", "HeadObject", Bucket=bucket, Key="a") == [
        ("s3:GetObject", f"{bucket}/a"),
        ("s3:ListBucket", bucket),
    ]


def test_a_bulk_request_asks_for_every_index_that_it_names() -> None:
    body = b'{"index":{"_index":"a","_id":"1"}}\n{"delete":{"x":1}}\n{"delete":{"_index":"b","_id":"2"}}\n'
    found = asked(COLLECTION, "POST /_bulk", body=body)
    assert {each for each in found if each[0] == "aoss:WriteDocument"} == {
        ("aoss:WriteDocument", "index/chatbot-prod/a"),
        ("aoss:WriteDocument", "index/chatbot-prod/b"),
    }


@pytest.mark.parametrize(
    ("service", "operation"), [("s3", "CopyObject"), (COLLECTION, "DELETE /a"), ("sns", "Publish")]
)
def test_a_call_whose_rights_are_not_known_is_not_passed_over(service: str, operation: str) -> None:
    with pytest.raises((NotImplementedError, KeyError)):
        asked(service, operation, Bucket="a", Key="a", body=b"")
