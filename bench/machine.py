"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
import statistics
import sysconfig
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path


def facts() -> dict[str, str]:
    """Machine, interpreter, disk, load and date, in words."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores for this process",
        "load before": f"{os.getloadavg()[0]:.1f}",
        "system": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_version()}, {_build()}",
        "disk": f"write and fsync of 4 KB takes {_fsync_ms():.2f} ms (median) in {tempfile.gettempdir()}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _build() -> str:
    arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
    if "--enable-optimizations" in arguments:
        return "an optimised build (--enable-optimizations)"
    return "not an optimised build as far as CONFIG_ARGS says (no --enable-optimizations)"


def _fsync_ms() -> float:
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(50):
            began = time.perf_counter()
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)
