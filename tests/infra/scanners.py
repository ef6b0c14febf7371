"""What each scanner finds in templates, as findings that compare."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.infra.tools import GUARD, NODE_FOLDER, guard, node, run_json, scan_tool
from tests.infra.waivers import Finding

#: Every region that DEPLOYMENT.md names: a property or a type that is missing in one of them is found.
REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1")

#: cfn-lint's exit code is a sum: 2 errors, 4 warnings, 8 informational.
_CFN_LINT_EXITS = tuple(range(0, 16, 2))
_GUARD_FOUND = 19
_CHECKOV = Path(__file__).with_name("run_checkov.py")
_TYPE = re.compile(r"AWS::\w+::\w+")
_CONTROL = re.compile(r"\[(CT\.[A-Z0-9]+\.PR\.\d+)\]: ([^\[]*)")

#: What a finding says of the file that it is in.
Label = Callable[[str], str]


def template_of(path: str) -> str:
    """Which template a file was written from: ``compute--7.json`` is ``compute.yaml``."""
    return f"{Path(path).stem.split('--')[0]}.yaml"


def cfn_lint(*files: Path, label: Label = template_of) -> set[Finding]:
    """Errors, warnings and informational findings, in every region."""
    report = run_json(
        scan_tool("cfn-lint"), "--include-checks", "I", "--regions", *REGIONS, "--format", "json",
        "--", *map(str, files), exits=_CFN_LINT_EXITS,
    )  # fmt: skip
    return {
        Finding(label(found["Filename"]), _place(found["Location"]["Path"]), found["Rule"]["Id"], found["Message"])
        for found in report
    }


def _place(path: list[Any] | None) -> str:
    parts = [str(part) for part in path or []]
    return parts[1] if parts[:1] == ["Resources"] and len(parts) > 1 else "/".join(parts) or "-"


def checkov(folder: Path, label: Label = template_of, framework: str = "cloudformation") -> set[Finding]:
    """Failed checks. What cannot be parsed is a finding too."""
    report = run_json(scan_tool("python"), str(_CHECKOV), framework, str(folder))
    failed = {
        Finding(label(found["file"]), found["resource"].split(".")[-1], found["check"], found["name"])
        for found in report["failed"]
    }
    return failed | {Finding(label(path), "-", "parsing", "checkov cannot read it") for path in report["unread"]}


def cdk_nag(*files: Path, label: Label = template_of) -> set[Finding]:
    """The pack AwsSolutions."""
    report = run_json(node(), str(NODE_FOLDER / "nag.mjs"), *map(str, files))
    return {Finding(label(found["template"]), found["resource"], found["rule"], found["message"]) for found in report}


def cfn_guard(folder: Path, label: Label = template_of) -> set[Finding]:
    """AWS Control Tower's proactive controls, which cfn-guard evaluates."""
    report = run_json(
        guard(), "validate", "--rules", *map(str, _controls_for(folder)), "--data", str(folder),
        "--structured", "--output-format", "json", "--show-summary", "none", exits=(0, _GUARD_FOUND),
    )  # fmt: skip
    found: dict[tuple[str, str, str], str] = {}
    for document in report:
        for rule in document["not_compliant"]:
            _collect(rule, "", label(document["name"]), found)
    return {Finding(*key, message=message) for key, message in found.items()}


def _controls_for(folder: Path) -> list[Path]:
    """Controls that name a type of a resource in the folder, or none: reading all others takes three times as long."""
    types = {found for path in folder.rglob("*.*") for found in _TYPE.findall(path.read_text(encoding="utf-8"))}
    controls = {path: set(_TYPE.findall(path.read_text(encoding="utf-8"))) for path in GUARD.glob("rules/**/*.guard")}
    return [path for path, named in sorted(controls.items()) if not named or named & types]


def _collect(value: Any, message: str, name: str, found: dict[tuple[str, str, str], str]) -> None:
    """A control fails in clauses, one in another, each at a path such as ``/Resources/Bucket/Properties``."""
    for inner in value if isinstance(value, list) else ():
        _collect(inner, message, name, found)
    if not isinstance(value, dict):
        return
    message = (value.get("messages") or {}).get("custom_message") or message
    path = value.get("path")
    if isinstance(path, str) and path.startswith("/Resources/") and (control := _CONTROL.search(message)):
        found[name, path.split("/")[2], control[1]] = control[2].strip()
    for inner in value.values():
        _collect(inner, message, name, found)
