"""The program with a built-in model that writes for minutes, and a server that would wait for it as long."""

from __future__ import annotations

import sys

#: The reply ends at its longest length only, which takes the model far longer than a test is patient.
_PROGRAM = """if True:
    import sys
    import chatbot.api, chatbot.server
    from chatbot.cli import main
    from shared.local import llama_cpp
    chatbot.api.DRAIN_SECONDS = chatbot.server._GRACE_SECONDS = 600
    body = llama_cpp.chat_body
    llama_cpp.chat_body = lambda request: {**body(request), "ignore_eos": True}
    main()
"""

ENDLESS_SETTINGS = {
    "CHATBOT_MODEL_CAPABILITIES": '{"builtin": {"context_tokens": 8192, "max_output_tokens": 7000}}',
    "CHATBOT_MAX_OUTPUT_TOKENS": "7000",
}


def endless(*arguments: str) -> list[str]:
    """The command that runs the program with these arguments."""
    return [sys.executable, "-W", "error", "-c", _PROGRAM, *arguments]
