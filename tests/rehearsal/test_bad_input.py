"""What a person gets wrong, or the account does not allow: one clear sentence, an exit code, and nothing made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.rehearsal.harness import Run
from tests.rehearsal.stage import Stage

pytestmark = pytest.mark.rehearsal

_NOTHING = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}


def _refused(run: Run, *words: str) -> None:
    """It ended at once, with one sentence that has the words, and no traceback."""
    assert run.status not in (0, None), run.text
    for word in words:
        assert word in run.err, run.text
    for mark in ("Traceback", "unbound variable", ".sh: line ", "An error occurred ("):
        assert mark not in run.err, run.text
    told = [line for line in run.err.splitlines() if line.strip()]
    assert len(told) <= 3, run.text


SCRIPTS = ("deploy.sh", "enable-rag.sh", "test.sh", "status.sh", "cleanup.sh")


@pytest.mark.parametrize("script", [*SCRIPTS, "package-lambdas.sh"])
def test_help_is_given_without_anything_else(story: Stage, script: str) -> None:
    run = story.shell.script(script, "--help", environ={**_NOTHING, "AWS_REGION": "", "AWS_DEFAULT_REGION": ""})
    assert run.status == 0, run.text
    assert run.out.startswith(f"usage: scripts/{script}"), run.text
    assert not run.err
    assert not run.calls


@pytest.mark.parametrize("script", [*SCRIPTS, "package-lambdas.sh"])
def test_an_environment_with_a_typo(story: Stage, script: str) -> None:
    run = story.shell.script(script, "stagin", "--yes")
    _refused(run, "stagin", "Did you mean staging?")
    assert not run.calls


@pytest.mark.parametrize("script", [*SCRIPTS, "package-lambdas.sh"])
def test_no_environment(story: Stage, script: str) -> None:
    _refused(story.shell.script(script), "dev, staging, prod")


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_option_that_does_not_exist(story: Stage, script: str) -> None:
    _refused(story.shell.script(script, "dev", "--regoin", "us-east-1"), "--regoin", "--region")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("EnableRAG=maybe", ("EnableRAG", "maybe", "true", "false")),
        ("EnableRag=true", ("EnableRag", "EnableRAG")),
        ("HistoryTtlDays=0", ("HistoryTtlDays", "0")),
        ("VectorStore=pinecone", ("VectorStore", "opensearch", "s3vectors")),
        ("LogRetentionDays=31", ("LogRetentionDays", "31")),
        ("AlarmEmail=me", ("AlarmEmail",)),
        ("AllowedOrigins=example.com", ("AllowedOrigins",)),
        ("HistoryTtlDays", ("HistoryTtlDays", "Name=Value")),
    ],
)
def test_a_parameter_that_cannot_be(story: Stage, setting: str, words: tuple[str, ...]) -> None:
    _refused(story.shell.script("deploy.sh", "dev", "--yes", "--set", setting), *words)


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_credentials(story: Stage, script: str) -> None:
    run = story.shell.script(script, "dev", "--yes", environ=_NOTHING)
    _refused(run, "no AWS credentials were found", "aws configure")


def test_credentials_that_aws_does_not_know(story: Stage) -> None:
    run = story.shell.script("deploy.sh", "dev", "--yes", environ={"AWS_ACCESS_KEY_ID": "AKIAUNKNOWNUNKNOWN00"})
    _refused(run, "AWS does not know these credentials", "--profile")


def test_a_secret_with_a_typo(story: Stage) -> None:
    run = story.shell.script("deploy.sh", "dev", "--yes", environ={"AWS_SECRET_ACCESS_KEY": "not it"})
    _refused(run, "AWS does not know these credentials")


def test_a_profile_that_does_not_exist(story: Stage) -> None:
    _refused(story.shell.script("deploy.sh", "dev", "--profile", "nobody"), "nobody", "aws configure list-profiles")


def test_no_region(story: Stage) -> None:
    run = story.shell.script("deploy.sh", "dev", environ={"AWS_REGION": "", "AWS_DEFAULT_REGION": ""})
    _refused(run, "no AWS Region is set", "--region")


@pytest.mark.parametrize("region", ["us-esat-1x", "nowhere", "us east 1", "ap-south-1"])
def test_a_region_that_cannot_be(story: Stage, region: str) -> None:
    """The last one is there, but has no such model."""
    _refused(story.shell.script("deploy.sh", "dev", "--region", region), region)


def test_without_a_terminal_nobody_is_asked(story: Stage) -> None:
    _refused(story.shell.script("deploy.sh", "dev"), "there is no terminal", "--yes")


@pytest.mark.parametrize("missing", ["aws", "curl", "python3"])
def test_a_tool_that_is_missing(story: Stage, missing: str, tmp_path: Path) -> None:
    """On a PATH with everything else that a script may call."""
    for folder in reversed(story.shell.environ["PATH"].split(":")):
        for program in Path(folder).iterdir():
            if not program.name.startswith(missing) and not (tmp_path / program.name).exists():
                (tmp_path / program.name).symlink_to(program)
    assert not shutil.which(missing, path=str(tmp_path))
    word = {"python3": "Python 3.11 or newer was not found"}.get(missing, f"{missing}")
    _refused(story.shell.script("deploy.sh", "dev", "--yes", environ={"PATH": str(tmp_path)}), word, "install")


def test_credentials_that_have_expired(story: Stage) -> None:
    for script in SCRIPTS:
        run = story.shell.script(script, "dev", "--yes", environ=story.account.expired_credentials())
        _refused(run, "your AWS credentials have expired", "aws sso login")


def test_a_model_without_access(story: Stage) -> None:
    story.account.deny_model_access("anthropic.claude-haiku-5-5")
    try:
        run = story.shell.script("deploy.sh", "dev", "--yes")
    finally:
        story.account.deny_model_access()
    _refused(run, "claude-haiku-5-5")


def test_the_form_that_anthropic_asks_for_was_never_sent(story: Stage) -> None:
    story.account.lack_use_case_form()
    try:
        run = story.shell.script("deploy.sh", "dev", "--yes")
    finally:
        story.account.lack_use_case_form(missing=False)
    _refused(run, "put-use-case-for-model-access")


@pytest.mark.parametrize(("env", "kind"), [("staging", "documents"), ("prod", "artifacts")])
def test_a_bucket_name_that_somebody_else_has(story: Stage, env: str, kind: str) -> None:
    name = f"chatbot-{env}-{kind}-{story.account.account_id}-{story.account.region}"
    story.account.own_bucket_elsewhere(name)
    _refused(story.shell.script("deploy.sh", env, "--yes"), name, "taken by another account", "--region")


def test_a_model_that_does_not_exist(story: Stage) -> None:
    run = story.shell.script("deploy.sh", "dev", "--yes", "--set", "ChatModelId=global.anthropic.claude-haiku-55")
    _refused(run, "global.anthropic.claude-haiku-55", "global.anthropic.claude-haiku-5-5")


def test_no_network_at_all(story: Stage) -> None:
    run = story.shell.script("deploy.sh", "dev", "--yes", environ={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    _refused(run, "AWS could not be reached", "run the same command again")


@pytest.mark.parametrize(
    "command", [("test.sh",), ("status.sh",), ("enable-rag.sh", "--disable"), ("package-lambdas.sh", "--update")]
)
def test_nothing_is_deployed_yet(story: Stage, command: tuple[str, ...]) -> None:
    _refused(story.shell.script(command[0], "dev", "--yes", *command[1:]), "scripts/deploy.sh dev")


def test_cleaning_up_nothing(story: Stage) -> None:
    for kind in ("--purge", "--keep-data"):
        assert story.shell.script("cleanup.sh", "dev", kind, "--yes").status == 0


def test_a_cleanup_must_be_told_what_of_the_data(story: Stage) -> None:
    _refused(story.shell.script("cleanup.sh", "dev", "--keep-data", "--purge"), "--keep-data", "--purge")


def test_none_of_this_made_anything(story: Stage) -> None:
    assert story.left() == {}
