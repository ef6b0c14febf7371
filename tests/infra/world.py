"""The templates under the parameters that matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.infra.arns import arn_of
from tests.infra.resolve import Resolved, resolve_all, resolve_one
from tests.infra.templates import GITHUB, MAIN, Resource, Template

#: Every condition of the templates is true in one of these and false in another.
VARIANTS: dict[str, dict[str, str]] = {
    "dev, all defaults": {"Environment": "dev"},
    "prod, OpenSearch, all there is": {
        "Environment": "prod",
        "EnableRAG": "true",
        "VectorStore": "opensearch",
        "EnableWeb": "true",
        "AlarmEmail": "owner@example.com",
        "AllowedOrigins": "https://chat.example.com",
        "FallbackModelIds": "global.anthropic.claude-sonnet-5-5",
        "RerankModelArn": "arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0",
        "ReservedConcurrency": "10",
        "InferenceProfileArns": "arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.example",
        "ProfileModelArns": "arn:aws:bedrock:::foundation-model/a,arn:aws:bedrock:us-east-1::foundation-model/a",
        "DirectModelArns": "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0",
    },
    "staging, S3 Vectors": {"Environment": "staging", "EnableRAG": "true", "VectorStore": "s3vectors"},
    "dev, data only": {"Environment": "dev", "DataOnly": "true"},
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
