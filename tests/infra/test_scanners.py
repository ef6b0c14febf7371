"""Every scanner, over every template in every variant: nothing found that is not waived, nothing waived in vain.

Each scanner runs once, over all of this: the templates without their waivers, in the form that it reads best; the
templates as they are written, with its own form of waivers; and one that is bad.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.infra import scanners
from tests.infra.prune import write_pruned, write_resolved
from tests.infra.rules.all import found
from tests.infra.templates import FOLDER, Template
from tests.infra.tools import NODE_FOLDER, scan_tool
from tests.infra.waivers import Finding, problems, write_unwaived
from tests.infra.world import World

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


class Report:
    """What a scanner found, by the folder that it was found in."""

    def __init__(self, findings: set[Finding]) -> None:
        self._findings = findings

    def of(self, folder: str) -> set[Finding]:
        return {
            replace(each, template=each.template.removeprefix(f"{folder}/"))
            for each in self._findings
            if each.template.startswith(f"{folder}/")
        }

    def in_bad(self) -> set[tuple[str, str]]:
        return {(each.logical_id, each.rule) for each in self.of("bad")}


def label(path: str) -> str:
    return f"{Path(path).parent.name}/{scanners.template_of(path)}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the bad template in ``bad``."""
    (tmp_path / "bad").mkdir()
    (tmp_path / "bare").mkdir()
    (tmp_path / "bad" / "bad.yaml").write_text(BAD, encoding="utf-8")
    return tmp_path


def test_our_own_rules_find_nothing(world: World, every_template: list[Template]) -> None:
    assert problems("rules", found(world), every_template) == []


def test_cfn_lint(every_template: list[Template], folder: Path) -> None:
    shutil.copytree(FOLDER, folder / "written")
    write_unwaived(every_template, folder / "bare")

    report = Report(scanners.cfn_lint(*folder.glob("*/*.*"), label=label))

    assert report.of("written") == set()
    assert problems("cfn-lint", report.of("bare"), every_template) == []
    assert ("Table", "I3011") in report.in_bad(), "a table that is lost with its stack is not found"


def test_checkov(world: World, every_template: list[Template], folder: Path) -> None:
    shutil.copytree(FOLDER, folder / "written")
    write_pruned(world, folder / "bare")

    report = Report(scanners.checkov(folder, label))

    assert report.of("written") == set()
    assert problems("checkov", report.of("bare"), every_template) == []
    assert ("Table", "CKV_AWS_28") in report.in_bad(), "a table that cannot be restored is not found"


def test_cdk_nag(world: World, every_template: list[Template], folder: Path) -> None:
    write_pruned(world, folder / "bare")

    report = Report(scanners.cdk_nag(*folder.glob("*/*.*"), label=label))

    assert problems("cdk_nag", report.of("bare"), every_template) == []
    assert ("Method", "AwsSolutions-APIG4") in report.in_bad(), "a route that anybody may call is not found"


def test_cfn_guard(world: World, every_template: list[Template], folder: Path) -> None:
    write_resolved(world, folder / "bare")

    report = Report(scanners.cfn_guard(folder, label))

    assert problems("guard", report.of("bare"), every_template) == []
    assert ("Table", "CT.DYNAMODB.PR.1") in report.in_bad(), "a table that cannot be restored is not found"


def test_a_missing_scanner_is_a_failure_that_says_what_to_do() -> None:
    with pytest.raises(AssertionError, match="run `make test`, which makes"):
        scan_tool("no-such-scanner")


def test_the_lock_of_node_names_no_registry_and_every_digest() -> None:
    lock = json.loads((NODE_FOLDER / "package-lock.json").read_text(encoding="utf-8"))
    packages = [each for name, each in lock["packages"].items() if name and not each.get("inBundle")]

    assert packages
    assert [each for each in packages if "resolved" in each or not each["integrity"].startswith("sha512-")] == []
