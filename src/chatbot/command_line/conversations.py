"""`chatbot conversations ...`: the stored conversations."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from chatbot.command_line.context import Invocation, pass_invocation
from chatbot.command_line.errors import ApiError, CliError, InputError
from chatbot.command_line.files import refuse_to_overwrite, write_private
from chatbot.command_line.input import checked_id, checked_text
from chatbot.command_line.render import conversation_text, conversations_table
from chatbot.command_line.terminal import one_line, to_json

json_option = click.option("--json", "as_json", is_flag=True, help="Print the JSON of the HTTP API.")


@click.group()
def conversations() -> None:
    """List, show, rename, delete and export conversations.

    \b
    Example:
      chatbot conversations list
    """


@conversations.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many to list.")
@click.option("--all", "everything", is_flag=True, help="List all of them.")
@json_option
@pass_invocation
def list_conversations(invocation: Invocation, limit: int, everything: bool, as_json: bool) -> None:
    """List conversations, the latest first.

    \b
    Example:
      chatbot conversations list --limit 5
    """
    terminal = invocation.terminal
    with invocation.api() as api:
        found = api.conversations(None if everything else limit)
    if as_json:
        terminal.out(to_json(found))
    elif not found["conversations"]:
        terminal.say("There are no conversations yet. Start one with: chatbot chat")
    else:
        width = shutil.get_terminal_size().columns if terminal.out_is_terminal else None
        terminal.out(conversations_table(found["conversations"], width))
        if found["next_cursor"]:
            terminal.hint("There are more: --limit N, or --all.")


@conversations.command()
@click.argument("conversation_id", metavar="ID")
@json_option
@pass_invocation
def show(invocation: Invocation, conversation_id: str, as_json: bool) -> None:
    """Print a conversation, oldest message first.

    \b
    Example:
      chatbot conversations show 3f2b6a1e-... | less
    """
    with invocation.api() as api:
        found = api.conversation(checked_id(conversation_id))
    invocation.terminal.out(to_json(found) if as_json else conversation_text(found))


@conversations.command()
@click.argument("conversation_id", metavar="ID")
@click.argument("title")
@pass_invocation
def rename(invocation: Invocation, conversation_id: str, title: str) -> None:
    """Give a conversation another title.

    \b
    Example:
      chatbot conversations rename 3f2b6a1e-... "Holiday plans"
    """
    checked_text(title, "The title")
    with invocation.api() as api:
        found = api.rename(checked_id(conversation_id), title)
    invocation.terminal.out(f'Renamed to "{one_line(str(found.get("title", title)))}".')


@conversations.command()
@click.argument("conversation_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask first.")
@pass_invocation
def delete(invocation: Invocation, conversation_ids: tuple[str, ...], yes: bool) -> None:
    """Delete conversations, with the keys that could decrypt them.

    \b
    Example:
      chatbot conversations delete 3f2b6a1e-... 9c41d7f0-...
    """
    for conversation_id in conversation_ids:
        checked_id(conversation_id)
    if not yes:
        confirm(f"Delete {_count(len(conversation_ids))}? This cannot be undone.")
    failed = 0
    with invocation.api() as api:
        for conversation_id in conversation_ids:
            try:
                api.delete(conversation_id)
            except ApiError as error:
                if error.status is None:  # not about this conversation: the others would fail too
                    raise
                failed += 1
                invocation.terminal.say(f"chatbot: {conversation_id}: {error.message}")
            else:
                invocation.terminal.out(f"Deleted {conversation_id}.")
    if failed:
        raise CliError(f"{_count(failed)} could not be deleted.")


def _count(number: int) -> str:
    return "1 conversation" if number == 1 else f"{number} conversations"


def confirm(question: str) -> None:
    """Asks before something is lost. Raises ``InputError`` where nobody can answer."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise InputError("Nobody is there to confirm the deletion; add --yes to delete without asking.")
    click.confirm(question, abort=True, err=True)


@conversations.command()
@click.argument("conversation_id", metavar="ID")
@click.option("--format", "form", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE (mode 0600) instead of standard output.")
@click.option("--force", is_flag=True, help="Replace FILE where it exists.")
@pass_invocation
def export(invocation: Invocation, conversation_id: str, form: str, output: str | None, force: bool) -> None:
    """Export a conversation as a document.

    \b
    Example:
      chatbot conversations export 3f2b6a1e-... -o plans.md
    """
    file = None if output in (None, "-") else Path(str(output))
    if file is not None:
        refuse_to_overwrite(file, force=force)
    with invocation.api() as api:
        document = api.export(checked_id(conversation_id), form)
    if file is None:
        invocation.terminal.out_bytes(document)
    else:
        write_private(file, document, force=force)
        invocation.terminal.say(f"Wrote {file}.")
