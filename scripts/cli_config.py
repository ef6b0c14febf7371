"""Writes where a deployed API is, and its key, for the command line.

    ... | python3 scripts/cli_config.py set ENV URL      the key comes on standard input; prints the file's name
    python3 scripts/cli_config.py remove ENV TEXT        forgets the environment, if TEXT is in its URL

The file is ~/.config/chatbot/config.toml (below XDG_CONFIG_HOME where that is set), mode 0600, replaced in one step.
All else in it stays as it is, comments included. Through a symbolic link the file that it leads to is replaced. A file
that cannot be understood is left alone: status 1, and a sentence.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

# API Gateway makes no shorter one.
_SHORTEST_KEY = 20
_HEADER = re.compile(r"\s*\[.*")


class Mistake(Exception):
    """The file cannot be used as it is; the text is for the person whose file it is."""


def config_file() -> Path:
    """Where chatbot/command_line/target.py looks for it."""
    home = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return (home if home.is_absolute() else Path("~/.config").expanduser()) / "chatbot" / "config.toml"


def read(file: Path) -> str:
    """The text, which is valid TOML; empty where there is no file. Raises ``Mistake``."""
    try:
        text = file.read_text("utf-8")
        tomllib.loads(text)
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise Mistake(f"{file} is not UTF-8 text; mend it or move it away.") from None
    except tomllib.TOMLDecodeError as error:
        raise Mistake(f"{file} is not valid TOML ({error}); mend it or move it away.") from None
    except OSError as error:
        raise Mistake(f"{file} cannot be read ({error.strerror}); mend that or move it away.") from None
    return text


def with_section(text: str, env: str, values: dict[str, str]) -> str:
    """The text with these values in [env.ENV], and all else as it was. Raises ``Mistake`` where that cannot be done."""
    lines = text.splitlines()
    begin, end = _section(lines, env)
    wanted = [f'{key} = "{value}"' for key, value in values.items()]
    if begin is None:
        lines += [*([""] if lines and lines[-1].strip() else []), f"[env.{env}]", *wanted]
    else:
        kept = [line for line in lines[begin + 1 : end] if _key(line) not in values]
        lines[begin + 1 : end] = [*wanted, *kept]
    result = "\n".join(lines) + "\n"
    expected = tomllib.loads(text)
    sections = expected.setdefault("env", {})
    if isinstance(sections, dict):
        sections[env] = {**(sections.get(env) or {}), **values}
    return _checked(result, expected, env)


def without_section(text: str, env: str) -> str:
    """The text without [env.ENV], and without a default that names it. Raises ``Mistake`` where that cannot be done."""
    lines = text.splitlines()
    begin, end = _section(lines, env)
    expected = tomllib.loads(text)
    if begin is None:
        return _checked(text, expected, env)
    del lines[begin:end]
    del expected["env"][env]
    if not expected["env"]:
        del expected["env"]
    if expected.get("default") == env:
        del expected["default"]
        lines = [line for line in lines if not re.match(r"\s*default\s*=", line)]
    return _checked("\n".join(lines).strip("\n") + "\n", expected, env)


def _checked(text: str, expected: dict[str, Any], env: str) -> str:
    """Proves that an edit by lines did what was meant, however the file is written."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        found = None
    if found != expected:
        raise Mistake(
            f"{config_file()} is written in a way that this script cannot edit; give [env.{env}] a section of its own "
            "with the lines url = ... and api_key = ..., or move the file away."
        )
    return text


def _section(lines: list[str], env: str) -> tuple[int | None, int]:
    """Where the section begins and ends; no beginning where there is none."""
    header = re.compile(rf"""\s*\[\s*env\s*\.\s*["']?{re.escape(env)}["']?\s*\]\s*(#.*)?""")
    begin = next((number for number, line in enumerate(lines) if header.fullmatch(line)), None)
    if begin is None:
        return None, len(lines)
    later = (number for number in range(begin + 1, len(lines)) if _HEADER.match(lines[number]))
    return begin, next(later, len(lines))


def _key(line: str) -> str:
    return line.partition("=")[0].strip().strip("\"'")


def write(file: Path, text: str) -> None:
    """Replaces the file in one step, with mode 0600. Raises ``Mistake``."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        real = Path(os.path.realpath(file))
        handle, name = tempfile.mkstemp(prefix=".config-", dir=real.parent)  # made with mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(real)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Mistake(
            f"{error.filename or file} cannot be written ({error.strerror}); mend that and run this again."
        ) from None


def _set(env: str, url: str, key: str) -> None:
    if len(key) < _SHORTEST_KEY or not key.isascii() or not key.isalnum():
        raise Mistake("AWS gave no API key that could be used; is the deployment complete?")
    if not url.startswith(("https://", "http://")) or re.search(r"[\s\"\\]", url):
        raise Mistake(f'the stack says that the API is at "{url}", which is no URL; is the deployment complete?')
    file = config_file()
    write(file, with_section(read(file), env, {"url": url, "api_key": key}))
    sys.stdout.write(f"{file}\n")


def _remove(env: str, part: str) -> None:
    file = config_file()
    text = read(file)
    sections = tomllib.loads(text).get("env")
    section = sections.get(env) if isinstance(sections, dict) else None
    url = section.get("url") if isinstance(section, dict) else None
    if isinstance(url, str) and part not in url:
        sys.stdout.write(f"  {file} names another deployment as {env}, {url}, and keeps it\n")
    elif text:
        write(file, without_section(text, env))


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["set", env, url]:
                _set(env, url, sys.stdin.read().strip())
            case ["remove", env, part]:
                _remove(env, part)
            case _:
                sys.stderr.write("usage: cli_config.py set ENV URL | remove ENV TEXT\n")
                return 2
    except Mistake as mistake:
        sys.stderr.write(f"{mistake}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
