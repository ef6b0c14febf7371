"""The functions, and what of the source and of the libraries goes into each one's zip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Function:
    """``entries``: where the runtime enters, ``module:function``. ``services``: the AWS services it makes clients of.

    ``unneeded``: libraries that others ask for and that nothing here imports.
    """

    name: str
    entries: tuple[str, ...]
    services: frozenset[str]
    unneeded: frozenset[str] = frozenset()


FUNCTIONS = (
    Function(
        "chat",
        ("chatbot.handler:main",),
        frozenset({"bedrock-runtime", "dynamodb", "kms", "lambda", "s3", "sqs"}),
        # anyio resolves no names here, and cryptography uses no declarations in C.
        frozenset({"idna", "pycparser"}),
    ),
    Function(
        "ingestion",
        # The second reads documents, in a process that the first starts.
        ("rag.ingestion_handler:handler", "rag.extraction.child:main"),
        frozenset({"bedrock-runtime", "dynamodb", "s3", "s3vectors", "sqs"}),
        # tiktoken would fetch vocabularies with the one, and teaches with the other.
        frozenset({"regex", "requests"}),
    ),
    Function(
        "retrieval",
        ("rag.retrieval_handler:handler",),
        frozenset({"bedrock-agent-runtime", "bedrock-runtime", "dynamodb", "s3vectors"}),
    ),
)

#: Called on a laptop only, though code of the cloud names them.
NEVER = ("chatbot.document_services:_local",)

_VOCABULARY = ("rag/vocabulary/cl100k_base.tiktoken", "rag/vocabulary/README.md")

#: Files that go along with a module, beside it in the source.
FILES_OF = {
    "chatbot.handler": ("chatbot/run.sh",),
    "rag.relatedness": _VOCABULARY,
    "rag.ruler": _VOCABULARY,
    "shared.pricing": ("shared/prices.json",),
}

#: What has no use in a function, by what its path in the zip begins with. Each was measured to be large or slow.
_UNUSED = (
    "anyio/_backends/_trio.py",
    "anyio/pytest_plugin.py",
    "attrs/",  # another name for attr
    "boto3/data/",  # of boto3's resources; this code makes clients
    "boto3/examples/",
    "cffi/",  # cryptography loads _cffi_backend alone
    "dateutil/zoneinfo/dateutil-zoneinfo.tar.gz",
    "fastapi/.agents/",
    "pydantic/mypy.py",
    "pydantic/v1/",
    "pypdfium2_cli/",
    "wrapt-stubs/",
)
_UNUSED_ENDINGS = (".c", ".h", ".pxd", ".pyc", ".pyi", ".pyx", "/py.typed")
#: Of a library's description name, version and licence stay: scanners of deployed functions look for them.
_UNUSED_DESCRIPTION = ("RECORD", "WHEEL", "entry_points.txt", "top_level.txt")
_SERVICES = "botocore/data/"


def unused(path: str, services: frozenset[str]) -> bool:
    """Whether the file of a library at this path is left out for a function that makes clients of these services."""
    first, _, rest = path.partition("/")
    if first.endswith(".dist-info"):
        return rest in _UNUSED_DESCRIPTION or rest.startswith("sboms/")
    if path.startswith(_SERVICES) and path.count("/") > _SERVICES.count("/"):
        return path.split("/")[2] not in services or "/examples-" in path
    return path.startswith(_UNUSED) or path.endswith(_UNUSED_ENDINGS) or "/tests/" in path


def files_of(modules: frozenset[str]) -> Iterator[str]:
    """The files that go along with these modules, some of them more than once."""
    for module in modules:
        yield from FILES_OF.get(module, ())
