"""Section: one turn of the cloud entry over DynamoDB and KMS, both emulated by moto in a process of its own.

The emulator's latency is not AWS's. What is ours: everything outside the calls, and how many calls there are.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench.client import Chat
from bench.models import CLOUD
from bench.options import HISTORY, Options
from bench.processes import aws_environment, free_port, python, running
from bench.report import Report, Summary, Table, number
from bench.seed import TABLE, Plan, create_aws, rotation, seed_dynamodb
from bench.turn import stage_medians, stage_table

_WARM_UP = 5
_AWS = "waiting for AWS"


def run(options: Options) -> Report:
    """Ten messages: times, stages, calls cold and warm; then the calls at larger sizes."""
    report = Report("One turn of the cloud entry: DynamoDB and KMS on an emulator (moto), ten messages, instant model")
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with (
        patch.dict(os.environ, aws_environment(), clear=True),
        running(python("-m", "moto.server", "-p", str(port)), os.environ, port, "/moto-api/"),
    ):
        key_id = create_aws(endpoint)
        _ten_messages(report, endpoint, key_id, options.samples(200))
        _larger(report, endpoint, key_id, tuple(size for size in options.sizes if size <= 1_000))
    return report


def _ten_messages(report: Report, endpoint: str, key_id: str, samples: int) -> None:
    ids = seed_dynamodb(endpoint, key_id, Plan(HISTORY, rotation(HISTORY, samples)))
    turns, client_ms = _turns(endpoint, key_id, [*ids, *ids, *(ids * samples)[: samples + _WARM_UP]])
    cold, warm = turns[: len(ids)], turns[len(ids) : 2 * len(ids)]
    begin = 2 * len(ids) + _WARM_UP
    measured, measured_ms = turns[begin:], client_ms[begin:]
    own = [whole - turn[_AWS] * 1000 for whole, turn in zip(measured_ms, measured, strict=True)]
    table = Table("Turn, ms", ("POST /chat (JSON) over HTTP", "p50", "p99", "samples"))
    for name, values in (("with the emulator", measured_ms), ("ours: without waiting for it", own)):
        table.rows.append((name, *Summary.of(values).cells()))
        report.figures[name] = Summary.of(values).figures()
    stages = stage_medians(measured, measured_ms)
    stages["of all this, waiting for the emulator"] = round(Summary.of([turn[_AWS] * 1000 for turn in measured]).p50, 4)
    report.figures["stages"] = stages
    report.tables += [table, stage_table("Where the time goes (medians, ms)", stages)]
    counted = Table("Calls of AWS in one turn", ("", "KMS", "DynamoDB"))
    kms = {}
    for name, some in (("first turn in a process (cold)", cold), ("every further turn (warm)", warm + measured)):
        calls = _calls(some)
        kms[name] = {count for count, _ in calls}
        counted.rows += [(name, _spread(kms[name]), what) for what in sorted({what for _, what in calls})]
    report.tables.append(counted)
    report.figures["calls"] = [list(row) for row in counted.rows]
    report.verdict(
        "KMS calls for ten messages: 1 cold, 0 warm",
        " cold, ".join(_spread(found) for found in kms.values()) + " warm",
        reached=list(kms.values()) == [{1}, {0}],
    )


def _larger(report: Report, endpoint: str, key_id: str, sizes: Sequence[int]) -> None:
    table = Table(
        "Growth: p50 without the emulator's time, and calls", ("stored messages", "ours, ms", "KMS", "DynamoDB")
    )
    for size in sizes:
        (conversation,) = seed_dynamodb(endpoint, key_id, Plan(size))
        turns, client_ms = _turns(endpoint, key_id, [conversation] * (_WARM_UP + 20))
        own = [whole - turn[_AWS] * 1000 for whole, turn in zip(client_ms, turns, strict=True)][_WARM_UP:]
        ((kms, dynamodb),) = set(_calls(turns[_WARM_UP:]))
        table.rows.append((f"{size:,}", number(Summary.of(own).p50), str(kms), dynamodb))
        report.figures[f"growth {size}"] = Summary.of(own).figures()
    report.tables.append(table)
    report.notes.append(
        "moto copies its table for every transaction and scans a conversation for every query, so its own time grows "
        "with what is stored; it stops at 1,000 messages here. The number of calls and of items read does not grow."
    )


def _turns(endpoint: str, key_id: str, ids: Sequence[str]) -> tuple[list[Mapping[str, float]], list[float]]:
    """One turn for each id, through a new process: the stages of each, and its milliseconds."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        trace = Path(folder) / "trace.json"
        with _serving(endpoint, key_id, trace) as port:
            chat = Chat(port, ids)
            client_ms = [chat.turn(conversation) for conversation in ids]
        turns: list[Mapping[str, float]] = json.loads(trace.read_text(encoding="ascii"))["turns"]
    return turns, client_ms


@contextmanager
def _serving(endpoint: str, key_id: str, trace: Path) -> Iterator[int]:
    port = free_port()
    env = aws_environment(
        AWS_ENDPOINT_URL=endpoint,
        CHATBOT_PORT=str(port),
        CHATBOT_TABLE=TABLE,
        CHATBOT_KMS_KEY_ID=key_id,
        CHATBOT_MODEL=CLOUD,
    )
    with running(python("-m", "bench.served", "cloud", "instant", str(trace)), env, port):
        yield port


def _calls(turns: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """For each turn the number of KMS calls, and the calls of DynamoDB in words."""
    found = []
    for turn in turns:
        calls = {name.removeprefix("calls "): int(count) for name, count in turn.items() if name.startswith("calls ")}
        kms = sum(calls.pop(name, 0) for name in ("Decrypt", "GenerateDataKey"))
        found.append((kms, ", ".join(f"{count} {name}" for name, count in sorted(calls.items()))))
    return found


def _spread(counts: set[int]) -> str:
    return str(min(counts)) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
