"""The rules that the listing promises: which way imports point, who reads the environment, what happens at import."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.fakes import PATIENCE
from tests.integration.processes import OpenAIServer, local_environ

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MODULES = [
    ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
    for path in SOURCES
    if path.name != "__main__.py"
]
#: Where HTTP and the terminal are at home.
EDGES = {
    "chatbot.api",
    "chatbot.api_errors",
    "chatbot.api_prefix",
    "chatbot.api_routes",
    "chatbot.cli",
    "chatbot.command_line",
    "chatbot.document_content_routes",
    "chatbot.document_routes",
    "chatbot.handler",
    "chatbot.http_guard",
    "chatbot.import_routes",
    "chatbot.openapi_document",
    "chatbot.server",
    "chatbot.sse",
    "chatbot.web_pages",
}
#: Where the libraries that read files are at home.
READERS_OF_FILES = {"rag.extraction"}
COMPOSITION = {"shared.backends", "shared.document_backends"}
ADAPTERS = {"shared.aws", "shared.local"}
#: May read the environment: the settings, and the entry point that hands it to the command line.
READERS = {"shared/config.py", "chatbot/cli.py"}


def run(program: str, environ: dict[str, str], *arguments: str) -> str:
    """The output of a program that must succeed, run in a process of its own."""
    finished = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_imports_point_one_way() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=3 * PATIENCE, check=False)
    assert finished.returncode == 0, finished.stdout
    assert "0 broken" in finished.stdout


def test_the_import_rules_leave_no_module_out() -> None:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    adapters, vendors = ({*rule["source_modules"]} for rule in rules[1:])
    top = {module for module in MODULES if module.count(".") == 1}
    assert top - adapters - {m for m in top if not m.startswith("shared.")} == COMPOSITION | ADAPTERS
    assert top - vendors == EDGES | ADAPTERS | READERS_OF_FILES


def test_only_the_settings_read_the_environment() -> None:
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named = isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.environb", "os.getenv"}
            imported = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
            if named or imported & {"environ", "environb", "getenv"}:
                found.add(str(path.relative_to(ROOT / "src")))
    # The engine of the built-in model is told through the environment how to wait; it is written there, never read.
    assert found - {"shared/local/llama_cpp.py"} == READERS


_IMPORT_ALL = """
import importlib, sys, tempfile
import botocore.session

def refuse(*_args, **_keywords):
    raise AssertionError("an AWS client was made at import")

done = []
def audit(event, arguments):
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if writes or event in {"socket.connect", "socket.bind", "sqlite3.connect", "subprocess.Popen", "os.mkdir"}:
        done.append((event, str(arguments[:2])))

botocore.session.Session.create_client = refuse
# What the vendors do at import is theirs; they are in memory now.
import fastapi, uvicorn, boto3, aws_encryption_sdk, httpx, click, uuid
sys.addaudithook(audit)
for module in sys.argv[1:]:
    importlib.import_module(module)
print(done)
"""


def test_importing_any_module_does_nothing(tmp_path: Path) -> None:
    assert run(_IMPORT_ALL, local_environ(tmp_path, PYTHONDONTWRITEBYTECODE="1"), *MODULES).strip() == "[]"
    assert list(tmp_path.iterdir()) == []


_CHAT_LOCALLY = """
import asyncio, json, sys
import botocore.session

def refuse(*_args, **_keywords):
    raise AssertionError("an AWS client was made")

botocore.session.Session.create_client = refuse
import httpx
from chatbot.server import local_app
from shared.config import load_settings

async def main():
    app = local_app(load_settings(), start=True)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        replies = [(await client.post("/chat", json={"message": "hi", "conversation_id": "c1"})).json() for _ in "12"]
        for path in ("/conversations", "/conversations/c1/export", "/models", "/usage", "/health/detailed"):
            assert (await client.get(path)).status_code == 200, path
        assert (await client.delete("/conversations/c1")).status_code == 204
    print(json.dumps({"replies": replies, "modules": sorted(sys.modules)}))

asyncio.run(main())
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return local_environ(tmp_path / "data")


def test_a_laptop_makes_no_aws_client(environ: dict[str, str]) -> None:
    with OpenAIServer() as provider:
        told = json.loads(run(_CHAT_LOCALLY, {**environ, "CHATBOT_MODEL": provider.spec}))
    assert [reply["reply"] for reply in told["replies"]] == ["You said: hi."] * 2
    assert [name for name in told["modules"] if name.startswith("shared.aws.")] == []


_LIST_DOCUMENTS = """
import sys
from click.testing import CliRunner
from chatbot.cli import cli

listed = CliRunner().invoke(cli, ["--data-dir", sys.argv[1], "docs", "list"], obj={})
assert "no documents yet" in listed.stderr, listed.output
print([module for module in ("aws_encryption_sdk", "boto3", "xllamacpp") if module in sys.modules])
"""


def test_a_command_that_reads_no_conversation_loads_neither_the_encryption_nor_the_model(tmp_path: Path) -> None:
    assert run(_LIST_DOCUMENTS, local_environ(tmp_path), str(tmp_path / "data")) == "[]\n"


_BUILD_IN_THE_CLOUD = """
import json, sys
from chatbot.handler import cloud_app
from shared.config import load_settings

cloud_app(load_settings())
print(json.dumps(sorted(sys.modules)))
"""


def test_the_cloud_loads_nothing_local() -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "CHATBOT_TABLE": "conversations",
        "CHATBOT_KMS_KEY_ID": "alias/chatbot",
        "CHATBOT_MODEL": "bedrock:amazon.nova-lite-v1:0",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "CHATBOT_DOCUMENTS_TABLE": "documents",
        "CHATBOT_DOCUMENTS_BUCKET": "documents",
        "CHATBOT_INGESTION_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/111122223333/ingestion",
        "CHATBOT_RETRIEVAL_FUNCTION": "retrieval",
    }
    modules = json.loads(run(_BUILD_IN_THE_CLOUD, environ))
    unwanted = (
        *("shared.local", "chatbot.cli", "chatbot.command_line", "chatbot.server", "xllamacpp", "sqlite3", "numpy"),
        *("rag.ingestion", "rag.retrieval", "rag.extraction", "rag.chunking", "tiktoken", "pypdfium2", "tokenizers"),
    )
    assert [name for name in modules if name.startswith(unwanted)] == []
    # The first of these when the function starts, not when somebody waits for the first answer.
    assert {"aws_encryption_sdk", "shared.aws.dynamodb", "shared.aws.lambda_retriever"} <= set(modules)
