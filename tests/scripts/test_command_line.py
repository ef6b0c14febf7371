"""Command lines and machines that will not do: one sentence, before the account is asked anything."""

from __future__ import annotations

import pytest

from tests.scripts.accounts import empty_account
from tests.scripts.shell import Shell

SCRIPTS = ("deploy.sh", "enable-rag.sh", "test.sh", "cleanup.sh", "status.sh")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_mistyped_environment_is_answered_with_the_three(shell: Shell, script: str) -> None:
    result = shell.run(script, "pord")
    result.refused('"pord" is not an environment', "dev, staging, prod", "Did you mean prod?", script=script)
    assert result.calls == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_environment_is_answered_with_an_example(shell: Shell, script: str) -> None:
    shell.run(script, "--yes").refused("which environment?", "dev, staging, prod", script=script)


def test_two_environments_are_one_too_many(shell: Shell) -> None:
    shell.run("cleanup.sh", "dev", "prod").refused("two environments", "dev and prod", script="cleanup.sh")


@pytest.mark.parametrize(
    ("script", "wrong", "right"),
    [
        ("deploy.sh", "--dryrun", "--dry-run"),
        ("deploy.sh", "--regoin", "--region"),
        ("cleanup.sh", "--keepdata", "--keep-data"),
        ("enable-rag.sh", "--vectorstore=s3vectors", "--vector-store"),
        ("status.sh", "--costs", "--cost"),
    ],
)
def test_a_wrong_option_is_answered_with_the_nearest(shell: Shell, script: str, wrong: str, right: str) -> None:
    result = shell.run(script, wrong, "dev")
    result.refused(f"there is no option {wrong.partition('=')[0]}; did you mean {right}?", script=script)
    assert result.calls == []


@pytest.mark.parametrize("words", [("dev", "--region"), ("--region", "--yes", "dev"), ("--region=", "dev")])
def test_an_option_without_its_value_is_named(shell: Shell, words: tuple[str, ...]) -> None:
    shell.run("deploy.sh", *words).refused("--region needs a value")


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_needs_no_account(shell: Shell, script: str) -> None:
    result = shell.run(script, "--help")
    assert result.status == 0
    assert result.out.startswith(f"usage: scripts/{script} ENV")
    assert "--region" in result.out
    assert result.calls == []


@pytest.mark.parametrize(
    ("tool", "sentence"),
    [("aws", "the AWS CLI (aws) was not found; install"), ("curl", "curl was not found; install it")],
)
def test_a_missing_tool_is_named(shell: Shell, tool: str, sentence: str) -> None:
    programs = shell.folder / "fewer tools"
    programs.mkdir()
    for program in (*shell.tools.iterdir(), *shell.programs.iterdir()):
        if program.name != tool:
            (programs / program.name).symlink_to(program)
    shell.environ["PATH"] = str(programs)
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused(sentence)
    assert result.calls == []


def test_a_python_that_is_too_old_is_named(shell: Shell) -> None:
    old = shell.programs / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    shell.run("deploy.sh", "dev").refused("Python 3.11 or newer was not found", "PYTHON=")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("aws-cli/2.15.30 Python/3.11.8 Linux/6.1", "version 2.15.30; 2.32 or newer is needed"),
        ("aws-cli/1.32.1 Python/3.11.8 Linux/6.1", "version 1.32.1; 2.32 or newer is needed (or 1.44"),
        ("Apache Whimsy Server 3", 'expected "aws-cli/2..."'),
    ],
)
def test_a_command_line_of_aws_that_is_too_old_is_named(shell: Shell, said: str, sentence: str) -> None:
    empty_account(shell)
    shell.answer("^--version", said)
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused(sentence)
    assert result.calls == ["--version"]
