"""What holds the templates together, and that the model of them that the other tests use is right."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

import chatbot
from tests.infra.resolve import ROOT_STACK, resolve_all, resolve_one
from tests.infra.templates import FOLDER, GITHUB, MAIN, Template, parse, templates
from tests.infra.world import VARIANTS, World

#: What API Gateway photographs when it makes a deployment.
_ON_THE_PHOTOGRAPH = ("RestApi", "Resource", "Method", "GatewayResponse")
_SHOWN = ("Type", "Condition", "Properties")
_LARGEST_ROOT = 51_200


def named(every_template: list[Template], name: str) -> Template:
    (found,) = (template for template in every_template if template.name == name)
    return found


def test_a_changed_api_has_a_new_deployment(every_template: list[Template]) -> None:
    compute = named(every_template, "compute.yaml")
    shown = {
        resource.logical_id: {
            key: resource.body[key] for key in ("Type", "Condition", "Properties") if key in resource.body
        }
        for resource in compute.of_type(*(f"AWS::ApiGateway::{each}" for each in _ON_THE_PHOTOGRAPH))
    }
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]

    names = {resource.logical_id for resource in compute.of_type("AWS::ApiGateway::Deployment")}

    assert names == {f"Deployment{digest}", f"DeploymentWithOrigins{digest}"}, (
        f"the API changed: end the names of its deployments in compute.yaml with {digest}, or AWS serves the old one"
    )


def test_a_release_makes_a_version(every_template: list[Template]) -> None:
    """AWS publishes no version of a function that did not change, so the release stands in the function too."""
    resources = named(every_template, "compute.yaml").body["Resources"]

    assert resources["ChatVersion"]["Properties"]["Description"] == {"Ref": "ReleaseId"}
    assert resources["ChatVersion"]["UpdateReplacePolicy"] == "Retain"
    assert "${ReleaseId}" in resources["ChatFunction"]["Properties"]["Description"]["Fn::Sub"]


def test_the_output_version_is_the_softwares(every_template: list[Template]) -> None:
    assert named(every_template, MAIN).section("Outputs")["Version"]["Value"] == chatbot.__version__


@pytest.mark.parametrize("name", [MAIN, GITHUB])
def test_a_template_that_is_given_by_hand_is_small_enough(name: str) -> None:
    assert (FOLDER / name).stat().st_size <= _LARGEST_ROOT


def test_every_condition_is_met_in_one_variant_and_not_in_another(world: World) -> None:
    seen: dict[tuple[str, str], set[bool]] = {}
    for stack in world.resolved():
        for condition, met in stack.conditions.items():
            if stack.template != GITHUB:
                seen.setdefault((stack.template, condition), set()).add(met)

    assert {key: values for key, values in seen.items() if values != {True, False}} == {}


def test_every_parameter_of_a_variant_is_one_of_main(every_template: list[Template]) -> None:
    known = named(every_template, MAIN).section("Parameters").keys()

    assert {name for given in VARIANTS.values() for name in given} <= known


def test_nothing_is_left_unresolved(world: World) -> None:
    left = [
        f"{resource}: {text}"
        for resource in world.resources()
        if resource.template != GITHUB
        for text in re.findall(r"<[A-Z]\w+(?:\.\w+)?>|\$\{[A-Za-z:]+\}|\"Fn::\w+\"", json.dumps(resource.properties))
    ]

    assert left == []


def test_switching_documents_on_and_off_leaves_chat_and_data_alone() -> None:
    """But for what the chat is told of documents: its environment, its role, the key's policy."""
    off = resolve_all(templates(), {"EnableRAG": "false"})
    on = resolve_all(templates(), {"EnableRAG": "true"})
    told = {"ChatFunction", "ChatRole", "Key"}

    for stack in off.keys() - {ROOT_STACK, "ObservabilityStack"}:
        for logical_id, body in off[stack].resources.items():
            assert logical_id in told or on[stack].resources[logical_id] == body, f"{stack}: {logical_id} changes"
    assert off["StorageStack"].resources == on["StorageStack"].resources
    assert "AiStack" not in off
    assert "AiStack" in on


def test_keeping_the_data_alone_keeps_all_of_it() -> None:
    whole = resolve_all(templates(), {"EnableRAG": "true"})
    kept = resolve_all(templates(), {"EnableRAG": "true", "DataOnly": "true"})

    assert kept.keys() == {ROOT_STACK, "SecurityStack", "StorageStack"}
    assert kept["StorageStack"].resources == whole["StorageStack"].resources
    assert {body["Type"] for body in kept["SecurityStack"].resources.values()} == {"AWS::KMS::Key", "AWS::KMS::Alias"}


SAMPLE = """
Parameters:
  Name: {Type: String, Default: a}
  Names: {Type: CommaDelimitedList, Default: "x,y"}
Mappings: {Sizes: {a: {Memory: 7}}}
Conditions:
  IsA: !Equals [!Ref Name, a]
  IsNot: !Not [!Condition IsA]
  Both: !And [!Condition IsA, !Not [!Condition IsNot]]
  Either: !Or [!Condition IsNot, !Equals [!Join ["", !Ref Names], ""]]
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub "${Name}-table"
      Gone: !If [IsNot, here, !Ref AWS::NoValue]
      Kept: !If [Both, !FindInMap [Sizes, !Ref Name, Memory], no]
      List: [!If [IsNot, 1, !Ref AWS::NoValue], !Select [1, !Split [",", "p,q"]]]
      Either: !If [Either, true, false]
      Literal: !Sub "${!Name} ${AWS::Region}"
      Own: !Sub ["${It}-${Table.Arn}", {It: !Join ["+", !Ref Names]}]
  Other:
    Type: AWS::SQS::Queue
    Condition: IsNot
Outputs:
  Arn: {Value: !GetAtt Table.Arn}
  None: {Condition: IsNot, Value: 1}
"""


def test_intrinsic_functions_are_resolved() -> None:
    resolved = resolve_one(Template("sample.yaml", parse(SAMPLE)))
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/a-table"

    assert resolved.resources == {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": "a-table",
                "Kept": 7,
                "List": ["q"],
                "Either": False,
                "Literal": "${Name} us-east-1",
                "Own": f"x+y-{arn}",
            },
        }
    }
    assert resolved.outputs == {"Arn": arn}


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(Exception, match="stands twice"):
        parse("Resources: {A: {Type: x}, A: {Type: y}}")
