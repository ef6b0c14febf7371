"""Names of documents: which are allowed, where their bytes stand, and which id follows. Pure.

A key is a relative path with ``/`` between its parts, in Unicode's composed form (NFC). The owner's keys are the names
in the bucket or folder, so that files which other tools put there have the same id; those of other users stand below
``.users/<user id>/``, which no key can reach, as parts that begin with a dot are nobody's documents.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from urllib.parse import quote

from shared.errors import InvalidRequest
from shared.models import OWNER

#: As many bytes as S3 takes in a key, less the prefix of a user.
LONGEST_KEY = 900
#: As many bytes as file systems take in one part.
_LONGEST_PART = 240
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_USERS = ".users/"
_USER_ID = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9._@-]{0,63}")


def checked_key(name: str, field: str = "filename") -> str:
    """The name as a key. Raises ``InvalidRequest`` with what is wrong about it."""
    key = unicodedata.normalize("NFC", name)
    problem = _problem(key)
    if problem:
        raise InvalidRequest(f"The file name {problem}; rename it, or send another {field}.", field=field)
    return key


def is_document_key(key: str) -> bool:
    """Whether a name found in the folder or bucket can be a document: not hidden, not a folder, allowed as it is."""
    return unicodedata.is_normalized("NFC", key) and not _problem(key)


def document_id_of(user_id: str, key: str) -> str:
    """The id of the document with this key: 32 hexadecimal digits."""
    return hashlib.sha256(f"{user_id}\0{key}".encode()).hexdigest()[:32]


def storage_name(user_id: str, key: str) -> str:
    """Where the bytes of a key stand in the folder or bucket."""
    return key if user_id == OWNER else f"{_USERS}{user_id}/{key}"


def user_and_key(name: str) -> tuple[str, str] | None:
    """The inverse of ``storage_name``; ``None`` for a name that is nobody's document."""
    if not name.startswith(_USERS):
        return (OWNER, name) if is_document_key(name) else None
    user_id, slash, key = name.removeprefix(_USERS).partition("/")
    if not slash or user_id == OWNER or not _USER_ID.fullmatch(user_id) or not is_document_key(key):
        return None
    return user_id, key


def attachment_of(key: str) -> str:
    """The value of ``content-disposition`` with which a browser keeps the file under its name, and never shows it."""
    name = key.rpartition("/")[2]
    plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _problem(key: str) -> str | None:
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        return "is not valid Unicode"
    parts = key.split("/")
    problems = (
        (not key.strip(), "is empty"),
        (length > LONGEST_KEY, f"is {length} bytes long, and {LONGEST_KEY} are allowed"),
        # Controls would end a path or a header line; marks of direction can make one name look like another.
        (any(unicodedata.category(char) in _INVISIBLE for char in key), "holds invisible control characters"),
        ("\\" in key, "holds a backslash"),
        ("" in parts, "begins or ends with a slash, or holds two in a row"),
        (any(part.startswith(".") for part in parts), "has a part that begins with a dot"),
        (any(len(part.encode()) > _LONGEST_PART for part in parts), f"has a part of more than {_LONGEST_PART} bytes"),
    )
    return next((problem for found, problem in problems if found), None)
