"""The workflows of GitHub: clean by zizmor and checkov, pinned, and doing what DEPLOYMENT.md says of them."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra import scanners
from tests.infra.templates import ROOT
from tests.infra.tools import run_json, scan_tool

FOLDER = ROOT / ".github"
WORKFLOWS = FOLDER / "workflows"

#: Pins of actions: a whole commit and, for people and dependabot, its version.
_PIN = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40}) # v\d+\.\d+\.\d+")
_OWN = re.compile(r"uses: \$/\.github/workflows/[\w-]+\.yaml")


def zizmor(*inputs: Path) -> set[str]:
    """What zizmor finds when it looks as hard as it can."""
    arguments = ("--offline", "--no-progress", "--quiet", "--persona", "auditor", "--no-exit-codes", "--format", "json")
    return {found["ident"] for found in run_json(scan_tool("zizmor"), *arguments, *map(str, inputs))}


def read(name: str) -> dict[str, Any]:
    text = (WORKFLOWS / name).read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_zizmor_finds_nothing() -> None:
    assert zizmor(FOLDER) == set()


def test_checkov_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / ".github").symlink_to(FOLDER)

    assert scanners.checkov(tmp_path, framework="github_actions") == set()


BAD = """
on: pull_request_target
jobs:
  bad:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo ${{ github.event.pull_request.title }}
"""


def test_zizmor_would_find_what_is_dangerous(tmp_path: Path) -> None:
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "bad.yaml").write_text(BAD, encoding="utf-8")

    assert {"dangerous-triggers", "unpinned-uses", "template-injection", "artipacked"} <= zizmor(tmp_path)


def test_every_action_is_pinned_by_its_commit_and_everywhere_the_same() -> None:
    lines = [
        line.strip().removeprefix("- ")
        for path in WORKFLOWS.glob("*.yaml")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "uses:" in line
    ]
    pins = [match for line in lines if (match := _PIN.fullmatch(line))]

    assert [line for line in lines if not _PIN.fullmatch(line) and not _OWN.fullmatch(line)] == []
    assert len({match["action"] for match in pins}) == len({(match["action"], match["commit"]) for match in pins})


def test_every_supported_version_of_python_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    matrix = read("test.yaml")["jobs"]["test"]["strategy"]["matrix"]

    assert matrix["python"][0] == project["requires-python"].removeprefix(">=")
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]


@pytest.mark.parametrize("name", ["test.yaml", "deploy.yaml"])
def test_no_job_may_do_more_than_it_must(name: str) -> None:
    workflow = read(name)
    wanted = {"contents": "read"}
    with_aws = {**wanted, "id-token": "write"}

    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        becomes_a_role = any("configure-aws-credentials" in step.get("uses", "") for step in job.get("steps", []))
        assert job["permissions"] == (with_aws if becomes_a_role else wanted)


def test_no_secret_is_stored_for_a_deployment() -> None:
    text = (WORKFLOWS / "deploy.yaml").read_text(encoding="utf-8")

    assert "secrets." not in text
    assert "access-key" not in text


def test_changes_are_shown_before_anybody_approves() -> None:
    jobs = read("deploy.yaml")["jobs"]
    shown = " ".join(step.get("run", "") for step in jobs["changes"]["steps"])
    done = [step["run"] for step in jobs["deploy"]["steps"] if "run" in step]

    assert jobs["changes"]["needs"] == "test"
    assert jobs["deploy"]["needs"] == ["changes", "web"]
    assert jobs["changes"]["environment"] == jobs["deploy"]["environment"] + "-preview"
    assert 'scripts/deploy.sh "$ENVIRONMENT" --dry-run' in shown
    assert "GITHUB_STEP_SUMMARY" in shown
    assert done == ['scripts/deploy.sh "$ENVIRONMENT" --yes', 'scripts/test.sh "$ENVIRONMENT" --yes']


def test_the_web_interface_is_built_beside_no_role_and_deployed() -> None:
    jobs = read("deploy.yaml")["jobs"]
    built, deployed = jobs["web"]["steps"], jobs["deploy"]["steps"]
    [kept] = [step["with"] for step in built if "upload-artifact" in step.get("uses", "")]
    [got] = [step["with"] for step in deployed if "download-artifact" in step.get("uses", "")]

    assert [step["run"] for step in built if "run" in step] == ["scripts/web.sh build"]
    assert (kept["name"], kept["path"]) == (got["name"], got["path"]) == ("web", "web/dist")
    npm = ("setup-node", "npm", "web.sh")
    for job in ("changes", "deploy"):
        assert not any(word in str(step) for step in jobs[job]["steps"] for word in npm)


@pytest.mark.parametrize(("script", "options"), [("deploy.sh", ("--dry-run", "--yes")), ("test.sh", ("--yes",))])
def test_the_scripts_take_the_options_that_the_workflow_gives(script: str, options: tuple[str, ...]) -> None:
    command = ["bash", str(ROOT / "scripts" / script), "--help"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout

    assert all(option in said for option in options)
