"""`chatbot ask`, `models`, `usage` and the options before the command."""

from __future__ import annotations

import json

import pytest

from chatbot import __version__
from tests.unit.cli.fake_api import ESCAPE, FakeApi, fake_api
from tests.unit.cli.running import CommandLine


def test_an_answer_is_printed_and_nothing_else(chatbot: CommandLine) -> None:
    result = chatbot.run("ask", "hello")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "You said: hello\n", "")


def test_words_without_quotes_are_one_question(chatbot: CommandLine, api: FakeApi) -> None:
    chatbot.run("ask", "what", "is", "this")
    assert api.bodies() == [{"message": "what is this", "stream": True}]


def test_what_is_piped_in_follows_the_question(chatbot: CommandLine, api: FakeApi) -> None:
    chatbot.run("ask", "summarise", stdin="line one\nline two\n")
    assert api.bodies()[0]["message"] == "summarise\n\nline one\nline two"


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_the_question_can_be_piped_in_alone(chatbot: CommandLine, api: FakeApi, arguments: tuple[str, ...]) -> None:
    chatbot.run("ask", *arguments, stdin="\ufeffwhat is this?\r\n")
    assert api.bodies()[0]["message"] == "what is this?"


def test_json_is_the_contract_s_answer_and_nothing_else(chatbot: CommandLine, api: FakeApi) -> None:
    result = chatbot.run("ask", "--json", "hello")
    assert json.loads(result.stdout)["reply"] == "You said: hello"
    assert result.stderr == ""
    assert api.bodies()[0]["stream"] is False


def test_an_answer_can_be_printed_when_it_is_complete(chatbot: CommandLine, api: FakeApi) -> None:
    assert chatbot.run("ask", "--no-stream", "hello").stdout == "You said: hello\n"
    assert api.bodies()[0]["stream"] is False


def test_sources_follow_the_answer(chatbot: CommandLine) -> None:
    result = chatbot.run("ask", "cite")
    assert result.stdout == "You said: cite\n\nSources:\n  [1] Guide.pdf, page 3: “Light houses”\n"
    assert result.stderr == ""  # stages of the work are for terminals


def test_a_conversation_goes_on(chatbot: CommandLine, api: FakeApi) -> None:
    api.add("older")
    api.add("newer")
    for arguments in (("--conversation", "older"), ("-c",), ("--continue",)):
        chatbot.run("ask", *arguments, "--model", "bedrock:big", "hello")
    assert [body["conversation_id"] for body in api.bodies()] == ["older", "newer", "newer"]
    assert api.bodies()[0]["model"] == "bedrock:big"


def test_there_must_be_a_conversation_to_continue(chatbot: CommandLine, api: FakeApi) -> None:
    result = chatbot.run("ask", "-c", "hello")
    assert (result.exit_code, api.bodies()) == (1, [])
    assert "There is no conversation yet" in result.stderr


def test_every_question_has_an_idempotency_key_of_its_own(chatbot: CommandLine, api: FakeApi) -> None:
    for _ in range(2):
        chatbot.run("ask", "hello")
    first, second = (headers["idempotency-key"] for _, _, headers, _ in api.seen)
    assert first != second


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (("ask",), "", "The question is empty."),
        (("ask", " \n"), "", "The question is empty."),
        (("ask", "-"), " \n ", "The question is empty."),
        (("ask",), b"caf\xe9", "Standard input is not valid UTF-8 text (byte 4)"),
        (("ask", "x" * 32_001), "", "The question has 32,001 characters; at most 32,000 can be sent."),
        (("ask", "why"), "x" * 32_000, "The question has 32,005 characters; at most 32,000 can be sent."),
        (("ask",), "x" * (4 * 1024 * 1024 + 1), "more than 4,194,304 bytes"),
        (("ask", "caf\udce9"), "", "The question is not valid UTF-8 text."),
        (("ask", "--conversation", "../models", "hello"), "", "is not a conversation id"),
        (("ask", "--conversation", "..", "hello"), "", "is not a conversation id"),
        (("ask", "--conversation", "x" * 65, "hello"), "", "is not a conversation id"),
        (("ask", "--conversation", "\udcff", "hello"), "", "is not a conversation id"),
        (("ask", "-c", "--conversation", "a", "hello"), "", "give one of them"),
        (("chat", "-c", "--conversation", "a"), "", "give one of them"),
        (("--url", "https://a", "--env", "dev", "ask", "hello"), "", "give one of them"),
    ],
)
def test_input_that_cannot_be_sent_is_refused_before_sending(
    chatbot: CommandLine, api: FakeApi, arguments: tuple[str, ...], stdin: str | bytes, message: str
) -> None:
    result = chatbot.run(*arguments, stdin=stdin)
    assert (result.exit_code, result.stdout, api.seen) == (2, "", [])
    assert message in result.stderr


