"""The configuration of the command line: written whole, for its owner alone, and with nothing else of it touched."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from chatbot.command_line.target import Remote, choose_target, config_file
from shared.config import load_settings

SCRIPT = Path(__file__).parents[2] / "scripts" / "cli_config.py"
URL = "https://abc.execute-api.us-east-1.amazonaws.com/api"
KEY = "abcdefghij0123456789"

Write = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "chatbot" / "config.toml"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def run(*words: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, SCRIPT, *(words or ("set", "dev", URL))],
            input=f"{key}\n",
            env={"XDG_CONFIG_HOME": str(tmp_path), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_command_line_reads_what_was_written(write: Write, file: Path, tmp_path: Path) -> None:
    done = write()
    assert (done.returncode, done.stdout) == (0, f"{file}\n")
    assert file == config_file({"XDG_CONFIG_HOME": str(tmp_path)})
    target = choose_target(load_settings({}), file, env="dev", prefer_settings=False)
    assert isinstance(target, Remote)
    assert target.url == URL
    assert target.api_key is not None
    assert target.api_key.get_secret_value() == KEY


def test_only_its_owner_can_read_it(write: Write, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("")
    file.chmod(0o644)
    assert write().returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["config.toml"]


OTHERS = """\
# mine
default = "prod"  # the real one

[env.prod]
url = "https://prod"
api_key = "p"  # do not touch

[env.dev] # old
# a remark
api_key = "old"
note = "kept"
url = 'https://old'

[other]
x = [1,
  2]
"""


def test_all_else_in_it_stays_as_it_is(write: Write, file: Path) -> None:
    file.parent.mkdir()
    file.write_text(OTHERS)
    assert write().returncode == 0
    text = file.read_text()
    assert text == OTHERS.replace(
        '# a remark\napi_key = "old"\nnote = "kept"\nurl = \'https://old\'\n',
        f'url = "{URL}"\napi_key = "{KEY}"\n# a remark\nnote = "kept"\n',
    )


def test_writing_twice_changes_nothing(write: Write, file: Path) -> None:
    write()
    before = file.read_text()
    write()
    assert file.read_text() == before


@pytest.mark.parametrize(
    "text",
    ['[env]\ndev = {url = "https://old"}\n', 'env.dev.url = "https://old"\n', 'env = "text"\n'],
)
def test_a_form_that_cannot_be_edited_is_left_alone(write: Write, file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)
    done = write()
    assert done.returncode == 1
    assert "give [env.dev] a section of its own" in done.stderr
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"this is not TOML", "is not valid TOML"), (b"\xff\xfe", "is not UTF-8 text")],
)
def test_a_file_that_cannot_be_read_is_left_alone(write: Write, file: Path, content: bytes, sentence: str) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    done = write()
    assert done.returncode == 1
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert file.read_bytes() == content


def test_a_symbolic_link_stays_one(write: Write, file: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "chatbot.toml"
    real.parent.mkdir()
    real.write_text('default = "local"\n')
    file.parent.mkdir()
    file.symlink_to(real)
    assert write().returncode == 0
    assert file.is_symlink()
    assert tomllib.loads(real.read_text())["env"]["dev"]["url"] == URL
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_a_folder_in_its_place_is_named(write: Write, file: Path) -> None:
    file.mkdir(parents=True)
    done = write()
    assert done.returncode == 1
    assert "cannot be read (Is a directory)" in done.stderr


def test_a_file_in_the_place_of_its_folder_is_named(write: Write, file: Path) -> None:
    file.parent.write_text("")
    done = write()
    assert done.returncode == 1
    assert "mend that" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("key", ["", "None", "two words", 'quo"te'])
def test_what_is_no_key_is_not_written(write: Write, file: Path, key: str) -> None:
    done = write(key=key)
    assert done.returncode == 1
    assert "no API key" in done.stderr
    assert not file.exists()


def test_what_is_no_url_is_not_written(write: Write, file: Path) -> None:
    assert "which is no URL" in write("set", "dev", "None").stderr
    assert not file.exists()


def test_an_environment_is_forgotten_with_a_default_that_names_it(write: Write, file: Path) -> None:
    file.parent.mkdir()
    file.write_text('default = "dev"\n\n[env.dev]\nurl = "https://x"\n\n# keep\n[env.prod]\nurl = "https://y"\n')
    assert write("remove", "dev", "https://x").returncode == 0
    assert tomllib.loads(file.read_text()) == {"env": {"prod": {"url": "https://y"}}}


def test_forgetting_what_is_not_there_is_no_mistake(write: Write, file: Path) -> None:
    assert write("remove", "dev", "https://x").returncode == 0
    assert not file.exists()


@pytest.mark.parametrize(
    ("part", "forgotten"), [(URL, True), (".execute-api.us-east-1.", True), (".eu-west-1.", False)]
)
def test_only_the_deployment_that_is_meant_is_forgotten(write: Write, file: Path, part: str, forgotten: bool) -> None:
    write()
    before = file.read_text()
    done = write("remove", "dev", part)
    assert done.returncode == 0
    assert (file.read_text() != before) == forgotten
    assert (f"names another deployment as dev, {URL}" in done.stdout) != forgotten
