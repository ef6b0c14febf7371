"""What a story needs: an account of its own, a person's shell in it, and eyes on the account."""

from __future__ import annotations

import shutil
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.rehearsal.account.account import Account, running_account
from tests.rehearsal.aws_cli.quick import quick_aws
from tests.rehearsal.building import ARCHITECTURE, PYTHON_VERSION, cache_folder
from tests.rehearsal.harness import Run, Shell, make_checkout, path_of
from tests.rehearsal.inventory import Inventory, inventory

#: The program that `pip install` or `make run` gives a person; it knows the deployment from its configuration file.
CHATBOT = Path(sys.executable).with_name("chatbot")
#: What the scripts build for; unset it is what Lambda runs.
_BUILD = {"LAMBDA_ARCHITECTURE": ARCHITECTURE, "LAMBDA_PYTHON": PYTHON_VERSION}


@dataclass
class Stage:
    """Where a story plays."""

    account: Account
    shell: Shell
    #: What was in the account before the story began.
    before: Inventory

    def client(self, service: str) -> Any:
        """The owner's client of a service."""
        return self.account.client(service)

    def inventory(self) -> Inventory:
        return inventory(self.client)

    def left(self) -> Inventory:
        """What is there now and was not before."""
        now = self.inventory()
        new = {kind: [name for name in names if name not in self.before.get(kind, ())] for kind, names in now.items()}
        return {kind: names for kind, names in new.items() if names}

    def output(self, env: str, name: str) -> str:
        """An output of the environment's stack. Raises ``KeyError``."""
        [stack] = self.client("cloudformation").describe_stacks(StackName=f"chatbot-{env}")["Stacks"]
        return {each["OutputKey"]: str(each["OutputValue"]) for each in stack["Outputs"]}[name]

    def api(self, env: str, *, key: str | None = None) -> httpx.Client:
        """The deployed API under its real URL, with the owner's key or another one ("" is none)."""
        if key is None:
            keys = self.client("apigateway")
            key = keys.get_api_key(apiKey=self.output(env, "ApiKeyId"), includeValue=True)["value"]
        return httpx.Client(
            base_url=self.output(env, "ApiUrl"),
            headers={"x-api-key": key} if key else {},
            proxy=self.account.environment["HTTPS_PROXY"],
            verify=ssl.create_default_context(cafile=self.account.environment["SSL_CERT_FILE"]),
            trust_env=False,
            timeout=60,
        )

    def chatbot(self, *arguments: str) -> Run:
        """The command line of this project, in a shell that has no variables of the scripts."""
        return self.shell.run(str(CHATBOT), *arguments, environ=dict.fromkeys(_BUILD, ""))

    def refused(self) -> list[str]:
        """What a function was not allowed to do so far: role, action, resource."""
        calls = [call for call in self.account.calls() if call.role]
        there = {role["RoleName"] for role in self.client("iam").list_roles()["Roles"]}
        # What was at work when its stack was deleted goes on for a moment without its role, and may do nothing then.
        last = {call.role: number for number, call in enumerate(calls) if call.allowed or call.role in there}
        return [
            f"{call.role} {call.action} {call.resource} {call.context}"
            for number, call in enumerate(calls)
            if not call.allowed and number <= last.get(call.role, -1)
        ]


@contextmanager
def stage(folder: Path, zips: Path | None) -> Iterator[Stage]:
    """An empty account and a fresh checkout in ``folder``; ``zips`` are what was built there before, if anything."""
    (folder / "account").mkdir()
    home = folder / "home of somebody"
    home.mkdir()
    checkout = make_checkout(folder / "a folder with spaces" / "chatbot")
    if zips:
        shutil.copytree(zips, checkout / "build" / "lambdas")
    with running_account(folder / "account") as account, quick_aws(folder / "cli") as aws:
        environ = {
            **account.environment,
            "PATH": path_of(folder, aws),
            "TMPDIR": str(_made(folder / "temporary files")),
            "XDG_CACHE_HOME": str(cache_folder()),
            **_BUILD,
        }
        with Shell(checkout, home, environ) as shell:
            made = Stage(account, shell, {})
            made.before = made.inventory()
            yield made


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
