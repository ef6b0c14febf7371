"""The child process: reads the files it is told of, one after the other, until its standard input ends.

python -m rag.extraction.child LIMITS     # LIMITS: the fields of ExtractionLimits as JSON
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import BinaryIO

from rag.extraction import sandbox, wire
from rag.extraction.limits import MEGABYTE, ExtractionLimits
from rag.extraction.reader import read
from shared.errors import DocumentRefused


def main() -> None:
    limits = ExtractionLimits(**json.loads(sys.argv[1]))
    requests, replies = sys.stdin.buffer, _standard_output()
    # Libraries remark on damaged files; what they say may quote the document.
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    guard = sandbox.Guard()
    sandbox.limit_memory(limits.memory_bytes)
    guard.install()
    replies.write(b"ready\n")
    replies.flush()
    while (request := wire.read_request(requests)) is not None:
        sandbox.allow_processor_time(request.seconds)
        guard.document = request.path
        wire.write_reply(replies, _answer(request, limits))


def _standard_output() -> BinaryIO:
    """Standard output for replies alone: whatever else is printed goes to standard error."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return replies


def _answer(request: wire.Request, limits: ExtractionLimits) -> wire.Reply:
    try:
        return read(Path(request.path), request.name, request.content_type, limits)
    except DocumentRefused as refused:
        return wire.Refusal(refused.message)
    except MemoryError:
        return wire.Refusal(
            f"Reading this file takes more memory than is allowed ({limits.memory_bytes // MEGABYTE} MB);"
            " split it into several files.",
            defect="MemoryError",
        )
    except Exception as error:  # noqa: BLE001 - parsers of hostile files raise whatever they like; this is the boundary
        place = traceback.extract_tb(error.__traceback__)[-1]
        return wire.Refusal(
            "This file is damaged: it begins like a whole one, but cannot be read to its end."
            " Open it in its own program, save it anew and add it again.",
            defect=f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}",
        )


if __name__ == "__main__":
    main()
