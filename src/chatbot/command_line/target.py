"""Which chatbot the command line talks to: a deployed one, by URL or its name in a file, or the local data."""

from __future__ import annotations

import ipaddress
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from shared.config import Settings
from shared.errors import ConfigurationError

#: The ``--env`` that means the local data, whatever the config file's default is.
LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Remote:
    """A deployed API. The key does not show in a repr."""

    url: str
    api_key: SecretStr | None

    @property
    def is_loopback(self) -> bool:
        return _is_loopback(httpx.URL(self.url).host)


def config_file(environ: Mapping[str, str]) -> Path:
    """``~/.config/chatbot/config.toml``, or below ``XDG_CONFIG_HOME`` where that is an absolute path."""
    home = Path(environ.get("XDG_CONFIG_HOME", ""))
    return (home if home.is_absolute() else Path("~/.config").expanduser()) / "chatbot" / "config.toml"


def choose_target(settings: Settings, file: Path, *, env: str | None, prefer_settings: bool) -> Remote | None:
    """The API to talk to; ``None`` is the local data.

    ``prefer_settings`` says that the URL of the settings was asked for on the command line. After it come ``env``, the
    URL of the environment, and the config file's default. A key written next to a URL goes before the one of the
    environment: the two belong together. Raises ``ConfigurationError``.
    """
    key = settings.api_key
    if env == LOCAL:
        return None
    if settings.url is not None and (prefer_settings or env is None):
        return _checked(Remote(settings.url, key))
    config = _read(file)
    if config is None and env is not None:
        raise ConfigurationError(
            f'There is no {file}, which would say where "{env}" is. Make it (mode 0600) with:\n'
            f'  [env.{env}]\n  url = "https://..."\n  api_key = "..."'
        )
    name = env or (config or {}).get("default", LOCAL)
    if config is None or name == LOCAL:
        return None
    return _checked(_section(config, name, key, file))


def _section(config: dict[str, Any], name: Any, key: SecretStr | None, file: Path) -> Remote:
    sections = config.get("env", {})
    if not isinstance(name, str) or not isinstance(sections, dict) or not isinstance(sections.get(name), dict):
        known = ", ".join(sorted(sections)) if isinstance(sections, dict) and sections else "none"
        raise ConfigurationError(f"{file} has no section [env.{name}]; it has: {known}.")
    section = sections[name]
    unknown = sorted(set(section) - {"url", "api_key"})
    if unknown:
        raise ConfigurationError(f"{file}, [env.{name}]: unknown {', '.join(unknown)}; it takes url and api_key.")
    url, own_key = section.get("url"), section.get("api_key")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise ConfigurationError(f'{file}, [env.{name}]: url must be text that starts with "https://".')
    if own_key is not None and (not isinstance(own_key, str) or not own_key):
        raise ConfigurationError(f"{file}, [env.{name}]: api_key must be text.")
    return Remote(url.rstrip("/"), SecretStr(own_key) if own_key else key)


def _read(file: Path) -> dict[str, Any] | None:
    """The config file's contents; ``None`` where there is none. Refuses one that others can read: it holds a key."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077:
            raise ConfigurationError(
                f"{file} has mode {mode:04o}, so that others on this machine may read or change it. "
                f"Run: chmod 600 {file}"
            )
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file} is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file} is not valid TOML: {error}.") from None
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.") from None


def _checked(remote: Remote) -> Remote:
    """The same, where it is safe to use. Raises ``ConfigurationError`` without the key or the URL's password."""
    try:
        url = httpx.URL(remote.url)
    except httpx.InvalidURL:
        raise ConfigurationError("The URL of the API cannot be used; write it as https://host/stage.") from None
    if not url.host or url.userinfo or url.query or url.fragment:
        raise ConfigurationError(
            "The URL of the API must hold a host and no user name, query or fragment; write it as https://host/stage. "
            "The key goes into CHATBOT_API_KEY or the config file."
        )
    if remote.api_key is None or not remote.api_key.get_secret_value().strip():
        return Remote(remote.url, None)
    key = remote.api_key.get_secret_value().strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            "The API key holds characters that no key has; copy it again, without quotes or spaces."
        )
    if url.scheme != "https" and not _is_loopback(url.host):
        raise ConfigurationError(
            f"The API key is not sent to {url.host} over plain http, where others can read it. "
            "Use an https:// address, or unset the key for a server that needs none."
        )
    return Remote(remote.url, SecretStr(key))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
