"""The stack engine of the emulated account, where AWS's rules decide whether the scripts' repairs are real."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.account import trial
from tests.rehearsal.account.account import Account

pytestmark = pytest.mark.rehearsal


def queue(name: str, **attributes: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}, **attributes}


def table(name: str, *, protected: bool = False, **attributes: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "DeletionProtectionEnabled": protected,
        },
        **attributes,
    }


def nested(account: Account, key: str, resources: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """A nested stack whose template lies in the bucket."""
    sections = properties.pop("sections", {})
    url = trial.upload(account, key, trial.template(resources, **sections))
    return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, **properties}}


def tables(account: Account) -> list[str]:
    return list(account.client("dynamodb").list_tables()["TableNames"])


def queues(account: Account, prefix: str) -> list[str]:
    found = account.client("sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
    return [url.rpartition("/")[2] for url in found]


def test_an_unchanged_resource_of_a_nested_stack_keeps_its_attributes_on_update(account: Account) -> None:
    sections = {
        "Parameters": {"Other": {"Type": "String"}},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Kept", "Arn"]}}, "Other": {"Value": {"Ref": "Other"}}},
    }

    def body(other: str) -> str:
        child = nested(
            account, "attributes.json", {"Kept": queue("attr-kept")}, sections=sections, Parameters={"Other": other}
        )
        return trial.template({"Child": child}, Outputs={"Arn": {"Value": {"Fn::GetAtt": ["Child", "Outputs.Arn"]}}})

    assert trial.create(account, "attributes", body("1")) == "CREATE_COMPLETE"
    assert trial.update(account, "attributes", body("2")) == "UPDATE_COMPLETE"
    assert trial.outputs(account, "attributes")["Arn"].endswith(":attr-kept")
    assert trial.delete(account, "attributes") == "DELETE_COMPLETE"
    assert queues(account, "attr-") == []


def test_a_first_deployment_that_fails_leaves_nothing_of_nested_stacks_behind(account: Account) -> None:
    good = nested(
        account, "good.json", {"Q": queue("first-q"), "T": table("first-t", DeletionPolicy="RetainExceptOnCreate")}
    )
    bad = nested(account, "bad.json", {"Q": queue("first-q2"), "Fails": queue("first-fails", DependsOn="Q")})
    account.break_resource("Fails", "no capacity")
    assert trial.create(account, "first", trial.template({"Good": good, "Bad": {**bad, "DependsOn": "Good"}})) == (
        "ROLLBACK_COMPLETE"
    )
    assert queues(account, "first-") == []
    assert "first-t" not in tables(account)
    why = trial.reason(account, "first", "Bad")
    assert "was not successfully created: The following resource(s) failed to create: [Fails]" in why
    child = why.split()[2]
    assert ("Fails", "CREATE_FAILED", "no capacity") in trial.events(account, child)
    assert trial.stack(account, child)["StackStatus"] == "DELETE_COMPLETE"


def test_a_nested_stack_names_its_parent_and_its_root(account: Account) -> None:
    inner = nested(account, "inner.json", {"Q": queue("roots-q")})
    outer = nested(account, "outer.json", {"Inner": inner})
    assert trial.create(account, "roots", trial.template({"Outer": outer})) == "CREATE_COMPLETE"
    client = account.client("cloudformation")
    for found in (client.describe_stacks()["Stacks"], client.list_stacks()["StackSummaries"]):
        told = {each["StackName"]: each for each in found if each["StackName"].startswith("roots")}
        root = told.pop("roots")
        assert not {"ParentId", "RootId"} & set(root)
        assert [each["RootId"] for each in told.values()] == [root["StackId"]] * 2
        [outer_id] = [each["StackId"] for name, each in told.items() if name.count("-") == 2]
        assert sorted(each["ParentId"] for each in told.values()) == sorted([root["StackId"], outer_id])
    assert trial.delete(account, "roots") == "DELETE_COMPLETE"


def test_events_of_nested_stacks_come_in_order(account: Account) -> None:
    child = nested(account, "order.json", {"Q": queue("order-q"), "R": queue("order-r", DependsOn="Q")})
    trial.create(account, "order", trial.template({"Child": child}))
    resource = account.client("cloudformation").describe_stack_resource(StackName="order", LogicalResourceId="Child")
    child_id = resource["StackResourceDetail"]["PhysicalResourceId"]
    name = trial.stack(account, child_id)["StackName"]
    assert [event[:2] for event in trial.events(account, child_id)] == [
        (name, "CREATE_IN_PROGRESS"),
        ("Q", "CREATE_IN_PROGRESS"),
        ("Q", "CREATE_COMPLETE"),
        ("R", "CREATE_IN_PROGRESS"),
        ("R", "CREATE_COMPLETE"),
        (name, "CREATE_COMPLETE"),
    ]


def test_a_failed_update_of_a_nested_stack_goes_back_to_what_was(account: Account) -> None:
    def body(*names: str) -> str:
        resources = {name.title(): queue(f"back-{name}") for name in names}
        child = nested(account, f"back-{'-'.join(names)}.json", resources)
        return trial.template({"Child": child})

    trial.create(account, "back", body("one"))
    account.break_resource("Three")
    assert trial.update(account, "back", body("two", "three")) == "UPDATE_ROLLBACK_COMPLETE"
    assert queues(account, "back-") == ["back-one"]
    assert trial.update(account, "back", body("one", "two", "three")) == "UPDATE_COMPLETE"
    assert queues(account, "back-") == ["back-one", "back-three", "back-two"]


def test_what_is_retained_stays_when_the_stack_goes_and_its_name_is_taken_then(account: Account) -> None:
    resources = {
        "Kept": table("retain-kept", DeletionPolicy="Retain"),
        "AlsoKept": table("retain-also", DeletionPolicy="RetainExceptOnCreate"),
        "Gone": table("retain-gone"),
    }
    child = nested(account, "retain.json", resources)
    trial.create(account, "retain", trial.template({"Child": child}))
    assert trial.delete(account, "retain") == "DELETE_COMPLETE"
    assert {"retain-kept", "retain-also"} <= set(tables(account))
    assert "retain-gone" not in tables(account)
    assert trial.create(account, "retain", trial.template({"Kept": resources["Kept"]})) == "ROLLBACK_COMPLETE"
    assert "'retain-kept' already exists" in trial.reason(account, "retain", "Kept")


def test_a_protected_table_cannot_be_rolled_back_and_mends_when_unprotected(account: Account) -> None:
    child = nested(
        account, "protected.json", {"T": table("protected-t", protected=True, DeletionPolicy="RetainExceptOnCreate")}
    )
    account.break_resource("Later")
    body = trial.template({"Child": child, "Later": queue("protected-later", DependsOn="Child")})
    assert trial.create(account, "protected", body) == "ROLLBACK_FAILED"
    assert "protected-t" in tables(account)
    assert trial.delete(account, "protected") == "DELETE_COMPLETE"
    # Deleting the stack is not the operation that made it, so the table is retained now.
    assert "protected-t" in tables(account)
    dynamodb = account.client("dynamodb")
    with pytest.raises(ClientError, match=r"deletion protection|protected against deletion"):
        dynamodb.delete_table(TableName="protected-t")
    dynamodb.update_table(TableName="protected-t", DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName="protected-t")


def test_a_bucket_that_is_not_empty_fails_the_deletion_and_a_second_one_goes_on(account: Account) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "not-empty-bucket"}}
    child = nested(account, "bucket.json", {"B": bucket, "Q": queue("not-empty-q")})
    trial.create(account, "not-empty", trial.template({"Child": child}))
    s3 = account.client("s3")
    s3.put_object(Bucket="not-empty-bucket", Key="a", Body=b"a")
    assert trial.delete(account, "not-empty") == "DELETE_FAILED"
    assert queues(account, "not-empty-") == []
    s3.delete_object(Bucket="not-empty-bucket", Key="a")
    assert trial.delete(account, "not-empty") == "DELETE_COMPLETE"


def test_conditions_know_join_and_split_and_empty_lists(account: Account) -> None:
    body = trial.template(
        {"Q": {**queue("conditions-q"), "Condition": "Has"}, "Always": queue("conditions-always")},
        Parameters={"Names": {"Type": "CommaDelimitedList", "Default": ""}},
        Conditions={"Has": {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "Names"}]}, ""]}]}},
    )
    trial.create(account, "conditions", body)
    assert queues(account, "conditions-") == ["conditions-always"]
    trial.update(account, "conditions", body, Names="a,b")
    assert queues(account, "conditions-") == ["conditions-always", "conditions-q"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"Size": "huge", "Name": "abc"}, "Size"),
        ({"Size": "small", "Name": "ABC"}, "Name"),
        ({"Size": "large", "Name": "abc"}, "large ones are not for abc"),
    ],
)
def test_parameters_are_checked_before_anything_is_made(
    account: Account, parameters: dict[str, str], words: str
) -> None:
    body = trial.template(
        {"Q": queue("checked-q")},
        Parameters={
            "Size": {"Type": "String", "AllowedValues": ["small", "large"]},
            "Name": {"Type": "String", "AllowedPattern": "[a-z]+"},
        },
        Rules={
            "NoLargeAbc": {
                "RuleCondition": {"Fn::Equals": [{"Ref": "Size"}, "large"]},
                "Assertions": [
                    {
                        "Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Name"}, "abc"]}]},
                        "AssertDescription": "large ones are not for abc",
                    }
                ],
            }
        },
    )
    with pytest.raises(ClientError, match=words):
        trial.create(account, "checked", body, **parameters)
    with pytest.raises(ClientError, match="does not exist"):
        trial.stack(account, "checked")


def test_a_stack_that_is_busy_takes_no_other_operation(account: Account) -> None:
    cloudformation = account.client("cloudformation")
    account.control(hold=[{"logical_id": "Slow", "seconds": 20}])
    body = trial.template({"Slow": queue("busy-slow")})
    cloudformation.create_stack(StackName="busy", TemplateBody=body)
    trial.until(lambda: account.control()["holding"])
    with pytest.raises(ClientError, match="is in CREATE_IN_PROGRESS state and can not be updated"):
        cloudformation.update_stack(StackName="busy", TemplateBody=body)
    with pytest.raises(ClientError, match="is in CREATE_IN_PROGRESS state and can not be updated"):
        cloudformation.create_change_set(StackName="busy", ChangeSetName="c", TemplateBody=body)
    with pytest.raises(ClientError, match="already exists"):
        cloudformation.create_stack(StackName="busy", TemplateBody=body)
    account.control(release=True)
    assert trial.settled(account, "busy") == "CREATE_COMPLETE"


def test_out_of_rollback_complete_leads_only_deletion(account: Account) -> None:
    account.break_resource("Q")
    body = trial.template({"Q": queue("stuck-q")})
    assert trial.create(account, "stuck", body) == "ROLLBACK_COMPLETE"
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        trial.update(account, "stuck", body)
    with pytest.raises(ClientError, match="already exists"):
        trial.create(account, "stuck", body)
    assert trial.delete(account, "stuck") == "DELETE_COMPLETE"
    assert trial.create(account, "stuck", body) == "CREATE_COMPLETE"


def test_nothing_to_update_is_said_as_aws_says_it(account: Account) -> None:
    body = trial.template({"Q": queue("same-q")})
    trial.create(account, "same", body)
    with pytest.raises(ClientError, match="No updates are to be performed"):
        trial.update(account, "same", body)
    cloudformation = account.client("cloudformation")
    cloudformation.create_change_set(StackName="same", ChangeSetName="none", TemplateBody=body)
    found = cloudformation.describe_change_set(StackName="same", ChangeSetName="none")
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in found["StatusReason"]


def test_a_change_set_tells_what_would_change_in_nested_stacks_and_changes_nothing(account: Account) -> None:
    def body(*names: str) -> str:
        resources = {name.title(): queue(f"plan-{name}") for name in names}
        return trial.template({"Child": nested(account, f"plan-{'-'.join(names)}.json", resources)})

    trial.create(account, "plan", body("one"))
    cloudformation = account.client("cloudformation")
    made = cloudformation.create_change_set(
        StackName="plan", ChangeSetName="p", TemplateBody=body("one", "two"), IncludeNestedStacks=True
    )
    found = cloudformation.describe_change_set(ChangeSetName=made["Id"])
    [change] = [each["ResourceChange"] for each in found["Changes"]]
    assert (change["Action"], change["LogicalResourceId"]) == ("Modify", "Child")
    inner = cloudformation.describe_change_set(ChangeSetName=change["ChangeSetId"])
    assert [
        (each["ResourceChange"]["Action"], each["ResourceChange"]["LogicalResourceId"]) for each in inner["Changes"]
    ] == [("Add", "Two")]
    assert queues(account, "plan-") == ["plan-one"]
    cloudformation.execute_change_set(ChangeSetName=made["Id"])
    trial.settled(account, "plan")
    assert queues(account, "plan-") == ["plan-one", "plan-two"]
