"""The command line: a client of the HTTP API, of a deployed one or of the local data served in this process."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from pathlib import Path
from typing import Any

import click

from chatbot import __version__
from chatbot.command_line.answer import ShownAnswer
from chatbot.command_line.context import Invocation, pass_invocation
from chatbot.command_line.conversations import conversations, json_option
from chatbot.command_line.documents import docs
from chatbot.command_line.errors import CliError
from chatbot.command_line.input import checked_id, checked_text, question_from
from chatbot.command_line.render import models_table, usage_table
from chatbot.command_line.session import ChatSession
from chatbot.command_line.terminal import neutralise, to_json
from shared.errors import ChatbotError, ConfigurationError

_INTERRUPTED = 130  # what shells give a process that Ctrl-C ended: 128 + SIGINT


class _Root(click.Group):
    """The one place where errors become messages and exit codes: 1 refused or failed, 2 wrong use or settings."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()  # a full disk or a closed pipe shows here, not while Python shuts down
        except (KeyboardInterrupt, click.Abort):
            ctx.exit(_INTERRUPTED)
        except ChatbotError as error:
            click.echo(f"chatbot: {neutralise(error.message)}", err=True)
            ctx.exit(_exit_code(error))
        except OSError as error:
            _abandon_stdout()
            if error.errno != errno.EPIPE:  # `| head` has read enough, which is no error
                click.echo(f"chatbot: {error.strerror}{f': {error.filename}' if error.filename else ''}", err=True)
            ctx.exit(1)
        return result


def _exit_code(error: ChatbotError) -> int:
    if isinstance(error, CliError):
        return error.exit_code
    return 2 if isinstance(error, ConfigurationError) else 1


def _abandon_stdout() -> None:
    """Points standard output nowhere, so that flushing it at exit does not fail once more."""
    with contextlib.suppress(OSError, ValueError):  # a stream without a descriptor has nothing to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=_Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="chatbot", message="%(prog)s %(version)s")
@click.option("--url", metavar="URL", help="Talk to the API at URL (or set CHATBOT_URL); its key is CHATBOT_API_KEY.")
@click.option("--env", metavar="NAME", help='Talk to [env.NAME] of the config file; "local" is the local data.')
@click.option("--data-dir", type=click.Path(path_type=Path), help="Use the local data in this folder.")
@click.pass_context
def cli(ctx: click.Context, url: str | None, env: str | None, data_dir: Path | None) -> None:
    """Your own AI chatbot: ask it, talk with it, give it documents to answer from.

    Without --url, --env or a config file, it works on the local data of this machine and needs no server.
    The config file is ~/.config/chatbot/config.toml, mode 0600:

    \b
      default = "dev"
      [env.dev]
      url = "https://abc123.execute-api.eu-central-1.amazonaws.com/dev"
      api_key = "..."

    \b
    Examples:
      chatbot ask "What is a lighthouse?"
      git diff | chatbot --env dev ask "Review this change"
    """
    given = [name for name, value in (("--url", url), ("--env", env), ("--data-dir", data_dir)) if value is not None]
    if len(given) > 1 and not (url is None and env == "local"):
        raise click.UsageError(f"{' and '.join(given)} name different chatbots; give one of them.")
    ctx.obj = Invocation(environ=ctx.ensure_object(dict), url=url, env=env, data_dir=data_dir)


cli.add_command(conversations)
cli.add_command(docs)

newest_option = click.option("-c", "--continue", "newest", is_flag=True, help="Go on with the newest conversation.")
conversation_option = click.option("--conversation", metavar="ID", help="Go on with this conversation.")
no_documents_option = click.option("--no-documents", is_flag=True, help="Do not look in the documents.")
model_option = click.option("--model", metavar="MODEL", help="The model that answers; `chatbot models` lists them.")


@cli.command()
@newest_option
@conversation_option
@model_option
@pass_invocation
def chat(invocation: Invocation, *, newest: bool, conversation: str | None, model: str | None) -> None:
    """Talk with the chatbot; /help lists the commands there.

    \b
    Example:
      chatbot chat -c
    """
    _checked_options(conversation, model, newest=newest)
    with invocation.api() as api:
        found = api.newest_conversation() if newest else conversation
        ChatSession(api, invocation.terminal, conversation_id=found, model=model).run()


