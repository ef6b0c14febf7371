"""The quick ``aws`` of the rehearsal is the AWS CLI: the same answers, exit codes and deaths."""

from __future__ import annotations

import os
import shlex
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.loopback import Exchange, LoopbackServer
from tests.rehearsal.aws_cli.quick import ENVIRONMENT, quick_aws
from tests.rehearsal.harness import PROJECT, Run, Shell
from tests.rehearsal.orders import Order

pytestmark = pytest.mark.rehearsal

_IDENTITY = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    b"<Arn>arn:aws:iam::123456789012:user/me</Arn><UserId>AIDA</UserId><Account>123456789012</Account>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
)
_TEMPLATE = shlex.quote(str(PROJECT / "infra" / "cloudformation" / "main.yaml"))
_IDENTIFY = ("aws", "sts", "get-caller-identity")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with quick_aws(tmp_path_factory.mktemp("aws cli") / "programs") as folder:
        yield folder


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = LoopbackServer(_respond)
    yield server.url
    server.close()


def _respond(exchange: Exchange) -> None:
    if b"GetCallerIdentity" in exchange.raw:
        exchange.answer(200, _IDENTITY, {"Content-Type": "text/xml"})
    elif exchange.method == "PUT":
        exchange.answer(200, b"", {"ETag": f'"{len(exchange.raw)}"'})
    else:
        exchange.answer(400, {"__type": "AccessDeniedException", "message": f"not you: {exchange.body}"})


def _shell(folder: Path, endpoint: str, *path: Path) -> Shell:
    home = folder / "a home"
    home.mkdir(exist_ok=True, parents=True)
    config = home / ".aws" / "config"
    config.parent.mkdir(exist_ok=True)
    config.write_text("[default]\nregion = eu-west-3\n[profile other]\noutput = text\n")
    environ = {
        "PATH": os.pathsep.join([*map(str, path), "/usr/bin", "/bin"]),
        "AWS_ACCESS_KEY_ID": "me",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_MAX_ATTEMPTS": "1",
    }
    return Shell(home, home, environ)


@pytest.fixture
def shell(tmp_path: Path, programs: Path, endpoint: str) -> Iterator[Shell]:
    with _shell(tmp_path, endpoint, programs) as made:
        yield made


@pytest.mark.parametrize(
    "line",
    [
        "aws --version",
        "aws sts get-caller-identity",
        "aws sts get-caller-identity --profile other",
        "aws sts get-caller-identity --query Account --output text",
        "aws sts get-caller-identity | head -c 5",
        "aws sts get-caller-identity --profile nobody",
        "aws configure get region",
        'printf \'{"KeyId": "caf\\303\\251"}\' | aws kms describe-key --cli-input-json file:///dev/stdin',
        "printf text | aws s3 cp - s3://bucket/key",
        "umask 027; aws configure set output json; cat .aws/config; stat -c %a .aws/config",
        "aws cloudformation",
        f"aws cloudformation package --template-file {_TEMPLATE} --s3-bucket bucket --force-upload",
        "aws no-such-service",
        "aws s3api put-object --bucket b",
        "AWS_ENDPOINT_URL=http://127.0.0.1:9 aws dynamodb list-tables",
        "unset AWS_ACCESS_KEY_ID; aws dynamodb list-tables",
    ],
)
def test_it_does_what_the_plain_cli_does(tmp_path: Path, programs: Path, endpoint: str, line: str) -> None:
    quick = _shell(tmp_path / "quick", endpoint, programs).line(line)
    plain = _shell(tmp_path / "plain", endpoint, ENVIRONMENT).line(line)
    assert (quick.status, quick.out, quick.err) == (plain.status, plain.out, plain.err)


def test_a_file_is_read_from_the_folder_of_the_caller(shell: Shell) -> None:
    (shell.checkout / "a file").write_text("text")
    run = shell.run("aws", "s3", "cp", "a file", "s3://bucket/key")
    assert run.status == 0, run.text


def test_calls_are_noted(shell: Shell) -> None:
    run = shell.line("aws sts get-caller-identity; aws kms list-keys")
    assert [(call.name, call.status) for call in run.calls] == [("sts get-caller-identity", 0), ("kms list-keys", 255)]


_SCRIPT = "for n in 1 2 3; do aws sts get-caller-identity --query Account; echo $n; done"


def _harmed(shell: Shell, order: Order, script: str = _SCRIPT) -> Run:
    return shell.start("bash", "-c", script, orders=[order]).wait()


@pytest.mark.parametrize(
    ("order", "status", "finished"),
    [
        (Order("interrupt", 2), -signal.SIGINT, 1),
        (Order("interrupt", 2, "after"), -signal.SIGINT, 2),
        (Order("kill", 2), -signal.SIGKILL, 1),
        (Order("kill", 2, "after"), -signal.SIGKILL, 2),
    ],
)
def test_a_script_is_ended_at_the_call_that_was_ordered(shell: Shell, order: Order, status: int, finished: int) -> None:
    run = _harmed(shell, order)
    assert (run.status, run.out.count("1234")) == (status, finished)
    assert [call.status for call in run.calls].count(0) == finished


def test_a_script_that_is_interrupted_may_clean_up(shell: Shell) -> None:
    run = _harmed(shell, Order("interrupt", 2), f"trap 'echo cleaning; exit 130' INT; {_SCRIPT}")
    assert (run.status, run.out.splitlines()[-1]) == (130, "cleaning")


def test_without_a_network_every_further_call_fails(shell: Shell) -> None:
    run = _harmed(shell, Order("offline", 2))
    assert [call.status for call in run.calls] == [0, 255, 255]
    assert run.err.count("Could not connect to the endpoint URL") == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_caller_that_is_ended_takes_its_call_along(shell: Shell, number: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        run = shell.start(*_IDENTIFY, environ={"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.getsockname()[1]}"})
        request, _ = server.accept()
        with request:
            received = b""
            while not received.endswith(b"Version=2011-06-15"):
                received += request.recv(65536)
            run.signal(number)
            assert request.recv(65536) == b"", "the call goes on"
    # The CLI itself turns an interrupt into an exit code.
    assert run.wait().status == (130 if number == signal.SIGINT else -number)
