"""Names of documents: which are allowed, and where they lead."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.document_keys import (
    LONGEST_KEY,
    checked_key,
    document_id_of,
    is_document_key,
    storage_name,
    user_and_key,
)
from shared.errors import InvalidRequest
from shared.models import OWNER


@pytest.mark.parametrize(
    "name", ["report.pdf", "2026/q1/Übersicht.docx", "100%.txt", "a b,c;d.md", "日本語.txt", "plain"]
)
def test_ordinary_names_are_keys(name: str) -> None:
    assert checked_key(name) == name
    assert is_document_key(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("../secret", "begins with a dot"),
        ("a/../b", "begins with a dot"),
        (".hidden", "begins with a dot"),
        (".users/ann/x.txt", "begins with a dot"),
        ("/etc/passwd", "begins or ends with a slash"),
        ("folder/", "begins or ends with a slash"),
        ("a//b", "two in a row"),
        ("a\\b", "backslash"),
        ("a\0b", "invisible control"),
        ("a\nb", "invisible control"),
        ("\u202egpj.exe", "invisible control"),
        ("x" * 241, "more than 240 bytes"),
        ("/".join(["x" * 100] * 10), "are allowed"),
        ("\ud800", "not valid Unicode"),
    ],
)
def test_other_names_are_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        checked_key(name)
    assert not is_document_key(name)


def test_a_decomposed_name_is_the_same_document() -> None:
    assert checked_key(unicodedata.normalize("NFD", "Übersicht.pdf")) == "Übersicht.pdf"


@settings(deadline=None)
@given(st.text(max_size=1000))
def test_no_key_leads_out_of_its_folder(name: str) -> None:
    try:
        key = checked_key(name)
    except InvalidRequest:
        return
    assert len(key.encode()) <= LONGEST_KEY
    assert not key.startswith("/")
    assert not {"", ".", ".."} & set(key.split("/"))


@settings(deadline=None)
@given(st.sampled_from([OWNER, "ann", "bob@example.org"]), st.sampled_from(["a.txt", "users/ann/a.txt", "x/y.pdf"]))
def test_a_storage_name_leads_back_to_user_and_key(user_id: str, key: str) -> None:
    assert user_and_key(storage_name(user_id, key)) == (user_id, key)


def test_what_is_nobodys_document_leads_nowhere() -> None:
    for name in (".users/ann", ".users/owner/a.txt", ".users/../a.txt", ".git/config", "folder/", ".users/ann/.x"):
        assert user_and_key(name) is None


def test_ids_differ_by_user_and_by_key() -> None:
    ids = {document_id_of(user, key) for user in ("owner", "ann") for key in ("a.txt", "b.txt")}
    assert len(ids) == 4
    assert all(len(found) == 32 and set(found) <= set("0123456789abcdef") for found in ids)
