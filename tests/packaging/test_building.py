"""What can go wrong with a build ends in a sentence, and leaves no half zip."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import build_lambdas
import pytest
from lambda_build import bytecode, compile_bytecode

from tests.fakes import PATIENCE
from tests.packaging.building import HERE, NAMES, ROOT, Release, run_build

SCRIPT = str(ROOT / "scripts" / "package-lambdas.sh")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--architecture", "mips"), "Lambda has no architecture 'mips'. Choose one of: arm64, x86_64."),
        (("--python-version", "2.7"), "'2.7' is no version that this code runs on. Choose one like 3.13"),
        (("--python-version", "3.13; rm"), "is no version that this code runs on"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    result = run_build(tmp_path / "out", *options)
    assert result.returncode == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run_build(tmp_path / "file" / "out", *HERE)
    assert result.returncode == 1
    assert f"({tmp_path}/file" in result.stderr
    assert "Choose another folder with --output" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "The disk is full (/out/chat.zip). Make room, and run the same command again."),
        (errno.EROFS, "This may not be read or written (/out/chat.zip). Choose another folder with --output"),
    ],
)
def test_an_error_of_the_disk_is_explained(number: int, said: str) -> None:
    assert build_lambdas.explained(OSError(number, os.strerror(number), "/out/chat.zip")).startswith(said)


def test_a_build_that_cannot_write_all_leaves_no_half_zip(release: Release, tmp_path: Path) -> None:
    output = tmp_path / "out"
    shutil.copytree(release.folder, output)
    # Only the smallest is built again: the others are as before anyway.
    manifest = release.manifest
    manifest["retrieval"]["inputs"] = "changed"
    (output / "manifest.json").write_text(json.dumps(manifest), "utf-8")

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    result = subprocess.run(
        (sys.executable, build_lambdas.__file__, "--output", str(output), *HERE),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=small_files,
    )
    assert result.returncode == 1
    assert "File too large" in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(path.name for path in output.iterdir()) == sorted(path.name for path in release.folder.iterdir())
    assert Release(output).manifest == manifest
    for name in NAMES:
        assert (output / f"{name}.zip").read_bytes() == (release.folder / f"{name}.zip").read_bytes()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_no_half_zip(tmp_path: Path, sent: signal.Signals) -> None:
    output = tmp_path / "out"
    process = subprocess.Popen(
        (sys.executable, build_lambdas.__file__, "--output", str(output), *HERE),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + PATIENCE
    while not output.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(sent)
    said = process.communicate()[1]
    assert process.returncode == 130
    assert "interrupted; run the same command again" in said
    assert "Traceback" not in said
    assert list(output.glob(".*")) == []
    for path in output.glob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None


# --- bytecode ---------------------------------------------------------------------------------------------------------


def test_bytecode_is_made_by_the_version_that_will_load_it() -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = bytecode.interpreter(version)
    assert found is not None
    assert found.version.startswith(f"{version}.")
    assert bytecode.interpreter("3.99") is None


def test_another_thing_of_that_name_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says = {"one": "echo cpython-399 3.99.0rc1", "two": "exit 127", "three": "echo cpython-399 3.99.4"}
    for folder, text in says.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "python3.99").write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / folder / "python3.99").chmod(0o755)
    monkeypatch.setenv("PATH", ":".join(str(tmp_path / folder) for folder in says))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert bytecode.interpreter("3.99") == bytecode.Interpreter(str(tmp_path / "three" / "python3.99"), "3.99.4")


def test_source_that_is_not_of_this_version_stays_source() -> None:
    found = bytecode.interpreter(f"{sys.version_info.major}.{sys.version_info.minor}")
    assert found is not None
    made = bytecode.compiled(found, {"good.py": b"x = 1", "old.py": b"print 'x'", "nul.py": b"\0"})
    assert set(made) == {"good.py"}


def test_bytecode_does_not_depend_on_what_else_the_process_holds() -> None:
    source = b"def f(a={'alpha', 'beta', 'gamma'}):\n    return a in {'delta', 'epsilon', 'zeta'}, 'some text'\n"
    found = bytecode.interpreter(f"{sys.version_info.major}.{sys.version_info.minor}")
    assert found is not None
    many = {f"{number}.py": source + str(number).encode() for number in range(50)} | {"a.py": source}
    assert bytecode.compiled(found, many)["a.py"] == bytecode.compiled(found, {"a.py": source})["a.py"]


def test_tracebacks_name_the_place_in_the_function() -> None:
    code = compile_bytecode.bytecode(b"raise ValueError", bytecode.TASK_ROOT + "rag/fusion.py")
    assert b"/var/task/rag/fusion.py" in code


# --- the script -------------------------------------------------------------------------------------------------------


def script(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (SCRIPT, *words), capture_output=True, text=True, env=os.environ | environment, cwd="/", check=False
    )


def test_the_script_builds_what_it_is_told_without_aws(release: Release, tmp_path: Path) -> None:
    output = tmp_path / "a folder"
    shutil.copytree(release.folder, output)
    result = script("dev", "--output", str(output), *HERE, PYTHON=sys.executable, AWS_ENDPOINT_URL="nowhere")
    assert result.returncode == 0, result.stderr
    for name in NAMES:
        assert f"{release.digests[name]}  {output}/{name}.zip  (unchanged)" in result.stdout
    assert "with bytecode of Python" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which environment?"),
        (("production",), '"production" is not an environment'),
        (("dev", "--outptu", "x"), "did you mean --output?"),
        (("dev", "--output"), "--output needs a value"),
        (("dev", "--architecture", "mips"), "Choose one of: arm64, x86_64."),
    ],
)
def test_the_script_names_what_is_wrong(words: tuple[str, ...], said: str) -> None:
    result = script(*words)
    assert result.returncode == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr
