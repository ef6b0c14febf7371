"""Bedrock's control plane, as far as a preflight asks it: which models there are, and whether they may be called."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from ministack.core.responses import get_region
from ministack.core.router import extract_access_key_id

from tests.rehearsal.account.launcher import models
from tests.rehearsal.account.launcher.bedrock import SCOPE
from tests.rehearsal.account.launcher.control import Request, Response, answer
from tests.rehearsal.account.launcher.faults import Faults
from tests.rehearsal.account.launcher.models import MODELS, Model, Profile
from tests.rehearsal.account.launcher.refusals import Refusal, authorise


class BedrockControl:
    """The operations that tell about models."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    async def plane(self, request: Request) -> Response | None:
        """``None`` for what ministack may know."""
        if SCOPE not in request.headers.get("authorization", "") or request.method != "GET":
            return None
        _, kind, identifier = (*unquote(request.raw_path).split("/", 2), "")[:3]
        try:
            found = self._told(request, kind, identifier)
        except Refusal as refusal:
            return refusal.response()
        return None if found is None else answer(200, found)

    def _told(self, request: Request, kind: str, identifier: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = None
        match kind, bool(identifier):
            case "inference-profiles", False:
                _authorise(request, "ListInferenceProfiles", "*")
                found = {"inferenceProfileSummaries": [each.details() for each in models.profiles()]}
            case "inference-profiles", True:
                found = self._profile(request, identifier)
            case "foundation-models", False:
                _authorise(request, "ListFoundationModels", "*")
                known = MODELS.values() if get_region() in models.REGIONS else ()
                found = {"modelSummaries": [each.details() for each in known]}
            case "foundation-models", True:
                found = {"modelDetails": self._model(request, "GetFoundationModel", identifier).details()}
            case "foundation-model-availability", True:
                found = self._availability(request, identifier)
            case "use-case-for-model-access", False:
                found = self._form(request)
        return found

    def _form(self, request: Request) -> dict[str, Any]:
        _authorise(request, "GetUseCaseForModelAccess", "*")
        if self._faults.form_missing:
            raise Refusal(404, "ResourceNotFoundException", "Use case details have not been submitted.")
        return {"formData": "e30="}

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


def _authorise(request: Request, action: str, resource: str) -> None:
    authorise(extract_access_key_id(request.headers, request.query), f"bedrock:{action}", resource)
