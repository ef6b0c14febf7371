"""What an interruption must not change, and how a run that was interrupted ends."""

from __future__ import annotations

import re
import signal
from typing import Any

from tests.rehearsal.harness import Run
from tests.rehearsal.orders import Do
from tests.rehearsal.stage import Stage

#: Names end in what CloudFormation, KMS, API Gateway or Lambda made up.
_MADE_UP = re.compile(r"[A-Z0-9]{10,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{10,}")


def picture(story: Stage) -> dict[str, Any]:
    """All that is in the account, without what is different each time."""
    found = story.left()
    stacks = story.client("cloudformation").describe_stacks()["Stacks"]
    return {
        **{kind: sorted(_MADE_UP.sub("*", name) for name in names) for kind, names in found.items()},
        # A template that was uploaded before an interruption and was changed since stays among the versions.
        "s3 versions": sorted({_MADE_UP.sub("*", name.split()[0]) for name in found.get("s3 versions", ())}),
        "states": sorted(
            f"{_MADE_UP.sub('*', stack['StackName'])} {stack['StackStatus'].replace('UPDATE_C', 'CREATE_C')}"
            for stack in stacks
            if stack["StackStatus"] != "DELETE_COMPLETE"
        ),
    }


def assert_ended_in_order(run: Run, do: Do) -> None:
    assert "Traceback" not in run.text, run.text
    if do == "kill":
        assert run.status == -signal.SIGKILL, run.text
    else:
        assert run.status == 130, run.text
        assert "Run the same command again to go on." in run.err, run.text
