"""The cloud entry as the Lambda Web Adapter starts it: ``run.sh`` as a process, over DynamoDB, KMS and Bedrock on
loopback."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from shared.errors import ModelStreamBroken
from tests.contract.bedrock_server import BedrockServer
from tests.contract.stores import create_table
from tests.emulator.emulator import REGION, running_emulator
from tests.fakes import PATIENCE, ScriptedModel
from tests.integration.processes import Process, process
from tests.serving import Client, events_of, names_of, text_of

pytestmark = pytest.mark.emulator

ROOT = Path(__file__).parents[2]
RUN = ["/bin/sh", str(ROOT / "src" / "chatbot" / "run.sh")]
MODEL = "bedrock:amazon.nova-lite-v1:0"
CANARY = "kanarienvogel4711"


class CountingProxy:
    """Passes requests on to the emulator and counts them by operation."""

    def __init__(self, endpoint: str) -> None:
        self.calls: Counter[str] = Counter()
        calls = self.calls

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                calls[self.headers["x-amz-target"].rpartition(".")[2]] += 1
                body = self.rfile.read(int(self.headers["content-length"]))
                passed = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                request = urllib.request.Request(endpoint, body, passed, method="POST")
                try:
                    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                        status, payload, kind = answer.status, answer.read(), answer.headers["content-type"]
                except urllib.error.HTTPError as error:
                    with error:
                        status, payload, kind = error.code, error.read(), error.headers["content-type"]
                self.send_response(status)
                self.send_header("content-type", kind or "application/x-amz-json-1.0")
                self.send_header("content-length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Prints nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stops passing requests on."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CountingProxy]:
    with running_emulator(tmp_path_factory.mktemp("emulator")) as emulator:
        proxy = CountingProxy(emulator.endpoint)
        yield proxy
        proxy.close()


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel()


@contextlib.contextmanager
def cloud_environ(aws: CountingProxy, model: ScriptedModel) -> Iterator[dict[str, str]]:
    """What the function's configuration would give, with an empty table and a key of its own."""
    options: dict[str, Any] = {
        "endpoint_url": aws.url,
        "region_name": REGION,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }
    with (
        contextlib.closing(boto3.client("dynamodb", **options)) as dynamodb,
        contextlib.closing(boto3.client("kms", **options)) as kms,
        BedrockServer(model) as bedrock,
    ):
        yield {
            "PATH": os.environ["PATH"],
            "PYTHON": sys.executable,
            "LAMBDA_TASK_ROOT": str(ROOT / "src"),
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock.url,
            "CHATBOT_TABLE": create_table(dynamodb),
            "CHATBOT_KMS_KEY_ID": kms.create_key()["KeyMetadata"]["KeyId"],
            "CHATBOT_MODEL": MODEL,
        }


@pytest.fixture
def environ(aws: CountingProxy, model: ScriptedModel) -> Iterator[dict[str, str]]:
    with cloud_environ(aws, model) as found:
        yield found


class Function:
    """The running entry and a client before it, as the adapter is."""

    def __init__(self, entry: Process, client: Client) -> None:
        self.entry = entry
        self.client = client

    def invoke(self, message: str, context: dict[str, Any], **fields: Any) -> Any:
        """One turn of an invocation with this context; the response, read."""
        headers = {"x-amzn-lambda-context": json.dumps(context)}
        return self.client.post("/chat", json={"message": message, **fields}, headers=headers)


class Start:
    """Starts the entry on a free port; stops what it started at the end."""

    def __init__(self) -> None:
        self._open: list[Any] = []

    def __call__(self, environ: dict[str, str]) -> Function:
        port = free_port()
        running = process(RUN, {**environ, "AWS_LWA_PORT": str(port)})
        entry = running.__enter__()
        self._open.append(running)
        client = Client(f"http://127.0.0.1:{port}")
        self._open.append(client)
        wait_until_ready(entry, client)
        return Function(entry, client)

    def stop(self) -> None:
        for each in reversed(self._open):
            each.__exit__(None, None, None)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_until_ready(entry: Process, client: Client) -> None:
    """Asks until the port answers, as the adapter does."""
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            assert client.get("/health").status_code == 200
        except httpx.ConnectError:
            assert time.monotonic() < give_up, entry.output
            assert entry.running, entry.output
            time.sleep(0.02)
        else:
            return


