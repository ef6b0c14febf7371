"""The local server as a process: how it starts, refuses to start, and stops."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared.local.key_file import KeyFile
from tests.fakes import PATIENCE, Pause
from tests.integration.endless import ENDLESS_SETTINGS, endless
from tests.integration.processes import SERVE, OpenAIServer, Process, local_environ, process, url_of
from tests.serving import Client, events_of, names_of, text_of

#: Runs a command without the given capabilities, so that root, too, may not write what is read-only.
WITHOUT = (
    "import ctypes, os, sys\n"
    "for capability in sys.argv[1].split(','): ctypes.CDLL(None).prctl(24, int(capability))\n"
    "os.execv(sys.argv[2], sys.argv[2:])"
)
#: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH.
RIGHTS_OVER_ALL_FILES = "1,2"
#: A stopped server tells which signal stopped it, as shells expect; Ctrl-C is 130.
STOPPED = (-signal.SIGTERM, 130)
#: ``serve`` with the patience of a stopping server cut down, for turns that never end.
IMPATIENTLY = (
    "import chatbot.api, chatbot.server as server, sys\n"
    "chatbot.api.DRAIN_SECONDS = server._GRACE_SECONDS = 0.3\n"
    "from chatbot.cli import main\n"
    "sys.argv[1:] = ['serve', '--port', '0']\n"
    "main()"
)
SERVE_IMPATIENTLY = [sys.executable, "-c", IMPATIENTLY]


@pytest.fixture
def provider() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def environ(tmp_path: Path, provider: OpenAIServer) -> dict[str, str]:
    return local_environ(tmp_path / "data", CHATBOT_MODEL=provider.spec)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a server that answered one turn and was stopped."""
    folder = tmp_path_factory.mktemp("kept") / "data"
    with OpenAIServer() as provider:
        environ = local_environ(folder, CHATBOT_MODEL=provider.spec)
        with process(SERVE, environ) as server, Client(url_of(server)) as client:
            client.say("keep this", conversation_id="kept")
            server.signal(signal.SIGTERM)
            assert server.wait() in STOPPED
    return folder


@pytest.fixture
def data(kept: Path, tmp_path: Path) -> Path:
    """A copy of it, where ``environ`` says."""
    return Path(shutil.copytree(kept, tmp_path / "data"))


def refusal(environ: dict[str, str], *arguments: str, without: str = "") -> str:
    """What a server that cannot start says. It fails, says it in words, and shows no traceback."""
    before = [sys.executable, "-c", WITHOUT, without] if without else []
    finished = subprocess.run(
        [*before, *SERVE, *arguments], env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert finished.returncode not in (0, None)
    assert finished.stdout == ""
    assert "Traceback" not in finished.stderr
    assert "running at" not in finished.stderr
    return finished.stderr


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under the folder, but for SQLite's companions, which come and go with its readers."""
    companions = ("-wal", "-shm")
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.endswith(companions))
    return {path.name: path.read_bytes() for path in files}


def test_what_was_said_is_there_after_a_restart(data: Path, environ: dict[str, str], provider: OpenAIServer) -> None:
    with process(SERVE, environ) as server, Client(url_of(server)) as client:
        assert client.messages("kept") == [("user", "keep this"), ("assistant", "You said: keep this.")]
        client.say("and this", conversation_id="kept")
        assert provider.model.prompt() == [
            ("user", "keep this"),
            ("assistant", "You said: keep this."),
            ("user", "and this"),
        ]


def test_data_and_key_can_be_read_by_their_owner_only(data: Path) -> None:
    assert data.stat().st_mode & 0o077 == 0
    assert [path.name for path in data.iterdir() if path.stat().st_mode & 0o077] == []


