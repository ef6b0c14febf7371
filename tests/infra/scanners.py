"""What each scanner finds in a folder of templates, as findings that compare."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.infra.tools import GUARD, NODE_FOLDER, guard, node, run_json, scan_tool
from tests.infra.waivers import Finding

#: Every region that DEPLOYMENT.md names: a property or a type that is missing in one of them is found.
REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1")

#: cfn-lint's exit code is a sum: 2 errors, 4 warnings, 8 informational.
_CFN_LINT_EXITS = tuple(range(0, 16, 2))
_GUARD_FOUND = 19
_CONTROL = re.compile(r"\[(CT\.[A-Z0-9]+\.PR\.\d+)\]: ([^\[]*)")


def _template(path: str) -> str:
    """Which template a file was written from: ``compute--7.json`` is ``compute.yaml``."""
    return f"{Path(path).stem.split('--')[0]}.yaml"


def cfn_lint(*files: Path) -> set[Finding]:
    """Errors, warnings and informational findings, in every region."""
    report = run_json(
        scan_tool("cfn-lint"), "--include-checks", "I", "--regions", *REGIONS, "--format", "json",
        "--", *map(str, files), exits=_CFN_LINT_EXITS,
    )  # fmt: skip
    return {_lint_finding(found) for found in report}


def _lint_finding(found: dict[str, Any]) -> Finding:
    path = [str(part) for part in found["Location"]["Path"] or []]
    logical_id = path[1] if path[:1] == ["Resources"] and len(path) > 1 else "/".join(path) or "-"
    return Finding(_template(found["Filename"]), logical_id, found["Rule"]["Id"], found["Message"])


def checkov(folder: Path) -> set[Finding]:
    """Failed checks of the framework cloudformation. What cannot be parsed is a finding too."""
    report = run_json(
        scan_tool("checkov"), "--skip-download", "--framework", "cloudformation", "--compact", "--quiet",
        "--output", "json", "--directory", str(folder), exits=(0, 1),
    )  # fmt: skip
    results = report.get("results", {"failed_checks": []})
    failed = {
        Finding(_template(found["file_path"]), found["resource"].split(".")[-1], found["check_id"], found["check_name"])
        for found in results["failed_checks"]
    }
    return failed | {
        Finding(_template(path), "-", "parsing", "checkov cannot read it") for path in results.get("parsing_errors", [])
    }


def cdk_nag(*files: Path) -> set[Finding]:
    """The pack AwsSolutions."""
    report = run_json(node(), str(NODE_FOLDER / "nag.mjs"), *map(str, files))
    return {
        Finding(_template(found["template"]), found["resource"], found["rule"], found["message"]) for found in report
    }


def guard_rules(folder: Path) -> set[Finding]:
    """AWS Control Tower's proactive controls, which cfn-guard evaluates."""
    report = run_json(
        guard(), "validate", "--rules", str(GUARD / "rules"), "--data", str(folder),
        "--structured", "--output-format", "json", "--show-summary", "none", exits=(0, _GUARD_FOUND),
    )  # fmt: skip
    return {finding for document in report for rule in document["not_compliant"] for finding in _guard(document, rule)}


def _guard(document: dict[str, Any], rule: dict[str, Any]) -> set[Finding]:
    """A control fails in clauses, each at a path such as ``/Resources/Bucket/Properties``."""
    found: dict[tuple[str, str], str] = {}
    _collect(rule, "", found)
    name = _template(document["name"])
    return {Finding(name, logical_id, control, message) for (logical_id, control), message in found.items()}


def _collect(value: Any, message: str, found: dict[tuple[str, str], str]) -> None:
    if isinstance(value, list):
        for inner in value:
            _collect(inner, message, found)
    if not isinstance(value, dict):
        return
    custom = (value.get("messages") or {}).get("custom_message")
    message = custom or message
    path = value.get("path")
    if isinstance(path, str) and path.startswith("/Resources/") and (control := _CONTROL.search(message or "")):
        found[path.split("/")[2], control[1]] = control[2].strip()
    for inner in value.values():
        _collect(inner, message, found)
