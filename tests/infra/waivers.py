"""Findings of the scanners, and the waivers that stand beside the resources that they are about.

Each scanner's own form of a waiver is used where it has one, so that the same templates are clean when a person runs
it by hand; the reason stands with it:

    Metadata:
      checkov:  {skip: [{id: CKV_AWS_18, comment: why}]}
      cdk_nag:  {rules_to_suppress: [{id: AwsSolutions-S1, reason: why}]}
      guard:    {SuppressedRules: [{id: CT.S3.PR.2, reason: why}]}
      cfn-lint: {config: {ignore_checks: [W3005]}, reasons: {W3005: why}}
      parliament: {waived: [{id: RESOURCE_STAR, reason: why}]}
      rules:    {waived: [{id: retained, reason: why}]}     (those of tests/infra/rules)
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.infra.templates import Template

TOOLS = ("checkov", "cdk_nag", "guard", "cfn-lint", "parliament", "rules")

#: Stands for the logical id of a waiver in the Metadata of the template itself: it holds for all that is in it.
EVERYWHERE = "*"

_SHORTEST_REASON = 20


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What a scanner reports of one resource. Two with the same rule there are the same."""

    template: str
    logical_id: str
    rule: str
    message: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.template}: {self.logical_id}: {self.rule} {self.message}".strip()


@dataclass(frozen=True, slots=True)
class Waiver:
    """That a rule does not hold for a resource, and why."""

    tool: str
    finding: Finding
    reason: str


def waivers(templates: list[Template], *tools: str) -> list[Waiver]:
    """The waivers in the templates, of these tools (all of them otherwise)."""
    return [
        Waiver(tool, Finding(template.name, logical_id, rule), reason)
        for template in templates
        for logical_id, body in {EVERYWHERE: template.body, **template.section("Resources")}.items()
        for tool in tools or TOOLS
        for rule, reason in _of(body, tool)
    ]


def _of(body: dict[str, Any], tool: str) -> Iterator[tuple[str, str]]:
    metadata = body.get("Metadata", {}).get(tool) or {}
    if tool == "cfn-lint":
        reasons = metadata.get("reasons", {})
        for rule in metadata.get("config", {}).get("ignore_checks", []):
            yield rule, str(reasons.get(rule, ""))
        return
    key, reason = {
        "checkov": ("skip", "comment"),
        "cdk_nag": ("rules_to_suppress", "reason"),
        "guard": ("SuppressedRules", "reason"),
        "parliament": ("waived", "reason"),
        "rules": ("waived", "reason"),
    }[tool]
    for waiver in metadata.get(key, []):
        yield waiver["id"], str(waiver.get(reason, ""))


def problems(tool: str, found: set[Finding], templates: list[Template]) -> list[str]:
    """What is wrong: findings without a waiver, waivers that nothing needs, waivers without a reason."""
    given = {waiver.finding: waiver.reason for waiver in waivers(templates, tool)}
    covered = {waiver: {finding for finding in found if _covers(waiver, finding)} for waiver in given}
    return [
        *(f"not waived: {finding}" for finding in sorted(found.difference(*covered.values()))),
        *(f"waives nothing: {waiver} ({tool})" for waiver in sorted(given) if not covered[waiver]),
        *(f"without a reason: {waiver} ({tool})" for waiver in sorted(given) if not is_reason(given[waiver])),
    ]


def _covers(waiver: Finding, finding: Finding) -> bool:
    """``RULE[*]`` stands for every detail that the rule reports of a resource."""
    if waiver.template != finding.template or waiver.logical_id not in {finding.logical_id, EVERYWHERE}:
        return False
    every = waiver.rule.endswith("[*]")
    return waiver.rule == finding.rule or (every and finding.rule.startswith(waiver.rule.removesuffix("*]")))


def is_reason(text: str) -> bool:
    """Whether a person learns something from it."""
    return len(text.strip()) >= _SHORTEST_REASON and " " in text.strip() and "todo" not in text.lower()


def without_waivers(body: dict[str, Any]) -> dict[str, Any]:
    """A template's body of which a scanner says all that it finds."""
    bare = copy.deepcopy(body)
    for holder in (bare, *bare["Resources"].values()):
        for tool in TOOLS:
            holder.get("Metadata", {}).pop(tool, None)
    return bare


def write_unwaived(templates: list[Template], folder: Path) -> list[Path]:
    """Writes the templates as JSON without their waivers."""
    written = []
    for template in templates:
        written.append(folder / f"{Path(template.name).stem}.json")
        written[-1].write_text(json.dumps(without_waivers(template.body), indent=1), encoding="utf-8")
    return written
