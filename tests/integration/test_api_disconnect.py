"""A client that goes away does not lose its reply."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import pytest

from tests.fakes import PATIENCE, Pause
from tests.serving import Client, Home, names_of

BODY = b'{"message": "hi", "conversation_id": "c1", "stream": %s}'
REQUEST = b"POST /chat HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"


def connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)


def wait_for_messages(client: Client, count: int) -> list[tuple[str, str]]:
    """The messages of ``c1`` once they are there: a turn that nobody listens to tells nobody that it is done."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        if client.get("/conversations/c1").status_code == 200 and len(found := client.messages("c1")) == count:
            return found
        time.sleep(0.005)
    raise AssertionError("the reply was not saved")


@pytest.mark.parametrize("stream", [b"true", b"false"])
def test_a_reply_is_saved_though_its_client_has_gone(stream: bytes, home: Home, url: str, client: Client) -> None:
    pause = Pause()
    home.model.next("first ", pause, "second")
    body = BODY % stream
    with connected(url) as connection:
        connection.sendall(REQUEST % (len(body), body))
        pause.wait_until_reached()
        if stream == b"true":
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    # The server notices when it serves the next one.
    assert client.get("/health").status_code == 200
    pause.go.set()
    assert wait_for_messages(client, 2) == [("user", "hi"), ("assistant", "first second")]
    assert home.model.left == 0


def test_a_retry_after_a_lost_connection_gets_the_same_reply(home: Home, client: Client) -> None:
    pause = Pause()
    home.model.next("first ", pause, "second")
    with client.open_stream("hi", conversation_id="c1", key="key") as response:
        pause.wait_until_reached()
        started = next(response.iter_text())
    pause.go.set()
    answer = client.say("hi", conversation_id="c1", key="key")
    assert answer["reply"] == "first second"
    assert answer["message_id"] in started
    assert home.model.calls == 1
    assert len(client.messages("c1")) == 2


def test_a_request_that_is_cut_in_its_body_is_not_answered_as_if_it_were_whole(
    home: Home, url: str, client: Client
) -> None:
    chunk = b'{"message": "hi", "conversation_id": "c1"}'
    with connected(url) as connection:
        connection.sendall(
            b"POST /chat HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(chunk), chunk)
        )
        client.get("/health")
    # The end of the chunks never came. Whatever the server made of it would be asked before this.
    client.say("the next", conversation_id="c2")
    assert [home.model.prompt(index) for index in range(home.model.calls)] == [[("user", "the next")]]
    assert client.get("/conversations/c1").status_code == 404


def test_a_reader_that_is_slow_gets_everything(home: Home, client: Client) -> None:
    pieces = [f"{number:06d} " * 200 for number in range(600)]
    home.model.next(*pieces)
    with client.open_stream("hi") as response:
        chunks, text = response.iter_text(), ""
        while "event: delta" not in text:
            text += next(chunks)
        # The model has long finished, and the server holds what the connection does not take.
        client.say("meanwhile")
        text += "".join(chunks)
    assert all(piece in text for piece in (pieces[0], pieces[299], pieces[599]))
    assert text.count("event: delta") == 600
    assert text.count("event: done") == 1


def test_requests_after_a_failed_one_are_answered_on_the_same_connection(home: Home, client: Client) -> None:
    home.model.next("half", RuntimeError("no"))
    assert names_of(client.streamed("hi"))[-1] == "error"
    assert client.say("hi")["reply"] == "You said: hi."
