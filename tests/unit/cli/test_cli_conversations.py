"""`chatbot conversations ...`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.unit.cli.fake_api import ESCAPE, FakeApi
from tests.unit.cli.running import CommandLine


def test_conversations_are_listed_newest_first_and_the_rest_is_left(chatbot: CommandLine, api: FakeApi) -> None:
    for number in range(30):
        api.add(f"c{number}", title=f"Title\n{number}")
    lines = chatbot.run("conversations", "list").stdout.splitlines()
    assert len(lines) == 21
    assert lines[1].startswith("c29")
    assert lines[1].endswith("Title 29")
    assert len(chatbot.run("conversations", "list", "--limit", "3").stdout.splitlines()) == 4


def test_all_follows_every_page(chatbot: CommandLine, api: FakeApi) -> None:
    for number in range(250):
        api.add(f"c{number}")
    found = json.loads(chatbot.run("conversations", "list", "--all", "--json").stdout)
    assert len({item["conversation_id"] for item in found["conversations"]}) == 250
    assert found["next_cursor"] is None
    found = json.loads(chatbot.run("conversations", "list", "--limit", "120", "--json").stdout)
    assert (len(found["conversations"]), found["next_cursor"]) == (120, "120")


def test_an_empty_list_says_how_to_begin(chatbot: CommandLine) -> None:
    result = chatbot.run("conversations", "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "chatbot chat" in result.stderr


def test_a_long_conversation_is_shown_whole_and_oldest_first(chatbot: CommandLine, api: FakeApi) -> None:
    api.add("long", turns=130)
    found = json.loads(chatbot.run("conversations", "show", "long", "--json").stdout)
    expected = [text for number in range(130) for text in (f"question {number}", f"answer {number}")]
    assert [message["text"] for message in found["messages"]] == expected
    shown = chatbot.run("conversations", "show", "long").stdout
    assert shown.index("question 0\n") < shown.index("answer 0\n") < shown.index("question 129\n")


def test_a_conversation_is_renamed(chatbot: CommandLine, api: FakeApi) -> None:
    api.add("c")
    assert chatbot.run("conversations", "rename", "c", "Holiday plans").stdout == 'Renamed to "Holiday plans".\n'
    assert api.conversations["c"]["title"] == "Holiday plans"


def test_deletion_without_a_person_needs_yes(chatbot: CommandLine, api: FakeApi) -> None:
    api.add("c")
    result = chatbot.run("conversations", "delete", "c", stdin="y\n")
    assert (result.exit_code, list(api.conversations)) == (2, ["c"])
    assert "--yes" in result.stderr


def test_one_missing_conversation_does_not_keep_the_others(chatbot: CommandLine, api: FakeApi) -> None:
    api.add("a")
    api.add("b")
    result = chatbot.run("conversations", "delete", "--yes", "a", "missing", "b")
    assert (result.exit_code, api.conversations) == (1, {})
    assert result.stdout == "Deleted a.\nDeleted b.\n"
    assert "missing: There is no such conversation." in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("show", "a/b"), ("show", ".."), ("delete", "--yes", "ok", "%2e"), ("export", ""), ("rename", "?", "x")],
)
def test_an_id_that_is_none_is_never_sent(chatbot: CommandLine, api: FakeApi, arguments: tuple[str, ...]) -> None:
    result = chatbot.run("conversations", *arguments)
    assert (result.exit_code, api.seen) == (2, [])


def test_an_export_goes_to_standard_output_byte_for_byte(chatbot: CommandLine, api: FakeApi) -> None:
    api.add("c", title=ESCAPE)
    assert chatbot.run("conversations", "export", "c").stdout_bytes == f"# {ESCAPE}\nmarkdown é\n".encode()


def test_an_export_is_written_for_its_owner_only(chatbot: CommandLine, api: FakeApi, tmp_path: Path) -> None:
    api.add("c")
    file = tmp_path / "plans.json"
    assert chatbot.run("conversations", "export", "c", "--format", "json", "-o", str(file)).exit_code == 0
    assert file.read_text() == "# A title\njson é\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path for path in tmp_path.iterdir() if path.is_file()] == [file]


def test_an_export_replaces_a_file_only_when_forced(chatbot: CommandLine, api: FakeApi, tmp_path: Path) -> None:
    api.add("c")
    file = tmp_path / "plans.md"
    file.write_text("mine")
    result = chatbot.run("conversations", "export", "c", "-o", str(file))
    assert (result.exit_code, file.read_text(), api.seen) == (2, "mine", [])
    assert "--force" in result.stderr
    assert chatbot.run("conversations", "export", "c", "-o", str(file), "--force").exit_code == 0
    assert file.read_text().startswith("# A title")


def test_a_failed_export_leaves_the_file_as_it_was(chatbot: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "plans.md"
    file.write_text("mine")
    assert chatbot.run("conversations", "export", "missing", "-o", str(file), "--force").exit_code == 1
    assert file.read_text() == "mine"


@pytest.mark.parametrize("target", [".", "/dev/null", "missing/folder/file.md"])
def test_an_export_needs_a_place_for_a_file(chatbot: CommandLine, api: FakeApi, target: str) -> None:
    api.add("c")
    result = chatbot.run("conversations", "export", "c", "-o", target, "--force")
    assert (result.exit_code, api.seen) == (2, [])


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_to_is_named(chatbot: CommandLine, api: FakeApi, tmp_path: Path) -> None:
    api.add("c")
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    result = chatbot.run("conversations", "export", "c", "-o", str(folder / "x.md"))
    assert result.exit_code == 2
    assert "Permission denied" in result.stderr
