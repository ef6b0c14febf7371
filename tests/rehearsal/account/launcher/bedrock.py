"""Bedrock's runtime: who may call which model, and the way to the stand-in that answers."""

from __future__ import annotations

import re
from urllib.parse import unquote

from ministack.core.responses import get_region
from ministack.core.router import extract_access_key_id

from tests.rehearsal.account.launcher import models
from tests.rehearsal.account.launcher.control import Request, Response
from tests.rehearsal.account.launcher.faults import Faults
from tests.rehearsal.account.launcher.models import Model, Profile
from tests.rehearsal.account.launcher.refusals import Refusal, authorise
from tests.rehearsal.account.launcher.relay import Unreachable, ask

#: In the signature of every request to Bedrock.
SCOPE = "/bedrock/aws4_request"
_INVOCATION = re.compile(
    r"/model/(?P<model>.+)/(?P<operation>converse-stream|converse|invoke-with-response-stream|invoke)"
)
#: Converse has no action of its own in IAM.
_ACTIONS = {
    "converse": "InvokeModel",
    "invoke": "InvokeModel",
    "converse-stream": "InvokeModelWithResponseStream",
    "invoke-with-response-stream": "InvokeModelWithResponseStream",
}
_NO_ACCESS = "You don't have access to the model with the specified model ID."
_NO_FORM = (
    "Model use case details have not been submitted for this account. Fill out the Anthropic use case details form "
    "before using the model. If you have already filled out the form, try again in 15 minutes."
)


class Bedrock:
    """The operations that call a model."""

    def __init__(self, port: int, faults: Faults) -> None:
        self._port = port
        self._faults = faults

    async def plane(self, request: Request) -> Response | None:
        if SCOPE not in request.headers.get("authorization", ""):
            return None
        try:
            found = _INVOCATION.fullmatch(unquote(request.raw_path))
            if found:
                return await self._invoke(request, found["model"], found["operation"])
            return await self._rerank(request) if request.path == "/rerank" else None
        except Refusal as refusal:
            return refusal.response()

    async def _invoke(self, request: Request, identifier: str, operation: str) -> Response:
        target = models.find(identifier)
        action = _ACTIONS[operation]
        if target is None:
            _authorise(request, action, f"arn:aws:bedrock:{get_region()}::foundation-model/{identifier}")
            raise Refusal(400, "ValidationException", "The provided model identifier is invalid.")
        if isinstance(target, Profile):
            _authorise(request, action, target.arn)
            for arn in target.model_arns():
                _authorise(request, action, arn, {"bedrock:InferenceProfileArn": target.arn})
        else:
            _authorise(request, action, target.arn)
        self._check_access(target)
        if isinstance(target, Model) and target.profiles:
            raise Refusal(
                400,
                "ValidationException",
                f"Invocation of model ID {target.model_id} with on-demand throughput isn't supported. Retry your "
                "request with the ID or ARN of an inference profile that contains this model.",
            )
        return await self._passed_on(request)

    async def _rerank(self, request: Request) -> Response:
        configuration = request.json().get("rerankingConfiguration", {}).get("bedrockRerankingConfiguration", {})
        _authorise(request, "Rerank", "*")
        _authorise(request, "InvokeModel", configuration.get("modelConfiguration", {}).get("modelArn", "*"))
        return await self._passed_on(request)

    async def _passed_on(self, request: Request) -> Response:
        if self._faults.bedrock:
            raise Refusal(*self._faults.bedrock.pop(0))
        try:
            found = await ask(self._port, "POST", request.target, request.headers.items(), request.body)
        except Unreachable:
            raise Refusal(503, "ServiceUnavailableException", "Service unavailable") from None
        return found.streamed()

    def _check_access(self, target: Model | Profile) -> None:
        model = target.model if isinstance(target, Profile) else target
        if model.model_id in self._faults.denied_models:
            raise Refusal(403, "AccessDeniedException", _NO_ACCESS)
        if self._faults.form_missing and model.provider == "Anthropic":
            raise Refusal(404, "ResourceNotFoundException", _NO_FORM)


def _authorise(request: Request, action: str, resource: str, context: dict[str, str] | None = None) -> None:
    key = extract_access_key_id(request.headers, request.query)
    authorise(key, f"bedrock:{action}", resource, context)
