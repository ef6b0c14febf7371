"""Bedrock: which models there are, who may call them, and the way to the stand-in that answers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from ministack.core import iam_evaluator
from ministack.core.responses import get_region
from ministack.core.router import extract_access_key_id

from tests.rehearsal.account.launcher import models
from tests.rehearsal.account.launcher.control import Request, Response, answer
from tests.rehearsal.account.launcher.faults import Faults
from tests.rehearsal.account.launcher.models import MODELS, Model, Profile
from tests.rehearsal.account.launcher.relay import Unreachable, ask

_SCOPE = "/bedrock/aws4_request"
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


class Refusal(Exception):
    """An error of Bedrock."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code


class Bedrock:
    """The control plane, as far as a preflight asks it, and the runtime."""

    def __init__(self, port: int, faults: Faults) -> None:
        self._port = port
        self._faults = faults

    async def plane(self, request: Request) -> Response | None:
        if _SCOPE not in request.headers.get("authorization", ""):
            return None
        try:
            found = _INVOCATION.fullmatch(unquote(request.raw_path))
            if found:
                return await self._invoke(request, found["model"], found["operation"])
            if request.path == "/rerank":
                return await self._rerank(request)
            return self._control(request)
        except Refusal as refusal:
            return answer(refusal.status, {"message": str(refusal)}, **{"x-amzn-ErrorType": refusal.code})

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
                f"Invocation of model ID {target.model_id} with on-demand throughput isn’t supported. Retry your request "
                "with the ID or ARN of an inference profile that contains this model.",
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

    def _control(self, request: Request) -> Response | None:
        """``None`` for what ministack may know."""
        _, kind, identifier = (*unquote(request.raw_path).split("/", 2), "")[:3]
        if request.method != "GET":
            return None
        match kind, bool(identifier):
            case "inference-profiles", False:
                _authorise(request, "ListInferenceProfiles", "*")
                return answer(200, {"inferenceProfileSummaries": [each.details() for each in models.profiles()]})
            case "inference-profiles", True:
                return answer(200, self._profile(request, identifier))
            case "foundation-models", False:
                _authorise(request, "ListFoundationModels", "*")
                known = MODELS.values() if get_region() in models.REGIONS else ()
                return answer(200, {"modelSummaries": [each.details() for each in known]})
            case "foundation-models", True:
                return answer(200, {"modelDetails": self._model(request, "GetFoundationModel", identifier).details()})
            case "foundation-model-availability", True:
                return answer(200, self._availability(request, identifier))
            case "use-case-for-model-access", False:
                _authorise(request, "GetUseCaseForModelAccess", "*")
                if self._faults.form_missing:
                    raise Refusal(404, "ResourceNotFoundException", "Use case details have not been submitted.")
                return answer(200, {"formData": "e30="})
        return None

    def _profile(self, request: Request, identifier: str) -> dict[str, Any]:
        found = models.find(identifier)
        arn = found.arn if isinstance(found, Profile) else "*"
        _authorise(request, "GetInferenceProfile", arn)
        if not isinstance(found, Profile):
            raise Refusal(404, "ResourceNotFoundException", f"Could not find inference profile {identifier}.")
        return found.details()

    def _model(self, request: Request, action: str, identifier: str) -> Model:
        found = models.find(identifier)
        _authorise(request, action, found.arn if isinstance(found, Model) else "*")
        if not isinstance(found, Model):
            raise Refusal(
                404, "ResourceNotFoundException", f"Could not resolve the foundation model from {identifier}."
            )
        return found

    def _availability(self, request: Request, identifier: str) -> dict[str, Any]:
        model = self._model(request, "GetFoundationModelAvailability", identifier)
        denied = model.model_id in self._faults.denied_models
        missing = denied or (self._faults.form_missing and model.provider == "Anthropic")
        return {
            "modelId": model.model_id,
            "agreementAvailability": {"status": "NOT_AVAILABLE" if missing else "AVAILABLE"},
            "authorizationStatus": "NOT_AUTHORIZED" if denied else "AUTHORIZED",
            "entitlementAvailability": "NOT_AVAILABLE" if denied else "AVAILABLE",
            "regionAvailability": "AVAILABLE",
        }


def _authorise(request: Request, action: str, resource: str, context: dict[str, str] | None = None) -> None:
    key = extract_access_key_id(request.headers, request.query)
    denied = iam_evaluator.enforce(key, f"bedrock:{action}", "bedrock", get_region(), resource, context)
    if isinstance(denied, iam_evaluator.AuthError):
        raise Refusal(403, denied.code, denied.message)
    if denied is not None:
        raise Refusal(
            403,
            "AccessDeniedException",
            f"User: {denied.principal_arn} is not authorized to perform: bedrock:{action} on resource: {resource} "
            f"because no identity-based policy allows the bedrock:{action} action",
        )
