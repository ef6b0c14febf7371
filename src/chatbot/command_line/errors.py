"""What the command line itself can fail with, below ``shared.errors.ChatbotError``.

ChatbotError
└── CliError              carries the exit code of the process
    ├── InputError        what the user gave cannot be used; nothing was sent
    └── ApiError          the API refused, failed, or could not be reached
"""

from __future__ import annotations

from shared.errors import ChatbotError


class CliError(ChatbotError):
    """``exit_code`` is what the process ends with when this reaches the top."""

    code = "cli"
    exit_code = 1


class InputError(CliError):
    code = "invalid_input"
    exit_code = 2


class ApiError(CliError):
    """``status`` is the HTTP status; ``None`` where no answer came, or the error came inside a stream."""

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.status = status
