"""``python -m tests.rehearsal.account.stand_ins SETTINGS``: serves until it is told to stop."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import ExitStack, closing
from pathlib import Path

from tests.rehearsal.account.launcher.settings import Settings
from tests.rehearsal.account.stand_ins.authority import Authority
from tests.rehearsal.account.stand_ins.bedrock import BedrockRuntime
from tests.rehearsal.account.stand_ins.proxy import Proxy
from tests.rehearsal.account.stand_ins.registry import Registry


def main() -> None:
    settings = Settings.load(Path(sys.argv[1]))
    done = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: done.set())
    authority = Authority(Path(settings.folder))
    with ExitStack() as stack:
        stack.enter_context(closing(BedrockRuntime(settings.bedrock_port)))
        stack.enter_context(closing(Proxy(settings.proxy_port, settings.port, authority, settings.log("refusals"))))
        stack.enter_context(closing(Registry(settings.registry_port)))
        done.wait()


if __name__ == "__main__":
    main()
