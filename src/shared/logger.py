"""Logs: JSON lines in the cloud, short lines on a laptop; ids, sizes and durations, never content.

The fields that may stand in a log line are named here. Anything else given as ``extra`` is dropped, and of an exception
only its type and the places it passed are written: its message may hold what a user wrote.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import TextIO

#: What a line may carry besides time, level, logger and message.
FIELDS = (
    "request_id",
    "conversation_id",
    "message_id",
    "model",
    "method",
    "route",
    "status",
    "code",
    "duration_ms",
    "first_token_ms",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "stop_reason",
    "document_id",
    "pages",
    "chunks",
    "count",
)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["where"] = _places(record)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """``12:00:00 INFO  message  key=value``."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = "".join(f"  {name}={value}" for name, value in _fields(record).items())
        line = f"{time} {record.levelname:<7} {record.getMessage()}{fields}"
        if record.exc_info and record.exc_info[0]:
            line += f"  exception={record.exc_info[0].__name__}  where={' < '.join(reversed(_places(record)))}"
        return line


def configure(level: str, *, json_lines: bool, stream: TextIO | None = None) -> None:
    """Sends all logs of the process to ``stream`` (standard output for JSON, else standard error). Called once."""
    handler = logging.StreamHandler(stream or (sys.stdout if json_lines else sys.stderr))
    handler.setFormatter(JsonFormatter() if json_lines else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Below warnings these write requests and bodies, or what is said here already.
    for name in ("botocore", "boto3", "urllib3", "httpx", "httpcore", "aws_encryption_sdk", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: record.__dict__[name] for name in FIELDS if record.__dict__.get(name) is not None}


def _places(record: logging.LogRecord) -> list[str]:
    frames = traceback.extract_tb(record.exc_info[2]) if record.exc_info else []
    return [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames]
