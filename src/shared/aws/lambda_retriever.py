"""The retriever of the chat function: it asks the function that searches, and loads nothing of what searching takes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared import retrieval_wire as wire
from shared.aws.timed_calls import TimedCalls
from shared.documents import RetrievalRequest, RetrievalResult
from shared.errors import RetrievalError

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

_log = logging.getLogger(__name__)

_THROTTLED = frozenset({"TooManyRequestsException", "EC2ThrottledException", "ThrottlingException"})
_REFUSED = frozenset({"AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException"})


class LambdaRetriever:
    """The port ``Retriever`` over one function, ``rag.retrieval_handler``. ``function`` is its name or ARN."""

    def __init__(self, client: LambdaClient, function: str) -> None:
        """The retriever takes the client over and closes it."""
        self._client = client
        self._function = function
        self._calls = TimedCalls("retrieval")

    def retrieve(self, request: RetrievalRequest) -> RetrievalResult:
        payload = wire.encode_request(request)
        try:
            answer = self._calls.call(lambda: self._invoke(payload), request.deadline)
        except TimeoutError:
            raise _out_of_time() from None
        return wire.decode_answer(answer)

    def close(self) -> None:
        self._calls.close()
        self._client.close()

    def _invoke(self, payload: bytes) -> bytes:
        try:
            answer = self._client.invoke(FunctionName=self._function, InvocationType="RequestResponse", Payload=payload)
            told = answer["Payload"].read()
        except ClientError as error:
            raise _refusal(str(error.response.get("Error", {}).get("Code", ""))) from None
        except BotoCoreError as error:
            _log.warning("retrieval function error=%s", type(error).__name__)
            raise _unreachable() from None
        if answer.get("FunctionError"):
            # The payload may quote what the function was asked.
            _log.warning("retrieval function error=%s", answer["FunctionError"])
            raise RetrievalError(
                "The function that searches documents failed; its log says why. Try again in a moment.", retry_after=1.0
            )
        return told


def _out_of_time() -> RetrievalError:
    return RetrievalError("Searching the documents took too long; try again in a moment.", retry_after=5.0)


def _unreachable() -> RetrievalError:
    return RetrievalError(
        "The function that searches documents could not be reached. Check the network, the region and the credentials, "
        "then try again.",
        retry_after=1.0,
    )


def _refusal(code: str) -> RetrievalError:
    _log.warning("retrieval function code=%s", code)
    if code in _THROTTLED:
        return RetrievalError("Too many searches run at once; try again in a moment.", retry_after=1.0)
    if code in _REFUSED:
        return RetrievalError(
            "The chat function may not invoke the function that searches; its role needs lambda:InvokeFunction on it."
        )
    if code == "ResourceNotFoundException":
        return RetrievalError("There is no such function; check CHATBOT_RETRIEVAL_FUNCTION and the region.")
    return RetrievalError("Lambda could not run the function that searches; try again in a moment.", retry_after=1.0)
