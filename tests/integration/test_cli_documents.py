"""`chatbot docs` on the local data: the real application, served anew by each command.

Those that add, find and delete run once as processes; the others in this one, which spares each a second of imports.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.running import CommandLine

TEXTS = {
    "pumps/p100.md": "# Pump P100\n\nThe P100 weighs 9 kg.\n",
    "pumps/deep/p200.txt": "The P200 weighs 12 kg and is made in Turin.\n",
    ".hidden/secret.txt": "Nobody reads this.\n",
}


@pytest.fixture
def chatbot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    # Where this process logs is not for a command to say.
    monkeypatch.setattr("shared.logger.configure", lambda *_args, **_options: None)
    return CommandLine(tmp_path / "home")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in TEXTS.items():
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "mine"


def run(chatbot: CommandLine, *arguments: str, code: int = 0) -> tuple[str, str]:
    """Runs the command; its output and what it said. Fails where it ends with another code."""
    result = chatbot.run(*arguments)
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def run_process(chatbot: CommandLine, *arguments: str, code: int = 0) -> tuple[str, str]:
    """The same, as a process."""
    process = chatbot.start(*arguments)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err.decode()
    return out.decode(), err.decode()


def test_a_folder_is_added_searched_and_removed(chatbot: CommandLine, folder: Path) -> None:
    out, _ = run_process(chatbot, "docs", "add", str(folder))
    added = [f"Added mine/pumps/{name} (1 passage)." for name in ("p100.md", "deep/p200.txt")]
    assert out.splitlines() == added

    listed = json.loads(run(chatbot, "docs", "list", "--json")[0])["documents"]
    assert [item["filename"] for item in listed] == ["mine/pumps/deep/p200.txt", "mine/pumps/p100.md"]
    assert "p100.md" in run(chatbot, "docs", "list")[0]
    assert "ready" in run(chatbot, "docs", "status", "mine/pumps/p100.md")[0]

    found, _ = run_process(chatbot, "docs", "search", "where is the", "P200 made")
    assert "mine/pumps/deep/p200.txt" in found.splitlines()[0]
    assert "Turin" in found

    out, _ = run_process(chatbot, "docs", "rm", "--yes", "mine/pumps/p100.md", listed[0]["document_id"])
    assert out.count("Deleted") == 2
    assert "no documents yet" in run(chatbot, "docs", "list")[1]
    assert "Nothing in the documents fits" in run(chatbot, "docs", "search", "P200")[1]


def test_what_cannot_be_read_is_named_with_the_reason_and_the_rest_is_added(chatbot: CommandLine, folder: Path) -> None:
    (folder / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    (folder / "empty.txt").touch()
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nrubbish")
    out, err = run(chatbot, "docs", "add", str(folder), code=1)
    assert out.count("Added") == 2
    for name in ("photo.png", "empty.txt", "broken.pdf"):
        assert f"chatbot: mine/{name}: " in err
    assert "3 documents of 5 could not be added." in err
    assert "1 document of 1 failed." in run(chatbot, "docs", "retry", code=1)[1]


def test_what_is_not_there_is_an_error_before_anything_is_sent(chatbot: CommandLine, folder: Path) -> None:
    assert "There is no file or folder" in run(chatbot, "docs", "add", str(folder / "missing"), code=2)[1]
    (folder / "nothing").mkdir()
    assert "There is no file in what was given" in run(chatbot, "docs", "add", str(folder / "nothing"), code=2)[1]
    assert 'There is no document "x"' in run(chatbot, "docs", "rm", "--yes", "x", code=2)[1]
    assert 'There is no document "x"' in run(chatbot, "docs", "status", "x", code=2)[1]


def test_two_files_of_one_name_are_not_added_over_each_other(chatbot: CommandLine, folder: Path) -> None:
    other = folder.parent / "p100.md"
    other.write_text("Another one.\n", encoding="utf-8")
    said = run(chatbot, "docs", "add", str(folder / "pumps" / "p100.md"), str(other), code=2)[1]
    assert "would both be the document p100.md" in said
    assert "no documents yet" in run(chatbot, "docs", "list")[1]


def test_nothing_is_deleted_without_a_word(chatbot: CommandLine, folder: Path) -> None:
    run(chatbot, "docs", "add", str(folder / "pumps" / "p100.md"))
    assert "add --yes" in run(chatbot, "docs", "rm", "p100.md", code=2)[1]
    assert "p100.md" in run(chatbot, "docs", "list")[0]


def test_what_was_added_without_waiting_is_read_later(chatbot: CommandLine, folder: Path) -> None:
    _, err = run(chatbot, "docs", "add", "--no-wait", str(folder / "pumps" / "deep"))
    assert "1 document added; they are read while the chatbot runs." in err
    run(chatbot, "docs", "add", str(folder / "pumps" / "deep"))
    (document,) = json.loads(run(chatbot, "docs", "list", "--json")[0])["documents"]
    assert document["status"] == "ready"
