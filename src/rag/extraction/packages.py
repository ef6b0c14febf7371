"""Office files: ZIP packages of XML parts (ECMA-376 part 2), opened with care."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from rag.extraction.limits import MEGABYTE, ExtractionLimits
from shared.errors import DocumentRefused

_FOLDERS: dict[str, Literal["docx", "pptx", "xlsx"]] = {"word": "docx", "ppt": "pptx", "xl": "xlsx"}
#: Below this size a part may be packed as tightly as it likes.
_UNSUSPICIOUS = 16 * MEGABYTE
_ENCRYPTED = 0x1
_READ_SIZE = 1 << 16

Attributes = dict[str, str]


def kind_of(path: Path, limits: ExtractionLimits) -> Literal["docx", "pptx", "xlsx"]:
    """What the ZIP file is. Raises ``DocumentRefused`` for archives and bombs, ``BadZipFile``."""
    with ZipFile(path) as package:
        _check_sizes(package, path.stat().st_size, limits)
        names = set(package.namelist())
        if "[Content_Types].xml" in names:
            main = main_part(package)
            if main.endswith(".xml") and (kind := _FOLDERS.get(main.partition("/")[0])):
                return kind
            raise DocumentRefused(
                "This Office file is of a kind that is not read; save it as .docx, .xlsx, .pptx or .pdf and add that."
            )
    if "mimetype" in names:
        raise DocumentRefused(
            "This is an OpenDocument file or e-book, which is not read; save it as .docx, .xlsx, .pptx or .pdf."
        )
    raise DocumentRefused("This file is a ZIP archive, no document; unpack it and add the files in it.")


def main_part(package: ZipFile) -> str:
    """The name of the part that the package is about. Raises ``BadZipFile`` where it has none."""
    for kind, target in relations(package, "").values():
        if kind == "officeDocument":
            return target
    raise BadZipFile


def relations(package: ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """What a part ("" for the package) refers to within the package: kind (last word of its type) and part, by id."""
    folder, name = posixpath.split(part)
    found: dict[str, tuple[str, str]] = {}

    def start(tag: str, attributes: Attributes) -> None:
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = (kind, target.lstrip("/"))

    described = posixpath.join(folder, "_rels", f"{name}.rels")
    if described in package.namelist():
        parse(package, described, start)
    return found


def parse(
    package: ZipFile,
    part: str,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] = lambda _tag: None,
    data: Callable[[str], None] = lambda _text: None,
) -> None:
    """Streams an XML part, names without their namespaces. Raises ``DocumentRefused``.

    Office writes no document type declarations, and entities are how XML explodes: a part with one is refused.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_declaration
    parser.StartElementHandler = lambda tag, attributes: start(
        tag.rpartition(":")[2], {_without_prefix(name): value for name, value in attributes.items()}
    )
    parser.EndElementHandler = lambda tag: end(tag.rpartition(":")[2])
    parser.CharacterDataHandler = data
    try:
        with package.open(part) as stream:
            while piece := stream.read(_READ_SIZE):
                parser.Parse(piece, False)  # noqa: FBT003 - expat takes it by position
        parser.Parse(b"", True)  # noqa: FBT003
    except (expat.ExpatError, KeyError) as error:
        raise DocumentRefused(
            "This Office file is damaged: a part of it is missing or broken. Save it anew in its own program."
        ) from error


def _without_prefix(name: str) -> str:
    """``r:id`` names a relation, ``id`` something else, and both stand on one element: that one keeps its prefix."""
    prefix, _, local = name.rpartition(":")
    return "r:id" if prefix and local == "id" else local


def _refuse_declaration(*_declared: object) -> None:
    raise DocumentRefused(
        "This Office file declares XML entities, which Office never does and attacks do; save it anew as .docx or .pdf."
    )


def _check_sizes(package: ZipFile, size: int, limits: ExtractionLimits) -> None:
    unpacked = 0
    for member in package.infolist():
        if member.flag_bits & _ENCRYPTED:
            raise DocumentRefused("This file is protected by a password; save a copy without one and add that.")
        unpacked += member.file_size
        packed = max(1, member.compress_size)
        if member.file_size > _UNSUSPICIOUS and member.file_size / packed > limits.max_packing:
            raise _bomb(member.file_size)
        if packed > size:
            raise BadZipFile
    if unpacked > limits.max_unpacked_bytes:
        raise _bomb(unpacked)


def _bomb(unpacked: int) -> DocumentRefused:
    return DocumentRefused(
        f"This file unpacks to {unpacked / MEGABYTE:,.0f} MB, as no ordinary document does;"
        " split it, or save it as CSV or text."
    )
