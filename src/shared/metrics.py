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

NAMESPACE = "Chatbot"


class EmfMetrics:
    """Writes each set of figures as one line. Implements the port ``Metrics``."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    def record(self, figures: Mapping[str, tuple[float, MetricUnit]], dimensions: Mapping[str, str]) -> None:
        definitions = [{"Name": name, "Unit": unit} for name, (_, unit) in figures.items()]
        directive = {"Namespace": NAMESPACE, "Dimensions": [sorted(dimensions)], "Metrics": definitions}
        line = {
            "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
            **dimensions,
            **{name: value for name, (value, _) in figures.items()},
        }
        # A closed pipe or a full disk costs the figures, never the turn they are about.
        with suppress(OSError, ValueError):
            self._stream.write(json.dumps(line) + "\n")
            self._stream.flush()


class NoMetrics:
    """Where nobody collects them: a laptop."""

    def record(self, figures: Mapping[str, tuple[float, MetricUnit]], dimensions: Mapping[str, str]) -> None:
        """Drops the figures."""
