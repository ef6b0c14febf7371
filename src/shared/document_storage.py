"""What every catalogue of documents computes alike: cursors, and the error of a lost race. Pure."""

from __future__ import annotations

import base64

from shared.errors import DocumentChanged, InvalidRequest

_CURSOR = "d1|"
#: The longest key, encoded.
_LONGEST_CURSOR = 1300


def document_changed() -> DocumentChanged:
    return DocumentChanged(
        "The document was changed elsewhere at the same moment; nothing was saved. Look at it again and repeat what is "
        "still wanted.",
        retry_after=1.0,
    )


def encode_document_cursor(key: str) -> str:
    """A place in a list of documents: after this key. Whose list, only the reader's own user id says."""
    return base64.urlsafe_b64encode(f"{_CURSOR}{key}".encode()).decode().rstrip("=")


def decode_document_cursor(cursor: str) -> str:
    """Raises ``InvalidRequest`` for anything but what ``encode_document_cursor`` returns."""
    text = ""
    if len(cursor) <= _LONGEST_CURSOR:
        try:
            text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        except ValueError:
            text = ""
    key = text.removeprefix(_CURSOR)
    if not text.startswith(_CURSOR) or not key or encode_document_cursor(key) != cursor:
        raise InvalidRequest(
            "The cursor is not one that this listing gave out; leave it away to start from the first page.",
            field="cursor",
        )
    return key
