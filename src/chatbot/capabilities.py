"""What each family of models can do. A table: a new model is a line here or a setting, never other code.

The Claude 5.5 lines are AWS's documented limits as of 2026-11-20; the others are kept low enough to hold in every
Region. An unknown model gets the last line of its provider, which sends nothing that a model could refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from shared.errors import ConfigurationError
from shared.models import ModelSpec


class ModelCapabilities(BaseModel):
    """Limits are in tokens. Any field can be overridden with the setting CHATBOT_MODEL_CAPABILITIES."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    context_tokens: int = Field(ge=256)
    max_output_tokens: int = Field(ge=16)
    #: Takes a temperature, and answers best with this one where the owner did not choose another.
    sampling: bool = False
    temperature: float = Field(default=0.3, ge=0, le=2)
    #: Thinks before it answers unless told not to; this chat tells it not to.
    thinking: bool = False
    #: Keeps the start of a prompt between calls, from this many tokens on; 0 where it does not.
    cache_from_tokens: int = Field(default=0, ge=0)
    #: Prompts are kept to this size though more would fit, so that the first token comes soon; 0 for no such limit.
    prompt_budget_tokens: int = Field(default=0, ge=0)
    #: Passages of documents that it is given at most, by the ruler (``rag.ruler``).
    passage_budget_tokens: int = Field(default=2_000, ge=0)
    #: Can be trusted to rewrite a follow-up question so that it can be understood, and searched for, by itself.
    rewrites_questions: bool = True


#: 6,000 tokens of passages are a dozen chunks: on Haiku 5.5 $0.0006 a question.
_LARGE: dict[str, Any] = {"passage_budget_tokens": 6_000}

#: Pattern of the model's name to capabilities; the first that matches holds.
TABLE: tuple[tuple[str, ModelCapabilities], ...] = (
    (
        "bedrock:*anthropic.claude-haiku-5*",
        ModelCapabilities(
            context_tokens=1_000_000, max_output_tokens=64_000, thinking=True, cache_from_tokens=512, **_LARGE
        ),
    ),
    (
        "bedrock:*anthropic.claude-*-5-5*",
        ModelCapabilities(context_tokens=1_000_000, max_output_tokens=64_000, cache_from_tokens=512, **_LARGE),
    ),
    (
        "bedrock:*anthropic.claude-*",
        ModelCapabilities(context_tokens=200_000, max_output_tokens=8_192, cache_from_tokens=4_096, **_LARGE),
    ),
    (
        "bedrock:*amazon.nova-*",
        ModelCapabilities(context_tokens=128_000, max_output_tokens=5_000, sampling=True, **_LARGE),
    ),
    (
        "bedrock:*meta.llama*",
        ModelCapabilities(context_tokens=128_000, max_output_tokens=4_096, sampling=True),
    ),
    ("bedrock:*", ModelCapabilities(context_tokens=32_000, max_output_tokens=4_096)),
    ("openai:gpt-5*", ModelCapabilities(context_tokens=128_000, max_output_tokens=16_000)),
    ("openai:o[134]*", ModelCapabilities(context_tokens=128_000, max_output_tokens=16_000)),
    ("openai:*", ModelCapabilities(context_tokens=8_192, max_output_tokens=4_096, sampling=True)),
    ("gguf:*", ModelCapabilities(context_tokens=8_192, max_output_tokens=2_048, sampling=True)),
    # 135 million parameters read about 340 tokens/s on two cores: 260 tokens keep the first one under a second. At
    # temperature 0 it answered 15 of 16 questions about capitals and the like, at 0.3 18 of 24. 500 tokens of passages
    # keep the first token under four seconds.
    (
        "builtin",
        ModelCapabilities(
            context_tokens=4_096,
            max_output_tokens=512,
            sampling=True,
            temperature=0,
            prompt_budget_tokens=260,
            passage_budget_tokens=500,
            rewrites_questions=False,
        ),
    ),
)


def capabilities_of(spec: ModelSpec, overrides: Mapping[str, Mapping[str, Any]]) -> ModelCapabilities:
    """The model's line of the table with the overrides whose pattern matches its name.

    Raises ``ConfigurationError`` for an override that names no capability or gives it a value it cannot have.
    """
    base = next(found for pattern, found in TABLE if fnmatchcase(spec.name, pattern))
    values = base.model_dump()
    for pattern, override in overrides.items():
        if fnmatchcase(spec.name, pattern):
            values.update(override)
    try:
        return ModelCapabilities.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(f"{problem['loc'][0]}: {_why(problem)}" for problem in error.errors())
        known = ", ".join(ModelCapabilities.model_fields)
        raise ConfigurationError(
            f"CHATBOT_MODEL_CAPABILITIES for {spec.name}: {problems}. The capabilities are {known}."
        ) from None


def check_overrides(specs: Sequence[ModelSpec], overrides: Mapping[str, Any]) -> None:
    """Raises ``ConfigurationError`` for overrides whose pattern matches none of the configured models."""
    unused = [pattern for pattern in overrides if not any(fnmatchcase(spec.name, pattern) for spec in specs)]
    if unused:
        found = ", ".join(map(repr, unused))
        known = ", ".join(dict.fromkeys(spec.name for spec in specs))
        raise ConfigurationError(
            f"CHATBOT_MODEL_CAPABILITIES has overrides for {found}, which match no configured model. "
            f"The models are {known}."
        )


def _why(problem: ErrorDetails) -> str:
    return "there is no such capability" if problem["type"] == "extra_forbidden" else problem["msg"]