@cli.command()
@click.argument("question", nargs=-1)
@newest_option
@conversation_option
@model_option
@no_documents_option
@click.option("--json", "as_json", is_flag=True, help="Print the JSON answer of the HTTP API, and nothing else.")
@click.option("--no-stream", is_flag=True, help="Print the answer when it is complete.")
@pass_invocation
def ask(
    invocation: Invocation,
    *,
    question: tuple[str, ...],
    newest: bool,
    conversation: str | None,
    model: str | None,
    no_documents: bool,
    as_json: bool,
    no_stream: bool,
) -> None:
    """Ask one question. What is piped in is added to it; without QUESTION, or with "-", it is the question.

    \b
    Examples:
      chatbot ask "What is a lighthouse?"
      cat report.txt | chatbot ask "Summarise this"
      chatbot ask -c "And in one sentence?"
    """
    from chatbot.command_line.client import OutgoingMessage  # noqa: PLC0415 - its HTTP library would slow `chatbot --help` down

    _checked_options(conversation, model, newest=newest)
    terminal = invocation.terminal
    if question in ((), ("-",)) and sys.stdin is not None and sys.stdin.isatty():
        terminal.hint("Type the question, then Ctrl-D.")
    message = question_from(question)
    answer = ShownAnswer(terminal)
    with invocation.api() as api:
        found = api.newest_conversation() if newest else conversation
        request = OutgoingMessage(message, conversation_id=found, model=model, use_documents=not no_documents)
        if as_json:
            terminal.out(to_json(api.chat(request)))
            return
        try:
            if no_stream:
                answer.show(api.chat(request))
            else:
                with contextlib.closing(api.chat_stream(request)) as events:
                    answer.follow(events)
        except KeyboardInterrupt:
            # Said before the local server is closed, which waits for the answer a while.
            terminal.hint("Stopped. If the model finishes the answer, it is still saved. Ctrl-C again leaves at once.")
            raise
    if terminal.out_is_terminal and answer.conversation_id:
        terminal.hint(f'conversation {answer.conversation_id}; go on with: chatbot ask -c "..."')


def _checked_options(conversation: str | None, model: str | None, *, newest: bool) -> None:
    if conversation is not None and newest:
        raise click.UsageError("--continue and --conversation both say what to go on with; give one of them.")
    if conversation is not None:
        checked_id(conversation)
    if model is not None:
        checked_text(model, "The name of the model")


@cli.command()
@json_option
@pass_invocation
def models(invocation: Invocation, as_json: bool) -> None:
    """List the models that can answer; * marks the default.

    \b
    Example:
      chatbot models
    """
    with invocation.api() as api:
        found = api.models()
    invocation.terminal.out(to_json(found) if as_json else models_table(found["models"]))


@cli.command()
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True, help="How far to look back.")
@json_option
@pass_invocation
def usage(invocation: Invocation, days: int, as_json: bool) -> None:
    """Show turns, tokens and cost by day and model.

    \b
    Example:
      chatbot usage --days 7
    """
    with invocation.api() as api:
        found = api.usage(days)
    if found["days"] or as_json:
        invocation.terminal.out(to_json(found) if as_json else usage_table(found))
    else:
        invocation.terminal.say(f"Nothing was used in the last {days} days.")


@cli.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.  [default: 8000]")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the database and its key.")
@pass_invocation
def serve(invocation: Invocation, host: str | None, port: int | None, data_dir: Path | None) -> None:
    """Serve the API and the web page on this machine.

    \b
    Example:
      chatbot serve --port 9000
    """
    if invocation.url is not None or invocation.env not in (None, "local"):
        raise click.UsageError("serve works on the local data; leave --url and --env out.")
    settings = invocation.settings(host=host, port=port, data_dir=data_dir or invocation.data_dir)
    from chatbot.server import run  # noqa: PLC0415 - the web framework and the stores, which no other command needs

    run(settings)


def main() -> None:
    """The command `chatbot`. It hands the process's environment on, to ``load_settings`` and to the terminal."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a character gets a question mark, not an error.
            stream.reconfigure(errors="replace")
    cli.main(prog_name="chatbot", obj=dict(os.environ))


if __name__ == "__main__":
    main()