def test_a_taken_port_is_named_and_data_is_left_alone(data: Path, environ: dict[str, str]) -> None:
    before = contents(data)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        said = refusal(environ, "--port", port)
    assert port in said
    assert "Another program is listening" in said
    assert contents(data) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_running_stream_end_and_be_saved(
    number: int, environ: dict[str, str], provider: OpenAIServer
) -> None:
    pause = Pause()
    provider.model.next("first ", pause, "second")
    with process(SERVE, environ) as server, Client(url_of(server)) as client:
        with client.open_stream("hello", conversation_id="c1") as response:
            pause.wait_until_reached()
            server.signal(number)
            pause.go.set()
            events = events_of(response.read().decode())
        assert names_of(events)[-1] == "done"
        assert text_of(events) == "first second"
        assert server.wait() in STOPPED
        assert "Traceback" not in server.output
    with process(SERVE, environ) as server, Client(url_of(server)) as client:
        assert client.messages("c1") == [("user", "hello"), ("assistant", "first second")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_model_that_never_answers_does_not_keep_the_server_from_stopping(
    number: int, environ: dict[str, str], provider: OpenAIServer
) -> None:
    pause = Pause()
    provider.model.next("first ", pause)
    with process(SERVE_IMPATIENTLY, environ) as server, Client(url_of(server)) as client:
        with client.open_stream("hello", conversation_id="c1"):
            pause.wait_until_reached()
            server.signal(number)
            # The model is let go only after the server has gone.
            server.wait(PATIENCE / 2)
        pause.go.set()
    with process(SERVE, environ) as server, Client(url_of(server)) as client:
        assert client.conversation_ids() == []


@pytest.mark.builtin_model
@pytest.mark.parametrize("client_stays", [True, False])
def test_a_second_ctrl_c_stops_a_reply_of_the_model_in_the_process(client_stays: bool, tmp_path: Path) -> None:
    environ = local_environ(tmp_path / "data", **ENDLESS_SETTINGS)
    with process(endless("serve", "--port", "0"), environ) as server, Client(url_of(server)) as client:
        with client.open_stream("Write a story.") as response:
            next(text for text in response.iter_text() if "event: delta" in text)
            if client_stays:
                interrupt_twice(server)
        if not client_stays:
            interrupt_twice(server)
    with process(SERVE, environ) as server, Client(url_of(server)) as client:
        assert client.conversation_ids() == []


def interrupt_twice(server: Process) -> None:
    """Ctrl-C, and again when the first was heard. The server must end then, and in order."""
    address = urlsplit(url_of(server))
    server.signal(signal.SIGINT)
    give_up = time.monotonic() + PATIENCE
    with contextlib.suppress(ConnectionRefusedError):
        while time.monotonic() < give_up:
            socket.create_connection((address.hostname, address.port or 0)).close()
            time.sleep(0.01)
    server.signal(signal.SIGINT)
    assert server.wait() == 130
    assert "Traceback" not in server.output


@pytest.mark.parametrize(("folder_mode", "file_mode"), [(0o500, 0o600), (0o500, 0o400), (0o700, 0o400)])
def test_data_that_cannot_be_written_is_named_and_left_as_it_is(
    folder_mode: int, file_mode: int, data: Path, environ: dict[str, str]
) -> None:
    before = contents(data)
    for file in data.iterdir():
        file.chmod(file_mode)
    data.chmod(folder_mode)
    try:
        said = refusal(environ, without=RIGHTS_OVER_ALL_FILES)
    finally:
        data.chmod(0o700)
    assert str(data) in said
    assert "ritable" in said
    assert contents(data) == before


def test_a_new_data_folder_in_a_place_that_cannot_be_written_is_named(tmp_path: Path, environ: dict[str, str]) -> None:
    place = tmp_path / "readonly"
    place.mkdir(mode=0o500)
    said = refusal({**environ, "CHATBOT_DATA_DIR": str(place / "data")}, without=RIGHTS_OVER_ALL_FILES)
    assert str(place / "data") in said
    assert "CHATBOT_DATA_DIR" in said
    assert list(place.iterdir()) == []


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path, environ: dict[str, str]) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    said = refusal({**environ, "CHATBOT_DATA_DIR": str(file / "data")})
    assert str(file / "data") in said
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    "damage",
    [
        lambda _whole: b"this is no database, but somebody wants it " * 100,
        lambda whole: b"\0" * 100 + whole[100:],
        lambda whole: whole[:5000],
        lambda whole: whole[:16] + b"\xff" * 84 + whole[100:],
    ],
    ids=["not a database", "header wiped", "cut short", "header garbled"],
)
def test_a_damaged_database_is_named_and_left_as_it_is(damage: object, data: Path, environ: dict[str, str]) -> None:
    assert callable(damage)
    database = data / "chatbot.db"
    damaged = damage(database.read_bytes())
    database.write_bytes(damaged)
    before = contents(data)
    said = refusal(environ)
    assert str(database) in said
    assert contents(data) == before


