"""The templates under the parameters that matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.infra.arns import arn_of
from tests.infra.resolve import Resolved, resolve_all, resolve_one
from tests.infra.templates import GITHUB, MAIN, Resource, Template

_MODEL = "foundation-model/anthropic.claude-haiku-5-5"
#: What deploy.sh works out and gives besides the owner's own parameters.
_GIVEN = {
    "ArtifactsBucket": "chatbot-artifacts-123456789012-us-east-1",
    "ChatCodeKey": "lambdas/chat-0.zip",
    "ReleaseId": "0123456789abcdef",
    "InferenceProfileArns": "arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.anthropic.claude",
    "ProfileModelArns": f"arn:aws:bedrock:::{_MODEL},arn:aws:bedrock:us-east-1::{_MODEL}",
}
_DOCUMENTS = {
    **_GIVEN,
    "EnableRAG": "true",
    "IngestionCodeKey": "lambdas/ingestion-0.zip",
    "RetrievalCodeKey": "lambdas/retrieval-0.zip",
}

#: Deployments by name, which begins with their environment. Every condition of the templates is met in one of them and
#: not in another.
VARIANTS: dict[str, dict[str, str]] = {
    "dev, all defaults": {**_GIVEN, "Environment": "dev"},
    "prod, OpenSearch, all there is": {
        **_DOCUMENTS,
        "Environment": "prod",
        "VectorStore": "opensearch",
        "EnableWeb": "true",
        "WebDomainName": "chat.example.com",
        "WebCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0",
        "AlarmEmail": "owner@example.com",
        "AllowedOrigins": "https://pages.example.com",
        "FallbackModelIds": "amazon.nova-lite-v1:0",
        "DirectModelArns": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
        "RerankModelArn": "arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0",
        "ReservedConcurrency": "10",
        "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/boundary",
    },
    "staging, S3 Vectors, a model without profile": {
        **_DOCUMENTS,
        "Environment": "staging",
        "VectorStore": "s3vectors",
        "EnableWeb": "true",
        "Architecture": "x86_64",
        "InferenceProfileArns": "",
        "ProfileModelArns": "",
        "DirectModelArns": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
    },
    "dev, data only": {**_GIVEN, "Environment": "dev", "DataOnly": "true"},
}


@dataclass(frozen=True)
class World:
    """The templates, and what becomes of them under each set of parameters: ``{variant: {stack: resolved}}``."""

    templates: list[Template]
    variants: dict[str, dict[str, Resolved]] = field(default_factory=dict)

    @classmethod
    def of(cls, templates: list[Template]) -> World:
        """``main.yaml`` with what is nested in it in every variant; templates beside it by themselves."""
        names = {template.name for template in templates}
        alone = {t.name: resolve_one(t) for t in templates if t.name == GITHUB or MAIN not in names}
        if MAIN not in names:
            return cls(templates, {"alone": alone})
        return cls(templates, {name: {**resolve_all(templates, given), **alone} for name, given in VARIANTS.items()})

    def resolved(self) -> Iterator[Resolved]:
        """Every template in every variant."""
        for stacks in self.variants.values():
            yield from stacks.values()

    def resources(self, *types: str) -> Iterator[Resource]:
        """Resources of these types (all otherwise) in every variant, resolved."""
        for stacks in self.variants.values():
            yield from in_stacks(stacks, *types)

    def keys(self) -> set[str]:
        """ARNs of the customer keys."""
        return {arn_of(resource.logical_id, resource.body) for resource in self.resources("AWS::KMS::Key")}


def in_stacks(stacks: dict[str, Resolved], *types: str) -> Iterator[Resource]:
    """Resources of these types (all otherwise) in one variant, resolved."""
    for stack in stacks.values():
        for logical_id, body in stack.resources.items():
            if not types or body["Type"] in types:
                yield Resource(stack.template, logical_id, body)
