"""What every command starts from: the options before the command, the settings, and a connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatbot.command_line.terminal import Terminal

if TYPE_CHECKING:
    from chatbot.command_line.client import ApiClient
    from shared.config import Settings


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of the command line. Raises ``ConfigurationError`` where settings or the config file cannot be used."""

    environ: Mapping[str, str]
    url: str | None
    env: str | None
    data_dir: Path | None

    @property
    def terminal(self) -> Terminal:
        return Terminal(self.environ)

    def settings(self, **overrides: Any) -> Settings:
        """The settings of the environment, under the options of this run."""
        from shared.config import load_settings  # noqa: PLC0415 - half the start-up time of `chatbot --help`

        return load_settings(self.environ, **{"url": self.url, "data_dir": self.data_dir, **overrides})

    @contextmanager
    def api(self) -> Iterator[ApiClient]:
        """A client of the chosen API, or of the local data."""
        from chatbot.command_line.client import connect_local, connect_remote  # noqa: PLC0415 - as above
        from chatbot.command_line.target import LOCAL, choose_target, config_file  # noqa: PLC0415 - as above

        settings = self.settings()
        env = LOCAL if self.data_dir is not None else self.env
        remote = choose_target(settings, config_file(self.environ), env=env, prefer_settings=self.url is not None)
        if remote is not None:
            with connect_remote(remote) as client:
                yield client
            return
        with connect_local(settings) as client:
            yield client


pass_invocation = click.make_pass_decorator(Invocation)
