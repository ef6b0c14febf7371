"""No rule that cannot fail: the templates are broken, one thing at a time, and the rule that is meant reports it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra import scanners
from tests.infra.mutations import Mutation, mutations
from tests.infra.prune import write_pruned, write_resolved
from tests.infra.rules.all import found
from tests.infra.rules.base import RULES
from tests.infra.templates import Template
from tests.infra.waivers import Finding, waivers, write_unwaived
from tests.infra.world import World

BY_RULES, BY_SCANNERS = mutations()


@pytest.mark.parametrize("mutation", BY_RULES, ids=str)
def test_a_rule_of_ours_reports(mutation: Mutation) -> None:
    changed = mutation.apply()
    waived = {waiver.finding for waiver in waivers(changed, "rules")}

    reported = {each.rule for each in found(World.of(changed)) - waived}

    assert mutation.found_by in reported


def test_every_rule_of_ours_is_tried() -> None:
    assert {mutation.found_by for mutation in BY_RULES} == RULES.keys()


def label(path: str) -> str:
    """The number of the mutation that the file is of: each has a folder."""
    return Path(path).parent.name


SCANS: dict[str, Callable[[Path], set[Finding]]] = {
    "cfn-lint": lambda folder: scanners.cfn_lint(*folder.glob("*/*.json"), label=label),
    "checkov": lambda folder: scanners.checkov(folder, label),
    "cdk_nag": lambda folder: scanners.cdk_nag(*folder.glob("*/*.json"), label=label),
    "guard": lambda folder: scanners.cfn_guard(folder, label),
}


@pytest.mark.parametrize("tool", SCANS)
def test_a_scanner_reports(tool: str, tmp_path: Path) -> None:
    tried = dict(enumerate(BY_SCANNERS[tool]))
    waived = {}
    for number, mutation in tried.items():
        changed = mutation.apply()
        waived[str(number)] = {(waiver.finding.logical_id, waiver.finding.rule) for waiver in waivers(changed, tool)}
        write_for(tool, changed, mutation.template, tmp_path / str(number))

    reported = {
        (each.template, each.rule)
        for each in SCANS[tool](tmp_path)
        if (each.logical_id, each.rule) not in waived[each.template]
    }

    assert [str(each) for number, each in tried.items() if (str(number), each.found_by) not in reported] == []


def write_for(tool: str, changed: list[Template], name: str, folder: Path) -> None:
    """The broken template, as this scanner gets it."""
    folder.mkdir()
    if tool == "cfn-lint":
        write_unwaived([template for template in changed if template.name == name], folder)
    elif tool == "guard":
        write_resolved(World.of(changed), folder, name)
    else:
        write_pruned(World.of(changed), folder, name)
