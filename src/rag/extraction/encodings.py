"""Bytes to text: by mark, as UTF-8, as UTF-16 without a mark, last by statistics."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from charset_normalizer import from_bytes

from shared.errors import DocumentRefused

_PIECE = 1 << 20
#: What statistics are taken on. More of it changes nothing but the time it takes.
_SAMPLE = 1 << 16
#: Longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Encodings that people meet, the commonest first. Fewer of them, fewer rare ones that fit a short text by chance.
_COMMON = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "koi8_r", "koi8_u"),
    *("cp932", "euc_jp", "iso2022_jp", "gb18030", "big5", "cp949", "tis_620", "cp437", "cp850", "mac_roman"),
)
_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
#: Text may hold a few control characters (terminal logs do); more than this share makes it something else.
_MAX_CONTROL = 0.02
#: Of what looks like UTF-16, more than this share of unassigned characters makes it something else.
_MAX_UNASSIGNED = 0.01


def read_text(path: Path, max_characters: int, *, declared: bool = False) -> str:
    """The text of a file, with whatever line ends it has. ``declared``: it may say its encoding, as HTML does.

    Raises ``DocumentRefused`` for bytes that are no text, and for more characters than wanted.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    for mark, marked in _MARKS:
        if head.startswith(mark):
            return _checked(path, marked, max_characters, skip=len(mark), errors="replace")
    if unmarked := _utf16(head):
        return _checked(path, unmarked, max_characters, errors="replace")
    if b"\0" in head:
        raise _no_text()
    try:
        return _checked(path, "utf-8", max_characters)
    except UnicodeDecodeError:
        return _checked(path, (declared and _declared(head)) or _guess(head), max_characters, errors="replace")


def _checked(path: Path, encoding: str, max_characters: int, *, skip: int = 0, errors: str = "strict") -> str:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    pieces, length = [], 0
    for piece in _pieces(path, skip):
        pieces.append(decoder.decode(piece))
        length += len(pieces[-1])
        if length > max_characters:
            raise DocumentRefused(
                f"This file holds more text than is read from one file ({max_characters:,} characters);"
                " split it into several files."
            )
    pieces.append(decoder.decode(b"", True))  # noqa: FBT003 - codecs takes it by position
    text = "".join(pieces)
    sample = text[:_SAMPLE]
    if len(_CONTROL.findall(sample)) > _MAX_CONTROL * len(sample):
        raise _no_text()
    return text


def _pieces(path: Path, skip: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(skip)
        while piece := file.read(_PIECE):
            yield piece


def _utf16(head: bytes) -> str | None:
    for encoding, high, low in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
        # Blanks and line ends have a NUL for their higher byte, in any language; hardly a character has a lower one.
        if high.count(0) and not low.count(0) and _reads(head, encoding):
            return encoding
    return None


def _reads(head: bytes, encoding: str) -> bool:
    """Whether the sample is well-formed (its last character may be cut) and made of characters that exist."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return sum(unicodedata.category(character) in {"Cn", "Co"} for character in text) <= _MAX_UNASSIGNED * len(text)


def _declared(head: bytes) -> str | None:
    found = _DECLARED.search(head)
    try:
        return codecs.lookup(found.group(1).decode()).name if found else None
    except LookupError:
        return None


def _guess(head: bytes) -> str:
    matches = from_bytes(head, cp_isolation=list(_COMMON), enable_fallback=False)
    best = matches.best()
    if best is None:
        raise _no_text()
    # Several may fit a short text equally well: then the commonest is meant.
    equal = [match for match in matches if match.chaos <= best.chaos and match.coherence >= best.coherence]
    return min((name for match in equal for name in match.could_be_from_charset), key=_COMMON.index)


def _no_text() -> DocumentRefused:
    return DocumentRefused(
        "This file is of a kind that is not known here and holds no text;"
        " add a document (PDF, Office, HTML, Markdown, text or source code)."
    )