@pytest.mark.parametrize(
    ("message", "stdout", "stderr"),
    [
        ("busy", "", "chatbot: The model is over its rate. Try again in 7 s.\n"),
        ("crash", "", "chatbot: Something failed here. (request req-1)\n"),
        ("fail", "", "chatbot: The model did not answer.\n"),
        (
            "break",
            "You said: break\n",
            (
                "chatbot: The connection was lost before the end of the answer. The reply may still be saved; "
                "look in a moment with:\n  chatbot conversations show new-1\n"
            ),
        ),
    ],
)
def test_a_failed_answer_says_what_to_do(chatbot: CommandLine, message: str, stdout: str, stderr: str) -> None:
    result = chatbot.run("ask", message)
    assert (result.exit_code, result.stdout, result.stderr) == (1, stdout, stderr)


def test_nothing_is_sent_twice_on_its_own(chatbot: CommandLine, api: FakeApi) -> None:
    chatbot.run("ask", "break")
    assert len(api.bodies()) == 1


def test_an_answer_cut_at_its_longest_says_so(chatbot: CommandLine) -> None:
    assert "cut at the longest length" in chatbot.run("ask", "long").stderr


def test_an_answer_that_was_stopped_says_so(chatbot: CommandLine) -> None:
    shown = chatbot.run("ask", "stop")
    assert shown.stdout == "You said: stop\n"
    assert "stopped" in shown.stderr


def test_a_pipe_gets_the_text_as_it_is(chatbot: CommandLine) -> None:
    assert chatbot.run("ask", "escape").stdout == f"You said: {ESCAPE}\n"


def test_a_wrong_key_says_where_keys_are_kept_and_does_not_show_it(bare_chatbot: CommandLine) -> None:
    with fake_api(key="right") as api:
        wrong = bare_chatbot.run("--url", api.url, "ask", "hello", CHATBOT_API_KEY="wrong-key-1")
        right = bare_chatbot.run("--url", api.url, "ask", "hello", CHATBOT_API_KEY="right")
    assert (wrong.exit_code, right.exit_code) == (1, 0)
    assert "Check the API key: CHATBOT_API_KEY" in wrong.stderr
    assert "wrong-key-1" not in wrong.output


def test_a_server_that_is_not_there_is_named(bare_chatbot: CommandLine) -> None:
    result = bare_chatbot.run("--url", "http://127.0.0.1:9", "ask", "hello")
    assert result.exit_code == 1
    assert (
        result.stderr == "chatbot: No connection to http://127.0.0.1:9. Is the server running, and is the URL right?\n"
    )


def test_wrong_settings_are_all_named_with_exit_code_2(bare_chatbot: CommandLine) -> None:
    result = bare_chatbot.run("ask", "hello", CHATBOT_PORT="many", CHATBOT_MODLE="x")
    assert result.exit_code == 2
    assert result.stderr.startswith("chatbot: These settings cannot be used:")
    assert "CHATBOT_PORT" in result.stderr
    assert "did you mean CHATBOT_MODEL" in result.stderr


def test_models_are_listed_with_their_default_and_price(chatbot: CommandLine) -> None:
    lines = chatbot.run("models").stdout.splitlines()
    assert lines[1].startswith("*  builtin")
    assert lines[1].endswith("for trying things out only")
    assert "3.0 / 15.0 (2026-11-01)" in lines[2]
    assert json.loads(chatbot.run("models", "--json").stdout)["models"][0]["id"] == "builtin"


def test_a_cost_that_is_not_known_is_not_made_up(chatbot: CommandLine, api: FakeApi) -> None:
    lines = chatbot.run("usage", "--days", "7").stdout.splitlines()
    assert lines[1].split() == ["2026-11-20", "big", "2", "1,200", "34", "0", "$0.0042"]
    assert lines[2].split()[-1] == "unknown"
    assert api.seen[0][1] == "/usage?days=7"
    assert json.loads(chatbot.run("usage", "--json").stdout)["total"]["cost_usd"] is None


def test_every_command_has_help_with_an_example(bare_chatbot: CommandLine) -> None:
    commands = ["", "ask", "chat", "models", "usage", "serve", "conversations"]
    commands += [f"conversations {name}" for name in ("list", "show", "rename", "delete", "export")]
    for command in commands:
        result = bare_chatbot.run(*command.split(), "--help")
        assert result.exit_code == 0, command
        assert "Example" in result.stdout, command


def test_the_version_is_the_package_s(bare_chatbot: CommandLine) -> None:
    assert bare_chatbot.run("--version").stdout == f"chatbot {__version__}\n"


def test_serve_is_for_the_local_data(bare_chatbot: CommandLine) -> None:
    result = bare_chatbot.run("--url", "https://a.example", "serve")
    assert result.exit_code == 2
    assert "local data" in result.stderr
