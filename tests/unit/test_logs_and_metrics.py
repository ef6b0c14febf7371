"""Log lines and metrics: named fields only, never what a user wrote or an exception said."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import logger
from shared.metrics import EmfMetrics

CANARY = "canary-in-the-coal-mine"


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back as it was afterwards."""
    found = logging.getLogger()
    handlers, level = found.handlers[:], found.level
    yield found
    found.handlers[:] = handlers
    found.setLevel(level)


def lines(*, json_lines: bool) -> io.StringIO:
    stream = io.StringIO()
    logger.configure("INFO", json_lines=json_lines, stream=stream)
    return stream


def test_a_json_line_has_the_named_fields(root: logging.Logger) -> None:
    stream = lines(json_lines=True)
    root.info("turn", extra={"request_id": "r-1", "input_tokens": 0, "model": "builtin"})
    line = json.loads(stream.getvalue())
    assert {"level": "INFO", "message": "turn", "request_id": "r-1", "input_tokens": 0, "model": "builtin"}.items() <= (
        line.items()
    )
    assert line["time"].endswith("+00:00")


@pytest.mark.parametrize("json_lines", [True, False])
def test_fields_without_a_name_here_are_dropped(root: logging.Logger, json_lines: bool) -> None:
    stream = lines(json_lines=json_lines)
    root.info("turn", extra={"text": CANARY, "prompt": CANARY, "request_id": "r-1"})
    assert CANARY not in stream.getvalue()
    assert "r-1" in stream.getvalue()


@pytest.mark.parametrize("json_lines", [True, False])
def test_of_an_exception_only_its_type_and_places_are_written(root: logging.Logger, json_lines: bool) -> None:
    stream = lines(json_lines=json_lines)
    try:
        int(CANARY)
    except ValueError:
        root.exception("turn ended by an unexpected error")
    written = stream.getvalue()
    assert CANARY not in written
    assert "ValueError" in written
    assert "test_logs_and_metrics.py:" in written


def test_one_event_is_one_line(root: logging.Logger) -> None:
    stream = lines(json_lines=True)
    root.info("two\nlines")
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("name", ["botocore.endpoint", "httpx", "urllib3.connectionpool", "aws_encryption_sdk"])
def test_libraries_that_log_requests_are_kept_quiet(root: logging.Logger, name: str) -> None:
    stream = lines(json_lines=True)
    root.setLevel("DEBUG")
    logging.getLogger(name).debug(CANARY)
    logging.getLogger(name).info(CANARY)
    assert stream.getvalue() == ""


def test_metrics_are_one_line_in_the_embedded_format() -> None:
    stream = io.StringIO()
    EmfMetrics("Chatbot/dev", stream).record(
        {"Turns": (1, "Count"), "TurnDuration": (12.5, "Milliseconds")}, {"model": "bedrock:claude"}
    )
    (written,) = stream.getvalue().splitlines()
    line = json.loads(written)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Chatbot/dev"
    # Each combination of dimensions would be billed as a metric of its own.
    assert directive["Dimensions"] == [[]]
    assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]} == {
        "Turns": "Count",
        "TurnDuration": "Milliseconds",
    }
    # Every metric that the directive names stands beside it, as the specification wants.
    assert (line["Turns"], line["TurnDuration"], line["model"]) == (1, 12.5, "bedrock:claude")
    assert isinstance(line["_aws"]["Timestamp"], int)


class Broken(io.StringIO):
    """A stream that takes nothing any more."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def write(self, text: str) -> int:
        raise self._error


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "full"), ValueError("I/O operation on closed file")])
def test_metrics_never_fail_the_caller(error: Exception) -> None:
    EmfMetrics("Chatbot", Broken(error)).record({"Turns": (1, "Count")}, {"model": "builtin"})


@pytest.mark.parametrize("name", logger.FIELDS)
def test_every_field_of_a_log_line_is_used(name: str) -> None:
    sources = "".join(file.read_text() for file in (Path(__file__).parents[2] / "src").rglob("*.py"))
    assert re.search(rf'extra=\{{[^}}]*"{name}": ', sources)
