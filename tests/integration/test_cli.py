"""The command line on the local data: the real application, served anew by each command.

What asks the built-in model, or is a matter of processes, runs as one; the rest in this process, which spares each
command a second of imports.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.endless import ENDLESS_SETTINGS, endless
from tests.integration.processes import OpenAIServer
from tests.unit.cli.running import CommandLine

pytestmark = pytest.mark.builtin_model


@pytest.fixture
def chatbot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    # Where this process logs is not for a command to say.
    monkeypatch.setattr("shared.logger.configure", lambda *_args, **_options: None)
    return CommandLine(tmp_path, CHATBOT_MAX_OUTPUT_TOKENS="24", CHATBOT_TEMPERATURE="0")


@pytest.fixture
def provider() -> Iterator[OpenAIServer]:
    """A model for tests that are not about the built-in one, which takes seconds to load and to answer."""
    with OpenAIServer() as server:
        yield server


# The replies of the built-in model are kept short here, and say so.
_CUT = "The answer was cut at the longest length a reply may have (CHATBOT_MAX_OUTPUT_TOKENS).\n"


def run(chatbot: CommandLine, *arguments: str, said: str = "") -> str:
    """Runs the command. Returns its standard output; fails where it fails or says anything but ``said``."""
    result = chatbot.run(*arguments)
    assert (result.exit_code, result.stderr) == (0, said)
    return result.stdout


def run_process(chatbot: CommandLine, *arguments: str, stdin: bytes = b"", said: str = "") -> str:
    """The same, as a process."""
    process = chatbot.start(*arguments)
    out, err = process.communicate(stdin, timeout=120)
    assert (process.returncode, err.decode().replace(_CUT, "")) == (0, said)
    return out.decode()


def run_json(chatbot: CommandLine, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(chatbot, *arguments, "--json"))
    return found


def test_a_conversation_lives_on_between_commands(chatbot: CommandLine, tmp_path: Path) -> None:
    first = json.loads(run_process(chatbot, "ask", "What is a lighthouse?", "--json"))
    assert first["reply"].strip()
    assert run_process(chatbot, "ask", "-c", "Where are they built?", stdin=b"One sentence.").strip()

    conversation_id = first["conversation_id"]
    listed = json.loads(run_process(chatbot, "conversations", "list", "--json"))["conversations"]
    assert [item["conversation_id"] for item in listed] == [conversation_id]
    shown = run_json(chatbot, "conversations", "show", conversation_id)["messages"]
    assert [message["role"] for message in shown] == ["user", "assistant"] * 2
    assert shown[1]["text"] == first["reply"]
    assert shown[2]["text"] == "Where are they built?\n\nOne sentence."

    run(chatbot, "conversations", "rename", conversation_id, "Towers")
    file = tmp_path / "towers.md"
    run(chatbot, "conversations", "export", conversation_id, "-o", str(file), said=f"Wrote {file}.\n")
    assert "Towers" in file.read_text("utf-8")
    exported = json.loads(run(chatbot, "conversations", "export", conversation_id, "--format", "json"))
    assert exported["title"] == "Towers"
    assert "2 " in run(chatbot, "usage")

    run(chatbot, "conversations", "delete", "--yes", conversation_id)
    assert run_json(chatbot, "conversations", "list")["conversations"] == []


def test_the_model_that_answers_is_named(chatbot: CommandLine) -> None:
    assert "builtin" in run(chatbot, "models")
    with chatbot.on_terminal("chat") as person:
        greeting = person.expect("you> ")
        assert "builtin answers." in greeting
        assert "for trying things out only" in greeting
        person.type("Say hello.\r")
        person.expect("you> ")
        person.type("/list\r")
        person.expect("Say hello")
        person.type("/exit\r")
        assert person.exit_code() == 0
        assert "Traceback" not in person.screen


def test_a_stopped_answer_is_saved_all_the_same(chatbot: CommandLine) -> None:
    with chatbot.on_terminal("chat", CHATBOT_MAX_OUTPUT_TOKENS="200") as person:
        person.expect("you> ")
        person.type("Write a long story about the sea.\r")
        person.expect("generating")
        person.type("\x03")
        person.expect("it is still saved")
        person.expect("you> ")
        person.type("/retry\r")  # waits for the same answer
        person.expect("you> ")
        person.type("/exit\r")
        assert person.exit_code() == 0
    (conversation,) = run_json(chatbot, "conversations", "list")["conversations"]
    shown = run_json(chatbot, "conversations", "show", conversation["conversation_id"])["messages"]
    assert [message["role"] for message in shown] == ["user", "assistant"]


def test_a_second_ctrl_c_leaves_at_once(chatbot: CommandLine) -> None:
    command = CommandLine(chatbot.home, endless("ask"), **ENDLESS_SETTINGS)
    with command.on_terminal("Write a story.") as person:
        person.expect("generating")
        person.type("\x03")
        person.expect("Ctrl-C again leaves at once.")
        person.type("\x03")
        assert person.exit_code() == 130
        assert "Traceback" not in person.screen
    assert run_json(chatbot, "conversations", "list")["conversations"] == []


def test_a_conversation_that_does_not_exist_is_refused(chatbot: CommandLine) -> None:
    result = chatbot.run("conversations", "show", "no-such-one")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("chatbot: ")
    assert "Traceback" not in result.stderr


def test_a_data_folder_that_cannot_be_made_is_named(chatbot: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    process = chatbot.start("--data-dir", str(tmp_path / "file" / "data"), "ask", "hello")
    out, err = process.communicate(timeout=60)
    assert process.returncode in {1, 2}
    assert out == b""
    assert err.startswith(b"chatbot: ")
    assert b"Traceback" not in err


def test_a_served_chatbot_is_spoken_to_by_its_url(chatbot: CommandLine, provider: OpenAIServer) -> None:
    server = chatbot.start("serve", "--port", "0", CHATBOT_LOG_LEVEL="INFO", CHATBOT_MODEL=provider.spec)
    try:
        url = _announced_url(server)
        assert run(chatbot, "--url", url, "ask", "Say hello.") == "You said: Say hello..\n"
        assert len(run_json(chatbot, "--url", url, "conversations", "list")["conversations"]) == 1
    finally:
        server.terminate()
        server.communicate(timeout=60)
    assert server.returncode in {0, -15, 143}


def _announced_url(server: subprocess.Popen[bytes]) -> str:
    """The first address that the server prints."""
    assert server.stderr is not None
    for line in server.stderr:
        _, found, rest = line.decode().partition("http://127.0.0.1:")
        if found:
            return found + rest.split("/")[0].split()[0].strip('".,')
    raise AssertionError("the server ended without saying where it listens")


def test_nothing_of_a_conversation_stands_in_the_clear(chatbot: CommandLine, provider: OpenAIServer) -> None:
    chatbot.environ["CHATBOT_MODEL"] = provider.spec
    assert "xylophonist" in run(chatbot, "ask", "Remember the word xylophonist.")
    files = [file for file in Path(chatbot.environ["CHATBOT_DATA_DIR"]).rglob("*") if file.is_file()]
    assert any(file.read_bytes().startswith(b"SQLite format 3") for file in files)
    assert not [file for file in files if b"xylophonist" in file.read_bytes()]
