"""The process that has the AWS CLI in memory and forks for every call. Run by ``.venv-cli``'s interpreter.

    python server.py SOCKET        prints "ready" when it listens; ends when its standard input is closed

What differs from starting ``aws`` afresh: the modules are imported already, the loader of service descriptions has read
those of the services below, what was found out about the CLI's handlers is known, and templates are parsed in C.
Everything that depends on the caller (configuration, credentials, session, client) is made in the fork, after it took
over the caller's environment.

A caller's environment may hold ``REHEARSAL_CALLS``, a file to which each call appends two JSON lines (``start`` with
``n`` and ``argv``; ``end`` with ``status`` and ``seconds``), and ``REHEARSAL_ORDERS``, a JSON list of what to do to
the script that calls (see ``tests.rehearsal.orders``).
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import io
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

#: Services whose descriptions are read beforehand; any other is read when it is called.
_SERVICES = (
    "sts s3 cloudformation lambda apigateway kms dynamodb sqs logs cloudwatch bedrock opensearchserverless s3vectors "
    "iam budgets ce service-quotas events sns cloudfront resourcegroupstaggingapi"
)
#: Nobody listens there.
_NOWHERE = "http://127.0.0.1:9"
_SIGNALS = {"interrupt": signal.SIGINT, "kill": signal.SIGKILL}


@dataclass(frozen=True)
class Call:
    """One ``aws ...`` as the client describes it."""

    group: int
    umask: int
    interrupt_ignored: bool
    folder: bytes
    arguments: list[str]
    environ: dict[bytes, bytes]
    descriptors: list[int]

    def variable(self, name: str) -> str:
        return os.fsdecode(self.environ.get(name.encode(), b""))


def receive(connection: socket.socket) -> Call:
    """Reads a client's message. Raises ``OSError`` or ``ValueError`` where it went away meanwhile."""
    head, descriptors, _, _ = socket.recv_fds(connection, 4, 3)
    left = int.from_bytes(head, "big")
    message = b""
    while len(message) < left:
        part = connection.recv(left - len(message))
        if not part:
            raise ValueError("the client has gone")
        message += part
    numbers, folder, *fields = message.split(b"\0")
    group, umask, ignored, count = map(int, numbers.split())
    environ = dict(field.split(b"=", 1) for field in fields[count:])
    return Call(group, umask, bool(ignored), folder, [*map(os.fsdecode, fields[:count])], environ, descriptors)


def warm() -> Any:
    """Imports the CLI, lets it read what every call needs, and returns its entry point's module."""
    read_yaml_in_c()
    driver = importlib.import_module("awscli.clidriver")
    loaders = importlib.import_module("botocore.loaders")
    search_path = os.environ["AWS_DATA_PATH"]
    loader = loaders.create_loader(search_path)

    def create_loader(search_path_string: str | None = None) -> Any:
        return loader if search_path_string == search_path else loaders.create_loader(search_path_string)

    session: Any = importlib.import_module("botocore.session")
    session.create_loader = create_loader
    remember_handlers()
    command_line = driver.create_clidriver()
    for service in _SERVICES.split():
        command_line.session.create_client(service, "us-east-1", aws_access_key_id="-", aws_secret_access_key="-")
        for kind in ("paginators-1", "waiters-2"):
            with contextlib.suppress(Exception):  # not every service has both
                loader.load_service_model(service, kind)
    for command in ("sts get-caller-identity", "s3api list-buckets", "cloudformation describe-stacks"):
        with contextlib.redirect_stdout(io.StringIO()):
            command_line.main([*command.split(), "--generate-cli-skeleton"])
    return driver


def read_yaml_in_c() -> None:
    """Has templates be read by PyYAML's parser in C. What it finds is the same, in a fraction of the time."""
    yaml: Any = importlib.import_module("yaml")
    yaml.SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def remember_handlers() -> None:
    """Has every session find out no more of the CLI's handlers, of which it registers hundreds, than the one before.

    Whether a function takes keywords does not change, nor does another name of an event. It is a third of a call.
    """
    hooks: Any = importlib.import_module("botocore.hooks")
    hooks.accepts_kwargs = functools.cache(hooks.accepts_kwargs)
    initialize = hooks.EventAliaser.__init__
    names: dict[str, str] = {}

    def with_names(self: Any, *arguments: Any) -> None:
        initialize(self, *arguments)
        self._alias_name_cache = names

    hooks.EventAliaser.__init__ = with_names


