#!/usr/bin/env python3
"""Prints the OpenAPI document of the local server as JSON: the API with everything in it, also what only a laptop has.

web/openapi.json is made of it, and the types of the web interface of that: make web-types.
"""

from __future__ import annotations

import json
import sys
import tempfile

from chatbot.server import local_app
from shared.config import load_settings


def text() -> str:
    """The document, the same for the same sources."""
    with tempfile.TemporaryDirectory() as folder:
        app = local_app(load_settings({"CHATBOT_DATA_DIR": folder}), start=False)
        try:
            return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"
        finally:
            app.state.services.close(0)


if __name__ == "__main__":
    sys.stdout.write(text())
