"""Examples of the OpenAPI document: one conversation, told through every route. Data only."""

from __future__ import annotations

import json
from typing import Any

Example = dict[str, Any]

CONVERSATION_ID = "4f7c9a52-5d0e-4b0c-9d68-6b1f1f3c2a10"
DOCUMENT_ID = "0b8e2b1f4c7d4a6f9d3c5e7a1b2c3d4e"
MESSAGE_ID = "9b1d3c1e-8f6a-4c59-8b52-0f9f6a7d1c22"
_USAGE: Example = {"input_tokens": 30, "output_tokens": 9, "cache_read_tokens": 0, "cost_usd": 0.0}

CHAT_REQUESTS: list[Example] = [
    {"message": "What is the capital of France?"},
    {"message": "And of Spain?", "conversation_id": CONVERSATION_ID, "stream": True},
    {"message": "And of Portugal?", "conversation_id": CONVERSATION_ID, "replaces": MESSAGE_ID},
]
_CITATION: Example = {
    "number": 1,
    "document_id": DOCUMENT_ID,
    "document": "manuals/dishwasher.pdf",
    "page": 17,
    "section": "Care > Filter",
    "text": "Take the filter out once a month and rinse it under running water.",
    "score": 0.93,
}
CHAT_RESPONSE: Example = {
    "conversation_id": CONVERSATION_ID,
    "message_id": MESSAGE_ID,
    "reply": "Once a month, under running water [1].",
    "model": "builtin",
    "stop_reason": "end_turn",
    "citations": [_CITATION],
    "usage": _USAGE,
    "retrieval": "used",
}
START_EVENT: Example = {
    "type": "start",
    "conversation_id": CONVERSATION_ID,
    "message_id": MESSAGE_ID,
    "model": "builtin",
}
STATUS_EVENT: Example = {"type": "status", "stage": "retrieving"}
CITATIONS_EVENT: Example = {"type": "citations", "citations": [_CITATION]}
DELTA_EVENT: Example = {"type": "delta", "text": "Once a month [1]."}
DONE_EVENT: Example = {
    "type": "done",
    "stop_reason": "end_turn",
    "usage": _USAGE,
    "retrieval": "used",
    "model": "builtin",
}
CHAT_STREAM = "".join(
    f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
    for event in (
        START_EVENT,
        STATUS_EVENT,
        {"type": "status", "stage": "generating"},
        CITATIONS_EVENT,
        DELTA_EVENT,
        DONE_EVENT,
    )
)
HEADER: Example = {
    "conversation_id": CONVERSATION_ID,
    "title": "What is the capital of France?",
    "created_at": "2026-11-21T10:00:00.000001Z",
    "updated_at": "2026-11-21T10:00:01.250000Z",
}
CONVERSATIONS: Example = {"conversations": [HEADER], "next_cursor": None}
CONVERSATION: Example = {
    **HEADER,
    "messages": [
        {
            "message_id": "5f0e1a52-0c1c-4b7b-8a55-3a0f8b1c7d11",
            "role": "user",
            "text": "What is the capital of France?",
            "created_at": "2026-11-21T10:00:00.000001Z",
            "citations": [],
        },
        {
            "message_id": MESSAGE_ID,
            "role": "assistant",
            "text": "The capital of France is Paris.",
            "created_at": "2026-11-21T10:00:01.250000Z",
            "model": "builtin",
            "stop_reason": "end_turn",
            "retrieval": "disabled",
            "usage": _USAGE,
            "citations": [],
        },
    ],
}
EXPORT: Example = {
    "format": "chatbot-conversation",
    "version": 1,
    **HEADER,
    "messages": [
        {
            "message_id": MESSAGE_ID,
            "role": "assistant",
            "text": "The capital of France is Paris.",
            "created_at": "2026-11-21T10:00:01.250000Z",
            "model": "builtin",
            "stop_reason": "end_turn",
            "retrieval": "disabled",
            "usage": {"input_tokens": 30, "output_tokens": 9, "cache_read_tokens": 0, "cache_write_tokens": 0},
            "cost_usd": 0.0,
        }
    ],
}
RENAME: Example = {"title": "Capitals of Europe"}
MARKDOWN = "# Capitals of Europe\n\n## You · 2026-11-21T10:00:00.000001Z\n\nWhat is the capital of France?\n"
MODELS: Example = {
    "models": [
        {
            "id": "bedrock:global.anthropic.claude-haiku-5-5",
            "provider": "bedrock",
            "default": True,
            "built_in": False,
            "available": True,
            "context_tokens": 1_000_000,
            "max_output_tokens": 64_000,
            "price": {"input_per_mtok": 0.1, "output_per_mtok": 0.5, "as_of": "2026-11-20"},
        }
    ]
}
USAGE: Example = {
    "days": [{"day": "2026-11-21", "model": "builtin", "turns": 1, **_USAGE}],
    "total": {"turns": 1, **_USAGE},
}
UPLOAD_REQUEST: Example = {"filename": "manuals/dishwasher.pdf", "size": 482133, "content_type": "application/pdf"}
UPLOAD_RESPONSE: Example = {
    "document_id": DOCUMENT_ID,
    "upload": {
        "url": f"http://127.0.0.1:8000/documents/{DOCUMENT_ID}/content?size=482133",
        "method": "PUT",
        "headers": {"content-type": "application/pdf"},
    },
    "replaces": False,
}
DOCUMENT: Example = {
    "document_id": DOCUMENT_ID,
    "filename": "manuals/dishwasher.pdf",
    "status": "ready",
    "size": 482133,
    "pages": 24,
    "chunks": 61,
    "created_at": "2026-11-21T10:00:00.000001Z",
    "updated_at": "2026-11-21T10:00:03.500000Z",
}
DOCUMENTS: Example = {"documents": [DOCUMENT], "next_cursor": None}
SEARCH_REQUEST: Example = {"query": "How do I clean the filter?", "top_k": 3}
SEARCH_RESPONSE: Example = {
    "results": [
        {
            "document_id": DOCUMENT_ID,
            "document": "manuals/dishwasher.pdf",
            "page": 17,
            "section": "Care > Filter",
            "text": "Take the filter out once a month and rinse it under running water.",
            "score": 0.93,
        }
    ]
}
HEALTH: Example = {"status": "ok", "version": "0.1.0", "model": "builtin"}
DETAILED_HEALTH: Example = {
    **HEALTH,
    "dependencies": {
        "store": {"status": "ok", "latency_ms": 0.2},
        "encryption_key": {"status": "ok", "latency_ms": 0.1},
        "model builtin": {"status": "ok"},
    },
}
ERROR: Example = {
    "error": {
        "code": "not_found",
        "message": "There is no such conversation; it may have been deleted, or have expired.",
        "request_id": "0f8d1d7e4a5b4c39b1f2a3d4e5f60718",
    }
}
ERROR_EVENT: Example = {
    "type": "error",
    "error": {
        "code": "model_failed",
        "message": "The model stopped in the middle of its answer; send the message again.",
        "request_id": "0f8d1d7e4a5b4c39b1f2a3d4e5f60718",
    },
}
DOWNLOAD: Example = {
    "url": f"http://127.0.0.1:8000/documents/{DOCUMENT_ID}/content",
    "method": "GET",
    "headers": {},
}
DOCUMENT_TEXT: Example = {
    "passages": [
        {
            "page": 17,
            "section": "Care > Filter",
            "text": "Take the filter out once a month and rinse it under running water.",
        }
    ],
    "complete": True,
}
IMPORT: Example = {
    "conversation_id": CONVERSATION_ID,
    "title": "Capitals of Europe",
    "turns": [
        {
            "question": "What is the capital of France?",
            "reply": "Paris.",
            "asked_at": "2026-03-01T09:15:00Z",
            "answered_at": "2026-03-01T09:15:04Z",
            "model": "gpt-4o",
        }
    ],
}
IMPORTED: Example = {"conversation_id": CONVERSATION_ID, "imported": 1, "skipped": 0}
