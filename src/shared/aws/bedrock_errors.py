"""What Bedrock's error codes mean for the person who uses the chatbot."""

from __future__ import annotations

import re

from botocore.exceptions import ClientError

from shared.errors import (
    ModelError,
    ModelRejectedRequest,
    ModelStreamBroken,
    ModelThrottled,
    ModelUnavailable,
)
from shared.model_streams import out_of_time, too_long

_CREDENTIALS = frozenset(
    {
        "ExpiredTokenException",
        "ExpiredToken",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "IncompleteSignature",
        "MissingAuthenticationTokenException",
    }
)
_THROTTLED = frozenset({"ThrottlingException", "TooManyRequestsException", "ServiceQuotaExceededException"})
_DOWN = frozenset(
    {"ServiceUnavailableException", "ServiceUnavailable", "InternalServerException", "ModelNotReadyException"}
)

#: Bedrock has one code for every refusal; its words are read to tell these apart, and never passed on.
_TOO_LONG = re.compile(
    r"too long|too many (input )?tokens|too large|context (length|window)|exceeds? the max", re.IGNORECASE
)
_BAD_MODEL = re.compile(r"model identifier|on-demand throughput|inference profile|model id", re.IGNORECASE)

_FIRST_RETRY_SECONDS = 2.0
_LONGEST_RETRY_SECONDS = 300.0


def from_service(error: ClientError, model_id: str) -> ModelError:
    """The error for one that Bedrock answered with, or that came inside a stream (there its name begins small)."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    code = code[:1].upper() + code[1:]
    if code in _THROTTLED:
        return ModelThrottled(
            "Bedrock is over this account's rate for the model; try again in a moment.", retry_after=_retry_after(error)
        )
    if code == "ModelTimeoutException":
        return out_of_time()
    if code == "ModelStreamErrorException":
        return ModelStreamBroken("The model failed in the middle of its answer; try again.", retry_after=1.0)
    if code == "ModelErrorException":
        return ModelError("The model failed to process the request; try again, or choose another model.")
    if code == "ValidationException":
        return _rejected(error, model_id)
    return _unavailable(code, error, model_id)


def _unavailable(code: str, error: ClientError, model_id: str) -> ModelError:
    if code == "AccessDeniedException":
        return ModelUnavailable(
            f"AWS does not give access to the model {model_id}. Open the model in the Bedrock console of this region; "
            "Anthropic's models need a short use-case form, once for each account. Where that is done, the role lacks "
            "bedrock:InvokeModelWithResponseStream on the model."
        )
    if code == "ResourceNotFoundException":
        return _no_such_model(model_id)
    if code in _CREDENTIALS:
        return ModelUnavailable("AWS does not accept the credentials; renew them (for example: aws sso login).")
    if code in _DOWN:
        return ModelUnavailable("Bedrock is not able to answer right now; try again.", retry_after=_retry_after(error))
    return ModelError("Bedrock answered with an error that this program does not know; try another model.")


def _rejected(error: ClientError, model_id: str) -> ModelError:
    words = str(error.response.get("Error", {}).get("Message", ""))
    if _TOO_LONG.search(words):
        return too_long()
    if _BAD_MODEL.search(words):
        return _no_such_model(model_id)
    return ModelRejectedRequest(
        f"The model {model_id} does not accept this request; if it was changed in CHATBOT_MODEL_CAPABILITIES, check "
        "what the model takes there."
    )


def _no_such_model(model_id: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"Bedrock has no model {model_id} in this region, or has retired it; set CHATBOT_MODEL to one that the Bedrock "
        "console lists. Many newer models are reached through an inference profile only, whose name begins with "
        "global., us. or eu."
    )


def _retry_after(error: ClientError) -> float:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return min(max(float(headers["retry-after"]), 0.0), _LONGEST_RETRY_SECONDS)
    except (KeyError, ValueError):
        return _FIRST_RETRY_SECONDS
