"""Every error this project raises on purpose, in one tree.

    ChatbotError
    ├── ConfigurationError        the settings or the files they name cannot be used
    ├── InvalidRequest            a field of the request cannot be accepted
    │   ├── UnknownModel          the request names a model that is not configured
    │   └── TooLarge              there is more of something than is taken
    ├── NotFound                  no such thing, or it is somebody else's
    │   └── DocumentsDisabled     this deployment has no documents
    ├── IdempotencyConflict       the key was used for another request
    ├── RequestInProgress         the same request is still being answered elsewhere
    ├── TurnStopped               the user stopped the answer before anything of it was written
    ├── Overloaded                as many turns run as this process takes
    ├── BudgetSpent               the day's tokens are used up
    ├── ModelError                the model did not answer
    │   ├── ModelThrottled        it is over its rate
    │   ├── ModelTimeout          it was too slow
    │   ├── ModelUnavailable      it could not be reached, or does not let us in
    │   ├── ModelRejectedRequest  it will never accept this request
    │   │   └── ContextExceeded   because it is longer than the model can read
    │   └── ModelStreamBroken     it stopped in the middle
    ├── StoreError                the store did not answer
    │   ├── StoreFull             no space is left
    │   ├── KeyConflict           the conversation stands under another data key
    │   ├── ConversationChanged   what a turn was to replace is no longer as it was seen
    │   ├── ClaimLost             the lease on an idempotency key went to another process
    │   └── DocumentChanged       somebody else wrote the document's record first
    ├── DocumentRefused           nothing can be made of the document as it is; trying again would not help
    ├── RetrievalError            documents could not be searched or indexed just now
    │   ├── EmbedderError         the embedder did not answer
    │   ├── RerankerError         the reranker did not answer
    │   └── IndexUnavailable      the index did not answer
    │       └── IndexWaking       it was asleep and is starting
    └── EncryptionError
        ├── DecryptionError       a ciphertext was refused; never says why
        └── KeyUnavailable        the wrapping key could not be reached

The message of every error is written for the person who uses the chatbot: it says what was found, what was expected
and what to do, and never holds the text of a conversation, a key or the words of an underlying exception.
``chatbot.api`` turns errors into HTTP statuses; nothing else does.
"""

from __future__ import annotations

#: What is told of an error that is not in the tree: a defect of this program.
UNEXPECTED = "Something went wrong here; it was logged under the request's id."


class ChatbotError(Exception):
    """Base of the tree. ``code`` is the stable, machine-readable name that the HTTP API gives it."""

    code = "internal_error"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        #: Seconds after which trying again makes sense, where that is known.
        self.retry_after = retry_after


class ConfigurationError(ChatbotError):
    code = "configuration"


class InvalidRequest(ChatbotError):
    """A field was found wrong. ``field`` is its name in the request body."""

    code = "invalid_field"

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class UnknownModel(InvalidRequest):
    code = "unknown_model"


class TooLarge(InvalidRequest):
    code = "too_large"


class NotFound(ChatbotError):
    code = "not_found"


class DocumentsDisabled(NotFound):
    code = "documents_disabled"


class IdempotencyConflict(ChatbotError):
    code = "idempotency_conflict"


class RequestInProgress(ChatbotError):
    code = "request_in_progress"


class TurnStopped(ChatbotError):
    code = "stopped"


class Overloaded(ChatbotError):
    code = "overloaded"


class BudgetSpent(ChatbotError):
    """``retry_after`` leads to the next day."""

    code = "daily_budget_spent"


class ModelError(ChatbotError):
    code = "model_failed"


class ModelThrottled(ModelError):
    code = "model_throttled"


class ModelTimeout(ModelError):
    code = "model_timeout"


class ModelUnavailable(ModelError):
    code = "model_unavailable"


class ModelRejectedRequest(ModelError):
    code = "model_rejected_request"


class ContextExceeded(ModelRejectedRequest):
    code = "context_exceeded"


class ModelStreamBroken(ModelError):
    code = "model_stream_broken"


class StoreError(ChatbotError):
    code = "store_unavailable"


class StoreFull(StoreError):
    code = "store_full"


class KeyConflict(StoreError):
    code = "conversation_conflict"


class ConversationChanged(StoreError):
    code = "conversation_changed"


class ClaimLost(StoreError):
    code = "request_in_progress"


class DocumentChanged(StoreError):
    code = "document_conflict"


class DocumentRefused(ChatbotError):
    code = "document_refused"


class RetrievalError(ChatbotError):
    code = "retrieval_unavailable"


class EmbedderError(RetrievalError):
    code = "embedder_failed"


class RerankerError(RetrievalError):
    code = "reranker_failed"


class IndexUnavailable(RetrievalError):
    code = "index_unavailable"


class IndexWaking(IndexUnavailable):
    code = "index_waking"


class EncryptionError(ChatbotError):
    code = "encryption_failed"


class DecryptionError(EncryptionError):
    code = "decryption_failed"


class KeyUnavailable(EncryptionError):
    code = "key_unavailable"
