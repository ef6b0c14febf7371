"""`chatbot docs ...`: the documents that answers are taken from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatbot.command_line.context import Invocation, pass_invocation
from chatbot.command_line.conversations import confirm, json_option
from chatbot.command_line.document_names import chosen, files_below, named_once
from chatbot.command_line.document_progress import add_files, wait_until_read
from chatbot.command_line.errors import ApiError, CliError, InputError
from chatbot.command_line.input import checked_text
from chatbot.command_line.render import counted, document_text, documents_table, search_text
from chatbot.command_line.terminal import one_line, to_json

if TYPE_CHECKING:  # its HTTP library would slow `chatbot --help` down
    from chatbot.command_line.document_client import DocumentClient

_named = click.argument("names", metavar="NAME...", nargs=-1, required=True)


@click.group()
def docs() -> None:
    """Add documents, look after them and search them.

    \b
    Example:
      chatbot docs add manuals/ letter.pdf
    """


@contextmanager
def _documents(invocation: Invocation) -> Iterator[DocumentClient]:
    from chatbot.command_line.document_client import DocumentClient  # noqa: PLC0415 - see above

    with invocation.api() as api:
        yield DocumentClient(api.http, api.place)


@docs.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--no-wait", is_flag=True, help="Do not wait until they are read.")
@pass_invocation
def add(invocation: Invocation, paths: tuple[Path, ...], no_wait: bool) -> None:
    """Add files, and folders with all that is in them; one of the same name is replaced.

    \b
    Example:
      chatbot docs add report.pdf manuals/
    """
    files = named_once([found for path in paths for found in files_below(path)])
    if not files:
        raise InputError("There is no file in what was given; hidden files and folders are left out.")
    with _documents(invocation) as api:
        added, failed = add_files(api, invocation.terminal, files)
        if added and no_wait:
            invocation.terminal.say(f"{counted(len(added), 'document')} added; they are read while the chatbot runs.")
        elif added:
            failed += wait_until_read(api, invocation.terminal, added)
    if failed:
        raise CliError(f"{counted(failed, 'document')} of {len(files)} could not be added.")


@docs.command("list")
@json_option
@pass_invocation
def list_documents(invocation: Invocation, as_json: bool) -> None:
    """List the documents by name.

    \b
    Example:
      chatbot docs list
    """
    terminal = invocation.terminal
    with _documents(invocation) as api:
        found = api.documents()
    if as_json:
        terminal.out(to_json({"documents": found}))
    elif not found:
        terminal.say("There are no documents yet. Add some with: chatbot docs add PATH...")
    else:
        width = shutil.get_terminal_size().columns if terminal.out_is_terminal else None
        terminal.out(documents_table(found, width))


@docs.command()
@_named
@json_option
@pass_invocation
def status(invocation: Invocation, names: tuple[str, ...], as_json: bool) -> None:
    """Show the state of documents, and why one failed. NAME is a name or an id.

    \b
    Example:
      chatbot docs status report.pdf
    """
    with _documents(invocation) as api:
        found = chosen(api.documents(), names)
    text = to_json({"documents": found}) if as_json else "\n\n".join(document_text(item) for item in found)
    invocation.terminal.out(text)


@docs.command()
@_named
@click.option("--yes", is_flag=True, help="Do not ask first.")
@pass_invocation
def rm(invocation: Invocation, names: tuple[str, ...], yes: bool) -> None:
    """Delete documents: the files and everything that was made of them. NAME is a name or an id.

    \b
    Example:
      chatbot docs rm report.pdf
    """
    with _documents(invocation) as api:
        found = chosen(api.documents(), names)
        if not yes:
            confirm(f"Delete {counted(len(found), 'document')}? This cannot be undone.")
        for item in found:
            api.delete(str(item["document_id"]))
            invocation.terminal.out(f"Deleted {one_line(str(item.get('filename')))}.")


@docs.command()
@click.argument("names", metavar="[NAME...]", nargs=-1)
@pass_invocation
def retry(invocation: Invocation, names: tuple[str, ...]) -> None:
    """Try again to read documents that failed: those named, or all.

    \b
    Example:
      chatbot docs retry
    """
    with _documents(invocation) as api:
        every = api.documents()
        found = chosen(every, names) if names else [item for item in every if item.get("status") == "failed"]
        if not found:
            invocation.terminal.say("No document has failed.")
            return
        again = {str(item["document_id"]): str(item.get("filename")) for item in found if _retried(api, item)}
        failed = len(found) - len(again) + wait_until_read(api, invocation.terminal, again)
    if failed:
        raise CliError(f"{counted(failed, 'document')} of {len(found)} failed.")


def _retried(api: DocumentClient, item: dict[str, object]) -> bool:
    try:
        api.retry(str(item["document_id"]))
    except ApiError as error:
        if error.status is None:  # not about this document: the others would fail too
            raise
        click.echo(f"chatbot: {one_line(str(item.get('filename')))}: {one_line(error.message)}", err=True)
        return False
    return True


@docs.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--top-k", type=click.IntRange(1, 50), default=5, show_default=True, help="How many passages at most.")
@json_option
@pass_invocation
def search(invocation: Invocation, query: tuple[str, ...], top_k: int, as_json: bool) -> None:
    """Find the passages that fit a question best.

    \b
    Example:
      chatbot docs search "how long is the warranty"
    """
    text = checked_text(" ".join(query), "The query")
    with _documents(invocation) as api:
        found = api.search(text, top_k)
    if as_json:
        invocation.terminal.out(to_json(found))
    elif found["results"]:
        invocation.terminal.out(search_text(found["results"]))
    else:
        invocation.terminal.say("Nothing in the documents fits.")
