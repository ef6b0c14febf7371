"""Sending files and waiting until they are read, told while it goes on."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from chatbot.command_line.errors import ApiError, InputError
from chatbot.command_line.render import counted
from chatbot.command_line.terminal import Terminal, one_line

if TYPE_CHECKING:  # its HTTP library would slow `chatbot --help` down
    from chatbot.command_line.document_client import DocumentClient

# Waiting a little longer each time: most documents take well under a second, some take minutes.
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
#: Looks in a row that may fail: throttled, or the connection lost.
_MOST_SILENT = 5


def add_files(api: DocumentClient, terminal: Terminal, files: Sequence[tuple[Path, str]]) -> tuple[dict[str, str], int]:
    """Sends the files. Returns the names of those taken, by id, and how many were not, each told with the reason."""
    added: dict[str, str] = {}
    failed = 0
    for position, (path, name) in enumerate(files, start=1):
        terminal.hint(f"… {position} of {len(files)}: sending {one_line(name)}")
        try:
            added[api.upload(path, name)] = name
        except (ApiError, InputError) as error:
            if isinstance(error, ApiError) and error.status is None:  # the API is gone: the others would fail too
                raise
            failed += 1
            terminal.say(f"chatbot: {one_line(name)}: {one_line(error.message)}")
    return added, failed


def wait_until_read(api: DocumentClient, terminal: Terminal, documents: Mapping[str, str]) -> int:
    """Waits for each of the documents (names by id), and tells what became of it. Returns how many failed."""
    failed = 0
    try:
        for document_id, name in documents.items():
            failed += not _wait_for(api, terminal, document_id, one_line(name))
    except KeyboardInterrupt:
        terminal.say("Stopped waiting. What was added is kept, and read while the chatbot runs.")
        raise
    return failed


def _wait_for(api: DocumentClient, terminal: Terminal, document_id: str, name: str) -> bool:
    pause, told, silent = _FIRST_PAUSE, "", 0
    while True:
        try:
            document = api.document(document_id)
        except ApiError as error:
            silent += 1
            if error.status == HTTPStatus.NOT_FOUND:
                terminal.say(f"chatbot: {name}: {one_line(error.message)}")
                return False
            if silent == _MOST_SILENT:
                raise
            # The document is read all the same; only the look at it failed.
            time.sleep(error.retry_after or _LONGEST_PAUSE)
            continue
        silent = 0
        state = str(document.get("status"))
        if state == "ready":
            held = [counted(document["pages"], "page")] if document.get("pages") else []
            held.append(counted(document.get("chunks", 0), "passage"))
            terminal.out(f"Added {name} ({', '.join(held)}).")
            return True
        if state == "failed":
            terminal.say(f"chatbot: {name}: {one_line(str(document.get('error') or 'It could not be read.'))}")
            return False
        progress = document.get("progress")
        done = f" {progress:.0%}" if isinstance(progress, (int, float)) else ""
        waiting = f": {document['error']}" if document.get("error") else ""
        line = f"… {name}: {state}{done}{waiting}"
        if line != told:
            terminal.hint(line)
            told = line
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
