"""The command as a process: pipes, signals, terminals and start-up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.fake_api import FakeApi
from tests.unit.cli.running import COMMAND, CommandLine


def test_help_imports_nothing_heavy(bare_chatbot: CommandLine) -> None:
    script = "import sys, chatbot.cli; print([m for m in sys.modules if m in sys.argv[1:]])"
    heavy = ["fastapi", "starlette", "uvicorn", "httpx", "pydantic", "boto3", "sqlite3", "cryptography"]
    done = subprocess.run(
        [sys.executable, "-c", script, *heavy], capture_output=True, check=True, text=True, env=bare_chatbot.environ
    )
    assert done.stdout == "[]\n"


def test_a_question_and_its_answer_through_pipes(chatbot: CommandLine) -> None:
    process = chatbot.start("ask", "hello")
    assert process.communicate(b"piped", timeout=60) == (b"You said: hello\n\npiped\n", b"")
    assert process.returncode == 0


def test_a_reader_that_has_enough_is_no_error(chatbot: CommandLine, api: FakeApi) -> None:
    api.add("long", turns=2000)
    command = f"{' '.join(COMMAND)} conversations show long | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, env=chatbot.environ, timeout=60, check=False)
    assert (done.stdout, done.stderr) == (b"A title\n", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named(chatbot: CommandLine) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "models"], stdout=full, stderr=subprocess.PIPE, env=chatbot.environ, timeout=60, check=False
        )
    assert (done.returncode, done.stderr) == (1, b"chatbot: No space left on device\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_closed_streams_are_no_crash(chatbot: CommandLine, closed: str) -> None:
    command = f"{' '.join(COMMAND)} ask hello {closed}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, env=chatbot.environ, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_ctrl_c_ends_a_question_quietly(chatbot: CommandLine, api: FakeApi) -> None:
    process = chatbot.start("ask", "slow")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    assert os.read(process.stdout.fileno(), 4) == b"You "
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert api.disconnected.wait(60)
    process.stdout.close()
    process.stderr.close()


def test_a_terminal_gets_the_way_on_and_a_question_typed_there(chatbot: CommandLine, api: FakeApi) -> None:
    with chatbot.on_terminal("ask") as person:
        person.expect("Type the question, then Ctrl-D.")
        person.type("typed\r\x04")
        person.expect("You said: typed")
        person.expect('conversation new-1; go on with: chatbot ask -c "..."')
        assert person.exit_code() == 0
    assert api.bodies()[0]["message"] == "typed"


def test_a_terminal_is_asked_before_a_deletion(chatbot: CommandLine, api: FakeApi) -> None:
    api.add("c")
    for typed, code in (("n\r", 130), ("y\r", 0)):
        with chatbot.on_terminal("conversations", "delete", "c") as person:
            person.expect("Delete 1 conversation? This cannot be undone.")
            person.type(typed)
            assert person.exit_code() == code
    assert api.conversations == {}


def test_titles_fit_the_terminal_and_cannot_drive_it(chatbot: CommandLine, api: FakeApi) -> None:
    api.add("c", title="\x1b[31m" + "long " * 100)
    with chatbot.on_terminal("conversations", "list", COLUMNS="80") as person:
        assert person.exit_code() == 0
    assert "\x1b[31m" not in person.screen
    assert max(len(line) for line in person.screen.splitlines()) <= 80


def test_a_terminal_without_unicode_gets_question_marks(chatbot: CommandLine, api: FakeApi) -> None:
    api.add("c", title="é漢")
    process = chatbot.start("conversations", "show", "c", PYTHONIOENCODING="ascii:strict")
    out, err = process.communicate(timeout=60)
    assert (out.splitlines()[0], err) == (b"??", b"")


def test_the_key_of_the_config_file_is_used(api: FakeApi, bare_chatbot: CommandLine) -> None:
    api.key = "file-key"
    file = bare_chatbot.home / "config" / "chatbot" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'[env.dev]\nurl = "{api.url}"\napi_key = "file-key"\n')
    file.chmod(0o600)
    process = bare_chatbot.start("--env", "dev", "models", "--json")
    out, err = process.communicate(timeout=60)
    assert (json.loads(out)["models"][0]["id"], err) == ("builtin", b"")
    file.chmod(0o644)
    process = bare_chatbot.start("--env", "dev", "models")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, b"")
    assert b"chmod 600" in err
    assert b"file-key" not in err
