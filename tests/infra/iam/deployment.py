"""A deployment as the templates describe it: what is in it under given parameters, and its functions."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.infra.arns import arn_of
from tests.infra.resolve import Resolved, resolve_all
from tests.infra.templates import Template, templates

CHAT, INGESTION, RETRIEVAL = "chat", "ingestion", "retrieval"

PROFILE = "global.anthropic.claude-haiku-5-5"
DIRECT = "amazon.nova-lite-v1:0"
RERANKER = "arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0"
_MODEL = "foundation-model/anthropic.claude-haiku-5-5"

#: What deploy.sh works out of the chosen models: here a global profile, and a model that is called by its own name.
_MODELS = {
    "ChatModelId": PROFILE,
    "FallbackModelIds": DIRECT,
    "InferenceProfileArns": f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{PROFILE}",
    "ProfileModelArns": f"arn:aws:bedrock:us-east-1::{_MODEL},arn:aws:bedrock:::{_MODEL}",
    "DirectModelArns": f"arn:aws:bedrock:us-east-1::foundation-model/{DIRECT}",
}
#: The same with the profile alone, and with models alone.
_PROFILE_ALONE = {**_MODELS, "FallbackModelIds": "", "DirectModelArns": ""}
_DIRECT_ALONE = {
    **_MODELS,
    "ChatModelId": DIRECT,
    "FallbackModelIds": "",
    "InferenceProfileArns": "",
    "ProfileModelArns": "",
}
_CODE = {
    "ArtifactsBucket": "chatbot-dev-artifacts-123456789012-us-east-1",
    "ChatCodeKey": "lambdas/chat.zip",
    "IngestionCodeKey": "lambdas/ingestion.zip",
    "RetrievalCodeKey": "lambdas/retrieval.zip",
    "ReleaseId": "release",
}
_ALARMS = {"AlarmEmail": "owner@example.com"}
_DOCUMENTS = {"EnableRAG": "true"}

#: The parameters of the deployments that are looked at: between them, every statement is there and is not.
VARIANTS: Mapping[str, Mapping[str, str]] = {
    "chat": {"Environment": "dev", **_CODE, **_PROFILE_ALONE},
    "opensearch": {"Environment": "prod", **_CODE, **_MODELS, **_DOCUMENTS, **_ALARMS, "EnableWeb": "true"},
    "s3vectors": {
        "Environment": "staging",
        **_CODE,
        **_DIRECT_ALONE,
        **_DOCUMENTS,
        "VectorStore": "s3vectors",
        "RerankModelArn": RERANKER,
    },
}
#: What is left of it with `cleanup.sh --keep-data`.
DATA_ONLY: Mapping[str, str] = {"Environment": "dev", **_CODE, **_MODELS, **_DOCUMENTS, "DataOnly": "true"}


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource with everything resolved."""

    template: str
    logical_id: str
    type: str
    properties: Mapping[str, Any]

    @property
    def arn(self) -> str:
        return arn_of(self.logical_id, {"Type": self.type, "Properties": self.properties})


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function. ``role`` is an ARN."""

    name: str
    role: str
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything that these parameters make."""

    parameters: Mapping[str, str]
    resources: tuple[Resource, ...]

    @property
    def prefix(self) -> str:
        return f"chatbot-{self.parameters['Environment']}"

    def of_type(self, *types: str) -> Iterator[Resource]:
        return (resource for resource in self.resources if resource.type in types)

    def functions(self) -> dict[str, Function]:
        """The functions of this software by their names after the prefix."""
        return {
            each.properties["FunctionName"].removeprefix(f"{self.prefix}-"): Function(
                each.properties["FunctionName"],
                each.properties["Role"],
                each.properties.get("Environment", {}).get("Variables", {}),
            )
            for each in self.of_type("AWS::Lambda::Function")
        }


def deployment(parameters: Mapping[str, str]) -> Deployment:
    """What the templates make under these parameters; defaults where there is none."""
    resolved = resolve_all(_parsed(), parameters)
    return Deployment(parameters, tuple(_resources(resolved)))


@functools.cache
def _parsed() -> list[Template]:
    return templates()


def _resources(resolved: Mapping[str, Resolved]) -> Iterator[Resource]:
    for template in resolved.values():
        for logical_id, body in template.resources.items():
            yield Resource(template.template, logical_id, body["Type"], body.get("Properties") or {})
