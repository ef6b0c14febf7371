"""Whether anything is stored, and how it is removed, where answers have more than one page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scripts.accounts import emptied_account, empty_account, purged_account
from tests.scripts.shell import Shell

_COULD_NOT_CONNECT = 'Could not connect to the endpoint URL: "https://s3vectors.us-east-1.api.aws/GetVectorBucket"'


def page(entries: int) -> str:
    objects = [{"Key": f"{number}.pdf", "VersionId": "1"} for number in range(entries)]
    return json.dumps({"Objects": objects, "Quiet": True}, indent=1)


def test_a_first_page_without_items_is_not_an_empty_table(shell: Shell) -> None:
    """As text the CLI answers for each page by itself; as JSON for all of them."""
    empty_account(shell)
    shell.answer("dynamodb list-tables", "chatbot-dev-conversations\n")
    shell.fails("s3api list-object-versions", "NoSuchBucket")
    shell.answer("dynamodb scan", "0\n1\n")
    shell.answer("dynamodb scan .*--output json", "1\n")
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("these are left from an earlier deployment, and may hold data")
    assert result.called("dynamodb scan --consistent-read")
    assert result.changes == []


def test_a_later_page_with_versions_is_not_an_empty_bucket(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("s3api list-buckets", "chatbot-dev-documents-123456789012-us-east-1\n")
    shell.fails("dynamodb scan", "ResourceNotFoundException")
    shell.answer("s3api list-object-versions", "0\n1\n")
    shell.answer("s3api list-object-versions .*--output json", "1\n")
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("these are left from an earlier deployment, and may hold data")
    assert result.changes == []


def test_no_more_is_deleted_at_once_than_s3_takes(shell: Shell) -> None:
    """``--max-items 1000`` counts versions: a thousand of them may come with as many delete markers."""
    purged_account(shell)
    shell.answer("list-object-versions --bucket chatbot-dev-artifacts", page(0))
    shell.answer("list-object-versions --bucket chatbot-dev-artifacts", page(2000), times=2)
    shell.answer("list-object-versions --bucket chatbot-dev-artifacts.*--no-paginate", page(0))
    shell.answer("list-object-versions --bucket chatbot-dev-artifacts.*--no-paginate", page(1000), times=2)
    result = shell.run("cleanup.sh", "dev", "--purge", "--yes")
    assert result.status == 0, result.text
    deleted: dict[str, Any] = json.loads((shell.account / "batch.json").read_text("utf-8"))
    assert len(deleted["Objects"]) == 1000
    assert "chatbot-dev-artifacts-123456789012-us-east-1: 2000 versions and delete markers deleted" in result.out


def test_a_vector_bucket_that_cannot_be_asked_for_is_not_taken_for_gone(shell: Shell) -> None:
    emptied_account(shell)
    shell.fails("s3vectors get-vector-bucket", "AccessDeniedException", "no")
    result = shell.run("cleanup.sh", "dev", "--purge", "--yes")
    result.refused("looking for the vector bucket chatbot-dev-vectors-123456789012-us-east-1", script="cleanup.sh")


@pytest.mark.parametrize("error", [_COULD_NOT_CONNECT, "An error occurred (NotFoundException): it does not exist"])
def test_a_region_without_s3_vectors_has_no_vector_bucket(shell: Shell, error: str) -> None:
    emptied_account(shell)
    shell.answer("s3vectors", error=error)
    result = shell.run("cleanup.sh", "dev", "--purge", "--yes")
    assert not result.called("delete-vector-bucket")
    assert "removing the data" in result.out
    assert "looking for the vector bucket" not in result.err
