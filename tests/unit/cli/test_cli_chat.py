"""`chatbot chat`: on a terminal of its own, and with its commands piped in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.fake_api import FakeApi
from tests.unit.cli.running import CommandLine


def test_a_conversation_on_a_terminal(chatbot: CommandLine, api: FakeApi) -> None:
    with chatbot.on_terminal("chat") as person:
        greeting = person.expect("you> ")
        assert "builtin answers." in greeting
        assert "for trying things out only" in greeting
        person.type("hello\r")
        person.expect("You said: hello")
        person.expect("you> ")
        person.type("cite\r")
        person.expect("\x1b[2m… searching documents\x1b[0m")
        person.expect("[1] Guide.pdf, page 3")
        person.expect("you> ")
        person.type("\x04")
        assert person.exit_code() == 0
    assert [body.get("conversation_id") for body in api.bodies()] == [None, "new-1"]


def test_ctrl_c_stops_the_answer_and_the_chat_goes_on(chatbot: CommandLine, api: FakeApi) -> None:
    with chatbot.on_terminal("chat") as person:
        person.expect("you> ")
        person.type("slow\r")
        person.expect("You said: slow")
        person.type("\x03")
        person.expect("it is still saved; /retry shows it")
        person.expect("you> ")
        assert api.disconnected.wait(60)
        person.type("/retry\r")
        person.expect("You said: slow")
        person.type("\x03")
        person.expect("you> ")
        person.type("hello\r")
        person.expect("You said: hello")
        person.expect("you> ")
        # A signal between the prompt and readline's wait for a key is seen only after the line: it gets its end.
        person.type("\x03\r")
        assert person.exit_code() == 130
        assert "Traceback" not in person.screen
    first, again, other = (headers["idempotency-key"] for _, path, headers, _ in api.seen if path == "/chat")
    assert first == again != other


def test_an_error_brings_the_prompt_back_and_retry_sends_the_same_request(chatbot: CommandLine, api: FakeApi) -> None:
    with chatbot.on_terminal("chat") as person:
        person.expect("you> ")
        for message in ("busy", "break"):
            person.type(f"{message}\r")
            person.expect("/retry sends the message again.")
            person.expect("you> ")
        person.type("/retry\r")
        person.expect("/retry sends the message again.")
        person.type("/exit\r")
        assert person.exit_code() == 0
    sent = [(body, headers["idempotency-key"]) for _, path, headers, body in api.seen if path == "/chat"]
    assert sent[1] == sent[2] != sent[0]


def test_an_answer_cannot_drive_the_terminal(chatbot: CommandLine, api: FakeApi) -> None:
    api.add("c", title="\x1b]0;owned\x07")
    with chatbot.on_terminal("chat", "--conversation", "c", NO_COLOR="1") as person:
        person.expect('Going on with "␛]0;owned␇".')
        person.expect("you> ")
        person.type("escape\r")
        person.expect("␛]0;owned␇␛[31mred")
        person.type("cite\r")
        person.expect("… searching documents")
        assert "\x1b[2m" not in person.screen  # NO_COLOR
        assert "\x1b]0" not in person.screen


def test_the_arrow_keys_bring_back_what_was_said_before(chatbot: CommandLine, api: FakeApi) -> None:
    pytest.importorskip("readline")
    api.add("c")
    with chatbot.on_terminal("chat") as person:
        person.expect("you> ")
        person.type("\x1b[A\r")
        person.expect("You said: question ")


def test_what_was_typed_is_kept_in_no_file(chatbot: CommandLine, tmp_path: Path) -> None:
    with chatbot.on_terminal("chat") as person:
        person.expect("you> ")
        person.type("a secret line\r")
        person.expect("You said: a secret line")
        person.expect("you> ")
        person.type("/exit\r")
        assert person.exit_code() == 0
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"secret line" in file.read_bytes()]


def test_a_deletion_is_confirmed(chatbot: CommandLine, api: FakeApi) -> None:
    api.add("c")
    with chatbot.on_terminal("chat", "-c") as person:
        person.expect("you> ")
        person.type("/delete\r")
        person.expect("[y/N] ")
        person.type("n\r")
        person.expect("Kept.")
        assert "c" in api.conversations
        person.type("/delete\r")
        person.expect("[y/N] ")
        person.type("y\r")
        person.expect("Deleted.")
        person.type("/title x\r")
        person.expect("There is no conversation yet")
    assert api.conversations == {}


def test_messages_of_several_lines(chatbot: CommandLine, api: FakeApi) -> None:
    typed = 'one\\\ntwo\\\nthree\n"""\nfour\n  five\n"""\n"""six"""\n"""seven\n'
    assert chatbot.run("chat", stdin=typed).exit_code == 0
    assert [body["message"] for body in api.bodies()] == ["one\ntwo\nthree", "four\n  five", "six", "seven"]


