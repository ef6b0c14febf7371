"""Decides what a file is: by its content first, then by its name, last by its content type."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

from rag.extraction import packages, signatures
from rag.extraction.limits import ExtractionLimits
from shared.errors import DocumentRefused

Kind = Literal["pdf", "docx", "pptx", "xlsx", "csv", "html", "markdown", "text", "code"]

_NAMES: dict[Kind, str] = {
    "pdf": "a PDF",
    "docx": "a Word document (.docx)",
    "pptx": "a PowerPoint presentation (.pptx)",
    "xlsx": "an Excel workbook (.xlsx)",
}
_SUFFIXES: dict[str, Kind] = {
    **dict.fromkeys(("pdf",), "pdf"),
    **dict.fromkeys(("docx", "docm", "dotx", "dotm"), "docx"),
    **dict.fromkeys(("pptx", "pptm", "ppsx", "ppsm", "potx", "potm"), "pptx"),
    **dict.fromkeys(("xlsx", "xlsm", "xltx", "xltm"), "xlsx"),
    **dict.fromkeys(("csv", "tsv", "tab"), "csv"),
    **dict.fromkeys(("html", "htm", "xhtml"), "html"),
    **dict.fromkeys(("md", "markdown", "mdown", "mkd"), "markdown"),
    **dict.fromkeys(("txt", "text", "log", "rst", "adoc", "org", "srt", "vtt", "eml"), "text"),
    **dict.fromkeys(
        (
            *("py", "pyi", "js", "mjs", "cjs", "ts", "jsx", "tsx", "java", "kt", "kts", "scala", "groovy", "c", "h"),
            *("cc", "cpp", "cxx", "hh", "hpp", "m", "mm", "cs", "fs", "vb", "go", "rs", "swift", "rb", "php", "pl"),
            *("pm", "lua", "r", "jl", "dart", "ex", "exs", "erl", "hs", "clj", "lisp", "el", "ml", "sql", "sh", "bash"),
            *("zsh", "fish", "ps1", "bat", "cmd", "awk", "json", "jsonl", "ndjson", "yaml", "yml", "toml", "ini"),
            *("cfg", "conf", "properties", "env", "xml", "xsd", "xsl", "svg", "css", "scss", "less", "vue", "svelte"),
            *("tf", "hcl", "proto", "graphql", "cmake", "mk", "gradle", "tex", "bib", "diff", "patch", "asm", "s"),
            *("ipynb", "nix", "zig", "nim", "pas", "f90", "f", "v", "vhdl", "sv", "dockerfile", "makefile"),
        ),
        "code",
    ),
}
_CONTENT_TYPES: dict[str, Kind] = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/markdown": "markdown",
    "application/json": "code",
    "application/xml": "code",
    "text/xml": "code",
}
_LEGACY = {"doc": ".docx", "dot": ".docx", "xls": ".xlsx", "xlt": ".xlsx", "ppt": ".pptx", "pps": ".pptx"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEAD = 1024
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)


def kind_of(path: Path, name: str, content_type: str | None, limits: ExtractionLimits) -> Kind:
    """What to read the file as. Raises ``DocumentRefused`` for what is no document, or is called what it is not."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    suffix = _suffix(name)
    called = _SUFFIXES.get(suffix) or _CONTENT_TYPES.get((content_type or "").partition(";")[0].strip().lower())
    found = _by_content(path, head, suffix, called, limits)
    if found is None:
        if called in _NAMES:
            raise _mislabelled(suffix, called, "something else: it is damaged or another kind of file")
        return called or ("html" if _HTML.match(head) else "text")
    if called != found and suffix in _SUFFIXES:
        raise _mislabelled(suffix, found, _NAMES[found])
    return found


def _by_content(path: Path, head: bytes, suffix: str, called: Kind | None, limits: ExtractionLimits) -> Kind | None:
    """The kind of a file in a container; ``None`` for what may be text."""
    if head.lstrip().startswith(b"%PDF-") or (called == "pdf" and b"%PDF-" in head):
        return "pdf"
    if head.startswith(_OLE):
        raise _ole(path, suffix)
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        try:
            return packages.kind_of(path, limits)
        except BadZipFile as error:
            raise DocumentRefused(
                "This file is damaged or was cut off: its table of contents is missing. Get a whole copy and add that."
            ) from error
    if known := signatures.foreign(head):
        what, remedy = known
        if suffix in _SUFFIXES:
            raise DocumentRefused(f"This file is named .{suffix} but is {what}; {remedy}.")
        raise DocumentRefused(f"This file is {what}, which has no text to read; {remedy}.")
    return None


def _suffix(name: str) -> str:
    """The last part of the name, lower case; of a name without a dot, all of it (``Makefile``)."""
    last = re.split(r"[/\\]", name)[-1].rpartition(".")[2].lower()
    return last if re.fullmatch(r"[a-z0-9]{1,12}", last) else ""


def _ole(path: Path, suffix: str) -> DocumentRefused:
    """A container of Office before 2007, which today holds encrypted documents."""
    if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        return DocumentRefused(
            "This file is protected by a password; save a copy without one in its own program and add that."
        )
    better = _LEGACY.get(suffix, ".docx, .xlsx, .pptx or .pdf")
    return DocumentRefused(
        f"This file is in the format of Office before 2007, which is not read; save it as {better} and add that."
    )


def _mislabelled(suffix: str, found: Kind, what: str) -> DocumentRefused:
    called = f"is named .{suffix}" if suffix in _SUFFIXES else f"is said to be {_NAMES[found]}"
    remedy = f"name it .{found} and add it again" if what == _NAMES[found] else "get a whole copy and add that"
    return DocumentRefused(f"This file {called} but is {what}; {remedy}.")
