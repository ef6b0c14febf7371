"""What CloudFormation calls for a resource type, as its schema says. Run by the interpreter of ``.venv-scan``.

Arguments: resource types. Standard output: ``{type: [action, ...]}``, of creating, reading, updating and deleting.
"""

from __future__ import annotations

import json
import sys

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-not-found]  # installed in .venv-scan

_VERBS = ("create", "read", "update", "delete")


def actions(resource_type: str) -> list[str]:
    """The actions of all four verbs; none for a type whose schema does not tell."""
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema.get("handlers", {})
    return sorted({action for verb in _VERBS for action in handlers.get(verb, {}).get("permissions", [])})


json.dump({each: actions(each) for each in sys.argv[1:]}, sys.stdout)