def test_a_script_gets_the_answers_alone_on_standard_output(chatbot: CommandLine) -> None:
    result = chatbot.run("chat", stdin="hello\n\n  \nagain")
    assert (result.exit_code, result.stdout) == (0, "You said: hello\nYou said: again\n")
    assert "you>" not in result.output


def test_a_script_stops_at_the_first_error(chatbot: CommandLine, api: FakeApi) -> None:
    result = chatbot.run("chat", stdin="busy\nhello\n")
    assert (result.exit_code, len(api.bodies())) == (1, 1)
    assert chatbot.run("chat", stdin=b"caf\xe9\n").exit_code == 2


def test_the_commands(chatbot: CommandLine, api: FakeApi, tmp_path: Path) -> None:
    api.add("older", title="Old")
    api.add("newer", title="New")
    file = tmp_path / "out.json"
    script = [
        "/help",
        "/list",
        "/open 2",
        "/title Changed",
        f"/export json {file}",
        "/export",
        "/model bedrock:big",
        "hello",
    ]
    script += ["/new", "hello", "/model", "/models", "/usage", "/quit", "never sent"]
    result = chatbot.run("chat", stdin="\n".join(script))
    assert result.exit_code == 0, result.output
    assert api.conversations["older"]["title"] == "Changed"
    assert file.read_text() == "# Changed\njson é\n"
    assert "# Changed\nmarkdown é\n" in result.stdout
    assert [(body.get("conversation_id"), body["model"]) for body in api.bodies()] == [
        ("older", "bedrock:big"),
        (None, "bedrock:big"),
    ]
    for shown in ("/export [markdown|json] [FILE]", "  2 older", "answer 0", "LONGEST REPLY", "FROM CACHE"):
        assert shown in result.stdout


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("/nonsense", "There is no command /nonsense; /help lists them."),
        ("/etc/passwd says", "put a space before it"),
        ("/open", "Say which"),
        ("/open 7", "There is no such conversation."),
        ("/open ../models", "is not a conversation id"),
        ("/title x", "There is no conversation yet"),
        ("/export", "There is no conversation yet"),
        ("/delete", "There is no conversation yet"),
        ("/model tiny", 'There is no model "tiny"; there are: builtin, bedrock:big.'),
        ("/retry", "There is nothing to send again"),
        ("x" * 32_001, "32,001 characters"),
    ],
)
def test_a_line_that_cannot_be_carried_out_says_why(
    chatbot: CommandLine, api: FakeApi, line: str, message: str
) -> None:
    result = chatbot.run("chat", stdin=line + "\n")
    assert result.exit_code in {1, 2}
    assert message in result.stderr
    assert api.bodies() == []


def test_a_message_may_begin_with_a_slash_after_a_space(chatbot: CommandLine, api: FakeApi) -> None:
    chatbot.run("chat", stdin=" /etc/passwd is what?\n")
    assert json.dumps(api.bodies()[0]["message"]) == '" /etc/passwd is what?"'
