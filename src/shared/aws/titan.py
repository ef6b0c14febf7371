"""Embeddings by Amazon Titan Text Embeddings V2 on Bedrock (the operation InvokeModel).

Request and answer: "Amazon Titan Embeddings Text" in the Amazon Bedrock User Guide. One text a call, 1,024 dimensions.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import TYPE_CHECKING, NoReturn

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from shared.aws.timed_calls import TimedCalls
from shared.documents import EmbedderTraits, Vector
from shared.embeddings import EmbedderBusy, attempts, out_of_time, readable, seconds_left, unit_vector
from shared.errors import ConfigurationError, EmbedderError

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime import BedrockRuntimeClient

_log = logging.getLogger(__name__)

DIMENSIONS = 1024
_MODEL = "titan-embed-text-v2"
#: Limit of the model besides its 8,192 tokens.
_LONGEST_CHARACTERS = 50_000
#: Texts on their way at once. An account's rate is 100 a second or more; a call takes about a tenth of one.
_PARALLEL = 8

_THROTTLED = frozenset({"ThrottlingException", "TooManyRequestsException", "ServiceQuotaExceededException"})
_FAILED_FOR_NOW = frozenset(
    {
        "InternalServerException",
        "ModelErrorException",
        "ModelNotReadyException",
        "ModelTimeoutException",
        "ServiceUnavailableException",
    }
)
_CREDENTIALS = frozenset({"ExpiredTokenException", "InvalidSignatureException", "UnrecognizedClientException"})
_SERVER_ERROR = 500
#: Bedrock has one code for every refusal; its words are read to tell these apart, and never passed on.
_TOO_LONG = re.compile(r"too many input tokens|too long|expected maxLength", re.IGNORECASE)


class _TooLong(Exception):
    """The text has more tokens than the model reads."""


class TitanEmbedder:
    """The port ``Embedder`` over one model id or ARN. The embedder takes the client over and closes it."""

    def __init__(
        self, client: BedrockRuntimeClient, model_id: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Calls nothing yet. Raises ``ConfigurationError`` for another model: each family has requests of its own."""
        if _MODEL not in model_id and not model_id.startswith("arn:"):
            raise ConfigurationError(
                f"The embedder bedrock:{model_id} is not one that this program can talk to; set CHATBOT_EMBEDDER to "
                "bedrock:amazon.titan-embed-text-v2:0, or to another kind of embedder."
            )
        self._client = client
        self._model_id = model_id
        self._sleep = sleep
        self._pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="titan")
        #: Questions do not wait behind the documents.
        self._questions = TimedCalls("titan-question")

    @property
    def traits(self) -> EmbedderTraits:
        return EmbedderTraits(f"bedrock:{self._model_id}")

    def embed(self, texts: Sequence[str], deadline: float) -> list[Vector[float]]:
        """Calls that the deadline overtakes end by the client's own timeouts; nobody waits for them."""

        def embed_one(text: str) -> Vector[float]:
            return attempts(lambda: self._whole(text), deadline, self._sleep)

        try:
            if len(texts) == 1:
                return [self._questions.call(lambda: embed_one(texts[0]), deadline)]
            return list(self._pool.map(embed_one, texts, timeout=seconds_left(deadline)))
        except TimeoutError:
            raise out_of_time() from None
        except (CancelledError, RuntimeError):  # the latter is what a pool that is closed answers
            raise EmbedderError("The embedder is being shut down.") from None

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._questions.close()
        self._client.close()

    def _whole(self, text: str) -> Vector[float]:
        """The vector of the text, or of as much of it as the model reads: some scripts take many tokens."""
        text = readable(text, _LONGEST_CHARACTERS)
        while True:
            try:
                return self._invoke(text)
            except _TooLong:
                text = readable(text, len(text) // 2)

    def _invoke(self, text: str) -> Vector[float]:
        request = json.dumps({"inputText": text, "dimensions": DIMENSIONS, "normalize": True})
        try:
            answer = self._client.invoke_model(
                modelId=self._model_id, body=request, contentType="application/json", accept="application/json"
            )
            body = answer["body"].read()
        except ClientError as error:
            self._refused(error)
        except BotoCoreError as error:
            _log.warning("titan error=%s", type(error).__name__)
            raise _from_transport(error) from None
        return _vector(body)

    def _refused(self, error: ClientError) -> NoReturn:
        details = error.response.get("Error", {})
        code = str(details.get("Code", ""))
        if code == "ValidationException" and _TOO_LONG.search(str(details.get("Message", ""))):
            raise _TooLong from None
        metadata = error.response.get("ResponseMetadata", {})
        _log.warning("titan code=%s request_id=%s", code, metadata.get("RequestId"))
        if code in _THROTTLED:
            raise EmbedderBusy(
                "Bedrock is over this account's rate for the embedding model; try again in a moment.", retry_after=2.0
            ) from None
        if code in _FAILED_FOR_NOW or metadata.get("HTTPStatusCode", 0) >= _SERVER_ERROR:
            raise EmbedderBusy("Bedrock is not able to embed right now; try again.", retry_after=2.0) from None
        raise self._lasting(code) from None

    def _lasting(self, code: str) -> EmbedderError:
        """The error for what does not pass by itself."""
        if code == "AccessDeniedException":
            return EmbedderError(
                f"AWS does not give access to the embedding model {self._model_id}. Open it in the Bedrock console of "
                "this region; where it is open, the role lacks bedrock:InvokeModel on the model."
            )
        if code in {"ValidationException", "ResourceNotFoundException"}:
            return EmbedderError(
                f"Bedrock has no embedding model {self._model_id} in the region {self._client.meta.region_name}; set "
                "CHATBOT_EMBEDDER to one that the Bedrock console lists there, or AWS_REGION to a region that has it."
            )
        if code in _CREDENTIALS:
            return EmbedderError("AWS does not accept the credentials; renew them (for example: aws sso login).")
        return EmbedderError("Bedrock answered with an error that this program does not know; try another embedder.")


def _from_transport(error: BotoCoreError) -> EmbedderError:
    """The error for a request that got no answer, or only a part of one."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return EmbedderError("There are no AWS credentials to call Bedrock with; run: aws configure")
    if isinstance(error, ReadTimeoutError):
        return EmbedderBusy("Bedrock did not embed the text in time; try again.", retry_after=2.0)
    if isinstance(error, ConnectionClosedError | ResponseStreamingError):
        return EmbedderBusy("The connection to Bedrock was cut; try again.", retry_after=1.0)
    return EmbedderError(
        "Bedrock could not be called; check the network, the AWS credentials, and that AWS_REGION has Bedrock.",
        retry_after=5.0,
    )


def _vector(body: bytes) -> Vector[float]:
    try:
        values = json.loads(body)["embedding"]
        if len(values) == DIMENSIONS:
            return unit_vector(values)
    except (ValueError, KeyError, TypeError):
        pass
    raise EmbedderBusy("Bedrock answered with something that is not an embedding; try again.", retry_after=1.0)
