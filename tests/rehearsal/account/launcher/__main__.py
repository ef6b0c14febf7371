"""``python -m tests.rehearsal.account.launcher SETTINGS``: serves the account until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import yaml

from tests.rehearsal.account.launcher.settings import ACCOUNT, REGION, Settings


def main() -> None:
    settings = Settings.load(Path(sys.argv[1]))
    # Read by ministack when it is imported, which is why it is imported only now.
    os.environ.update(
        {
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(settings.port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_HOST": "localhost",
            "MINISTACK_REGION": REGION,
            "AWS_ENDPOINT_URL": settings.endpoint,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "TMPDIR": settings.folder,
        }
    )
    # ministack reads templates with this class; the one in C finds the same, in a fraction of the time.
    yaml.SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # type: ignore[misc]
    from tests.rehearsal.account.launcher import assembly  # noqa: PLC0415 - see above

    asyncio.run(assembly.serve(settings))


if __name__ == "__main__":
    main()
