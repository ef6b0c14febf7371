"""The entry point of a laptop: the app over local data, on a loopback port or a socket of its own."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp

from chatbot.api import Caller, create_app
from chatbot.api_prefix import ApiPrefix
from chatbot.services import build_services
from chatbot.web_files import WebFiles
from shared import backends, logger
from shared.config import Settings
from shared.errors import ConfigurationError
from shared.models import OWNER

log = logging.getLogger(__name__)

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: How long turns may go on after the signal to stop, and how long their streams have to end after that, in seconds.
_GRACE_SECONDS = 10
_LAST_EVENT_SECONDS = 2
_START_SECONDS = 30
#: How often the stopping server looks whether it shall hurry, in seconds.
_LOOK_SECONDS = 0.1


#: Where `make web` puts the web interface; nowhere, where the package is installed without its sources.
_WEB = Path(__file__).resolve().parents[2] / "web" / "dist"


def local_app(settings: Settings, *, start: bool, web: WebFiles | None = None) -> FastAPI:
    """The app over local data. Raises ``ConfigurationError`` for what cannot be used.

    ``start`` loads the models now, so that the first answer is quick and a wrong model shows at once, and begins to
    watch the folder of documents; otherwise the first turn loads them, and the first upload begins that work. ``web``
    is the web interface to serve beside the API, which stands under ``/api`` as well.
    """
    services = build_services(settings, backends.local(settings))
    try:
        if start:
            services.start()
    except BaseException:
        services.close(0)
        raise

    def identify(_request: Request) -> Caller:
        return Caller(OWNER, time.monotonic() + settings.turn_timeout_seconds)

    app = create_app(services, identify, _request_id, hosts=_hosts(settings), origins=settings.allowed_origins, web=web)
    app.add_middleware(ApiPrefix)
    return app


def run(settings: Settings) -> None:
    """Serves until it is interrupted (Ctrl-C, SIGTERM).

    Running turns then have a while to end and be saved; a second Ctrl-C ends them at once.

    Raises ``ConfigurationError`` where the port is taken or local data cannot be used.
    """
    logger.configure(settings.log_level, json_lines=False)
    with _listening(settings) as listener:
        port = listener.getsockname()[1]
        web = WebFiles(_WEB)
        app = local_app(settings, start=True, web=web)
        server = _Server(app, app.state.services.turns.stop)
        _announce(settings, port, web)
        server.run(sockets=[listener])


@contextmanager
def serve_on_socket(settings: Settings) -> Iterator[Path]:
    """Serves on a Unix socket that only this user can reach, in a thread; gives its path.

    At the end running turns have a while to end; a Ctrl-C meanwhile ends them at once.

    Raises ``ConfigurationError`` where local data cannot be used.
    """
    # Lines of every request would stand between the answers of a command.
    logger.configure("ERROR", json_lines=False)
    # Most commands ask no model: it is loaded by the first turn.
    app = local_app(settings, start=False)
    with tempfile.TemporaryDirectory(prefix="chatbot-") as folder:
        path = Path(folder) / "api.sock"
        server = _Server(app, app.state.services.turns.stop, uds=str(path))
        thread = threading.Thread(target=server.run, name="api", daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield path
        except KeyboardInterrupt as interrupt:
            # The second, where it came while the first was dealt with.
            server.force_exit = isinstance(interrupt.__context__, KeyboardInterrupt)
            raise
        finally:
            server.should_exit = True
            try:
                thread.join()
            except KeyboardInterrupt:
                server.force_exit = True
                thread.join()
                raise


class _Server(uvicorn.Server):
    """Told to stop, it lets turns go on for a while, then ends them: each of its streams gets a last event."""

    def __init__(self, app: ASGIApp, stop_turns: Callable[[], None], uds: str | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                uds=uds,
                log_config=None,
                access_log=False,
                server_header=False,
                ws="none",
                timeout_graceful_shutdown=_GRACE_SECONDS + _LAST_EVENT_SECONDS,
            )
        )
        self._stop_turns = stop_turns

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        down = threading.Event()
        # A thread, because the event loop stands still while the app is closed.
        threading.Thread(target=self._end_turns, args=(down,), name="end-turns", daemon=True).start()
        try:
            await super().shutdown(sockets)
            if self.force_exit:
                # uvicorn leaves the app open then, and a model in this process would write on; Python waits for it.
                self._stop_turns()
                await self.lifespan.shutdown()
                await asyncio.sleep(_LOOK_SECONDS)  # for the last event of each stream
        finally:
            down.set()

    def _end_turns(self, down: threading.Event) -> None:
        """Stops the turns when their time is over, or when a second Ctrl-C asks for it (``force_exit``)."""
        give_up = time.monotonic() + _GRACE_SECONDS
        while not self.force_exit and time.monotonic() < give_up:
            if down.wait(_LOOK_SECONDS):
                return
        self._stop_turns()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    give_up = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > give_up:
            raise ConfigurationError("The local server did not start; run `chatbot serve` to see why.")
        time.sleep(0.005)


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise _no_port(settings, error) from None
    with listener:
        # Head and body of a response are written apart; without this the second waits for the first to be acknowledged,
        # 40 ms. asyncio does it by itself only for sockets that name their protocol.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def _no_port(settings: Settings, error: OSError) -> ConfigurationError:
    place = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return ConfigurationError(
            f"Another program is listening on {place}. Stop it, or choose another port: make run PORT=8001, "
            "or chatbot serve --port 8001."
        )
    return ConfigurationError(f"Cannot listen on {place} ({error.strerror}); choose another host or port.")


def _hosts(settings: Settings) -> frozenset[str] | None:
    """Whoever binds another address than loopback means to be reached under names that are not known here."""
    if settings.host in _LOOPBACK:
        return _LOOPBACK
    log.warning("listening beyond this machine: there is no password, whoever reaches the port can read everything")
    return None


def _request_id(headers: Headers) -> str | None:
    return headers.get("x-request-id")


def _announce(settings: Settings, port: int, web: WebFiles) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    model = settings.model.name
    note = " (very small: for trying things out; set CHATBOT_MODEL for a better one)" if model == "builtin" else ""
    sys.stderr.write(
        f"chatbot is running at http://{host}:{port}  (Ctrl-C stops it)\n"
        f"  model  {model}{note}\n"
        f"  data   {settings.data_dir}\n"
        f"  files  {settings.data_dir / 'documents'}  (what you put there is read, and cited in answers)\n"
    )
    if not web.built:
        sys.stderr.write("  web    not built; the page at the address above says how\n")
