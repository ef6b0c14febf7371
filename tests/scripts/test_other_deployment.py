"""The command line's configuration knows one URL for an environment; there may be one in each Region and account."""

from __future__ import annotations

import pytest

from tests.scripts.accounts import API_URL, empty_account, purged_account, stack, with_stack
from tests.scripts.shell import Shell

_ELSEWHERE = "https://zzz999.execute-api.eu-west-1.amazonaws.com/api"


def configured(shell: Shell, url: str) -> str:
    text = f'[env.dev]\nurl = "{url}"\napi_key = "abcdefghij0123456789"\n'
    shell.config.parent.mkdir(parents=True)
    shell.config.write_text(text)
    return text


def test_another_deployment_than_the_one_named_is_not_tested(shell: Shell) -> None:
    empty_account(shell)
    with_stack(shell, "UPDATE_COMPLETE")
    configured(shell, _ELSEWHERE)
    result = shell.run("test.sh", "dev")
    result.refused(_ELSEWHERE, API_URL, "scripts/deploy.sh dev, with the same --region", script="smoke.py")
    assert result.err.count("\n") == 1, "one sentence"


def test_the_one_that_is_named_is_tested(shell: Shell) -> None:
    empty_account(shell)
    here = "http://127.0.0.1:9"
    with_stack(shell, "UPDATE_COMPLETE")
    shell.answer("describe-stacks --stack-name", stack("UPDATE_COMPLETE").replace(API_URL, here))
    configured(shell, f"{here}/")
    result = shell.run("test.sh", "dev")
    result.refused("does not do all that it should", script="test.sh")
    assert "FAILED  health" in result.out
    assert f"GET {here}/health" in result.err


@pytest.mark.parametrize("data_only", [False, True])
def test_where_there_is_no_api_there_is_nothing_to_test(shell: Shell, data_only: bool) -> None:
    empty_account(shell)
    configured(shell, API_URL)
    if data_only:
        rows = stack("UPDATE_COMPLETE", DataOnly="true").splitlines(keepends=True)
        shell.answer("describe-stacks --stack-name", "".join(row for row in rows if "ApiUrl" not in row))
    result = shell.run("test.sh", "dev")
    result.refused("has no API in account 123456789012, us-east-1", "scripts/deploy.sh dev", script="test.sh")


def test_tokens_of_another_deployment_are_not_shown(shell: Shell) -> None:
    empty_account(shell)
    with_stack(shell, "UPDATE_COMPLETE")
    configured(shell, _ELSEWHERE)
    shell.answer("cloudwatch describe-alarms", "")
    result = shell.run("status.sh", "dev")
    assert result.status == 0, result.text
    assert f"says that dev is at {_ELSEWHERE}, its stack here says {API_URL}" in result.err
    assert "turns" not in result.out


@pytest.mark.parametrize(
    ("url", "rows", "forgotten"),
    [
        (API_URL, stack("UPDATE_COMPLETE"), True),
        (_ELSEWHERE, stack("UPDATE_COMPLETE"), False),
        (API_URL.replace("abc123", "other1"), stack("UPDATE_COMPLETE"), False),
        # What holds only data does not say its URL.
        (API_URL, stack("UPDATE_COMPLETE").replace("output\tApiUrl", "output\tFormer"), True),
        (_ELSEWHERE, stack("UPDATE_COMPLETE").replace("output\tApiUrl", "output\tFormer"), False),
    ],
)
def test_a_purge_forgets_the_configuration_of_what_it_removed_alone(
    shell: Shell, url: str, rows: str, forgotten: bool
) -> None:
    purged_account(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", rows)
    shell.fails("describe-stacks --stack-name chatbot-dev", "ValidationError", "does not exist", after="delete-stack")
    before = configured(shell, url)
    result = shell.run("cleanup.sh", "dev", "--purge", "--yes")
    assert result.status == 0, result.text
    assert (shell.config.read_text() == before) != forgotten
