"""Each zip is all that its function needs, and no more: its code runs in a Python that has nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import documents
from tests.fakes import PATIENCE
from tests.packaging import probe as probing
from tests.packaging.building import NAMES, ROOT, bare_environment, probe

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the zips hold libraries for Linux")

SERVICES = {
    "chat": {"bedrock-runtime", "dynamodb", "kms", "lambda", "s3", "sqs"},
    "ingestion": {"bedrock-runtime", "dynamodb", "s3", "s3vectors", "sqs"},
    "retrieval": {"bedrock-agent-runtime", "bedrock-runtime", "dynamodb", "s3vectors"},
}
#: What is loaded once requests come, and not before; the test of run.sh needs it.
LATER = {"chat": {"h11"}, "ingestion": set(), "retrieval": set()}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document of every kind, each with the same fact in it."""
    folder = tmp_path_factory.mktemp("samples")
    made = {
        "a.pdf": documents.pdf(),
        "broken.pdf": documents.pdf_for_the_fallback(),
        "a.docx": documents.docx(),
        "a.pptx": documents.pptx(),
        "a.html": f"<h1>Pumps</h1><p>{documents.FACT}".encode(),
        "a.md": f"# Pumps\n\n{documents.FACT}".encode(),
        "latin.txt": f"Prüfung. {documents.FACT}".encode("latin-1"),
    }
    for name, data in made.items():
        (folder / name).write_bytes(data)
    (folder / "table.xlsx").write_bytes(documents.xlsx())
    return folder


@pytest.fixture(scope="module")
def ran(python: Path, unpacked: Path, samples: Path) -> dict[str, dict[str, Any]]:
    """What each function says of itself after it has run."""
    found = {}
    for name in NAMES:
        before = files_in(unpacked / name)
        result = probe(python, unpacked / name, *arguments(name, samples))
        assert result.returncode == 0, result.stderr
        found[name] = json.loads(result.stdout.splitlines()[-1])
        found[name]["written"] = files_in(unpacked / name) - before
    return found


def arguments(name: str, samples: Path) -> tuple[str, ...]:
    return (name, str(samples)) if name == "ingestion" else (name,)


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("name", NAMES)
def test_a_function_runs_on_its_zip_and_the_standard_library_alone(
    ran: dict[str, dict[str, Any]], unpacked: Path, name: str
) -> None:
    own = (str(unpacked / name), str(Path(probing.__file__)))
    libraries = (os.path.realpath(sys.base_prefix), sys.base_prefix)
    elsewhere = {
        module: file
        for module, file in ran[name]["modules"].items()
        if file and not file.startswith(own) and (not file.startswith(libraries) or "site-packages" in file)
    }
    assert elsewhere == {}


@pytest.mark.parametrize("name", NAMES)
def test_clients_are_made_of_the_services_in_the_zip_and_of_no_others(
    ran: dict[str, dict[str, Any]], unpacked: Path, name: str
) -> None:
    models = {path.name for path in (unpacked / name / "botocore" / "data").iterdir() if path.is_dir()}
    assert set(ran[name]["services"]) == models == SERVICES[name]


@pytest.mark.parametrize("name", NAMES)
def test_every_library_in_the_zip_is_imported(ran: dict[str, dict[str, Any]], unpacked: Path, name: str) -> None:
    brought = {path.name.partition(".")[0] for path in (unpacked / name).iterdir() if path.suffix != ".dist-info"}
    imported = {module.partition(".")[0] for module in ran[name]["modules"]}
    assert brought - imported == LATER[name]


@pytest.mark.parametrize("name", NAMES)
def test_every_module_that_is_imported_has_its_bytecode_in_the_zip(ran: dict[str, dict[str, Any]], name: str) -> None:
    # Python would have written what is missing.
    assert ran[name]["written"] == set()


def test_documents_are_read_in_the_child_process_of_the_zip(ran: dict[str, dict[str, Any]]) -> None:
    texts = ran["ingestion"]["texts"]
    assert "P-1 | steel" in texts.pop("table.xlsx")
    assert {name for name, text in texts.items() if documents.FACT not in text} == set()
    assert len(texts) == 7


MISSING = [
    ("chat", "_cffi_backend*"),
    ("chat", "shared/prices.json"),
    ("chat", "botocore/data/kms"),
    ("ingestion", "python_calamine"),
    ("ingestion", "rag/vocabulary"),
    ("ingestion", "rag/extraction/child.py"),
    ("retrieval", "httpcore"),
    ("retrieval", "shared/aws/s3_vectors.py"),
]


@pytest.mark.parametrize("case", MISSING, ids=" without ".join)
def test_a_zip_that_lacks_something_is_found_out(
    python: Path, unpacked: Path, samples: Path, tmp_path: Path, case: tuple[str, str]
) -> None:
    name, missing = case
    code = tmp_path / name
    shutil.copytree(unpacked / name, code, copy_function=os.link)
    gone = list(code.glob(missing))
    assert gone
    for path in gone:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
            compiled.unlink()
    assert probe(python, code, *arguments(name, samples)).returncode != 0


def test_a_zip_that_lacks_what_serving_takes_is_found_out(python: Path, unpacked: Path, tmp_path: Path) -> None:
    code = tmp_path / "chat"
    shutil.copytree(unpacked / "chat", code, copy_function=os.link)
    shutil.rmtree(code / "h11")
    with pytest.raises(AssertionError, match="serves nothing"):
        assert_serves(python, code)


def test_the_chat_function_serves_when_run_sh_is_started(python: Path, unpacked: Path) -> None:
    assert_serves(python, unpacked / "chat")


def assert_serves(python: Path, code: Path) -> None:
    with served(python, code) as url, urllib.request.urlopen(f"{url}/openapi.json", timeout=PATIENCE) as answer:
        assert json.load(answer)["info"]["title"] == "chatbot"


@contextlib.contextmanager
def served(python: Path, code: Path) -> Iterator[str]:
    """The function started as the Lambda Web Adapter starts it; yields its URL once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in bare_environment(code).items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [code / "chatbot" / "run.sh"],
        env=environment | probing.COMMON | {"PORT": str(port), "PYTHON": str(python)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield answering(process, f"http://127.0.0.1:{port}")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def answering(process: subprocess.Popen[bytes], url: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=PATIENCE):
            return url
        time.sleep(0.05)
    raise AssertionError("run.sh serves nothing")


def test_the_templates_name_handlers_that_are_in_the_zips(unpacked: Path) -> None:
    templates = "\n".join(path.read_text() for path in (ROOT / "infra" / "cloudformation").glob("*.yaml"))
    handlers = set(re.findall(r"^ +Handler: (\S+)$", templates, re.MULTILINE))
    assert handlers == {"chatbot/run.sh", "rag.ingestion_handler.handler", "rag.retrieval_handler.handler"}
    assert (unpacked / "chat" / "chatbot" / "run.sh").stat().st_mode & 0o111 == 0o111
    for name in ("ingestion", "retrieval"):
        source = (unpacked / name / "rag" / f"{name}_handler.py").read_text()
        assert "\ndef handler(event" in source