def take_over(call: Call, data_path: str) -> None:
    """Makes this process what the caller's would be."""
    for number, descriptor in enumerate(call.descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(call.folder)
    os.umask(call.umask)
    os.environb.clear()
    os.environb.update(call.environ)
    # The CLI sets this one itself when it is imported.
    own = [call.variable("AWS_DATA_PATH")] if call.variable("AWS_DATA_PATH") else []
    os.environ["AWS_DATA_PATH"] = os.pathsep.join([*own, data_path])
    time.tzset()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN if call.interrupt_ignored else signal.default_int_handler)
    sys.argv = ["aws", *call.arguments]
    # They last as long as the process does.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False, errors="backslashreplace", buffering=1)  # noqa: SIM115


def listen_to(connection: socket.socket) -> None:
    """Passes the client's signals on to this process; a client that is gone takes it along."""
    main = threading.main_thread().ident or 0

    def follow() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        while number := connection.recv(1):
            signal.pthread_kill(main, number[0])
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=follow, daemon=True).start()


def ordered(call: Call, number: int) -> dict[str, Any]:
    """The first order that concerns this call; ``{}`` where there is none."""
    for order in json.loads(call.variable("REHEARSAL_ORDERS") or "[]"):
        meant = order["words"] in " ".join(call.arguments) if order["words"] else number == order["call"]
        if meant or (order["do"] == "offline" and number > order["call"]):
            return dict(order)
    return {}


def run(driver: Any) -> int:
    """The CLI itself; its exit code."""
    try:
        status = driver.main()
    except SystemExit as end:
        status = end.code
        if isinstance(status, str):
            sys.stderr.write(f"{status}\n")
            status = 1
    try:
        sys.stdout.flush()
    except OSError:
        status = status or 120  # as Python's own end has it
    sys.stderr.flush()
    return int(status or 0) & 0xFF


def note(call: Call, **fields: Any) -> None:
    """Appends a line to the caller's file of calls."""
    name = call.variable("REHEARSAL_CALLS")
    if name:
        line = (json.dumps(fields) + "\n").encode()
        file = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, line)
        os.close(file)


def serve(connection: socket.socket, call: Call, number: int, driver: Any, data_path: str) -> None:
    """One call, in a process of its own: runs it, and tells the client how it ended."""
    order = ordered(call, number)
    when, harm = order.get("when"), _SIGNALS.get(order.get("do", ""))
    note(call, event="start", n=number, argv=call.arguments, at=time.time(), order=order)
    if harm and when == "before":
        os.killpg(call.group, harm)
        connection.send(b"signal %d" % harm)
        return
    take_over(call, data_path)
    listen_to(connection)
    if order.get("do") == "offline":
        os.environ.update(AWS_ENDPOINT_URL=_NOWHERE, HTTPS_PROXY=_NOWHERE, AWS_MAX_ATTEMPTS="1")
    started = time.perf_counter()
    try:
        status = run(driver)
    except KeyboardInterrupt:
        connection.send(b"signal %d" % signal.SIGINT)
        return
    note(call, event="end", n=number, status=status, seconds=round(time.perf_counter() - started, 4))
    if harm and when == "after":
        os.killpg(call.group, harm)
        connection.send(b"signal %d" % harm)
    else:
        connection.send(b"exit %d" % status)


def main() -> None:
    """Forks for every connection until standard input is closed."""
    driver = warm()
    gc.freeze()  # A fork's garbage collector would copy every page of this.
    data_path = os.environ["AWS_DATA_PATH"]
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    counts: dict[str, int] = {}
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        connection.settimeout(10)
        try:
            call = receive(connection)
        except (OSError, ValueError):
            connection.close()
            continue
        connection.settimeout(None)
        script = call.variable("REHEARSAL_CALLS")
        counts[script] = counts.get(script, 0) + 1
        if os.fork() == 0:
            listener.close()
            try:
                serve(connection, call, counts[script], driver, data_path)
            finally:
                os._exit(0)
        connection.close()
        for descriptor in call.descriptors:
            os.close(descriptor)


if __name__ == "__main__":
    main()
