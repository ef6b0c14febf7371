"""Every scanner, over every template in every variant: nothing found that is not waived, nothing waived in vain."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra import scanners
from tests.infra.prune import write_pruned, write_resolved
from tests.infra.rules.all import found
from tests.infra.templates import FOLDER, Template
from tests.infra.waivers import problems, write_unwaived
from tests.infra.world import World


def test_our_own_rules_find_nothing(world: World, every_template: list[Template]) -> None:
    assert problems("rules", found(world), every_template) == []


def test_cfn_lint_finds_nothing(every_template: list[Template], tmp_path: Path) -> None:
    as_written = sorted(FOLDER.glob("*.yaml"))
    bare = write_unwaived(every_template, tmp_path)

    assert problems("cfn-lint", scanners.cfn_lint(*as_written, *bare), every_template) == []


def test_checkov_finds_nothing(world: World, every_template: list[Template], tmp_path: Path) -> None:
    write_pruned(world, tmp_path)

    assert problems("checkov", scanners.checkov(tmp_path), every_template) == []


def test_cdk_nag_finds_nothing(world: World, every_template: list[Template], tmp_path: Path) -> None:
    files = write_pruned(world, tmp_path)

    assert problems("cdk_nag", scanners.cdk_nag(*files), every_template) == []


def test_cfn_guard_finds_nothing(world: World, every_template: list[Template], tmp_path: Path) -> None:
    write_resolved(world, tmp_path)

    assert problems("guard", scanners.cfn_guard(tmp_path), every_template) == []


def test_a_person_who_runs_cfn_lint_or_checkov_sees_nothing_either() -> None:
    assert scanners.cfn_lint(*FOLDER.glob("*.yaml")) == set()
    assert scanners.checkov(FOLDER) == set()


BAD = """
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: table
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: {Name: api}
  Method:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: GET
      AuthorizationType: NONE
      Integration: {Type: MOCK}
"""


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bad") / "bad.yaml"
    path.write_text(BAD, encoding="utf-8")
    return path


def test_cfn_lint_would_find_a_table_that_is_lost_with_its_stack(bad: Path) -> None:
    assert ("Table", "I3011") in {(each.logical_id, each.rule) for each in scanners.cfn_lint(bad)}


def test_checkov_would_find_a_table_that_cannot_be_restored(bad: Path) -> None:
    assert ("Table", "CKV_AWS_28") in {(each.logical_id, each.rule) for each in scanners.checkov(bad.parent)}


def test_cdk_nag_would_find_a_route_that_anybody_may_call(bad: Path) -> None:
    assert ("Method", "AwsSolutions-APIG4") in {(each.logical_id, each.rule) for each in scanners.cdk_nag(bad)}


def test_cfn_guard_would_find_a_table_that_cannot_be_restored(bad: Path) -> None:
    assert ("Table", "CT.DYNAMODB.PR.1") in {(each.logical_id, each.rule) for each in scanners.cfn_guard(bad.parent)}
