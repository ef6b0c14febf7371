"""A waiver needs a finding that it waives, and a reason that a person learns something from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.infra.templates import GITHUB, Template, parse
from tests.infra.waivers import TOOLS, Finding, problems, waivers, write_unwaived

REASON = "One owner reads and writes it, through roles."

FORMS = {
    "checkov": f"checkov: {{skip: [{{id: RULE, comment: '{REASON}'}}]}}",
    "cdk_nag": f"cdk_nag: {{rules_to_suppress: [{{id: RULE, reason: '{REASON}'}}]}}",
    "guard": f"guard: {{SuppressedRules: [{{id: RULE, reason: '{REASON}'}}]}}",
    "cfn-lint": f"cfn-lint: {{config: {{ignore_checks: [RULE]}}, reasons: {{RULE: '{REASON}'}}}}",
    "parliament": f"parliament: {{waived: [{{id: RULE, reason: '{REASON}'}}]}}",
    "rules": f"rules: {{waived: [{{id: RULE, reason: '{REASON}'}}]}}",
}


def template(metadata: str) -> list[Template]:
    text = f"Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n    Metadata:\n      {metadata}\n"
    return [Template("storage.yaml", parse(text))]


def test_each_tool_has_a_form() -> None:
    assert FORMS.keys() == set(TOOLS)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_waiver_stands_for_its_finding(tool: str) -> None:
    given = template(FORMS[tool])

    assert problems(tool, {Finding("storage.yaml", "Bucket", "RULE")}, given) == []


@pytest.mark.parametrize("tool", TOOLS)
def test_a_waiver_that_waives_nothing_is_a_problem(tool: str) -> None:
    assert problems(tool, set(), template(FORMS[tool])) == [f"waives nothing: storage.yaml: Bucket: RULE ({tool})"]


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("reason", ["", "n/a", "TODO: find out why this is so", "nobody-knows-why-this-is-here"])
def test_a_waiver_without_a_reason_is_a_problem(tool: str, reason: str) -> None:
    given = template(FORMS[tool].replace(REASON, reason))

    found = problems(tool, {Finding("storage.yaml", "Bucket", "RULE")}, given)

    assert found == [f"without a reason: storage.yaml: Bucket: RULE ({tool})"]


def test_a_waiver_holds_for_its_own_resource_and_rule_only() -> None:
    given = template(FORMS["checkov"])
    other = {Finding("storage.yaml", "Bucket", "RULE"), Finding("storage.yaml", "Table", "RULE", "is open")}

    assert problems("checkov", other, given) == ["not waived: storage.yaml: Table: RULE is open"]


@pytest.mark.parametrize("tool", TOOLS)
def test_scanners_get_templates_without_waivers(tool: str, tmp_path: Path) -> None:
    (path,) = write_unwaived(template(FORMS[tool]), tmp_path)

    assert json.loads(path.read_text())["Resources"]["Bucket"]["Metadata"] == {}


def test_every_waiver_of_the_templates_is_of_a_known_tool(every_template: list[Template]) -> None:
    named = {
        key
        for each in every_template
        for resource in each.resources
        for key in resource.body.get("Metadata", {})
        if not key.startswith("AWS::")
    }

    assert named <= set(TOOLS)
    assert len(waivers(every_template)) > 0


def test_a_waiver_may_stand_for_every_detail_of_a_rule() -> None:
    given = template(FORMS["cdk_nag"].replace("id: RULE", "id: 'RULE[*]'"))
    found = {
        Finding("storage.yaml", "Bucket", rule) for rule in ("RULE[Resource::a/*]", "RULE[Resource::b/*]", "RULES[a]")
    }

    assert problems("cdk_nag", found, given) == ["not waived: storage.yaml: Bucket: RULES[a]"]


def test_a_waiver_of_a_template_holds_for_all_that_is_in_it() -> None:
    text = f"Metadata: {{{FORMS['cfn-lint']}}}\nResources: {{}}\n"
    given = [Template("main.yaml", parse(text))]

    assert (
        problems("cfn-lint", {Finding("main.yaml", "Bucket", "RULE"), Finding("main.yaml", "Table", "RULE")}, given)
        == []
    )
    assert problems("cfn-lint", set(), given) == ["waives nothing: main.yaml: *: RULE (cfn-lint)"]


def test_only_the_role_that_deploys_waives_so_widely(every_template: list[Template]) -> None:
    wide = {each.finding.template for each in waivers(every_template) if each.finding.rule.endswith("[*]")}

    assert wide == {GITHUB}