def test_another_databases_key_is_refused_and_nothing_is_changed(
    data: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    KeyFile.create(tmp_path / "other.key")
    (data / "chatbot.key").unlink()
    (tmp_path / "other.key").rename(data / "chatbot.key")
    before = contents(data)
    said = refusal(environ)
    assert str(data / "chatbot.key") in said
    assert "not the one" in said
    assert contents(data) == before


def test_a_missing_key_is_refused_and_no_new_one_is_made(data: Path, environ: dict[str, str]) -> None:
    (data / "chatbot.key").unlink()
    before = contents(data)
    said = refusal(environ)
    assert str(data / "chatbot.key") in said
    assert "missing" in said
    assert contents(data) == before


@pytest.mark.parametrize("mode", [0o644, 0o620])
def test_a_key_that_others_can_read_is_refused_with_the_remedy(mode: int, data: Path, environ: dict[str, str]) -> None:
    (data / "chatbot.key").chmod(mode)
    before = contents(data)
    said = refusal(environ)
    assert "chmod 600" in said
    assert f"{mode:04o}" in said
    assert contents(data) == before
    assert (data / "chatbot.key").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("text", ["", "chatbot-key-v1:AAAA\n", "\xff\xfe"])
def test_a_damaged_key_is_refused_and_left_as_it_is(text: str, data: Path, environ: dict[str, str]) -> None:
    (data / "chatbot.key").write_text(text, "latin-1")
    before = contents(data)
    said = refusal(environ)
    assert str(data / "chatbot.key") in said
    assert contents(data) == before


def test_wrong_settings_are_told_all_at_once(environ: dict[str, str]) -> None:
    said = refusal({**environ, "CHATBOT_TEMPERATURE": "hot", "CHATBOT_MODLE": "builtin", "CHATBOT_MODEL": "gpt"})
    for variable in ("CHATBOT_TEMPERATURE", "CHATBOT_MODLE", "CHATBOT_MODEL"):
        assert variable in said


def test_a_full_disk_fails_the_turn_and_what_was_stored_stays(data: Path, environ: dict[str, str]) -> None:
    limit = (data / "chatbot.db").stat().st_size
    # A limit on the size of files stands in for the disk's end.
    command = ["/bin/sh", "-c", f'ulimit -f {limit // 512 + 8}; exec "$@"', "sh", *SERVE]
    environ = {**environ, "CHATBOT_MODEL_CAPABILITIES": '{"openai:*": {"context_tokens": 200000}}'}
    with process(command, environ) as server, Client(url_of(server)) as client:
        responses = [client.chat("x" * 32_000, conversation_id="kept") for _ in range(4)]
        assert responses[-1].status_code == 503
        assert responses[-1].json()["error"]["code"] == "store_full"
        saved = [response for response in responses if response.status_code == 200]
        assert len(client.messages("kept")) == 2 + 2 * len(saved)
        assert client.messages("kept")[:2] == [("user", "keep this"), ("assistant", "You said: keep this.")]
    with process(SERVE, environ) as server, Client(url_of(server)) as client:
        assert client.say("there is room again", conversation_id="kept")["reply"]
        assert len(client.messages("kept")) == 4 + 2 * len(saved)
