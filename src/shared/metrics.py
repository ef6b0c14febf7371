"""Metrics in CloudWatch's embedded metric format: a JSON line on standard output becomes a metric, without a call.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO

from shared.ports import MetricUnit


class EmfMetrics:
    """Writes each set of figures as one line. Implements the port ``Metrics``.

    The metrics have no dimensions: CloudWatch bills every combination of values as a metric of its own, and a personal
    chatbot's would cost more than its answers. The details stand in the line, where Logs Insights finds them.
    """

    def __init__(self, namespace: str, stream: TextIO | None = None) -> None:
        self._namespace = namespace
        self._stream = stream or sys.stdout

    def record(self, figures: Mapping[str, tuple[float, MetricUnit]], details: Mapping[str, str]) -> None:
        definitions = [{"Name": name, "Unit": unit} for name, (_, unit) in figures.items()]
        directive = {"Namespace": self._namespace, "Dimensions": [[]], "Metrics": definitions}
        line = {
            "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
            **details,
            **{name: value for name, (value, _) in figures.items()},
        }
        # A closed pipe or a full disk costs the figures, never the turn they are about.
        with suppress(OSError, ValueError):
            self._stream.write(json.dumps(line) + "\n")
            self._stream.flush()


class NoMetrics:
    """Where nobody collects them: a laptop."""

    def record(self, figures: Mapping[str, tuple[float, MetricUnit]], details: Mapping[str, str]) -> None:
        """Drops the figures."""
