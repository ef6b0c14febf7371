"""The models and inference profiles of Bedrock that the account knows: those that the templates take by default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ministack.core.responses import get_account_id, get_region

#: Where Bedrock has these models; in other Regions it knows none of them.
REGIONS = ("us-east-1", "us-east-2", "us-west-2", "eu-central-1", "eu-west-1")
_GEOGRAPHIES = {"us": ("us-east-1", "us-east-2", "us-west-2"), "eu": ("eu-central-1", "eu-west-1")}


@dataclass(frozen=True, slots=True)
class Model:
    """A foundation model. ``profiles`` are the geographies of its profiles; with any, it is called only so."""

    model_id: str
    name: str
    provider: str
    output: str
    profiles: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        return f"arn:aws:bedrock:{get_region()}::foundation-model/{self.model_id}"

    def details(self) -> dict[str, Any]:
        return {
            "modelArn": self.arn,
            "modelId": self.model_id,
            "modelName": self.name,
            "providerName": self.provider,
            "inputModalities": ["TEXT"],
            "outputModalities": [self.output],
            "responseStreamingSupported": self.output == "TEXT",
            "customizationsSupported": [],
            "inferenceTypesSupported": ["INFERENCE_PROFILE"] if self.profiles else ["ON_DEMAND"],
            "modelLifecycle": {"status": "ACTIVE"},
        }


MODELS = {
    model.model_id: model
    for model in (
        Model("anthropic.claude-haiku-5-5", "Claude Haiku 5.5", "Anthropic", "TEXT", ("global", "us", "eu")),
        Model("anthropic.claude-sonnet-5-5", "Claude Sonnet 5.5", "Anthropic", "TEXT", ("global", "us", "eu")),
        Model("amazon.nova-lite-v1:0", "Nova Lite", "Amazon", "TEXT"),
        Model("amazon.titan-embed-text-v2:0", "Titan Text Embeddings V2", "Amazon", "EMBEDDING"),
        Model("cohere.rerank-v3-5:0", "Rerank 3.5", "Cohere", "TEXT"),
    )
}


@dataclass(frozen=True, slots=True)
class Profile:
    """An inference profile of AWS's own: it sends requests to its model in several Regions."""

    geography: str
    model: Model

    @property
    def profile_id(self) -> str:
        return f"{self.geography}.{self.model.model_id}"

    @property
    def arn(self) -> str:
        return f"arn:aws:bedrock:{get_region()}:{get_account_id()}:inference-profile/{self.profile_id}"

    def model_arns(self) -> list[str]:
        """The model in every Region that requests may go to; a caller needs all of them."""
        if self.geography == "global":
            return [self.model.arn, f"arn:aws:bedrock:::foundation-model/{self.model.model_id}"]
        regions = _GEOGRAPHIES[self.geography]
        return [f"arn:aws:bedrock:{region}::foundation-model/{self.model.model_id}" for region in regions]

    def details(self) -> dict[str, Any]:
        return {
            "inferenceProfileName": f"{self.geography.upper()} {self.model.name}",
            "description": f"Routes requests to {self.model.name}.",
            "createdAt": "2026-09-01T00:00:00Z",
            "updatedAt": "2026-09-01T00:00:00Z",
            "inferenceProfileArn": self.arn,
            "models": [{"modelArn": arn} for arn in self.model_arns()],
            "inferenceProfileId": self.profile_id,
            "status": "ACTIVE",
            "type": "SYSTEM_DEFINED",
        }


def profiles() -> list[Profile]:
    """Those that can be called from the Region of the request."""
    if get_region() not in REGIONS:
        return []
    return [
        Profile(geography, model)
        for model in MODELS.values()
        for geography in model.profiles
        if geography == "global" or get_region() in _GEOGRAPHIES[geography]
    ]


def find(identifier: str) -> Model | Profile | None:
    """What a request names, by id or ARN."""
    if get_region() not in REGIONS:
        return None
    name = identifier.rpartition("/")[2]
    profile = next((each for each in profiles() if each.profile_id == name), None)
    return profile or MODELS.get(name)
