"""The OpenSearch adapter before a collection that fails, sleeps, or lets nobody in. Time passes only in pauses."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import CredentialRetrievalError

from shared.aws.opensearch import OpenSearchIndex
from shared.aws.opensearch_client import OpenSearchClient
from shared.documents import Generation, SearchHits
from shared.errors import ConfigurationError, IndexUnavailable, IndexWaking
from tests.contract.document_stores import by_keyword, embedded, search, unit
from tests.contract.opensearch_server import Fault, OpenSearchServer
from tests.contract.vector_stores import ACCESS_KEY, REGION, SECRET_KEY, SECRETS, ManualTimer, opensearch_client

REFRESHED = 10.0
VENDOR = "vendor words"
OLD = Generation("owner", "d1", "old", "builtin")


@pytest.fixture
def timer() -> ManualTimer:
    return ManualTimer()


@pytest.fixture
def server(timer: ManualTimer) -> Iterator[OpenSearchServer]:
    with OpenSearchServer(clock=timer.now, secrets=SECRETS) as running:
        yield running


@pytest.fixture
def index(server: OpenSearchServer, timer: ManualTimer) -> Iterator[OpenSearchIndex]:
    with contextlib.closing(OpenSearchIndex(opensearch_client(server.url, timer), "documents")) as opened:
        yield opened


def _failure(index: OpenSearchIndex) -> IndexUnavailable:
    with pytest.raises(IndexUnavailable) as caught:
        search(index, "cats", unit(1))
    assert VENDOR not in caught.value.message
    return caught.value


# --- bad days ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [402, 408, 429, 500, 502, 503, 504, "cut", "cut_body", "not_json"])
def test_a_failure_that_passes_is_tried_again(
    index: OpenSearchIndex, server: OpenSearchServer, timer: ManualTimer, fault: Fault
) -> None:
    server.fail_next(fault)
    index.add(OLD, embedded(["cats"]))
    timer.pause(REFRESHED)
    server.fail_next(fault, fault)
    assert by_keyword(index, "cats") == ["cats"]


@pytest.mark.parametrize("status", [206, 429, 503])
def test_a_search_of_several_that_failed_or_was_answered_in_part_is_tried_again(
    index: OpenSearchIndex, server: OpenSearchServer, timer: ManualTimer, status: int
) -> None:
    index.add(OLD, embedded(["cats"]))
    timer.pause(REFRESHED)
    server.fail_items(None, status)
    found = search(index, "cats", unit(1))
    assert (len(found.by_vector), len(found.by_keyword)) == (1, 1)


def test_a_search_of_several_that_was_refused_is_an_error(index: OpenSearchIndex, server: OpenSearchServer) -> None:
    server.fail_items(None, 400)
    assert "refused a request with status 400" in _failure(index).message


@pytest.mark.parametrize("fault", [429, 502, 503, 504, "cut", "cut_body"])
def test_a_collection_that_does_not_answer_in_time_is_said_to_be_waking(
    index: OpenSearchIndex, server: OpenSearchServer, timer: ManualTimer, fault: Fault
) -> None:
    began = timer.now()
    server.fail_next(*[fault] * 500)
    failure = _failure(index)
    assert isinstance(failure, IndexWaking)
    assert failure.retry_after == 15
    assert timer.now() - began <= 25


@pytest.mark.parametrize(("fault", "words"), [(500, "failed to answer"), ("not_json", "is not an answer")])
def test_other_failures_are_not_said_to_be_sleep(
    index: OpenSearchIndex, server: OpenSearchServer, fault: Fault, words: str
) -> None:
    server.fail_next(*[fault] * 500)
    failure = _failure(index)
    assert not isinstance(failure, IndexWaking)
    assert words in failure.message


def test_an_answer_of_another_form_is_an_error(index: OpenSearchIndex, server: OpenSearchServer) -> None:
    server.fail_next("malformed")
    assert "is not an answer" in _failure(index).message
    server.fail_next("malformed")
    with pytest.raises(IndexUnavailable, match="is not an answer"):
        index.count(OLD)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_access_is_not_tried_again_and_names_the_policy(
    index: OpenSearchIndex, server: OpenSearchServer, status: int
) -> None:
    server.fail_next(status)
    assert "data access policy" in _failure(index).message
    assert len(server.requests) == 1


def test_another_service_at_the_endpoint_is_told_by_how_to_deploy(
    index: OpenSearchIndex, server: OpenSearchServer
) -> None:
    server.fail_next(404)
    assert "EnableRAG=true" in _failure(index).message


def test_an_endpoint_without_a_server_is_said_to_be_unreachable(
    index: OpenSearchIndex, server: OpenSearchServer
) -> None:
    server.close()
    assert "could not be reached" in _failure(index).message


def test_a_silent_collection_is_given_up_in_time(server: OpenSearchServer) -> None:
    server.fail_next("stall")
    with contextlib.closing(OpenSearchIndex(opensearch_client(server.url), "documents", timeout_seconds=0.3)) as index:
        assert isinstance(_failure(index), IndexWaking)


def test_logs_of_failures_tell_status_and_request_but_no_content(
    index: OpenSearchIndex, server: OpenSearchServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.fail_next(503, "cut", "not_json")
    search(index, "canary question", unit(1))
    assert "status=503" in caplog.text
    assert "canary" not in caplog.text
    assert VENDOR not in caplog.text


# --- sleep ------------------------------------------------------------------------------------------------------------


def test_a_sleeping_collection_is_woken_by_a_search_and_by_a_write(timer: ManualTimer) -> None:
    with (
        OpenSearchServer(clock=timer.now, wake_seconds=20) as server,
        contextlib.closing(OpenSearchIndex(opensearch_client(server.url, timer), "documents")) as index,
    ):
        index.add(OLD, embedded(["cats"]))
        timer.pause(REFRESHED)
        assert by_keyword(index, "cats") == ["cats"]
        timer.pause(601)
        assert by_keyword(index, "cats") == ["cats"]


def test_a_collection_that_wakes_too_slowly_is_found_awake_by_a_later_search(timer: ManualTimer) -> None:
    with (
        OpenSearchServer(clock=timer.now, wake_seconds=40) as server,
        contextlib.closing(OpenSearchIndex(opensearch_client(server.url, timer), "documents")) as index,
    ):
        failure = _failure(index)
        assert isinstance(failure, IndexWaking)
        assert failure.retry_after is not None
        timer.pause(failure.retry_after)
        assert search(index, "cats", unit(1)) == SearchHits()


def test_a_ping_does_not_wait_for_a_collection_to_wake_but_wakes_it(timer: ManualTimer) -> None:
    with (
        OpenSearchServer(clock=timer.now, wake_seconds=20) as server,
        contextlib.closing(OpenSearchIndex(opensearch_client(server.url, timer), "documents")) as index,
    ):
        began = timer.now()
        with pytest.raises(IndexWaking):
            index.ping()
        assert timer.now() - began <= 5
        timer.pause(20)
        index.ping()


# --- signatures -------------------------------------------------------------------------------------------------------


def test_a_signature_of_the_wrong_secret_is_refused(server: OpenSearchServer, timer: ManualTimer) -> None:
    client = OpenSearchClient(server.url, REGION, lambda: ReadOnlyCredentials(ACCESS_KEY, "wrong", None), timer)
    with contextlib.closing(OpenSearchIndex(client, "documents")) as index:
        assert "refused access" in _failure(index).message


def test_credentials_are_asked_for_at_every_attempt_so_that_they_may_be_renewed(
    server: OpenSearchServer, timer: ManualTimer
) -> None:
    given = [ReadOnlyCredentials(ACCESS_KEY, SECRET_KEY, token) for token in ("second", "first")]
    client = OpenSearchClient(server.url, REGION, given.pop, timer)
    server.fail_next(503)
    with contextlib.closing(OpenSearchIndex(client, "documents")) as index:
        assert search(index, "cats") == SearchHits()
    assert given == []


@pytest.mark.parametrize(
    "error", [None, CredentialRetrievalError(provider="sso", error_msg=VENDOR), ConfigurationError("no profile")]
)
def test_missing_credentials_are_told_with_what_to_do(server: OpenSearchServer, error: Exception | None) -> None:
    def credentials() -> None:
        if error:
            raise error

    with contextlib.closing(OpenSearchIndex(OpenSearchClient(server.url, REGION, credentials), "documents")) as index:
        assert "aws configure" in _failure(index).message
    assert server.requests == []


@pytest.mark.parametrize("endpoint", ["", "abc.aoss.eu-west-1.on.aws", "ftp://host", "https://", "http://[::1"])
def test_an_endpoint_that_is_no_url_is_refused_at_the_start(endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="CHATBOT_OPENSEARCH_ENDPOINT"):
        OpenSearchClient(endpoint, REGION, lambda: None)
