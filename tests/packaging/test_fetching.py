"""Libraries are fetched for another platform than this one, are what was locked, and are fetched once."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from lambda_build import pip_environment, requirement_file
from lambda_build.errors import BuildError
from lambda_build.requirement_file import Requirement
from lambda_build.wheels import Platform, Wheels

ARM = Platform("arm64", "3.13")
Add = Callable[..., Requirement]


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    """Puts a wheel into a package index of the test's own and returns how it would be locked."""
    index = tmp_path / "index"
    index.mkdir()
    # Whatever this machine has set for pip does not count here.
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")

    def put(tag: str, content: str = "") -> Requirement:
        return locked(write_wheel(index, tag, content))

    return put


def write_wheel(folder: Path, tag: str, content: str) -> Path:
    path = folder / f"demo_lib-1.0-{tag}.whl"
    info = "demo_lib-1.0.dist-info"
    metadata = "Metadata-Version: 2.1\nName: demo-lib\nVersion: 1.0\n"
    files = {"demo_lib.py": content, f"{info}/METADATA": metadata, f"{info}/WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n"}
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        record = "".join(f"{name},sha256={digest_of(text)},{len(text)}\n" for name, text in files.items())
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


def digest_of(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def locked(*wheels: Path, digest: str | None = None) -> Requirement:
    digests = [digest] if digest else [hashlib.sha256(path.read_bytes()).hexdigest() for path in wheels]
    hashes = " ".join(f"--hash=sha256:{each}" for each in digests)
    return Requirement("demo-lib", "1.0", frozenset(digests), f"demo-lib==1.0 {hashes}")


@pytest.fixture
def wheels(tmp_path: Path) -> Wheels:
    # pip of the environment that tests: making another takes seconds.
    return Wheels(tmp_path / "kept", Path(sys.prefix), ARM)


def test_the_wheel_of_the_functions_platform_is_fetched(add: Add, wheels: Wheels) -> None:
    add("cp313-cp313-manylinux2014_x86_64")
    wanted = add("cp313-cp313-manylinux2014_aarch64")
    [wheel] = wheels.get([wanted])
    assert wheel.path.name == "demo_lib-1.0-cp313-cp313-manylinux2014_aarch64.whl"
    assert {wheel.digest} == wanted.digests


def test_a_wheel_that_was_fetched_is_not_asked_for_again(
    add: Add, wheels: Wheels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = add("py3-none-any")
    [first] = wheels.get([wanted])
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing here"))
    assert Wheels(tmp_path / "kept", tmp_path / "no pip", ARM).get([wanted]) == (first,)


def test_a_kept_wheel_that_was_changed_is_fetched_anew(add: Add, wheels: Wheels) -> None:
    wanted = add("py3-none-any")
    [first] = wheels.get([wanted])
    first.path.write_bytes(b"something else")
    [second] = wheels.get([wanted])
    assert hashlib.sha256(second.path.read_bytes()).hexdigest() in wanted.digests


def test_a_wheel_that_is_not_the_locked_one_is_refused(add: Add, wheels: Wheels, tmp_path: Path) -> None:
    add("py3-none-any")
    with pytest.raises(BuildError, match=r"demo.lib==1\.0 .*is not the file that infra/lambdas locked") as caught:
        wheels.get([locked(digest="0" * 64)])
    assert "Do not use it" in str(caught.value)
    assert kept(tmp_path) == []


def test_a_library_without_a_wheel_for_the_platform_is_named_with_it(add: Add, wheels: Wheels, tmp_path: Path) -> None:
    wanted = add("cp313-cp313-manylinux2014_x86_64")
    with pytest.raises(BuildError, match=r"There is no wheel of demo-lib==1\.0 for arm64 and Python 3\.13\. Choose"):
        wheels.get([wanted])
    assert kept(tmp_path) == []


@pytest.mark.parametrize("tag", ["cp312-cp312-manylinux2014_aarch64", "cp313-cp313-manylinux_2_39_aarch64"])
def test_wheels_that_the_runtime_could_not_load_are_not_taken(add: Add, wheels: Wheels, tag: str) -> None:
    wanted = add(tag)
    with pytest.raises(BuildError, match="There is no wheel"):
        wheels.get([wanted])


def test_without_a_network_the_remedy_is_said(
    add: Add, wheels: Wheels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = add("py3-none-any")
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(BuildError, match=r"cannot be reached\. Check the network"):
        wheels.get([wanted])
    assert kept(tmp_path) == []


def kept(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "kept").rglob("*") if path.is_file()]


def test_a_private_environment_with_pip_is_made_and_used_again(tmp_path: Path) -> None:
    folder = tmp_path / "an environment"
    python = pip_environment.python(folder)
    made = (folder / "pyvenv.cfg").stat().st_mtime_ns
    assert pip_environment.python(folder) == python
    assert (folder / "pyvenv.cfg").stat().st_mtime_ns == made


def test_a_python_that_can_make_no_environment_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As on Debian without python3-venv: the module is there, ensurepip is not.
    def create(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(1, ["ensurepip"])

    monkeypatch.setattr(venv, "create", create)
    with pytest.raises(BuildError, match=r"cannot make virtual environments.*apt install python3-venv"):
        pip_environment.python(tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("demo==1.0\n", "without a version or a hash"),
        ("demo>=1 --hash=sha256:" + "0" * 64, "without a version or a hash"),
        ("# nothing\n", "names no library"),
        (None, "is missing"),
    ],
)
def test_a_requirement_file_that_is_not_locked_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "chat.txt"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BuildError, match=said):
        requirement_file.read(path)