@pytest.fixture
def start() -> Iterator[Start]:
    starter = Start()
    yield starter
    starter.stop()


def in_time() -> dict[str, Any]:
    """The context of an invocation that has a minute left."""
    return {"request_id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd", "deadline": int((time.time() + 60) * 1000)}


def lines_of(function: Function) -> list[dict[str, Any]]:
    """Everything that the function wrote, after it was stopped; each line must be JSON, on standard output."""
    function.entry.signal(signal.SIGTERM)
    function.entry.wait()
    assert function.entry.err == []
    return [json.loads(line) for line in function.entry.out]


def test_turns_are_answered_streamed_and_remembered(
    start: Start, environ: dict[str, str], model: ScriptedModel
) -> None:
    function = start(environ)
    first = function.invoke("My name is Ada.", in_time(), conversation_id="c1").json()
    assert first["reply"] == "You said: My name is Ada.."
    assert first["model"] == MODEL
    events = function.client.streamed("What is my name?", conversation_id="c1")
    assert names_of(events)[-1] == "done"
    assert text_of(events) == "You said: What is my name?."
    assert model.prompt() == [
        ("user", "My name is Ada."),
        ("assistant", "You said: My name is Ada.."),
        ("user", "What is my name?"),
    ]
    assert function.client.conversation_ids() == ["c1"]
    assert function.client.get("/health/detailed").json()["status"] == "ok"
    assert function.client.delete("/conversations/c1").status_code == 204
    assert function.client.get("/conversations/c1").status_code == 404


def test_logs_are_json_lines_with_the_invocations_id_and_no_content(start: Start, environ: dict[str, str]) -> None:
    function = start(environ)
    context = in_time()
    response = function.invoke(CANARY, context, conversation_id="c1")
    assert response.headers["x-request-id"] == context["request_id"]
    assert CANARY in response.text
    lines = lines_of(function)
    assert CANARY not in json.dumps(lines)
    turn = next(line for line in lines if line.get("message") == "turn")
    assert (turn["request_id"], turn["conversation_id"]) == (context["request_id"], "c1")
    assert turn["output_tokens"] == 7
    request = next(line for line in lines if line.get("route") == "/chat")
    assert (request["request_id"], request["status"]) == (context["request_id"], 200)


def test_metrics_are_written_in_the_embedded_format(
    start: Start, environ: dict[str, str], model: ScriptedModel
) -> None:
    function = start(environ)
    function.invoke(CANARY, in_time(), conversation_id="c1")
    model.next("half ", ModelStreamBroken("Broken."))
    assert function.invoke(CANARY, in_time()).status_code == 502
    written = [line for line in lines_of(function) if "_aws" in line]
    for line in written:
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Chatbot"
        for metric in directive["Metrics"]:
            assert isinstance(line[metric["Name"]], int | float)
        assert directive["Dimensions"] == [[]]
    assert [line["Turns"] for line in written if "Turns" in line] == [1]
    assert [line["code"] for line in written if "TurnsFailed" in line] == ["model_stream_broken"]
    assert "c1" not in json.dumps(written)
    assert CANARY not in json.dumps(written)


def test_ten_messages_cost_one_kms_call_cold_and_none_warm(
    start: Start, environ: dict[str, str], aws: CountingProxy, model: ScriptedModel
) -> None:
    function = start(environ)
    before = Counter(aws.calls)
    for number in range(5):
        function.invoke(f"q{number}", in_time(), conversation_id="c1")
    assert kms_calls(aws, before) == {"GenerateDataKey": 1}
    cold = start(environ)
    before = Counter(aws.calls)
    cold.invoke("cold", in_time(), conversation_id="c1")
    assert len(model.prompt()) == 11
    assert kms_calls(aws, before) == {"Decrypt": 1}
    before = Counter(aws.calls)
    cold.invoke("warm", in_time(), conversation_id="c1")
    assert len(cold.client.messages("c1")) == 14
    assert kms_calls(aws, before) == {}


