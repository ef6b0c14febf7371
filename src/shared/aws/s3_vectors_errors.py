"""What errors of S3 Vectors mean for the person who uses the chatbot. The vendor's own words are left out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from shared.errors import ChatbotError, IndexUnavailable, StoreFull

_BUSY_SECONDS = 2.0
_ACCESS = (
    "S3 Vectors refused access; the role's policy must allow the s3vectors actions on the vector bucket and its "
    "indexes, GetVectors among them wherever QueryVectors is."
)
_CREDENTIALS = "AWS does not accept the credentials; renew them (for example: aws sso login)."
_KEY = (
    "The vector bucket's key cannot be used; check that it is enabled, and that its policy lets "
    "indexing.s3vectors.amazonaws.com use it."
)
#: What a person has to do something about, by the code of the error.
_SENTENCES = {
    "AccessDeniedException": _ACCESS,
    "AccessDenied": _ACCESS,
    "ExpiredTokenException": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "KmsDisabledException": _KEY,
    "KmsInvalidKeyUsageException": _KEY,
    "KmsInvalidStateException": _KEY,
    "KmsNotFoundException": _KEY,
    "NotFoundException": (
        "There is no vector bucket of this name in the region; deploy with EnableRAG=true and VectorStore=s3vectors."
    ),
    "ValidationException": (
        "S3 Vectors refused a request. If the index was not made by this program, or by an older version of it, delete "
        "the index and add the documents again."
    ),
}
_THROTTLED = frozenset({"TooManyRequestsException", "ThrottlingException"})


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated() -> Iterator[None]:
    """Raises ``IndexUnavailable`` or ``StoreFull`` for what a call to S3 Vectors, or reading its answer, raises."""
    try:
        yield
    except ClientError as error:
        raise for_code(error_code(error)) from None
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError):
        raise IndexUnavailable(
            "There are no AWS credentials to search the document index with, or they cannot be renewed; run: "
            "aws configure"
        ) from None
    except (ResponseParserError, LookupError):
        raise IndexUnavailable(
            "S3 Vectors sent something that is not an answer; check AWS_ENDPOINT_URL, then try again.",
            retry_after=_BUSY_SECONDS,
        ) from None
    except ParamValidationError:
        raise for_code("ValidationException") from None
    except BotoCoreError:
        raise IndexUnavailable(
            "S3 Vectors could not be reached, or did not answer in time; check the network and the region, then try "
            "again.",
            retry_after=_BUSY_SECONDS,
        ) from None


def for_code(code: str) -> ChatbotError:
    """The error for one that S3 Vectors answered with."""
    if code in _SENTENCES:
        return IndexUnavailable(_SENTENCES[code])
    if code == "ServiceQuotaExceededException":
        return StoreFull("The vector bucket is at its quota; delete documents, or ask AWS for a higher one.")
    if code in _THROTTLED:
        return IndexUnavailable("S3 Vectors is throttling requests; try again in a moment.", retry_after=_BUSY_SECONDS)
    return IndexUnavailable("S3 Vectors failed to answer; try again in a moment.", retry_after=_BUSY_SECONDS)
