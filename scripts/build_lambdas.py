"""Builds the zips of the Lambda functions: one a function, of what it can reach, the same bytes for the same source.

usage: python3 scripts/build_lambdas.py [--output DIR] [--architecture arm64|x86_64] [--python-version 3.13]
           [--source-only]

Writes DIR/<function>.zip, its bill of materials DIR/<function>.cdx.json, and DIR/manifest.json, which names for each
function the file, its SHA-256 and its size. Called by scripts/package-lambdas.sh; needs Python 3.11, nothing else.
"""

from __future__ import annotations

import argparse
import errno
import os
import re
import signal
import sys
from pathlib import Path

from lambda_build.bytecode import interpreter
from lambda_build.errors import BuildError
from lambda_build.functions import FUNCTIONS
from lambda_build.release import Built, Release
from lambda_build.wheels import MACHINES, Platform, Wheels

_ROOT = Path(__file__).resolve().parent.parent
_INTERRUPTED = 130


def main() -> None:
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _build(options)
    except BuildError as error:
        sys.exit(f"build_lambdas.py: {error}")
    except OSError as error:
        sys.exit(f"build_lambdas.py: {explained(error)}")
    except KeyboardInterrupt:
        sys.stderr.write("build_lambdas.py: interrupted; run the same command again to go on.\n")
        sys.exit(_INTERRUPTED)


def _build(options: argparse.Namespace) -> None:
    platform = _platform(options.architecture, options.python_version)
    python = None if options.source_only else interpreter(platform.python)
    release = Release(_ROOT, options.output, Wheels(_cache(), _ROOT / ".venv-package", platform), platform, python)
    for built in release.build(FUNCTIONS):
        sys.stdout.write(_line(built))
    if python:
        sys.stdout.write(f"with bytecode of Python {python.version}\n")
    else:
        reason = (
            "--source-only" if options.source_only else f"no Python {platform.python} on this machine to make it with"
        )
        sys.stdout.write(f"without bytecode ({reason}): cold starts take about twice as long\n")


def _line(built: Built) -> str:
    state = "built" if built.new else "unchanged"
    return f"{built.name:<10} {built.bytes / 1e6:5.1f} MB  {built.digest}  {built.path}  ({state})\n"


def _cache() -> Path:
    """Where the wheels are kept; a relative XDG_CACHE_HOME does not count, says its specification."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "chatbot" / "wheels"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="build_lambdas.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, default=_ROOT / "build" / "lambdas", help="folder of the zips")
    parser.add_argument("--architecture", default="arm64", help="arm64 (default) or x86_64")
    parser.add_argument("--python-version", default="3.13", help="of the runtime; default: 3.13")
    parser.add_argument("--source-only", action="store_true", help="no bytecode, whatever is installed here")
    return parser.parse_args()


def _platform(architecture: str, python: str) -> Platform:
    if architecture not in MACHINES:
        raise BuildError(f"Lambda has no architecture {architecture!r}.", f"Choose one of: {', '.join(MACHINES)}.")
    if not re.fullmatch(r"3\.1[1-9]", python):
        raise BuildError(f"{python!r} is no version that this code runs on.", "Choose one like 3.13 (from 3.11 on).")
    return Platform(architecture, python)


def explained(error: OSError) -> str:
    place = f" ({error.filename})" if error.filename else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk is full{place}. Make room, and run the same command again."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return (
            f"This may not be read or written{place}. Choose another folder with --output, or change its permissions."
        )
    return f"{error.strerror}{place}. Choose another folder with --output."


if __name__ == "__main__":
    main()