def kms_calls(aws: CountingProxy, before: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in (aws.calls - before).items() if name in {"GenerateDataKey", "Decrypt"}}


def test_starting_calls_no_service(start: Start, environ: dict[str, str], aws: CountingProxy) -> None:
    before = Counter(aws.calls)
    start(environ)
    assert aws.calls == before


def test_an_invocation_that_has_no_time_left_is_told_so(
    start: Start, environ: dict[str, str], model: ScriptedModel
) -> None:
    function = start(environ)
    response = function.invoke("hi", {"deadline": int(time.time() * 1000)}, conversation_id="c1")
    assert response.status_code == 504
    assert response.json()["error"]["code"] == "model_timeout"
    assert model.calls == 0
    assert function.client.get("/conversations/c1").status_code == 404


def test_a_model_that_takes_too_long_ends_the_stream_within_the_invocation(
    start: Start, environ: dict[str, str], model: ScriptedModel
) -> None:
    function, late = start(environ), threading.Event()
    # Five seconds are kept back to end in order: what comes after half a second is too late.
    context = {"deadline": int((time.time() + 5.5) * 1000)}
    model.next("first ", lambda: late.wait(0.6), "second")
    response = function.invoke("hi", context, conversation_id="c1", stream=True)
    events = events_of(response.text)
    assert "second" not in text_of(events)
    assert events[-1].data["error"]["code"] == "model_timeout"
    assert function.client.get("/conversations/c1").status_code == 404


@pytest.mark.parametrize("context", ["", "{", "[]", "5", '{"deadline": "soon"}', '{"deadline": null}', "\xff"])
def test_a_context_that_makes_no_sense_is_passed_over(context: str, function: Function) -> None:
    headers = {"x-amzn-lambda-context": context.encode("latin-1"), "content-type": "application/json"}
    response = function.client.post("/chat", content=b'{"message": "hi"}', headers=headers)  # type: ignore[arg-type]  # httpx takes bytes
    assert response.status_code == 200


@pytest.fixture(scope="module")
def function(aws: CountingProxy) -> Iterator[Function]:
    starter = Start()
    with cloud_environ(aws, ScriptedModel()) as environ:
        yield starter(environ)
        starter.stop()


def test_a_service_out_of_reach_fails_the_turn_in_words(
    start: Start, environ: dict[str, str], model: ScriptedModel
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    function = start({**environ, "AWS_ENDPOINT_URL_KMS": nowhere})
    response = function.invoke("hi", in_time(), conversation_id="c1")
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "key_unavailable"
    assert function.client.get("/health/detailed").status_code == 503
    assert function.client.get("/health").status_code == 200


def test_missing_settings_are_told_all_at_once() -> None:
    said = refusal({})
    for name in ("CHATBOT_TABLE", "CHATBOT_KMS_KEY_ID", "AWS_REGION", "CHATBOT_MODEL"):
        assert name in said


def test_wrong_settings_are_told_all_at_once(environ: dict[str, str]) -> None:
    said = refusal({**environ, "CHATBOT_TEMPERATURE": "hot", "CHATBOT_TABEL": "t", "CHATBOT_MODEL": "gpt"})
    for name in ("CHATBOT_TEMPERATURE", "CHATBOT_TABEL", "CHATBOT_MODEL"):
        assert name in said


def refusal(environ: dict[str, str]) -> str:
    """What an entry that cannot start logs: one JSON line, and it fails with 1."""
    base = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, "LAMBDA_TASK_ROOT": str(ROOT / "src")}
    finished = subprocess.run(
        RUN, env={**base, **environ}, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (finished.returncode, finished.stderr) == (1, "")
    (line,) = finished.stdout.splitlines()
    found = json.loads(line)
    assert found["level"] == "ERROR"
    return str(found["message"])
